/**
 * Shared objects: what a handle names. Each counts the handles and the messages in flight that name it (law 12).
 *
 * Invariant: who calls `objectRetain` holds a reference, so the count never rises from 0.
 */
import { add32 } from "./atomics";
import { OBJECT_REFERENCES } from "./layout";

/** Adds a reference. Progress: wait-free. */
export function objectRetain(object: usize): void {
  add32(object + OBJECT_REFERENCES, 1);
}

/** Gives a reference up. Progress: wait-free. @returns true when it was the last: the caller destroys the object */
export function objectRelease(object: usize): bool {
  return add32(object + OBJECT_REFERENCES, -1) == 1;
}

/**
 * Shared objects: what a handle names. Each counts the handles and the messages in flight that name it (law 12).
 *
 * Invariant: who calls `objectRetain` holds a reference, so the count never rises from 0.
 */
import { add32 } from "./atomics";
import { allocate } from "./heap";
import { OBJECT_KIND, OBJECT_REFERENCES } from "./layout";

/**
 * Makes an object of `kind` with one reference, `byteLength` bytes in all, whose other words are 0; 0 when memory is
 * exhausted.
 */
export function objectNew(kind: u32, byteLength: u32): usize {
  const object = allocate(byteLength);
  if (object == 0) return 0;
  // Plain: ours until a handle to it is given away.
  memory.fill(object, 0, byteLength);
  store<u32>(object + OBJECT_REFERENCES, 1);
  store<u32>(object + OBJECT_KIND, kind);
  return object;
}

/** Adds a reference. Progress: wait-free. */
export function objectRetain(object: usize): void {
  add32(object + OBJECT_REFERENCES, 1);
}

/** Gives a reference up. Progress: wait-free. @returns true when it was the last: the caller destroys the object */
export function objectRelease(object: usize): bool {
  return add32(object + OBJECT_REFERENCES, -1) == 1;
}

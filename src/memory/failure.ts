/**
 * Failures of tasks, and causes of cancelled contexts, on their way to another thread.
 *
 * @module
 */
import { show } from "../internal/check.ts";
import { writeValue } from "./value.ts";

/**
 * Writes what a task failed with, or a context ended with, as a message, whatever it is.
 *
 * @throws {SharedMemoryExhaustedError} if there is no room even for a stand-in
 */
export function writeFailure(reason: unknown): number {
  try {
    return writeValue(reason);
  } catch (error) {
    const standIn = standInFor(reason, error);
    try {
      return writeValue(standIn);
    } catch {
      // Its class is at fault as well, or there is next to no room.
      return writeValue(new Error(textOf(reason), { cause: textOf(error) }));
    }
  }
}

/**
 * What arrives in the place of `reason`, which cannot be sent, or for which there is no memory: an error of the same class
 * without what it owns; of anything else the text.
 *
 * @param why What its sending has thrown.
 */
export function standInFor(reason: unknown, why: unknown): Error {
  const cause = textOf(why);
  try {
    if (!(reason instanceof Error)) return new Error(String(reason), { cause });
    const { name, message, stack } = reason;
    const own = { name: textOf(name), message: textOf(message), stack: textOf(stack), cause };
    return Object.assign(Object.create(Object.getPrototypeOf(reason)), own);
  } catch {
    // Not even that can be had of it.
    return new Error(textOf(reason), { cause });
  }
}

/** A text for what may have been made to have none. */
function textOf(value: unknown): string {
  for (const toText of [String, show]) {
    try {
      return toText(value);
    } catch {
      // The next, then.
    }
  }
  return "a value without a text";
}

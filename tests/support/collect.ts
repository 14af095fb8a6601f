/**
 * Garbage collection on demand, for tests of what happens to handles that nobody disposed.
 *
 * @module
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Resolves after a turn of the event loop, in which finalizers run. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

let gc: (() => void) | undefined;

/** Collects what is garbage, again and again, until `isDone` reports true or `rounds` are over; reports whether it did. */
export async function collectUntil(isDone: () => boolean, rounds = 100): Promise<boolean> {
  if (gc === undefined) {
    setFlagsFromString("--expose-gc");
    gc = runInNewContext("gc") as () => void;
  }
  for (let round = 0; round < rounds && !isDone(); round++) {
    gc();
    await turn();
  }
  return isDone();
}

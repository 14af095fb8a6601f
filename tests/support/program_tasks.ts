/** Tasks for the tests of `examples/`. */
import { type Channel, type Task, task } from "../../mod.ts";

/** Computes, as far as its thread can tell, until something comes from `enough`: it blocks. Returns what came. */
export const computeUntil: Task<[enough: Channel<number>], number> = task(
  import.meta.url,
  "computeUntil",
  (enough: Channel<number>): number => enough.receiveSync()!,
);

/** Fails. */
export const failTask: Task<[], number> = task(import.meta.url, "failTask", (): number => {
  throw new RangeError("too slow");
});

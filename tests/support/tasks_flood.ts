/** A task that sends as fast as it can. */
import { type Channel, task } from "../../mod.ts";

/** Sends `count` batches of `length` zeros. */
export const flood = task(
  import.meta.url,
  "flood",
  (to: Channel<number>, length: number, count: number): void => {
    const batch = new Int32Array(length);
    for (let i = 0; i < count; i++) to.sendManySync(batch);
  },
);

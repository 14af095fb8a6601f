/**
 * Tasks for the tests of channels of channels and of growing memory.
 *
 * @module
 */
import { type Channel, task } from "../../mod.ts";

/** Answers each request on the channel that it carries: 0, 1, 2 and so on. */
export const answer = task(
  import.meta.url,
  "answer",
  async (calls: Channel<Channel<number>>): Promise<void> => {
    let count = 0;
    for await (const reply of calls) await reply.send(count++);
  },
);

/** Sends ever longer texts, each in memory that this thread has grown for it. */
export const grow = task(
  import.meta.url,
  "grow",
  (to: Channel<string>, count: number): void => {
    for (let i = 0; i < count; i++) to.sendSync("y".repeat(100_000 * 2 ** i - 1) + "z");
  },
);

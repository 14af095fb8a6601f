/**
 * Tasks of the tests that take their situations from crossbeam-channel. Each runs on a thread or, called by `go`, here.
 *
 * @module
 */
import {
  any,
  Channel,
  type ReceiveChannel,
  select,
  selectSync,
  send,
  type SendChannel,
  task,
  trySelect,
} from "../../mod.ts";

/** Resolves after a turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Sends `value` and then tries to receive, `rounds` times; returns how often nothing was there. */
export const sendThenTry = task(
  import.meta.url,
  "sendThenTry",
  async (channel: Channel<unknown>, value: unknown, rounds: number): Promise<number> => {
    let missed = 0;
    for (let round = 0; round < rounds; round++) {
      await channel.send(value);
      if (channel.tryReceive().state !== "ok") missed++;
    }
    return missed;
  },
);

/** The same by selects. */
export const selectThenTry = task(
  import.meta.url,
  "selectThenTry",
  async (channel: Channel<unknown>, value: unknown, rounds: number): Promise<number> => {
    let missed = 0;
    for (let round = 0; round < rounds; round++) {
      await select([send(channel, value)]);
      if (trySelect([channel]) === undefined) missed++;
    }
    return missed;
  },
);

/** Sends or receives once, whichever is possible; returns what was received, or nothing. */
export const match = task(
  import.meta.url,
  "match",
  async (
    channel: Channel<number>,
    value: number,
    form: "promise" | "sync",
  ): Promise<readonly number[]> => {
    const cases = { in: channel, out: send(channel, value) };
    const got = form === "sync" ? selectSync(cases) : await select(cases);
    return got.case === "in" && got.ok ? [got.value] : [];
  },
);

/** Tries to send by a select without waiting until that works. */
export const trySendUntilDone = task(
  import.meta.url,
  "trySendUntilDone",
  async (to: SendChannel<never>, value: unknown): Promise<void> => {
    for (let tries = 1; trySelect([send(to, value as never)]) === undefined; tries++) {
      if (tries % 100 === 0) await turn();
    }
  },
);

/** Reports what a try to receive finds. */
export const tryReceiveState = task(
  import.meta.url,
  "tryReceiveState",
  (from: ReceiveChannel<unknown>): string => from.tryReceive().state,
);

/** Receives by a select that waits. */
export const selectOne = task(
  import.meta.url,
  "selectOne",
  async (from: ReceiveChannel<unknown>): Promise<unknown> => (await select([from])).value,
);

/** Receives once, and then tries to send. */
export const receiveThenTrySend = task(
  import.meta.url,
  "receiveThenTrySend",
  async (
    from: ReceiveChannel<unknown>,
    to: SendChannel<never>,
    value: unknown,
  ): Promise<boolean> => {
    await from.receive();
    return to.trySend(value as never);
  },
);

/** Sends a channel over each channel of a chain, the next over the one before. */
export const sendChain = task(
  import.meta.url,
  "sendChain",
  async (first: Channel<Channel<unknown>>, capacity: number, count: number): Promise<void> => {
    let last = first as Channel<unknown>;
    for (let left = count; left > 0; left--) {
      const next = new Channel(any<unknown>(), capacity);
      await last.send(next);
      last = next;
    }
    await last.send("the end");
  },
);

/** Has a handle of its own while this runs, and gives it up. */
export const holdAndDrop = task(
  import.meta.url,
  "holdAndDrop",
  (channel: Channel<unknown>): void => channel[Symbol.dispose](),
);

/**
 * Tasks that send and receive on threads, each of them callable as itself on this thread.
 *
 * @module
 */
import {
  type Channel,
  type ReceiveChannel,
  select,
  selectSync,
  send,
  type SendChannel,
  task,
  type TryReceiveResult,
} from "../../mod.ts";
import { seeded } from "../conformance/waiting.ts";

/** A goroutine's way of sending and receiving: suspending, blocking its thread, or trying until it works. */
export type Form = "promise" | "sync" | "try";

/** Every form. */
export const forms: readonly Form[] = ["promise", "sync", "try"];

/** Resolves after a turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Waits until `attempt` succeeds. Most of the time the other side is quick. */
async function until(attempt: () => boolean): Promise<void> {
  for (let tries = 1; !attempt(); tries++) {
    if (tries % 100 === 0) await turn();
  }
}

/** Sends each of `values`. */
export const sendAll = task(
  import.meta.url,
  "sendAll",
  async (to: SendChannel<never>, values: readonly unknown[], form: Form): Promise<void> => {
    for (const value of values as never[]) {
      if (form === "promise") await to.send(value);
      else if (form === "sync") to.sendSync(value);
      else await until(() => to.trySend(value));
    }
  },
);

/** Sends `first` … `first + count - 1`. */
export const sendRange = task(
  import.meta.url,
  "sendRange",
  async (to: SendChannel<number>, first: number, count: number, form: Form): Promise<void> => {
    for (let value = first; value < first + count; value++) {
      if (form === "promise") await to.send(value);
      else if (form === "sync") to.sendSync(value);
      else await until(() => to.trySend(value));
    }
  },
);

/** Receives until the channel ends. */
export const receiveAll = task(
  import.meta.url,
  "receiveAll",
  async (from: ReceiveChannel<unknown>, form: Form): Promise<unknown[]> => {
    const values: unknown[] = [];
    for (;;) {
      if (form === "promise") {
        const { done, value } = await from.next();
        if (done) return values;
        values.push(value);
      } else if (form === "sync") {
        const value = from.receiveSync();
        if (value === undefined) return values;
        values.push(value);
      } else {
        let got: TryReceiveResult<unknown>;
        await until(() => (got = from.tryReceive()).state !== "empty");
        if (got!.state !== "ok") return values;
        values.push(got!.value);
      }
    }
  },
);

/** Sends what it receives on, until the channel ends. */
export const relay = task(
  import.meta.url,
  "relay",
  async (from: ReceiveChannel<unknown>, to: SendChannel<never>, form: Form): Promise<void> => {
    if (form === "sync") {
      for (let value = from.receiveSync(); value !== undefined; value = from.receiveSync()) {
        to.sendSync(value as never);
      }
    } else {
      for await (const value of from) await to.send(value as never);
    }
  },
);

/** Closes the channel, giving `reason`. */
export const close = task(
  import.meta.url,
  "close",
  (channel: SendChannel<never>, reason?: unknown): void => channel.close(reason),
);

/** Says that it is about to, sends `value`, and reports the text of what came of it. */
export const sendAndReport = task(
  import.meta.url,
  "sendAndReport",
  async (
    started: Channel<number>,
    to: SendChannel<never>,
    value: unknown,
    form: Form,
  ): Promise<string> => {
    started.sendSync(1);
    try {
      if (form === "sync") to.sendSync(value as never);
      else await to.send(value as never);
      return "sent";
    } catch (error) {
      return String(error);
    }
  },
);

/** Says that it is about to, receives, and reports the text of what came of it. */
export const receiveAndReport = task(
  import.meta.url,
  "receiveAndReport",
  async (started: Channel<number>, from: ReceiveChannel<unknown>, form: Form): Promise<string> => {
    started.sendSync(1);
    try {
      return String(form === "sync" ? from.receiveSync() : await from.receive());
    } catch (error) {
      return String(error);
    }
  },
);

/** Receives until the channel ends, giving up many of its waits at random moments. */
export const receiveImpatiently = task(
  import.meta.url,
  "receiveImpatiently",
  async (from: ReceiveChannel<number>, seed: number): Promise<number[]> => {
    const next = seeded(seed);
    const values: number[] = [];
    for (;;) {
      const result = await impatiently(next, (signal) => from.next({ signal }));
      if (result === undefined) continue;
      if (result.done) return values;
      values.push(result.value);
    }
  },
);

/** Sends `first`, `first + 1` … giving up many of its waits at random moments; returns what was sent of `count`. */
export const sendImpatiently = task(
  import.meta.url,
  "sendImpatiently",
  async (
    to: SendChannel<number>,
    first: number,
    count: number,
    seed: number,
  ): Promise<number[]> => {
    const next = seeded(seed);
    const sent: number[] = [];
    for (let value = first; value < first + count; value++) {
      const isSent = await impatiently(next, async (signal) => {
        await to.send(value, { signal });
        return true;
      });
      if (isSent) sent.push(value);
    }
    return sent;
  },
);

/** What `wait` gives, or `undefined` when it was given up: at once, in a microtask, or after a turn. */
async function impatiently<T>(
  next: (bound: number) => number,
  wait: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const controller = new AbortController();
  const promise = wait(controller.signal);
  const when = next(4);
  if (when === 0) controller.abort();
  else if (when === 1) queueMicrotask(() => controller.abort());
  else if (when === 2) setTimeout(() => controller.abort(), 0);
  try {
    return await promise;
  } catch (error) {
    if (error !== controller.signal.reason) throw error;
    return undefined;
  }
}

/** Receives from whichever of the channels is ready, until all of them have ended. */
export const selectAll = task(
  import.meta.url,
  "selectAll",
  async (channels: readonly ReceiveChannel<number>[], form: "promise" | "sync"): Promise<
    number[]
  > => {
    const open: (ReceiveChannel<number> | null)[] = [...channels];
    const values: number[] = [];
    while (open.some((channel) => channel !== null)) {
      const got = form === "sync" ? selectSync(open) : await select(open);
      if (got.ok) values.push(got.value);
      else open[got.case] = null;
    }
    return values;
  },
);

/** Sends `first` … `first + count - 1`, each to whichever of the channels has room. */
export const selectSend = task(
  import.meta.url,
  "selectSend",
  async (
    channels: readonly Channel<number>[],
    first: number,
    count: number,
    form: "promise" | "sync",
  ): Promise<void> => {
    for (let value = first; value < first + count; value++) {
      const cases = channels.map((channel) => send(channel, value));
      if (form === "sync") selectSync(cases);
      else await select(cases);
    }
  },
);

/** Receives from `from` and sends to `to` what has come, whichever is possible, until `from` has ended. */
export const selectRelay = task(
  import.meta.url,
  "selectRelay",
  async (
    from: Channel<number>,
    to: Channel<number>,
    form: "promise" | "sync",
  ): Promise<number> => {
    const waiting: number[] = [];
    let relayed = 0;
    for (let isOpen = true; isOpen || waiting.length > 0;) {
      const cases = {
        in: isOpen && waiting.length < 4 ? from : null,
        out: waiting.length > 0 ? send(to, waiting[0]!) : null,
      };
      const got = form === "sync" ? selectSync(cases) : await select(cases);
      if (got.case === "out") {
        waiting.shift();
        relayed++;
      } else if (got.ok) waiting.push(got.value);
      else isOpen = false;
    }
    return relayed;
  },
);

/** Answers requests, each of which carries the channel for the answer. */
export const answer = task(
  import.meta.url,
  "answer",
  async (
    requests: ReceiveChannel<{ n: number; reply: Channel<number> }>,
  ): Promise<number> => {
    let count = 0;
    for await (const { n, reply } of requests) {
      await reply.send(n * n);
      reply[Symbol.dispose]();
      count++;
    }
    return count;
  },
);

/**
 * Tasks that use channels in every way at once, single values and batches, and account for each value.
 *
 * @module
 */
import {
  type Channel,
  ChannelClosedError,
  PoolClosedError,
  select,
  selectSync,
  send,
  task,
} from "../../mod.ts";
import { seeded } from "../conformance/waiting.ts";

/** What is known of the numbers that a producer has handed to channels; of all others it is known that they were not sent. */
export interface Sent {
  /** Were sent. */
  readonly sure: number[];
  /** Were in a batch whose wait was given up: a first part of them was sent. */
  readonly perhaps: number[];
}

/** A type of channel as the tasks see it: how a number is carried by it. */
export interface Carrier {
  /** The value for a number. */
  readonly wrap: (number: number) => unknown;
  /** The number of a value. */
  readonly unwrap: (value: unknown) => number;
  /** The typed array of such values, if there is one. */
  readonly array: typeof Int32Array | typeof Float64Array | undefined;
}

/** By name: narrow, of 8 bytes, longer, and with a message. */
export const carriers = {
  i32: { wrap: (n) => n, unwrap: (value) => value as number, array: Int32Array },
  f64: { wrap: (n) => n, unwrap: (value) => value as number, array: Float64Array },
  pair: {
    wrap: (n) => ({ n, negative: -n }),
    unwrap: (value) => {
      const { n, negative } = value as { n: number; negative: number };
      if (n !== -negative) throw new Error(`A torn value: ${n} and ${negative}`);
      return n;
    },
    array: undefined,
  },
  text: {
    wrap: (n) => `number ${n}`,
    unwrap: (text) => Number(String(text).slice(7)),
    array: undefined,
  },
} satisfies Record<string, Carrier>;

/** Longest batch. */
const LONGEST = 40;
/** Milliseconds after which an impatient operation gives up, at most. */
const PATIENCE_MS = 3;

function shortSignal(next: (bound: number) => number): AbortSignal {
  return AbortSignal.timeout(next(PATIENCE_MS));
}

/** Sends `count` numbers from `first` on through random ones of `channels`, or until one of them is closed. */
export const produceMixture = task(
  import.meta.url,
  "produceMixture",
  async (
    channels: Channel<unknown>[],
    type: keyof typeof carriers,
    first: number,
    count: number,
    seed: number,
    mayBlock: boolean,
  ): Promise<Sent> => {
    const next = seeded(seed);
    const { wrap, array }: Carrier = carriers[type];
    const sure: number[] = [];
    const perhaps: number[] = [];
    const end = first + count;
    for (let at = first; at < end;) {
      const channel = channels[next(channels.length)]!;
      const numbers = Array.from(
        { length: Math.min(1 + next(LONGEST), end - at) },
        (_, i) => at + i,
      );
      const batch = array !== undefined && next(2) === 0
        ? array.from(numbers) as unknown as unknown[]
        : numbers.map(wrap);
      const cases = channels.map((each) => send(each, batch[0]));
      const one = [at];
      let done: number[] = one;
      try {
        switch (next(mayBlock ? 9 : 6)) {
          case 0:
            await channel.send(batch[0]);
            break;
          case 1:
            if (!channel.trySend(batch[0])) continue;
            break;
          case 2:
            done = numbers;
            await channel.sendMany(batch);
            break;
          case 3:
            await select(cases);
            break;
          case 4:
            await (next(2) === 0
              ? channel.send(batch[0], { signal: shortSignal(next) })
              : select(cases, { signal: shortSignal(next) }));
            break;
          case 5:
            done = numbers;
            await channel.sendMany(batch, { signal: shortSignal(next) });
            break;
          case 6:
            channel.sendSync(batch[0]);
            break;
          case 7:
            done = numbers;
            channel.sendManySync(batch);
            break;
          default:
            selectSync(cases);
        }
        for (const number of done) sure.push(number);
        at += done.length;
      } catch (error) {
        if (error instanceof DOMException && error.name === "TimeoutError") {
          // Of a single value an abort says that it was not sent.
          if (done === one) continue;
          for (const number of done) perhaps.push(number);
          at += done.length;
        } else if (error instanceof ChannelClosedError) {
          const unsent = carriers[type].unwrap(error.value);
          for (const number of done) if (number < unsent) sure.push(number);
          break;
        } else throw error;
      }
    }
    return { sure, perhaps };
  },
);

/** Receives from random ones of `channels` until all are closed and drained. */
export const consumeMixture = task(
  import.meta.url,
  "consumeMixture",
  async (
    channels: Channel<unknown>[],
    type: keyof typeof carriers,
    seed: number,
    mayBlock: boolean,
  ): Promise<number[]> => {
    const next = seeded(seed);
    const { unwrap, array }: Carrier = carriers[type];
    const received: number[] = [];
    const open = [...channels];
    const into = array && new array(LONGEST);
    const add = (value: unknown): void => {
      received.push(unwrap(value));
    };
    while (open.length > 0) {
      const at = next(open.length);
      const channel = open[at]!;
      let ended: Channel<unknown> | undefined;
      const addAll = (values: ArrayLike<unknown>, length: number): void => {
        if (length === 0) ended = channel;
        for (let i = 0; i < length; i++) add(values[i]);
      };
      const addResult = ({ done, value }: IteratorResult<unknown, undefined>): void => {
        if (done) ended = channel;
        else add(value);
      };
      const addSelected = (got: { case: number; ok: boolean; value: unknown }): void => {
        if (got.ok) add(got.value);
        else ended = open[got.case];
      };
      try {
        switch (next(mayBlock ? 10 : 7)) {
          case 0:
            addResult(await channel.next());
            break;
          case 1: {
            const got = channel.tryReceive();
            if (got.state === "ok") add(got.value);
            break;
          }
          case 2: {
            const values = await channel.receiveMany(1 + next(LONGEST));
            addAll(values, values.length);
            break;
          }
          case 3:
            if (into === undefined) continue;
            addAll(into, await (channel as Channel<number>).receiveMany(into));
            break;
          case 4:
            addSelected(await select(open));
            break;
          case 5:
            if (next(2) === 0) addResult(await channel.next({ signal: shortSignal(next) }));
            else addSelected(await select(open, { signal: shortSignal(next) }));
            break;
          case 6: {
            const values = await channel.receiveMany(LONGEST, { signal: shortSignal(next) });
            addAll(values, values.length);
            break;
          }
          case 7: {
            const value = channel.receiveSync();
            if (value === undefined) ended = channel;
            else add(value);
            break;
          }
          case 8: {
            const values = channel.receiveManySync(1 + next(LONGEST));
            addAll(values, values.length);
            break;
          }
          default:
            addSelected(selectSync(open));
        }
      } catch (error) {
        if (!(error instanceof DOMException && error.name === "TimeoutError")) throw error;
      }
      if (ended !== undefined) open.splice(open.indexOf(ended), 1);
    }
    return received;
  },
);

/** Says that it has begun, and then sends numbers from `first` on through `channels`, blocking, until its thread is killed. */
export const sendUntilKilled = task(
  import.meta.url,
  "sendUntilKilled",
  (
    started: Channel<number>,
    channels: Channel<unknown>[],
    type: keyof typeof carriers,
    first: number,
    seed: number,
  ): never => {
    const next = seeded(seed);
    const { wrap }: Carrier = carriers[type];
    started.sendSync(1);
    for (let at = first;;) {
      const channel = channels[next(channels.length)]!;
      const batch = Array.from({ length: 1 + next(LONGEST) }, () => wrap(at++));
      goOnWhenStopped(() => {
        switch (next(4)) {
          case 0:
            channel.sendSync(batch[0]);
            break;
          case 1:
            channel.trySend(batch[0]);
            break;
          case 2:
            channel.sendManySync(batch);
            break;
          default:
            selectSync(channels.map((each) => send(each, batch[0])));
        }
      });
    }
  },
);

/** Likewise, and receives. */
export const receiveUntilKilled = task(
  import.meta.url,
  "receiveUntilKilled",
  (started: Channel<number>, channels: Channel<unknown>[], seed: number): never => {
    const next = seeded(seed);
    started.sendSync(1);
    for (;;) {
      const channel = channels[next(channels.length)]!;
      goOnWhenStopped(() => {
        switch (next(4)) {
          case 0:
            channel.receiveSync();
            break;
          case 1:
            channel.tryReceive();
            break;
          case 2:
            channel.receiveManySync(1 + next(LONGEST));
            break;
          default:
            selectSync(channels);
        }
      });
    }
  },
);

/** A thread that is asked to stop refuses to wait; it goes on all the same, so that it has to be killed. */
function goOnWhenStopped(operation: () => void): void {
  try {
    operation();
  } catch (error) {
    if (!(error instanceof PoolClosedError)) throw error;
  }
}

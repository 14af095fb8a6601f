/**
 * Single flight: what several goroutines ask for at once is fetched once.
 *
 * @module
 */
import { Channel } from "../channel/channel.ts";
import { unlessAborted } from "../internal/abort.ts";
import { checkSignal } from "../internal/check.ts";
import { microtask } from "../internal/macrotask.ts";
import { shared } from "../memory/handle.ts";
import type { ReceiveChannel, WaitOptions } from "../select/types.ts";
import { checkFunction } from "./routine.ts";

/**
 * What {@linkcode SingleFlight.do} gives.
 *
 * @typeParam V The value.
 */
export interface Flown<V> {
  /** What the function returned. */
  readonly value: V;
  /** Reports whether more than one call asked for it. */
  readonly shared: boolean;
}

/**
 * What comes through the channel of {@linkcode SingleFlight.doChannel}: it has either `value` or `error`.
 *
 * @typeParam V The value.
 */
export interface FlightResult<V> {
  /** What the function returned. */
  readonly value?: V;
  /** What the function failed with. */
  readonly error?: unknown;
  /** Reports whether more than one call asked for it. */
  readonly shared: boolean;
}

/** A function that is under way, and who waits for it. */
class Flight<V> {
  /** How many calls have asked for it. */
  calls = 0;
  readonly result: Promise<V>;
  #resolve!: (value: V | PromiseLike<V>) => void;

  constructor() {
    this.result = new Promise((resolve) => this.#resolve = resolve);
  }

  /** Calls the function, whose failure is everybody's. */
  start(fn: () => V | PromiseLike<V>): void {
    try {
      this.#resolve(fn());
    } catch (error) {
      this.#resolve(Promise.reject(error));
    }
  }

  get isShared(): boolean {
    return this.calls > 1;
  }
}

/**
 * Merges calls for the same key that come while one is under way: one of them calls its function, and all get what that
 * returned (Go: `golang.org/x/sync/singleflight`, `Group`).
 *
 * It is what stands before a cache, so that a thousand requests for an entry that has just expired ask the data base once. It is
 * no cache itself: a call that comes after the function has ended starts anew. And it is for reading: of several writes at once
 * only one would happen.
 *
 * A failure is shared as a value is: every call rejects with the same error.
 *
 * It is one thread's; the function may well run its work on others, with `pool.go`. A function that asks for its own key waits for
 * itself, for ever, as in Go.
 *
 * @example
 * ```ts
 * import { SingleFlight } from "@millrace/millrace/group";
 *
 * let queries = 0;
 * const users = new SingleFlight<string, string>();
 * const find = () => users.do("gopher", async () => {
 *   await Promise.resolve();
 *   return `row ${++queries}`;
 * });
 * console.log(await Promise.all([find(), find()])); // twice { value: "row 1", shared: true }
 * console.log(await find()); // { value: "row 2", shared: false }
 * ```
 *
 * @typeParam K The keys; compared as those of a `Map`.
 * @typeParam V What the functions return.
 * @see Go package golang.org/x/sync/singleflight, type Group.
 */
export class SingleFlight<K = string, V = unknown> {
  readonly #flights = new Map<K, Flight<V>>();

  /** Why it does not go to another thread. */
  get [shared](): string {
    return "Cannot send a SingleFlight to another thread: its functions are called on this one";
  }

  /**
   * Calls `fn`, or waits for what another call's function returns that is under way for the same key.
   *
   * - **Blocking:** suspends this goroutine, never the thread.
   * - **Cancellation:** ends this call's wait alone: the function goes on, and other calls get its result. If nobody is left to
   *   get it, a failure is dropped.
   *
   * The function is called within the call that is the first.
   *
   * @param key What is asked for.
   * @param fn Fetches it; it may be asynchronous.
   * @param options `signal` cancels the wait. An aborted one does not call the function.
   * @returns The value, and whether more than one call asked for it.
   * @throws {TypeError} at the call, if `fn` is no function
   * @throws what the function that was called fails with; `signal.reason` if aborted
   */
  do(key: K, fn: () => V | PromiseLike<V>, options?: WaitOptions): Promise<Flown<V>> {
    checkFunction(fn);
    const signal = checkSignal(options);
    if (signal?.aborted) return Promise.reject(signal.reason);
    const flight = this.#join(key, (own) => own.start(fn));
    const flown = flight.result.then((value) => ({ value, shared: flight.isShared }));
    return signal === undefined ? flown : unlessAborted(flown, signal);
  }

  /**
   * As {@linkcode do}, for a `select`: the result comes through a channel.
   *
   * The function is called after the caller yields, never inside the call. A failure is a result like any other; whether anybody
   * receives it does not matter.
   *
   * @param key What is asked for.
   * @param fn Fetches it; it may be asynchronous.
   * @returns A channel of its own for each call. It yields one result, and as in Go it is never closed.
   * @throws {TypeError} if `fn` is no function
   */
  doChannel(key: K, fn: () => V | PromiseLike<V>): ReceiveChannel<FlightResult<V>> {
    checkFunction(fn);
    const results = new Channel<FlightResult<V>>(1);
    const flight = this.#join(key, (own) => microtask(() => own.start(fn)));
    flight.result.then(
      (value) => results.trySend({ value, shared: flight.isShared }),
      (error) => results.trySend({ error, shared: flight.isShared }),
    );
    return results;
  }

  /**
   * Forgets what is under way for `key`: the next call calls its function, and does not wait for that. Who waits already goes on
   * waiting for what it has asked for. Harmless when nothing is under way.
   *
   * @param key What was asked for.
   */
  forget(key: K): void {
    this.#flights.delete(key);
  }

  /** The flight for `key`, with one call more. */
  #join(key: K, start: (own: Flight<V>) => void): Flight<V> {
    const found = this.#flights.get(key);
    if (found !== undefined) {
      found.calls++;
      return found;
    }
    const flight = new Flight<V>();
    flight.calls = 1;
    this.#flights.set(key, flight);
    const land = (): void => {
      // A flight that was forgotten has left, and the next one for its key may be on the way.
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    flight.result.then(land, land);
    start(flight);
    return flight;
  }
}

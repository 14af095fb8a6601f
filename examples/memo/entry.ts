/**
 * What both caches of `../memo.ts` keep for a key.
 *
 * @module
 */
import { Channel, go, type ReceiveChannel } from "../../mod.ts";

/** What is remembered: what it returns for a key. It has to end soon when its signal is aborted. */
export type Fetch<V> = (key: string, signal: AbortSignal) => Promise<V>;

/** Remembers what a function has returned. */
export interface Memo<V> extends AsyncDisposable {
  /**
   * Returns what the function returns for `key`; it is called if that is not known yet, and nobody else has asked.
   *
   * @param options `signal` ends this call alone. The function goes on as long as others wait for it.
   * @throws what the function throws; that is not remembered, and the next call tries again
   */
  get(key: string, options?: { signal?: AbortSignal }): Promise<V>;
  /** Ends what is under way. No call may follow. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A result, or the promise of one to those who wait. Whoever owns the cache alone touches `callers`. */
export class Entry<V> {
  /** How many calls wait for it, or have got it. */
  callers = 0;
  readonly #ready = new Channel<never>();
  readonly #cancel = new AbortController();
  #outcome: { readonly value: V } | { readonly error: unknown } | undefined;

  /** Closed when the result is there: all who wait hear of it. */
  get ready(): ReceiveChannel<never> {
    return this.#ready;
  }

  /** Calls the function, as a goroutine. What it fails with is everybody's who waits, and `failed` is called before they hear of it. */
  start(fetch: Fetch<V>, key: string, failed: () => Promise<void>): void {
    go(async () => {
      try {
        this.#outcome = { value: await fetch(key, this.#cancel.signal) };
      } catch (error) {
        this.#outcome = { error };
        await failed();
      }
      this.#ready.close();
    });
  }

  /** Gives up: nobody waits any more. */
  cancel(): void {
    this.#cancel.abort();
  }

  /** The result, once it is {@linkcode ready}. */
  get value(): V {
    if ("value" in this.#outcome!) return this.#outcome.value;
    throw this.#outcome!.error;
  }
}

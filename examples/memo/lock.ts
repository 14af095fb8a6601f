/**
 * The cache of `../memo.ts` that everybody may touch who holds its lock.
 *
 * @module
 */
import { Mutex } from "../../mod.ts";
import { Entry, type Fetch, type Memo } from "./entry.ts";

/**
 * A mutex guards the cache. It is held while somebody looks for an entry or changes one, and by nobody while the function is at work: other keys
 * would have to wait for that.
 */
export class LockMemo<V> implements Memo<V> {
  readonly #fetch: Fetch<V>;
  readonly #mutex = new Mutex();
  /** Guarded by the mutex, as are the counts of its entries. */
  readonly #cache = new Map<string, Entry<V>>();

  constructor(fetch: Fetch<V>) {
    this.#fetch = fetch;
  }

  async get(key: string, { signal }: { signal?: AbortSignal } = {}): Promise<V> {
    const entry = await this.#find(key, signal);
    try {
      await entry.ready.receive({ signal });
    } catch (reason) {
      await this.#leave(key, entry);
      throw reason;
    }
    return entry.value;
  }

  /** The entry for `key`, with one caller more. The first one starts the function. */
  async #find(key: string, signal: AbortSignal | undefined): Promise<Entry<V>> {
    using _ = await this.#mutex.lock({ signal });
    let entry = this.#cache.get(key);
    if (entry === undefined) {
      const made = entry = new Entry();
      this.#cache.set(key, made);
      made.start(this.#fetch, key, () => this.#forget(key, made));
    }
    entry.callers++;
    return entry;
  }

  /** One caller less. After the last one nobody wants the result, and whoever comes next begins anew. */
  async #leave(key: string, entry: Entry<V>): Promise<void> {
    using _ = await this.#mutex.lock();
    if (--entry.callers > 0 || entry.ready.closed) return;
    entry.cancel();
    this.#remove(key, entry);
  }

  async #forget(key: string, entry: Entry<V>): Promise<void> {
    using _ = await this.#mutex.lock();
    this.#remove(key, entry);
  }

  /** The next entry for this key may be there already. */
  #remove(key: string, entry: Entry<V>): void {
    if (this.#cache.get(key) === entry) this.#cache.delete(key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    using _ = await this.#mutex.lock();
    for (const entry of this.#cache.values()) entry.cancel();
  }
}

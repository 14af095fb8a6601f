/**
 * The cache of `../memo.ts` that belongs to a goroutine.
 *
 * @module
 */
import { Channel, go, type Goroutine, select, send } from "../../mod.ts";
import { Entry, type Fetch, type Memo } from "./entry.ts";

/** Somebody asks for a key; the entry goes to `reply`. */
interface Request<V> {
  readonly key: string;
  readonly reply: Channel<Entry<V>>;
}

/** Something has become of an entry. */
interface Note<V> {
  readonly key: string;
  readonly entry: Entry<V>;
}

/** The cache is a variable of one goroutine, which everybody else writes to: there is no lock. */
export class MonitorMemo<V> implements Memo<V> {
  readonly #requests = new Channel<Request<V>>();
  /** Callers that have given up. */
  readonly #left = new Channel<Note<V>>();
  /** Functions that have failed. */
  readonly #failed = new Channel<Note<V>>();
  /** Closed with the cache. */
  readonly #closed = new Channel<never>();
  readonly #serving: Goroutine<void>;

  constructor(fetch: Fetch<V>) {
    this.#serving = go(() => this.#serve(fetch));
  }

  async get(key: string, { signal }: { signal?: AbortSignal } = {}): Promise<V> {
    const reply = new Channel<Entry<V>>(1);
    await this.#requests.send({ key, reply }, { signal });
    const entry = (await reply.receive())!;
    try {
      await entry.ready.receive({ signal });
    } catch (reason) {
      await this.#tell(this.#left, { key, entry });
      throw reason;
    }
    return entry.value;
  }

  async #serve(fetch: Fetch<V>): Promise<void> {
    const cache = new Map<string, Entry<V>>();
    for (;;) {
      const got = await select({
        request: this.#requests,
        left: this.#left,
        failed: this.#failed,
      });
      if (!got.ok) break;
      if (got.case === "request") {
        const { key, reply } = got.value;
        const known = cache.get(key);
        const entry = known ?? new Entry<V>();
        if (known === undefined) {
          cache.set(key, entry);
          entry.start(fetch, key, () => this.#tell(this.#failed, { key, entry }));
        }
        entry.callers++;
        reply.trySend(entry);
        continue;
      }
      const { key, entry } = got.value;
      if (got.case === "left") {
        // After the last caller nobody wants the result, and whoever comes next begins anew.
        if (--entry.callers > 0 || entry.ready.closed) continue;
        entry.cancel();
      }
      // The next entry for this key may be there already.
      if (cache.get(key) === entry) cache.delete(key);
    }
    for (const entry of cache.values()) entry.cancel();
  }

  /** Tells the goroutine, unless it has ended. */
  async #tell(channel: Channel<Note<V>>, note: Note<V>): Promise<void> {
    await select({ told: send(channel, note), closed: this.#closed });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#requests.close();
    await this.#serving;
    this.#closed.close();
  }
}

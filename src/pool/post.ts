/**
 * The post of a pool: how a parcel gets from a thread to whichever wants it.
 *
 * Only the owner of the pool has a line to every thread. So every parcel goes to the owner, under a number that the task carries in shared memory, and
 * stays there until somebody asks for that number.
 *
 * | note      | from, to       | says                                                                   |
 * | --------- | -------------- | ---------------------------------------------------------------------- |
 * | `deposit` | thread → owner | here is a parcel; it is for the thread `to`, or, if 0, for who asks first |
 * | `fetch`   | thread → owner | I want the parcel that the thread `by` deposits, or has deposited      |
 * | `discard` | thread → owner | nobody will ask for it                                                 |
 * | `deliver` | owner → thread | here it is; without one: it is lost                                    |
 *
 * Nothing is ordered between two threads' notes: a parcel may be asked for before it has come. A thread's own notes come in order, and all before the news
 * that it has ended: what it has not deposited by then will never come.
 *
 * @module
 */
import { core } from "../memory/core.ts";
import { POOL_PARCELS } from "../memory/layout.ts";
import { discardParcel, type Parcel, unpack } from "./parcel.ts";

/** What a thread tells the owner of its pool, or is told. Threads are named by the addresses of their agents. */
export type Note =
  | { type: "millrace.deposit"; key: number; parcel: Parcel; to: number }
  | { type: "millrace.fetch"; key: number; by: number }
  | { type: "millrace.discard"; key: number }
  | { type: "millrace.deliver"; key: number; parcel: Parcel | undefined };

/** Sends a note, and what is to be transferred with it. */
type SendNote = (note: Note, transfer: MessagePort[]) => void;

/** Reports whether a message is a note: a port to a thread may have been used by others. */
export function isNote(message: unknown): message is Note {
  const type: unknown = (message as { type?: unknown } | null)?.type;
  return typeof type === "string" && type.startsWith("millrace.");
}

/** The post as one thread of a pool sees it. */
export interface Post {
  /**
   * Hands in a parcel.
   *
   * @param to The agent that it is for; 0: whoever asks.
   * @returns its number, not 0
   */
  deposit(parcel: Parcel, to: number): number;
  /**
   * Takes out what is in the parcel `key`.
   *
   * @param by The agent that deposits it.
   * @returns the objects; `undefined` if the parcel is lost
   */
  fetch(key: number, by: number): Promise<unknown[] | undefined>;
  /** Ends what is in the parcel `key`, if it has not been asked for. */
  discard(key: number): void;
}

/** A number that no other parcel of the pool has, nor had a while ago. */
export function newKey(pool: number): number {
  const { fn } = core();
  for (;;) {
    const key = (fn.add32(pool + POOL_PARCELS, 1) + 1) >>> 0;
    if (key !== 0) return key;
  }
}

/** The post as a thread of the pool sees it that is not the owner's. */
export class MemberPost implements Post {
  readonly #pool: number;
  readonly #send: SendNote;
  readonly #awaited = new Map<number, (parcel: Parcel | undefined) => void>();

  /**
   * @param pool Address of the pool.
   * @param send To the owner.
   */
  constructor(pool: number, send: SendNote) {
    this.#pool = pool;
    this.#send = send;
  }

  deposit(parcel: Parcel, to: number): number {
    const key = newKey(this.#pool);
    this.#send({ type: "millrace.deposit", key, parcel, to }, parcel);
    return key;
  }

  async fetch(key: number, by: number): Promise<unknown[] | undefined> {
    const parcel = await new Promise<Parcel | undefined>((resolve) => {
      this.#awaited.set(key, resolve);
      this.#send({ type: "millrace.fetch", key, by }, []);
    });
    return parcel && unpack(parcel);
  }

  discard(key: number): void {
    this.#send({ type: "millrace.discard", key }, []);
  }

  /** Something has come from the owner. */
  receive(message: unknown): void {
    if (!isNote(message) || message.type !== "millrace.deliver") return;
    const { key, parcel } = message;
    const resolve = this.#awaited.get(key)!;
    this.#awaited.delete(key);
    resolve(parcel);
  }
}

/** A parcel that nobody has asked for yet. */
interface Held {
  readonly parcel: Parcel;
  readonly from: number;
  readonly to: number;
}

/** Somebody who waits for a parcel. */
interface Wanted {
  readonly by: number;
  readonly asker: number;
  readonly give: (parcel: Parcel | undefined) => void;
}

/** A timer this long keeps the process alive as long as it is set. */
const LONGEST_MS = 0x7fffffff;

/** The post office: where the owner keeps the parcels. */
export class Office implements Post {
  readonly #pool: number;
  readonly #self: number;
  readonly #isLiving: (agent: number) => boolean;
  readonly #held = new Map<number, Held>();
  readonly #wanted = new Map<number, Wanted>();
  /** Parcels that are being opened to end what is in them. */
  readonly #ending = new Set<Promise<void>>();
  /** How many fetches of this thread's own are under way; while they are, the process lives. */
  #fetching = 0;
  #keepAlive: ReturnType<typeof setInterval> | undefined;

  /**
   * @param pool Address of the pool.
   * @param self The owner's agent.
   * @param isLiving Reports whether an agent is one of the pool's threads'.
   */
  constructor(pool: number, self: number, isLiving: (agent: number) => boolean) {
    this.#pool = pool;
    this.#self = self;
    this.#isLiving = (agent) => agent === self || isLiving(agent);
  }

  /** Number of parcels that lie here, and of those that are waited for. */
  get size(): number {
    return this.#held.size + this.#wanted.size;
  }

  deposit(parcel: Parcel, to: number): number {
    const key = newKey(this.#pool);
    this.#deposit(key, { parcel, from: this.#self, to });
    return key;
  }

  async fetch(key: number, by: number): Promise<unknown[] | undefined> {
    if (this.#fetching++ === 0) this.#keepAlive = setInterval(() => {}, LONGEST_MS);
    try {
      const parcel = await new Promise<Parcel | undefined>((give) => {
        this.#fetch(key, { by, asker: this.#self, give });
      });
      return parcel && await unpack(parcel);
    } finally {
      if (--this.#fetching === 0) clearInterval(this.#keepAlive);
    }
  }

  discard(key: number): void {
    const held = this.#held.get(key);
    this.#held.delete(key);
    if (held !== undefined) this.#end(held.parcel);
  }

  /**
   * A message has come from a thread.
   *
   * @param from Its agent.
   * @param send Back to it.
   */
  receive(message: unknown, from: number, send: SendNote): void {
    if (!isNote(message)) return;
    switch (message.type) {
      case "millrace.deposit":
        return this.#deposit(message.key, { parcel: message.parcel, from, to: message.to });
      case "millrace.fetch": {
        const { key, by } = message;
        const give = (parcel: Parcel | undefined): void => {
          send({ type: "millrace.deliver", key, parcel }, parcel ?? []);
        };
        return this.#fetch(key, { by, asker: from, give });
      }
      case "millrace.discard":
        return this.discard(message.key);
    }
  }

  #deposit(key: number, held: Held): void {
    const wanted = this.#wanted.get(key);
    if (wanted !== undefined) {
      this.#wanted.delete(key);
      wanted.give(held.parcel);
    } else if (held.to !== 0 && !this.#isLiving(held.to)) {
      this.#end(held.parcel);
    } else {
      this.#held.set(key, held);
    }
  }

  #fetch(key: number, wanted: Wanted): void {
    const held = this.#held.get(key);
    if (held !== undefined) {
      this.#held.delete(key);
      wanted.give(held.parcel);
    } else if (this.#isLiving(wanted.by)) {
      this.#wanted.set(key, wanted);
    } else {
      wanted.give(undefined);
    }
  }

  /** The thread with `agent` has ended (to leave its place in the pool is not enough), and everything that it sent has come. */
  ended(agent: number): void {
    for (const [key, { by, asker, give }] of [...this.#wanted]) {
      if (by !== agent && asker !== agent) continue;
      this.#wanted.delete(key);
      if (asker !== agent) give(undefined);
    }
    for (const [key, { to }] of [...this.#held]) if (to === agent) this.discard(key);
  }

  /**
   * Nothing of the pool is pending: parcels with arguments whose submitter has ended will not be asked for. (A living one says so itself, when its task
   * comes back.)
   */
  sweep(): void {
    for (const [key, { from, to }] of [...this.#held]) {
      if (to === 0 && !this.#isLiving(from)) this.discard(key);
    }
  }

  /** The pool has come to its end: ends everything that still lies here. Resolves when that has been done. */
  async close(): Promise<void> {
    for (const { give } of this.#wanted.values()) give(undefined);
    this.#wanted.clear();
    for (const key of [...this.#held.keys()]) this.discard(key);
    while (this.#ending.size > 0) await Promise.all(this.#ending);
  }

  #end(parcel: Parcel): void {
    const ending = discardParcel(parcel).finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}

/**
 * A context in shared memory. The protocol is in `README.md`.
 *
 * | byte | word                   |                                                                       |
 * | ---- | ---------------------- | --------------------------------------------------------------------- |
 * | 12   | u32 `CONTEXT_END`      | how it has ended: one swap decides, and who wins it wakes the queue   |
 * | 16   | u32 `CONTEXT_ABOVE`    | the shared context that it ends with; a reference                     |
 * | 20   | u32 `CONTEXT_CAUSE`    | message, cause of the end by its deadline                             |
 * | 24   | u32 `CONTEXT_VALUES`   | message, its values                                                   |
 * | 32   | queue `LOCK_QUEUE`     | one waiter a thread that wants to be told                             |
 * | 48   | f64 `CONTEXT_DATE`     | its deadline, for who asks                                            |
 * | 56   | f64 `CONTEXT_DUE`      | its deadline, by the clock of all threads                             |
 *
 * @module
 */
import { SharedMemoryExhaustedError } from "../errors.ts";
import { commonMs } from "../internal/clock.ts";
import { core, exhausted } from "../memory/core.ts";
import { discardValue, peekValue } from "../memory/value.ts";
import { writeFailure } from "../memory/failure.ts";
import { KIND_CONTEXT, releaseObject } from "../memory/handle.ts";
import {
  CONTEXT_ABOVE,
  CONTEXT_CANCELED,
  CONTEXT_CAUSE,
  CONTEXT_DATE,
  CONTEXT_DUE,
  CONTEXT_END,
  CONTEXT_LIVE,
  CONTEXT_NONE,
  CONTEXT_SIZE,
  CONTEXT_VALUES,
  LOCK_QUEUE,
  WOKE_NONE,
  WOKE_SELF,
} from "../memory/layout.ts";
import { LockCase, LockObject } from "../sync/lock_object.ts";
import type { Deadline } from "./deadline.ts";
import { type Entry, readEntries, writeEntries } from "./entries.ts";

/** What a context is when it is put into shared memory. */
export interface Facts {
  /** Address of the shared context that it ends with; 0: none. */
  readonly above: number;
  /** Its values, from itself up to that one. */
  readonly entries: readonly Entry[];
  /** Its own deadline, if that is earlier than that one's. */
  readonly deadline: Deadline | undefined;
  /** How it has ended: a `CONTEXT_…` code or a message; it passes to the object. */
  readonly end: number;
}

/** Clocks that are read in whole milliseconds may be one apart: a thread is rather late than early. */
const SLACK_MS = 1;

/** A context in shared memory, as this thread uses it. */
export class SharedContext extends LockObject {
  /** @param ptr The object; the caller's reference passes to the handle, see `attach`. */
  constructor(ptr: number) {
    super(ptr, "context");
  }

  /**
   * Makes the object.
   *
   * @throws {SharedMemoryExhaustedError} if there is no room; nothing has changed then
   */
  static create({ above, entries, deadline, end }: Facts): SharedContext {
    const c = core();
    const messages: number[] = [];
    try {
      const cause = deadline?.cause === undefined ? 0 : writeFailure(deadline.cause);
      messages.push(cause);
      const values = writeEntries(entries);
      messages.push(values);
      const ptr = c.fn.objectNew(KIND_CONTEXT, CONTEXT_SIZE) >>> 0;
      if (ptr === 0) throw exhausted("a context");
      c.bytes(ptr + CONTEXT_SIZE);
      c.writeU32(ptr + CONTEXT_END, end);
      c.writeU32(ptr + CONTEXT_ABOVE, above);
      c.writeU32(ptr + CONTEXT_CAUSE, cause);
      c.writeU32(ptr + CONTEXT_VALUES, values);
      const left = deadline === undefined ? Infinity : deadline.due - performance.now();
      c.f64[(ptr + CONTEXT_DATE) >>> 3] = deadline?.date.getTime() ?? Infinity;
      c.f64[(ptr + CONTEXT_DUE) >>> 3] = commonMs() + left + SLACK_MS;
      if (above !== 0) c.fn.objectRetain(above);
      return new SharedContext(ptr);
    } catch (error) {
      for (const message of [...messages, end]) if (message > CONTEXT_NONE) discardValue(message);
      throw error;
    }
  }

  /** The last reference has gone. */
  static override abandon(ptr: number): void {
    const c = core();
    const above = c.readU32(ptr + CONTEXT_ABOVE);
    const messages = [CONTEXT_END, CONTEXT_CAUSE, CONTEXT_VALUES].map((at) => c.readU32(ptr + at));
    c.fn.free(ptr);
    for (const message of messages) if (message > CONTEXT_NONE) discardValue(message);
    if (above !== 0) releaseObject(above);
  }

  /** Reports whether it has an end of its own. */
  get canEnd(): boolean {
    return this.code !== CONTEXT_NONE;
  }

  /** How it has ended: a `CONTEXT_…` code, or the address of a message. */
  get code(): number {
    return this.core.loadU32(this.ptr + CONTEXT_END);
  }

  /** Address of the shared context that it ends with; 0: none. */
  get above(): number {
    return this.core.readU32(this.ptr + CONTEXT_ABOVE);
  }

  /** Its own deadline. */
  get deadline(): Deadline | undefined {
    const c = this.core;
    c.bytes(this.ptr + CONTEXT_SIZE);
    const date = c.f64[(this.ptr + CONTEXT_DATE) >>> 3]!;
    if (date === Infinity) return undefined;
    const due = c.f64[(this.ptr + CONTEXT_DUE) >>> 3]! - commonMs() + performance.now();
    const cause = c.readU32(this.ptr + CONTEXT_CAUSE);
    return { date: new Date(date), due, cause: cause === 0 ? undefined : peekValue(cause) };
  }

  /** Its values, as this thread has them; none once the handle is gone, if what a thread has left behind asks after its end. */
  get entries(): readonly Entry[] {
    if (this.isGone) return [];
    return readEntries(this.core.readU32(this.ptr + CONTEXT_VALUES));
  }

  /**
   * Ends it, unless it has ended, and tells all threads that wait.
   *
   * @param code A `CONTEXT_…` code or a message, which passes to the object.
   * @returns how it has ended: `code`, unless somebody was faster
   */
  settle(code: number): number {
    const { fn, agent } = this.core;
    const before = fn.cas32(this.ptr + CONTEXT_END, CONTEXT_LIVE, code) >>> 0;
    if (before !== CONTEXT_LIVE) {
      if (code > CONTEXT_NONE) discardValue(code);
      return before;
    }
    // Who enters from here on sees the word. If this thread dies before all are woken, its death tells the others to look.
    let isOwn = false;
    for (;;) {
      const woke = fn.queueWake(this.ptr + LOCK_QUEUE, agent);
      if (woke === WOKE_NONE) break;
      isOwn ||= woke === WOKE_SELF;
    }
    if (isOwn) this.deliver(WOKE_SELF);
    return code;
  }
}

/** A thread that waits for the end of a context that lives in shared memory. */
export class EndCase extends LockCase<SharedContext> {
  poll(): boolean {
    return this.object.code !== CONTEXT_LIVE;
  }

  isReady(): boolean {
    return this.poll();
  }
}

/** The code for a cancellation with `given` as the cause. Cancelling must not fail: what does not fit in memory is left out. */
export function codeOfCause(given: unknown): number {
  if (given === undefined) return CONTEXT_CANCELED;
  try {
    return writeFailure(given);
  } catch (error) {
    if (error instanceof SharedMemoryExhaustedError) return CONTEXT_CANCELED;
    throw error;
  }
}

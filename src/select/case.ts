/**
 * What a wait knows of the things it waits for. A flavor of channel, a timer or a lock implements {@linkcode Case}; the
 * state machine in `operation.ts` is written against it and knows nothing else.
 *
 * @module
 */

/** The wait that a case takes part in, as the case sees it. */
export interface Wait {
  /** Puts the wait's node for case `index` into the shared wait queue at `queue`, asking for `need`. */
  enterShared(index: number, queue: number, need: number): void;
  /** Puts the node before all others there, with an element for whoever serves it, or room for one: it was woken in vain. */
  enterFirst(index: number, queue: number, payload: number, bytes: number): void;
  /** Takes it out again; harmless when it is out. */
  leaveShared(index: number, queue: number): void;
  /** Address of the wait's node for case `index`, for a case that enters its queue by itself. */
  nodeOf(index: number): number;
  /** Such a case has entered the queue at `queue`. */
  entered(queue: number): void;
  /** How many such cases of this wait are in the queue at `queue`. */
  countIn(queue: number): number;
  /**
   * Claims the wait for case `index`, on behalf of something that happened on this thread.
   *
   * @returns false when it is over already; then the claimer passes on to the next
   */
  claim(index: number): boolean;
  /** Ends the wait that {@linkcode claim} has claimed; the case holds its outcome. */
  finish(index: number): void;
  /** The deadline of a case has changed. */
  rearm(): void;
}

/** One thing that a wait can end with. Made for one wait and used by no other. */
export interface Case {
  /** Its index within the wait; given by the wait. */
  index: number;
  /** Cases are entered in the order of their ranks, so that two waits never hold what the other needs. */
  readonly rank: number;
  /** Reports whether the case stands in shared memory, where another thread may answer it. */
  readonly isShared: boolean;
  /** Reports whether it has a deadline, or may get one. */
  readonly isTimed: boolean;
  /** When it becomes ready by itself, as `performance.now()` counts; `Infinity`: never. */
  readonly deadline: number;
  /**
   * Reports whether it claims the wait at its deadline: many waits share one alarm then. The wait needs none for it, unless it blocks
   * its thread.
   */
  readonly ringsItself?: boolean;
  /**
   * Takes effect now if it can.
   *
   * @returns whether it has
   * @throws what the operation ends with when it fails: a closed channel's reason, for example
   */
  poll(): boolean;
  /**
   * For a thread that is about to block: how long to leave it alone before trying once more, in rounds of about a nanosecond. Where
   * another thread fills or empties something all the time, to wait and to be woken costs both sides more than a few tries, and
   * makes them take turns value by value. Without it the thread does not try again.
   */
  pauseBeforeWait?(): number;
  /**
   * Reports whether {@linkcode poll} might have an effect now. Asked after every case of the wait has been entered.
   *
   * A case whose effect others bring about (a semaphore's, or one that was woken in vain) does what they would have done, and reports false: then it has been
   * fired, or it has to wait.
   */
  isReady(): boolean;
  /**
   * Begins to wait: from now on the other side can find it.
   *
   * @returns false when it found that it need not wait: it is not in then, and the wait starts again
   */
  enter(wait: Wait): boolean;
  /** Ends waiting; harmless when it has ended, or never begun. `wasClaimed`: this is the case that the wait ended with. */
  leave(wasClaimed: boolean): void;
  /**
   * Another thread has fired the case: takes the effect.
   *
   * @returns false when somebody was faster; the wait starts again
   */
  complete(): boolean;
  /**
   * Another thread has fired the case, but a goroutine blocks this one, and who waits could make no use of the effect until that
   * ends: fires somebody else instead.
   *
   * @returns whether it has; the wait then starts again once the thread is no longer blocked. Without this method, or with
   * false, the effect is taken all the same.
   */
  pass?(): boolean;
  /** The wait is over, or never began: frees what the case holds. `hadEffect`: it is the one that took effect. */
  dispose(hadEffect: boolean): void;
}

/** What a poll for a value gives when there is none. */
export const EMPTY: unique symbol = Symbol("empty");
/** What a poll for a value gives when there will be none any more. */
export const CLOSED: unique symbol = Symbol("closed");

/** A case that ends with a value. */
export interface ReceiveCase<T> extends Case {
  /**
   * The value that the case ended with, or `CLOSED`.
   *
   * @throws the reason that the channel was closed with
   */
  outcome(): T | typeof CLOSED;
}

/** A case that ends with a value having been taken. */
export interface SendCase extends Case {
  /**
   * Returns when the value was taken.
   *
   * @throws {ChannelClosedError} if the channel was closed instead
   */
  outcome(): void;
}

/** Key of where the values of something come out. */
export const source: unique symbol = Symbol.for("millrace.source/1") as never;
/** Key of where the values of something go in. */
export const sink: unique symbol = Symbol.for("millrace.sink/1") as never;

/**
 * Where values come out of something. What is behind it is millrace's own.
 *
 * @typeParam T The values.
 */
export interface Outlet<T> {
  /** Nothing: it only says of which type the values are. */
  readonly [source]?: T;
}

/**
 * Where values go into something. What is behind it is millrace's own.
 *
 * @typeParam T The values.
 */
export interface Inlet<T> {
  /** Nothing: it only says of which type the values are. */
  readonly [sink]?: (value: T) => void;
}

/** The side of a flavor that values come out of. */
export interface Source<T> extends Outlet<T> {
  /** Throws: this is what stands in a disposed channel's place, and has no other operation that works. */
  refuse?(): never;
  /**
   * Takes a value now.
   *
   * @param mayBlock Whether it may give way to another thread for a moment if that lets more values come: one that blocks may.
   * @throws the reason that the channel was closed with
   */
  poll(mayBlock?: boolean): T | typeof EMPTY | typeof CLOSED;
  /** Makes a case that waits for a value. */
  receiveCase(): ReceiveCase<T>;
  /**
   * Waits for a value that the caller has found missing, and for nothing else; for sources of this thread, to which it costs less than a case.
   *
   * @param outcome What the wait gives; it does not throw.
   */
  parkReceiver?<R>(outcome: (value: T | typeof CLOSED) => R): Promise<R>;
}

/** The side of a flavor that values go into. */
export interface Sink<T> extends Inlet<T> {
  /**
   * Gives a value now.
   *
   * @param mayBlock As for {@linkcode Source.poll}.
   * @returns false when nobody can take it
   * @throws {ChannelClosedError} if the channel is closed
   */
  offer(value: T, mayBlock?: boolean): boolean;
  /**
   * Throws if the channel does not carry values like `value`; without this method it carries all.
   *
   * @throws {TypeError | RangeError} if it does not
   */
  check?(value: T): void;
  /**
   * Makes a case that waits for `value` to be taken.
   *
   * @throws {TypeError | RangeError} if the channel does not carry such values
   */
  sendCase(value: T): SendCase;
  /** As {@linkcode Source.parkReceiver}: waits until `value` is taken, for which the caller has found nobody. */
  parkSender?(value: T): Promise<void>;
}

/**
 * Something that a select can receive from: a channel, or a timer's.
 *
 * @typeParam T The values.
 */
export interface Receivable<T> {
  /** Where its values come out. */
  readonly [source]: Outlet<T>;
}

/**
 * Something that a select can send to: a channel.
 *
 * @typeParam T The values.
 */
export interface Sendable<T> {
  /** Where its values go in. */
  readonly [sink]: Inlet<T>;
}

/**
 * Every error class of millrace. Each has a literal `code`, so that nobody has to match a message.
 *
 * @module
 */

/** Thrown by a send on a closed channel and by closing one twice. */
export class ChannelClosedError extends Error {
  /** The name of the class. */
  override readonly name = "ChannelClosedError";
  /** Says which error this is. */
  readonly code = "CHANNEL_CLOSED";
  /** The value that was not sent; `undefined` when the error is about `close`. */
  readonly value: unknown;

  /**
   * Makes the error.
   *
   * @param message What was tried, in Go's words.
   * @param value The value that was not sent.
   */
  constructor(message: string = "send on closed channel", value?: unknown) {
    super(message);
    this.value = value;
  }
}

/** Thrown when a lock is used against its rules: for example an unlock of what is not locked. Nothing has changed. */
export class LockMisuseError extends Error {
  /** The name of the class. */
  override readonly name = "LockMisuseError";
  /** Says which error this is. */
  readonly code = "LOCK_MISUSE";
}

/**
 * Thrown by a lock whose holder's thread has died: by every wait for it, and by whoever asks for it, until somebody calls its
 * `recover()`. What the lock protects may be half changed.
 */
export class LockAbandonedError extends Error {
  /** The name of the class. */
  override readonly name = "LockAbandonedError";
  /** Says which error this is. */
  readonly code = "LOCK_ABANDONED";
}

/**
 * The end of a wait at a barrier that cannot be passed: somebody who waited there gave up or died, or it was reset.
 */
export class BrokenBarrierError extends Error {
  /** The name of the class. */
  override readonly name = "BrokenBarrierError";
  /** Says which error this is. */
  readonly code = "BROKEN_BARRIER";

  /**
   * Makes the error.
   *
   * @param message What was tried.
   */
  constructor(message: string = "Cannot pass the barrier: it is broken") {
    super(message);
  }
}

/** Thrown when a call would have to block a thread that cannot: a browser's main thread, or one that nobody could answer. */
export class AgentCannotBlockError extends Error {
  /** The name of the class. */
  override readonly name = "AgentCannotBlockError";
  /** Says which error this is. */
  readonly code = "AGENT_CANNOT_BLOCK";
}

/** Thrown by the call that needed shared memory when there is no more. Nothing is half done. */
export class SharedMemoryExhaustedError extends RangeError {
  /** The name of the class. */
  override readonly name = "SharedMemoryExhaustedError";
  /** Says which error this is. */
  readonly code = "SHARED_MEMORY_EXHAUSTED";
}

/** Thrown by a submission to a pool that has been closed, and the end of every task that it will not run any more. */
export class PoolClosedError extends Error {
  /** The name of the class. */
  override readonly name = "PoolClosedError";
  /** Says which error this is. */
  readonly code = "POOL_CLOSED";
}

/** Thrown by a submission to a pool that refuses what has to wait where too many wait already. */
export class PoolFullError extends Error {
  /** The name of the class. */
  override readonly name = "PoolFullError";
  /** Says which error this is. */
  readonly code = "POOL_FULL";
}

/** The end of a task whose thread died while it ran. */
export class WorkerCrashedError extends Error {
  /** The name of the class. */
  override readonly name = "WorkerCrashedError";
  /** Says which error this is. */
  readonly code = "WORKER_CRASHED";
}

/** The end of a context that was cancelled, and of a goroutine that was cancelled before it started. */
export class CanceledError extends Error {
  /** The name of the class. */
  override readonly name = "CanceledError";
  /** Says which error this is. */
  readonly code = "CANCELED";

  /**
   * Makes the error.
   *
   * @param message What was cancelled, in Go's words.
   */
  constructor(message: string = "context canceled") {
    super(message);
  }
}

/** The end of a run that somebody has interrupted, by SIGINT. */
export class InterruptedError extends Error {
  /** The name of the class. */
  override readonly name = "InterruptedError";
  /** Says which error this is. */
  readonly code = "INTERRUPTED";

  /**
   * Makes the error.
   *
   * @param message What has come.
   */
  constructor(message: string = "received interrupt") {
    super(message);
  }
}

/** The end of a context whose deadline is over. */
export class DeadlineExceededError extends Error {
  /** The name of the class. */
  override readonly name = "DeadlineExceededError";
  /** Says which error this is. */
  readonly code = "DEADLINE_EXCEEDED";

  /**
   * Makes the error.
   *
   * @param message Whose deadline, in Go's words.
   */
  constructor(message: string = "context deadline exceeded") {
    super(message);
  }
}

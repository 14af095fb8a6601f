/**
 * What a context is to those who use it.
 *
 * @module
 */
import type { CanceledError, DeadlineExceededError } from "../errors.ts";
import type { ReceiveChannel } from "../select/types.ts";

/**
 * Carries a deadline, a cancellation and values of one request across function calls, and threads (Go: `context.Context`).
 *
 * It is made from a parent by {@linkcode withCancel} and its like. The end of a parent ends all that was made from it, never the
 * reverse, and within the call that ends it: no part of the tree is seen to go on. Pass it as the first argument, as in Go.
 *
 * @see Go package context, type Context.
 */
export interface Context {
  /** When it ends by itself; `undefined`: never. */
  readonly deadline: Date | undefined;
  /**
   * A channel that is closed when the context ends: for {@linkcode select}. `null`, which a select takes for a case that is
   * never ready, if nothing can end it. It is always the same one.
   */
  readonly done: ReceiveChannel<never> | null;
  /** Why it has ended, always the same object; `undefined` as long as it has not. {@linkcode cause} may say more. */
  readonly err: CanceledError | DeadlineExceededError | undefined;
  /**
   * A signal that is aborted when the context ends, with its {@linkcode cause} as the reason: for every `{ signal }` of the platform
   * and of millrace. It is always the same one.
   *
   * A context with a deadline keeps the process alive once its signal has been read, since somebody may wait for it then; one that has
   * come from another thread does not.
   */
  readonly signal: AbortSignal;
  /**
   * The value under `key` here or, if there is none, in the nearest context above that has one; `undefined` without one.
   *
   * @param key What {@linkcode withValue} was given, compared by `===`.
   */
  value(key: unknown): unknown;
}

/** Cancels a context, and with it all that was made from it; harmless when it has ended. Call it when the work is done. */
export type CancelFunc = () => void;

/**
 * As {@linkcode CancelFunc}, and says why: what {@linkcode cause} gives from then on. Without a cause, or with `null`, that is the
 * context's `err`.
 */
export type CancelCauseFunc = (cause?: unknown) => void;

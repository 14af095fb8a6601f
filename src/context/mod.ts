/**
 * Go's `context`: deadlines, cancellation and values of a request, across function calls and threads.
 *
 * A context is made from a parent. The end of the parent ends it, never the reverse; and within the call: when `cancel()` returns, the
 * whole tree below has ended. A context passed to a task of a pool is the same context on the other thread.
 *
 * @example
 * ```ts
 * import { after, select } from "@millrace/millrace";
 * import { background, withTimeout } from "@millrace/millrace/context";
 *
 * const [ctx, cancel] = withTimeout(background(), 20);
 * const got = await select({ stop: ctx.done, late: after(60_000) });
 * console.log(got.case, ctx.err?.code); // stop DEADLINE_EXCEEDED
 * cancel();
 * ```
 *
 * @module
 */
export { afterFunc } from "./after_func.ts";
export {
  background,
  cause,
  fromSignal,
  todo,
  withCancel,
  withCancelCause,
  withDeadline,
  withDeadlineCause,
  withoutCancel,
  withTimeout,
  withTimeoutCause,
  withValue,
} from "./context.ts";
export { contextOf } from "./revive.ts";
export type { CancelCauseFunc, CancelFunc, Context } from "./types.ts";
export { CanceledError, DeadlineExceededError } from "../errors.ts";
export type { ReceiveChannel } from "../select/types.ts";

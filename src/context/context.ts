/**
 * How contexts are made.
 *
 * @module
 */
import { checkDate, checkDuration, show } from "../internal/check.ts";
import { Calendar } from "../internal/clock.ts";
import {
  type BaseContext,
  checkContext,
  DetachedContext,
  RootContext,
  ValueContext,
} from "./base.ts";
import { CancelContext } from "./cancel_context.ts";
import type { Deadline } from "./deadline.ts";
import type { CancelCauseFunc, CancelFunc, Context } from "./types.ts";

const BACKGROUND: Context = new RootContext();
const TODO: Context = new RootContext();

/**
 * Returns the context at the root of everything: it never ends, and has no deadline and no values (Go: `context.Background`).
 */
export function background(): Context {
  return BACKGROUND;
}

/**
 * Returns a context like {@linkcode background}, for a place where it is not clear yet which one to use (Go: `context.TODO`).
 */
export function todo(): Context {
  return TODO;
}

/**
 * Makes a context that can be cancelled (Go: `context.WithCancel`).
 *
 * It ends when its `cancel` is called or its parent ends, whichever comes first. Cancelling ends it and all that was made from it
 * within the call. A context that somebody waits for is kept by its parent until it ends, as in Go, so do call `cancel`; one
 * that nobody waits for is garbage like any object.
 *
 * @example
 * ```ts
 * import { Channel, go, select, send } from "@millrace/millrace";
 * import { background, withCancel } from "@millrace/millrace/context";
 *
 * const numbers = new Channel<number>();
 * const [ctx, cancel] = withCancel(background());
 * const counting = go(async () => {
 *   for (let n = 1;; n++) {
 *     const got = await select({ stop: ctx.done, out: send(numbers, n) });
 *     if (got.case === "stop") return ctx.err;
 *   }
 * });
 * for await (const n of numbers) if (n === 5) break;
 * cancel();
 * console.log((await counting)?.message); // context canceled
 * ```
 *
 * @param parent What it is made from.
 * @returns The context, and what cancels it.
 * @throws {TypeError} if `parent` is no context
 */
export function withCancel(parent: Context): [Context, CancelFunc] {
  return cancellable(new CancelContext(checkContext(parent)));
}

/**
 * As {@linkcode withCancel}, where whoever cancels may say why (Go: `context.WithCancelCause`).
 *
 * @example
 * ```ts
 * import { background, cause, withCancelCause } from "@millrace/millrace/context";
 *
 * const [ctx, cancel] = withCancelCause(background());
 * cancel(new Error("the disk is full"));
 * console.log(ctx.err?.code, cause(ctx)); // CANCELED Error: the disk is full
 * ```
 *
 * @param parent What it is made from.
 * @returns The context, and what cancels it.
 * @throws {TypeError} if `parent` is no context
 */
export function withCancelCause(parent: Context): [Context, CancelCauseFunc] {
  const context = new CancelContext(checkContext(parent));
  return [context, (cause) => context.cancel(cause ?? undefined)];
}

/**
 * Makes a context that ends at `date`, or when it is cancelled or its parent ends (Go: `context.WithDeadline`).
 *
 * If the parent's deadline is earlier, it stays. A deadline that is over already ends the context at once. The clock decides, not a
 * timer: a busy loop that looks at `err` sees it at the time. A timer runs only while somebody waits, and keeps the process
 * alive only then.
 *
 * @param parent What it is made from.
 * @param date When it ends at the latest; copied.
 * @returns The context, and what cancels it.
 * @throws {TypeError | RangeError} if `parent` is no context, or `date` no valid `Date`
 */
export function withDeadline(parent: Context, date: Date): [Context, CancelFunc] {
  return withDeadlineCause(parent, date, undefined);
}

/**
 * As {@linkcode withDeadline}, with what {@linkcode cause} gives when it ends by its own deadline (Go: `context.WithDeadlineCause`).
 *
 * @param parent What it is made from.
 * @param date When it ends at the latest; copied.
 * @param cause Why; `undefined` or `null`: its `err`.
 * @returns The context, and what cancels it; that does not set the cause.
 * @throws {TypeError | RangeError} as {@linkcode withDeadline}
 */
export function withDeadlineCause(
  parent: Context,
  date: Date,
  cause: unknown,
): [Context, CancelFunc] {
  const above = checkContext(parent);
  const ms = checkDate("a deadline", date);
  // A calendar that is kept would make a date that has just passed seem to come.
  return timed(above, ms, new Calendar().timeOf(ms), cause);
}

/**
 * Makes a context that ends after `ms` milliseconds, or when it is cancelled or its parent ends (Go: `context.WithTimeout`).
 *
 * See {@linkcode withDeadline}.
 *
 * @example
 * ```ts
 * import { sleep } from "@millrace/millrace";
 * import { background, withTimeout } from "@millrace/millrace/context";
 *
 * const [ctx, cancel] = withTimeout(background(), 10);
 * try {
 *   await sleep(60_000, { signal: ctx.signal });
 * } catch (error) {
 *   console.log(String(error)); // DeadlineExceededError: context deadline exceeded
 * } finally {
 *   cancel();
 * }
 * ```
 *
 * @param parent What it is made from.
 * @param ms Milliseconds from now, also beyond 2^31; `Infinity`: no deadline. At 0 or less it has ended when the call returns.
 * @returns The context, and what cancels it.
 * @throws {TypeError | RangeError} if `parent` is no context, or `ms` no number, or NaN
 */
export function withTimeout(parent: Context, ms: number): [Context, CancelFunc] {
  return withTimeoutCause(parent, ms, undefined);
}

/**
 * As {@linkcode withTimeout}, with what {@linkcode cause} gives when it ends by its own deadline (Go: `context.WithTimeoutCause`).
 *
 * @param parent What it is made from.
 * @param ms As for {@linkcode withTimeout}.
 * @param cause Why; `undefined` or `null`: its `err`.
 * @returns The context, and what cancels it; that does not set the cause.
 * @throws {TypeError | RangeError} as {@linkcode withTimeout}
 */
export function withTimeoutCause(
  parent: Context,
  ms: number,
  cause: unknown,
): [Context, CancelFunc] {
  const above = checkContext(parent);
  const delayMs = checkDuration("a timeout", ms);
  return timed(above, Date.now() + delayMs, performance.now() + delayMs, cause);
}

/**
 * Makes a context with one value more than its parent (Go: `context.WithValue`). It ends with its parent.
 *
 * Values are for data that belongs to a request and crosses APIs, not for what a function should take as an argument. As keys, symbols
 * collide with nobody's; give one that is to be found on other threads by `Symbol.for`.
 *
 * @example
 * ```ts
 * import { background, withValue } from "@millrace/millrace/context";
 *
 * const user = Symbol.for("example.user");
 * const ctx = withValue(background(), user, "gopher");
 * console.log(ctx.value(user), ctx.value("else")); // gopher undefined
 * ```
 *
 * @param parent What it is made from.
 * @param key Anything but `undefined` and `null`; compared by `===`.
 * @param value Anything.
 * @throws {TypeError} if `parent` is no context, or `key` is `undefined` or `null`
 */
export function withValue(parent: Context, key: unknown, value: unknown): Context {
  const above = checkContext(parent);
  if (key === undefined || key === null) {
    throw new TypeError(`Cannot use ${key} as the key of a value: nil key`);
  }
  return new ValueContext(above, key, value);
}

/**
 * Makes a context that has its parent's values but does not end with it, and has no deadline (Go: `context.WithoutCancel`): for
 * work that goes on after the request.
 *
 * @param parent What it is made from.
 * @throws {TypeError} if `parent` is no context
 */
export function withoutCancel(parent: Context): Context {
  return new DetachedContext(checkContext(parent));
}

/**
 * Returns why `ctx` has ended: what was given when it, or the context above that took it along, was cancelled; otherwise its
 * `err` (Go: `context.Cause`).
 *
 * @param ctx What to ask.
 * @returns The cause; `undefined` as long as it has not ended.
 * @throws {TypeError} if `ctx` is no context
 */
export function cause(ctx: Context): unknown {
  return checkContext(ctx).end?.cause;
}

/**
 * Makes a context that ends when `signal` is aborted: its `err` is a `CanceledError`, its {@linkcode cause} the signal's reason.
 * Its own `signal` is that signal.
 *
 * @example
 * ```ts
 * import { background, cause, fromSignal, withTimeout } from "@millrace/millrace/context";
 *
 * const controller = new AbortController();
 * const [ctx] = withTimeout(fromSignal(controller.signal), 60_000);
 * controller.abort(new Error("the client has gone"));
 * console.log(ctx.err?.code, cause(ctx)); // CANCELED Error: the client has gone
 * ```
 *
 * @param signal What it ends with.
 * @throws {TypeError} if `signal` is no `AbortSignal`
 */
export function fromSignal(signal: AbortSignal): Context {
  if (!(signal instanceof AbortSignal)) {
    throw new TypeError(`Cannot make a context from ${show(signal)}: expected an AbortSignal`);
  }
  return new CancelContext(checkContext(BACKGROUND), { source: signal });
}

function cancellable(context: CancelContext): [Context, CancelFunc] {
  return [context, () => context.cancel(undefined)];
}

/**
 * Makes a context with a deadline.
 *
 * @param ms The deadline as a `Date` counts.
 * @param due The same as `performance.now()` counts.
 */
function timed(
  parent: BaseContext,
  ms: number,
  due: number,
  cause: unknown,
): [Context, CancelFunc] {
  const date = new Date(ms);
  const { scope } = parent;
  // A date beyond all dates, or one that the parent does not live to see, is none.
  const isVain = Number.isNaN(date.getTime()) || scope !== undefined && scope.due < due;
  const deadline: Deadline | undefined = isVain ? undefined : {
    date,
    // A parent that has ended takes it along, even if the date was over before that.
    due: scope?.end === undefined ? due : Infinity,
    cause: cause ?? undefined,
  };
  return cancellable(new CancelContext(parent, { deadline }));
}

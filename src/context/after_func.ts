/**
 * `afterFunc`: functions that run when a context has ended.
 *
 * @module
 */
import { show } from "../internal/check.ts";
import { detached } from "../internal/detached.ts";
import { checkContext, type Scope } from "./base.ts";
import { type Afterwards, Follower } from "./follower.ts";
import type { Context } from "./types.ts";

/** A function that waits for the end of a context. */
class Callback extends Follower {
  readonly #start: () => Promise<void>;

  constructor(start: () => Promise<void>) {
    super();
    this.#start = start;
  }

  get awaits(): boolean {
    return true;
  }

  leaderEnded(_afterwards: Afterwards[]): void {
    this.#start();
  }
}

/**
 * Calls `f`, as a goroutine of this thread, when `ctx` has ended (Go: `context.AfterFunc`): never within the call that ends it, nor
 * within this one. If `ctx` never ends, neither does the wait.
 *
 * A context with a deadline keeps the process alive while a function waits for it.
 *
 * @example
 * ```ts
 * import { afterFunc, background, withCancel } from "@millrace/millrace/context";
 *
 * const [ctx, cancel] = withCancel(background());
 * afterFunc(ctx, () => console.log("cleaned up"));
 * const stop = afterFunc(ctx, () => console.log("never printed"));
 * console.log(stop(), stop()); // true false
 * cancel(); // cleaned up
 * ```
 *
 * @param ctx What it waits for.
 * @param f What to call. An error that it throws is uncaught, as a panic is in Go.
 * @returns What calls it off: it reports whether it has, and `false` when `f` has been started, or was called off before.
 * @throws {TypeError} if `ctx` is no context, or `f` no function
 */
export function afterFunc(ctx: Context, f: () => unknown): () => boolean {
  const { scope } = checkContext(ctx);
  if (typeof f !== "function") throw new TypeError(`Cannot call ${show(f)}: expected a function`);
  const start = detached(f, afterFunc);
  if (scope === undefined) return once();
  if (scope.end !== undefined) {
    start();
    return () => false;
  }
  const callback = new Callback(start);
  scope.follow(callback);
  return () => stop(scope, callback);
}

function stop(scope: Scope, callback: Callback): boolean {
  // It is over by the clock, though nobody has been told yet.
  if (callback.list === undefined || scope.end !== undefined) return false;
  scope.unfollow(callback);
  return true;
}

/** What calls off a function that will never run. */
function once(): () => boolean {
  let isWaiting = true;
  return () => {
    const wasWaiting = isWaiting;
    isWaiting = false;
    return wasWaiting;
  };
}

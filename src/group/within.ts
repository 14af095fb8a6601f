/**
 * Work that has a context of its own, and is over when that is decided.
 *
 * @module
 */
import { checkContext } from "../context/base.ts";
import { type Context, withCancel } from "../context/mod.ts";

/**
 * Does `work` with a child of `parent`, which is cancelled as soon as `resolve` or `reject` is called. What comes later is dropped.
 *
 * When `parent` ends first, it rejects with the parent's `err`, whatever the work does; the end of `parent` before the call leaves the
 * work undone.
 *
 * @throws {TypeError} if `parent` is no context
 */
export function within<T>(
  parent: Context,
  work: (ctx: Context, resolve: (value: T) => void, reject: (error: unknown) => void) => void,
): Promise<T> {
  checkContext(parent);
  if (parent.err !== undefined) return Promise.reject(parent.err);
  const [ctx, cancel] = withCancel(parent);
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      // A function that fails because the parent has ended may be heard of before that end itself.
      reject(parent.err ?? error);
      cancel();
    };
    // Awaited, the parent's deadline keeps the process alive. After a decision this is heard as well, and changes nothing.
    ctx.done!.receive().then(() => fail(parent.err));
    work(ctx, (value) => {
      if (parent.err !== undefined) return fail(parent.err);
      resolve(value);
      cancel();
    }, fail);
  });
}

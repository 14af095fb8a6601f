/**
 * What this runtime can do.
 *
 * @module
 */
import { core } from "../memory/core.ts";
import { canStartThreads } from "./thread.ts";

/** What this runtime, and this thread of it, can do. */
export interface Capabilities {
  /** Reports whether pools run tasks on threads of their own; otherwise they run them on this one. */
  readonly threads: boolean;
  /** Reports whether this thread may block: whether the `Sync` forms can wait. */
  readonly blocking: boolean;
}

/**
 * What this runtime, and this thread of it, can do.
 *
 * `threads` is false on a page that is not cross-origin isolated (served without COOP and COEP); `blocking` is false on a
 * browser's main thread.
 */
export const capabilities: Capabilities = {
  get threads(): boolean {
    return canStartThreads();
  },
  get blocking(): boolean {
    return core().canBlock;
  },
};

/**
 * What is behind a `Cond`: a condition in shared memory, or one of this thread alone.
 *
 * @module
 */
import type { Shareable } from "../memory/handle.ts";
import type { Locker } from "./guard.ts";

/** A condition, as this thread uses it. */
export interface CondObject {
  readonly locker: Locker;
  /** Its address, or the reason why it cannot be sent to another thread. */
  readonly ptr: number | string;
  /** Makes `handle` the one that stands for it. */
  attach(handle: Shareable): void;
  /** @throws {TypeError} if the handle is disposed */
  check(): void;
  wait(signal: AbortSignal | undefined): Promise<void>;
  waitSync(): void;
  signal(): void;
  broadcast(): void;
  dispose(): void;
}

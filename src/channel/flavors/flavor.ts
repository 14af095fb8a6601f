/**
 * What a flavor of channel provides. {@linkcode Channel} is a thin handle over one.
 *
 * @module
 */
import type { Sink, Source } from "../../select/case.ts";

/** Both ends of a channel's storage, and its state. */
export interface Flavor<T> extends Source<T>, Sink<T> {
  /** How many values may wait. */
  readonly capacity: number;
  /** How many values wait. */
  readonly size: number;
  /** Reports whether it has been closed. */
  readonly closed: boolean;
  /**
   * Closes it, and ends every wait at it.
   *
   * @param reason What receivers reject with once it is drained; `undefined`: they get the end instead.
   * @throws {ChannelClosedError} if it is closed already
   */
  close(reason: unknown): void;
}

/**
 * A receiving side over a source that has no sending side: a timer's, for example.
 *
 * @module
 */
import { checkSignal } from "../internal/check.ts";
import { type Source, source } from "./case.ts";
import * as receiver from "./receiver.ts";
import type { ReceiveChannel, TryReceiveResult, WaitOptions } from "./types.ts";

/** A receive-only channel over a source; one that can be closed says so in a class of its own. */
export class SourceChannel<T> implements ReceiveChannel<T> {
  /** Where values come out; for {@linkcode select}. */
  readonly [source]: Source<T>;
  /** How many values may wait. */
  readonly capacity: number;

  /** @param from Where values come out. */
  constructor(from: Source<T>, capacity: number) {
    this[source] = from;
    this.capacity = capacity;
  }

  /** How many values wait: 0 where a value exists only in the moment in which it is taken. */
  get size(): number {
    return 0;
  }

  /** Reports whether it has been closed. */
  get closed(): boolean {
    return false;
  }

  /** See {@linkcode ReceiveChannel.receive}. */
  receive(options?: WaitOptions): Promise<T | undefined> {
    const signal = options === undefined ? undefined : checkSignal(options);
    return receiver.receive(this[source], signal);
  }

  /** See {@linkcode ReceiveChannel.receiveSync}. */
  receiveSync(): T | undefined {
    return receiver.receiveSync(this[source]);
  }

  /** See {@linkcode ReceiveChannel.tryReceive}. */
  tryReceive(): TryReceiveResult<T> {
    return receiver.tryReceive(this[source]);
  }

  /** See {@linkcode ReceiveChannel.next}. */
  next(options?: WaitOptions): Promise<IteratorResult<T, undefined>> {
    const signal = options === undefined ? undefined : checkSignal(options);
    return receiver.next(this[source], signal);
  }

  /** Receives until it is closed and drained. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return receiver.iterate(() => this.next());
  }
}

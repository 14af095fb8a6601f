/**
 * What stands in a typed channel's place once this thread has given up its handle. A flavor of its own, so that no operation
 * has to ask.
 *
 * @module
 */
import type { ReceiveCase, SendCase } from "../../select/case.ts";
import type { Flavor } from "./flavor.ts";

/** The flavor of a disposed handle: every operation says so. */
export class Disposed<T> implements Flavor<T> {
  readonly capacity: number;
  readonly closed = true;

  /** @param capacity What the channel had. */
  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return refuseDisposed();
  }

  refuse(): never {
    return refuseDisposed();
  }

  check(): never {
    return refuseDisposed();
  }

  poll(): never {
    return refuseDisposed();
  }

  offer(_value: T): never {
    return refuseDisposed();
  }

  outgoing(): never {
    return refuseDisposed();
  }

  incoming(): never {
    return refuseDisposed();
  }

  receiveCase(): ReceiveCase<T> {
    return refuseDisposed();
  }

  sendCase(_value: T): SendCase {
    return refuseDisposed();
  }

  close(): never {
    return refuseDisposed();
  }
}

/** Says that a handle is disposed. */
export function refuseDisposed(): never {
  throw new TypeError("Cannot use a disposed channel: this thread gave up its handle");
}

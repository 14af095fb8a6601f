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
    return refuse();
  }

  poll(): never {
    return refuse();
  }

  offer(_value: T): never {
    return refuse();
  }

  outgoing(): never {
    return refuse();
  }

  incoming(): never {
    return refuse();
  }

  receiveCase(): ReceiveCase<T> {
    return refuse();
  }

  sendCase(_value: T): SendCase {
    return refuse();
  }

  close(): never {
    return refuse();
  }
}

function refuse(): never {
  throw new TypeError("Cannot use a disposed channel: this thread gave up its handle");
}

/**
 * Wait groups.
 *
 * @module
 */
import { LockMisuseError } from "../errors.ts";
import { checkInteger, checkSignal, show } from "../internal/check.ts";
import { detached } from "../internal/detached.ts";
import { afterTurn, isBudgetSpent } from "../internal/macrotask.ts";
import { KIND_WAIT_GROUP, registerKind, shared } from "../memory/handle.ts";
import { type HandleElement, handlesOf } from "../memory/handle_type.ts";
import { LOCK_MISUSED } from "../memory/layout.ts";
import { waitFor } from "../select/direct.ts";
import { Operation } from "../select/operation.ts";
import type { WaitOptions } from "../select/types.ts";
import { LockCase, LockObject } from "./lock_object.ts";

/** The largest counter, as in Go. */
const MAX_COUNT = 2 ** 31 - 1;

/** A wait group in shared memory, as this thread uses it. */
class SharedWaitGroup extends LockObject {
  constructor(ptr: number) {
    super(ptr, "wait group");
  }

  static create(): SharedWaitGroup {
    return new SharedWaitGroup(LockObject.allocate(KIND_WAIT_GROUP, "wait group"));
  }

  /** The round that a wait which begins now waits for; -1: the counter is 0, and there is none. */
  get round(): number {
    return this.core.fn.groupRound(this.ptr);
  }

  /** Reports whether a wait that began in `round` is over. */
  isOver(round: number): boolean {
    return this.core.fn.groupIsOver(this.ptr, round) !== 0;
  }

  add(delta: number): void {
    const c = this.core;
    const code = c.fn.groupAdd(this.ptr, delta, c.agent);
    if (code !== LOCK_MISUSED) return this.deliver(code);
    if (delta < 0) throw new LockMisuseError("sync: negative WaitGroup counter");
    throw new RangeError(`Cannot add ${delta}: the counter would pass ${MAX_COUNT}`);
  }
}

/** A goroutine that waits for the counter to come to 0. It ends with the round in which it began, even if the next is on. */
class WaitGroupCase extends LockCase<SharedWaitGroup> {
  readonly #round: number;

  /** @param round That in which the wait began. */
  constructor(group: SharedWaitGroup, round: number) {
    super(group);
    this.#round = round;
  }

  poll(): boolean {
    return this.object.isOver(this.#round);
  }

  isReady(): boolean {
    return this.poll();
  }
}

/**
 * Waits for a number of goroutines to end (Go: `sync.WaitGroup`).
 *
 * Count each one with {@linkcode add} before it starts, let it call {@linkcode done} when it ends, and {@linkcode wait} for
 * all; {@linkcode go} does the first two. When the counter has come to 0 the group can be used again.
 *
 * It lives in shared memory: passed to another thread, as an argument of a task or through a typed channel, it is the same
 * group there. What a goroutine did before `done`, on any thread, is visible after the `wait` that it ends. A goroutine
 * whose thread dies is not counted off.
 *
 * @example
 * ```ts
 * import { sleep, WaitGroup } from "@millrace/millrace";
 *
 * const group = new WaitGroup();
 * const squares: number[] = [];
 * for (let i = 1; i <= 3; i++) {
 *   group.go(async () => {
 *     await sleep(1);
 *     squares.push(i * i);
 *   });
 * }
 * await group.wait();
 * console.log(squares.length); // 3
 * ```
 *
 * @see Go package sync, type WaitGroup.
 */
export class WaitGroup implements Disposable {
  readonly #group: SharedWaitGroup;

  /**
   * Makes a wait group whose counter is 0.
   *
   * @throws {SharedMemoryExhaustedError} if shared memory has no room for it
   */
  constructor();
  constructor(existing?: SharedWaitGroup) {
    this.#group = existing instanceof SharedWaitGroup ? existing : SharedWaitGroup.create();
    this.#group.attach(this);
  }

  /** What goes to another thread in this group's place. */
  get [shared](): number {
    this.#group.check();
    return this.#group.ptr;
  }

  /**
   * Adds `delta` to the counter; when it comes to 0, all waits end.
   *
   * Call it before the goroutine that it counts starts, or the counter may come to 0 early.
   *
   * @param delta An integer; it may be negative.
   * @throws {TypeError | RangeError} if `delta` is no integer of 32 bits, or the counter would pass 2147483647
   * @throws {LockMisuseError} "sync: negative WaitGroup counter"; nothing has changed then
   */
  add(delta: number): void {
    checkInteger("a delta", delta, -MAX_COUNT - 1, MAX_COUNT);
    this.#group.check();
    this.#group.add(delta);
  }

  /**
   * Takes 1 off the counter: one of those counted has ended.
   *
   * @throws {LockMisuseError} "sync: negative WaitGroup counter"; nothing has changed then
   */
  done(): void {
    this.add(-1);
  }

  /**
   * Waits until the counter is 0.
   *
   * - **Blocking:** suspends this goroutine, never the thread; {@linkcode waitSync} blocks.
   * - **Ordering:** a `done` synchronizes before the end of the waits that it ends.
   * - **Cancellation:** an aborted signal wins even if the counter is 0.
   * - **Cost:** no waiter when the counter is 0.
   *
   * A wait ends when the counter has been 0 at some moment since its call, even if it has been raised again.
   *
   * @param options `signal` cancels the wait.
   * @throws `signal.reason` if aborted
   */
  wait(options?: WaitOptions): Promise<void> {
    const signal = options === undefined ? undefined : checkSignal(options);
    const group = this.#group;
    group.check();
    if (signal?.aborted) return Promise.reject(signal.reason);
    const { round } = group;
    if (round < 0) return isBudgetSpent() ? afterTurn(undefined) : Promise.resolve();
    return waitFor(new WaitGroupCase(group, round), toNothing, signal);
  }

  /**
   * Blocks the thread until the counter is 0.
   *
   * @throws {AgentCannotBlockError} if it would have to wait and the thread may not block
   */
  waitSync(): void {
    const group = this.#group;
    group.check();
    const { round } = group;
    if (round >= 0) Operation.block([new WaitGroupCase(group, round)], toNothing);
  }

  /**
   * Counts `fn` and runs it as a goroutine of this thread: it starts after the caller yields, and when it ends, by whatever
   * way, it is counted off.
   *
   * @param fn What to run. An error that it throws, or a promise of its that rejects, is uncaught, as a panic is in Go, and
   * its stack says which goroutine failed and who created it.
   * @throws {TypeError} if `fn` is no function
   */
  go(fn: () => unknown): void {
    if (typeof fn !== "function") {
      throw new TypeError(`Cannot run ${show(fn)}: expected a function`);
    }
    const group = this.#group;
    this.add(1);
    group.begin();
    const start = detached(fn, this.go);
    start().finally(() => {
      try {
        group.add(-1);
      } finally {
        group.finish();
      }
    });
  }

  /**
   * Gives up this thread's handle; when the last handle anywhere has gone, the memory is returned. Who waits here goes on
   * waiting, and what {@linkcode go} has started is counted off. Disposing twice is harmless.
   */
  [Symbol.dispose](): void {
    this.#group.dispose();
  }
}

function toNothing(): void {}

const Revived = WaitGroup as unknown as new (existing: SharedWaitGroup) => WaitGroup;

registerKind(KIND_WAIT_GROUP, {
  revive: (ptr) => new Revived(new SharedWaitGroup(ptr)),
  abandon: LockObject.abandon,
});

/**
 * The element type of wait groups: for a channel that carries them, or a field of a struct.
 *
 * What is received is the very wait group that was sent. See `mutexOf`.
 */
export const waitGroupOf: HandleElement<WaitGroup> = handlesOf(
  "waitGroupOf",
  KIND_WAIT_GROUP,
  "a WaitGroup",
);

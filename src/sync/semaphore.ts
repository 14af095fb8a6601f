/**
 * Semaphores.
 *
 * @module
 */
import { LockMisuseError } from "../errors.ts";
import { checkInteger, checkSignal } from "../internal/check.ts";
import { afterTurn, isBudgetSpent } from "../internal/macrotask.ts";
import { core, exhausted } from "../memory/core.ts";
import { KIND_SEMAPHORE, registerKind, shared } from "../memory/handle.ts";
import { type HandleElement, handlesOf } from "../memory/handle_type.ts";
import { LOCK_MISUSED, NODE_GRANTED, SEMAPHORE_ASIDE, SEMAPHORE_STATE } from "../memory/layout.ts";
import type { Wait } from "../select/case.ts";
import { waitFor } from "../select/direct.ts";
import { Operation } from "../select/operation.ts";
import type { WaitOptions } from "../select/types.ts";
import type { Permit } from "./guard.ts";
import { LockCase, LockObject } from "./lock_object.ts";

/** The largest size: what the core counts in. */
const MAX_SIZE = 2 ** 32 - 1;

/** A semaphore in shared memory, as this thread uses it. */
class SharedSemaphore extends LockObject {
  /** Units acquired through this handle and not released through it. */
  #held = 0;

  constructor(ptr: number) {
    super(ptr, "semaphore");
  }

  static create(size: number): SharedSemaphore {
    const ptr = core().fn.semaphoreNew(KIND_SEMAPHORE, size) >>> 0;
    if (ptr === 0) throw exhausted("a semaphore");
    return new SharedSemaphore(ptr);
  }

  override dispose(): void {
    // Units that another thread has released keep nothing alive. Where nobody holds any, none of these does (the upper half counts them).
    if (this.#held > 0 && this.core.loadU32(this.ptr + SEMAPHORE_STATE + 4) === 0) {
      this.#held = 0;
      this.finish();
    }
    super.dispose();
  }

  /** How many units there are now. */
  get size(): number {
    return this.core.fn.semaphoreSize(this.ptr) >>> 0;
  }

  tryAcquire(count: number): Permit | undefined {
    // The core would see a count beyond 32 bits as a small one.
    if (count > MAX_SIZE || this.core.fn.semaphoreTryAcquire(this.ptr, count) === 0) {
      return undefined;
    }
    return this.granted(count);
  }

  resize(size: number): void {
    const c = this.core;
    this.deliver(c.fn.semaphoreResize(this.ptr, size, c.agent));
  }

  /** The permit for `count` units that have been taken off. */
  granted(count: number): Permit {
    if (this.#held === 0 && count > 0) this.begin();
    this.#held += count;
    return new SemaphorePermit(this, count);
  }

  /** Gives back units, whoever has acquired them. */
  release(count: number): void {
    // Where units are held through this handle, they may be released through it.
    if (this.#held === 0) this.check();
    const c = this.core;
    const code = count > MAX_SIZE ? LOCK_MISUSED : c.fn.semaphoreRelease(this.ptr, count, c.agent);
    if (code === LOCK_MISUSED) throw new LockMisuseError("semaphore: released more than held");
    const wasHeld = this.#held;
    // Fewer than 0: they were acquired on another thread, which still counts them as its own.
    this.#held = Math.max(0, wasHeld - count);
    this.deliver(code);
    if (wasHeld > 0 && wasHeld <= count) this.finish();
  }

  /** Grants what is possible now; some of those who get it may be of this thread. */
  settle(): void {
    const c = this.core;
    this.deliver(c.fn.semaphoreSettle(this.ptr, c.agent));
  }
}

/** See {@linkcode Permit}. */
class SemaphorePermit implements Permit {
  #semaphore: SharedSemaphore | undefined;
  readonly #count: number;

  constructor(semaphore: SharedSemaphore, count: number) {
    this.#semaphore = semaphore;
    this.#count = count;
  }

  [Symbol.dispose](): void {
    const semaphore = this.#semaphore;
    this.#semaphore = undefined;
    // Gone, although this permit is out: its units were released by a call of `release`.
    if (semaphore === undefined || semaphore.isGone) return;
    if (this.#count > 0) semaphore.release(this.#count);
  }
}

/**
 * A goroutine that waits for units. Units are granted in the core, in the order of arrival, by whoever makes that possible;
 * so a wait is ready only when it has been fired, and one that has been fired with its units owns them: it ends with them even
 * if its signal is aborted before the entry arrives.
 *
 * One that asks for more than there is waits aside, where nothing is granted, and is fired when that changes.
 *
 * To leave the line is to lose one's place. So it leaves when it is disposed, and not when it only looks again.
 */
class SemaphoreCase extends LockCase<SharedSemaphore> {
  readonly #count: number;
  #permit: Permit | undefined = undefined;
  #isAside = false;
  #isInLine = false;

  constructor(semaphore: SharedSemaphore, count: number) {
    super(semaphore);
    this.#count = count;
  }

  protected override get need(): number {
    // Aside nothing is granted, and the core could not count so far.
    return this.#isAside ? 0 : this.#count;
  }

  protected override get queue(): number {
    return this.#isAside ? this.object.ptr + SEMAPHORE_ASIDE : super.queue;
  }

  poll(): boolean {
    // In line units are granted, and not taken.
    if (this.#isInLine) return false;
    this.#permit = this.object.tryAcquire(this.#count);
    return this.#permit !== undefined;
  }

  override enter(wait: Wait): boolean {
    if (this.#isInLine) return true;
    this.#isAside = this.#count > this.object.size;
    this.#isInLine = !this.#isAside;
    return super.enter(wait);
  }

  isReady(): boolean {
    if (this.#isAside) return this.#count <= this.object.size;
    // The look after entering (law 3): what was released before it is granted now, perhaps to this very wait, which has then
    // ended, or ends when the inbox that is being handed out comes to it. There is nothing left to poll for.
    this.object.settle();
    return false;
  }

  override leave(wasClaimed: boolean): void {
    if (wasClaimed) this.#isInLine = false;
    else if (this.#isAside) super.leave(wasClaimed);
  }

  override complete(): boolean {
    const { core } = this.object;
    // Without units it was fired because the size has changed: it tries again, and waits where it now belongs.
    if (this.#isAside || core.readU32(this.wait!.nodeOf(this.index) + NODE_GRANTED) === 0) {
      return false;
    }
    this.#permit = this.object.granted(this.#count);
    return true;
  }

  override dispose(hadEffect: boolean): void {
    if (this.#isInLine) {
      super.leave(false);
      // It may have been what held up smaller ones behind it.
      this.object.settle();
    }
    super.dispose(hadEffect);
  }

  outcome(): Permit {
    return this.#permit!;
  }
}

/**
 * A number of units that goroutines of all threads acquire and release, several at once if they like (Go:
 * `golang.org/x/sync/semaphore`).
 *
 * An acquisition gets all of its units or none. Those who wait are served strictly in the order of arrival: a large request
 * is never overtaken by smaller ones that would fit, also not by a {@linkcode tryAcquire}. Only a request for more than the
 * size holds up nobody: it waits aside until a {@linkcode resize} makes it possible, and then gets in line.
 *
 * Units have no owner, as in Go: anybody may release what another has acquired, and what a thread held that died stays held
 * until somebody releases it. A thread that dies while it waits holds up nobody.
 *
 * It lives in shared memory: passed to another thread, as an argument of a task or through a typed channel, it is the same
 * semaphore there.
 *
 * @example At most two at a time
 * ```ts
 * import { Semaphore, sleep } from "@millrace/millrace";
 *
 * const semaphore = new Semaphore(2);
 * let running = 0;
 * let most = 0;
 * async function work() {
 *   using _ = await semaphore.acquire();
 *   most = Math.max(most, ++running);
 *   await sleep(1);
 *   running--;
 * }
 * await Promise.all(Array.from({ length: 6 }, work));
 * console.log(most); // 2
 * ```
 *
 * @example Acquiring all units waits for whoever holds some
 * ```ts
 * import { go, Semaphore, sleep } from "@millrace/millrace";
 *
 * const semaphore = new Semaphore(4);
 * let done = 0;
 * for (let i = 0; i < 10; i++) {
 *   const permit = await semaphore.acquire();
 *   go(async () => {
 *     using _ = permit;
 *     await sleep(1);
 *     done++;
 *   });
 * }
 * await semaphore.acquire(4);
 * console.log(done); // 10
 * ```
 */
export class Semaphore implements Disposable {
  readonly #semaphore: SharedSemaphore;

  /**
   * Makes a semaphore whose units are all free.
   *
   * @param size How many units there are: an integer from 0 to 4294967295.
   * @throws {TypeError | RangeError} if `size` is something else
   * @throws {SharedMemoryExhaustedError} if shared memory has no room for it
   */
  constructor(size: number);
  constructor(size: number | SharedSemaphore) {
    this.#semaphore = size instanceof SharedSemaphore
      ? size
      : SharedSemaphore.create(checkInteger("the size of a semaphore", size, 0, MAX_SIZE));
    this.#semaphore.attach(this);
  }

  /** What goes to another thread in this semaphore's place. */
  get [shared](): number {
    this.#semaphore.check();
    return this.#semaphore.ptr;
  }

  /**
   * Acquires `n` units, waiting until they are free and everybody who came earlier has been served.
   *
   * - **Blocking:** suspends this goroutine, never the thread; {@linkcode acquireSync} blocks.
   * - **Ordering:** FIFO, across threads.
   * - **Cancellation:** an aborted signal wins even if the units are free; none are then taken.
   * - **Cost:** no waiter when the units are free.
   *
   * A request for more units than there are waits for its signal, or until {@linkcode resize} has made the semaphore large
   * enough; it holds up nobody meanwhile, and gets in line only then.
   *
   * @param n How many: an integer ≥ 0. Default: 1.
   * @param options `signal` cancels the wait.
   * @returns A permit that gives the units back when it is disposed; or ignore it and call {@linkcode release}.
   * @throws {TypeError | RangeError} at the call, if `n` is something else
   * @throws `signal.reason` if aborted
   */
  acquire(n: number = 1, options?: WaitOptions): Promise<Permit> {
    const count = checkCount(n);
    const signal = options === undefined ? undefined : checkSignal(options);
    const semaphore = this.#semaphore;
    semaphore.check();
    if (signal?.aborted) return Promise.reject(signal.reason);
    const permit = semaphore.tryAcquire(count);
    if (permit !== undefined) return isBudgetSpent() ? afterTurn(permit) : Promise.resolve(permit);
    return waitFor(new SemaphoreCase(semaphore, count), toPermit, signal);
  }

  /**
   * Acquires `n` units, blocking the thread until they are free and everybody who came earlier has been served.
   *
   * A request for more units than there are blocks until {@linkcode resize}, called on another thread, has made it possible.
   *
   * @param n How many: an integer ≥ 0. Default: 1.
   * @returns A permit that gives the units back when it is disposed.
   * @throws {TypeError | RangeError} if `n` is something else
   * @throws {AgentCannotBlockError} if it would have to wait and the thread may not block
   */
  acquireSync(n: number = 1): Permit {
    const count = checkCount(n);
    const semaphore = this.#semaphore;
    semaphore.check();
    const permit = semaphore.tryAcquire(count);
    if (permit !== undefined) return permit;
    const only = new SemaphoreCase(semaphore, count);
    return Operation.block([only], () => only.outcome());
  }

  /**
   * Acquires `n` units if they are free and nobody waits.
   *
   * @param n How many: an integer ≥ 0. Default: 1.
   * @returns A permit that gives the units back when it is disposed, or `undefined`.
   * @throws {TypeError | RangeError} if `n` is something else
   */
  tryAcquire(n: number = 1): Permit | undefined {
    const count = checkCount(n);
    this.#semaphore.check();
    return this.#semaphore.tryAcquire(count);
  }

  /**
   * Gives `n` units back and serves those who wait, as far as the units go.
   *
   * It need not be called by who acquired them. Units whose permit is disposed must not be released as well.
   *
   * @param n How many: an integer ≥ 0. Default: 1.
   * @throws {TypeError | RangeError} if `n` is something else
   * @throws {LockMisuseError} "semaphore: released more than held"; nothing has changed then
   */
  release(n: number = 1): void {
    this.#semaphore.release(checkCount(n));
  }

  /**
   * Changes how many units there are.
   *
   * - More: those who wait are served at once, as far as the units go, and requests that used to be too large get in line.
   * - Fewer: nothing is taken from those who hold units. While they hold more than there is, nobody acquires any. Who waits
   *   for more than there is now loses the place in line, and waits as {@linkcode acquire} says.
   *
   * @param size How many units there are from now on: an integer from 0 to 4294967295.
   * @throws {TypeError | RangeError} if `size` is something else
   */
  resize(size: number): void {
    checkInteger("the size of a semaphore", size, 0, MAX_SIZE);
    this.#semaphore.check();
    this.#semaphore.resize(size);
  }

  /**
   * Gives up this thread's handle; when the last handle anywhere has gone, the memory is returned. Who waits here goes on
   * waiting, and a permit that is out can still be disposed. Disposing twice is harmless.
   */
  [Symbol.dispose](): void {
    this.#semaphore.dispose();
  }
}

function checkCount(n: unknown): number {
  return checkInteger("a number of units", n, 0, Number.MAX_SAFE_INTEGER);
}

function toPermit(ended: SemaphoreCase): Permit {
  return ended.outcome();
}

const Revived = Semaphore as unknown as new (existing: SharedSemaphore) => Semaphore;

registerKind(KIND_SEMAPHORE, {
  revive: (ptr) => new Revived(new SharedSemaphore(ptr)),
  abandon: LockObject.abandon,
});

/**
 * The element type of semaphores: for a channel that carries them, or a field of a struct.
 *
 * What is received is the very semaphore that was sent. See `mutexOf`.
 */
export const semaphoreOf: HandleElement<Semaphore> = handlesOf(
  "semaphoreOf",
  KIND_SEMAPHORE,
  "a Semaphore",
);

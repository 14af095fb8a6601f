/**
 * Cyclic barriers.
 *
 * @module
 */
import { BrokenBarrierError } from "../errors.ts";
import { checkInteger, checkSignal } from "../internal/check.ts";
import { afterTurn, isBudgetSpent } from "../internal/macrotask.ts";
import { core, exhausted } from "../memory/core.ts";
import { KIND_BARRIER, registerKind, shared } from "../memory/handle.ts";
import { type HandleElement, handlesOf } from "../memory/handle_type.ts";
import {
  ARRIVED_BROKEN,
  ARRIVED_SELF,
  ARRIVED_TOO_EARLY,
  BARRIER_BROKE,
  BARRIER_PARTIES,
  BARRIER_TRIPPED,
  BARRIER_WAITS,
  NODE_ENDED,
  WOKE_SELF,
} from "../memory/layout.ts";
import type { Wait } from "../select/case.ts";
import { waitFor } from "../select/direct.ts";
import { Operation } from "../select/operation.ts";
import type { WaitOptions } from "../select/types.ts";
import { LockCase, LockObject } from "./lock_object.ts";

/** The largest number of parties: what is above are the codes of an arrival. */
const MAX_PARTIES = ARRIVED_TOO_EARLY;

/** A barrier in shared memory, as this thread uses it. */
class SharedBarrier extends LockObject {
  readonly parties: number;

  constructor(ptr: number) {
    super(ptr, "barrier");
    this.parties = this.core.readU32(ptr + BARRIER_PARTIES);
  }

  static create(parties: number): SharedBarrier {
    const ptr = core().fn.barrierNew(KIND_BARRIER, parties) >>> 0;
    if (ptr === 0) throw exhausted("a barrier");
    return new SharedBarrier(ptr);
  }

  get waiting(): number {
    return this.core.fn.barrierWaiting(this.ptr);
  }

  get isBroken(): boolean {
    return this.core.fn.barrierIsBroken(this.ptr) !== 0;
  }

  /**
   * Arrives if that needs no waiting.
   *
   * @returns whether it was the last to come
   * @throws {BrokenBarrierError} if the barrier is broken
   */
  tryArrive(): boolean {
    // A look before the lock: whoever is not the last arrives with a waiter.
    if (this.waiting + 1 < this.parties && !this.isBroken) return false;
    const code = this.arrive(0, 0);
    this.delivered(code);
    const result = code & ~ARRIVED_SELF;
    if (result === ARRIVED_BROKEN) throw new BrokenBarrierError();
    return result === 0;
  }

  /** Arrives, and waits with `node` unless it is the last; the code is for {@linkcode delivered}. */
  arrive(node: number, index: number): number {
    const c = this.core;
    return c.fn.barrierArrive(this.ptr, node, index, c.agent);
  }

  /** Hands out what an arrival has fired of this thread's own waiters. */
  delivered(code: number): void {
    if (code & ARRIVED_SELF) this.deliver(WOKE_SELF);
  }

  /** A thread has died: looks whether the round of `node` goes on. */
  look(node: number): void {
    const c = this.core;
    this.deliver(c.fn.barrierLook(this.ptr, node, c.agent));
  }

  /** Gives up waiting with `node`. */
  leave(node: number): void {
    const c = this.core;
    this.deliver(c.fn.barrierLeave(this.ptr, node, c.agent));
  }

  reset(): void {
    const c = this.core;
    this.deliver(c.fn.barrierReset(this.ptr, c.agent));
  }
}

/**
 * A goroutine that waits at a barrier. It is counted when it enters, once, and stays counted until its round has ended: to leave
 * the queue is to give up, and that breaks the round. So it leaves when it is disposed and not when it only looks again.
 */
class BarrierCase extends LockCase<SharedBarrier> {
  /** How its round ended. */
  #ended: number = BARRIER_WAITS;
  /** How many were to come when it arrived. */
  #left = 0;
  /** Its place in the queue; 0 once somebody has taken it out and said so. */
  #node = 0;

  override enter(wait: Wait): boolean {
    // It looked again, and is in.
    if (this.#node !== 0) return true;
    const node = wait.nodeOf(this.index);
    const code = this.object.arrive(node, this.index);
    const result = code & ~ARRIVED_SELF;
    if (result === ARRIVED_BROKEN) {
      this.#ended = BARRIER_BROKE;
    } else if (result === 0) {
      this.#ended = BARRIER_TRIPPED;
    } else {
      this.#left = result;
      this.#node = node;
    }
    // Whatever this hands out may look at this case.
    this.object.delivered(code);
    return this.#node !== 0;
  }

  isReady(): boolean {
    if (this.#ended === BARRIER_WAITS) {
      this.#ended = this.object.core.loadU32(this.#node + NODE_ENDED);
    }
    return this.#ended !== BARRIER_WAITS;
  }

  poll(): boolean {
    if (this.isReady()) return true;
    this.object.look(this.#node);
    return this.isReady();
  }

  override complete(): boolean {
    const isReady = this.isReady();
    this.#node = 0;
    return isReady;
  }

  override leave(): void {}

  override dispose(hadEffect: boolean): void {
    // Also if the round has ended: whoever ended it may just be taking the node out.
    if (this.#node !== 0) this.object.leave(this.#node);
    super.dispose(hadEffect);
  }

  outcome(): number {
    if (this.#ended === BARRIER_BROKE) throw new BrokenBarrierError();
    return this.#left;
  }
}

/**
 * Lets a fixed number of goroutines wait for each other, round after round.
 *
 * Whoever arrives waits until as many have arrived as the barrier has parties; then all of them go on, and the next round
 * begins, at once: one that comes back before the others have gone is counted in the next round.
 *
 * A round is all or nothing. If one of those who wait gives up (its signal is aborted, or its thread dies), the others would wait for
 * ever: the barrier breaks, they get a {@linkcode BrokenBarrierError}, and so does whoever arrives until
 * {@linkcode CyclicBarrier.reset}.
 *
 * It lives in shared memory: passed to another thread, as an argument of a task or through a typed channel, it is the same
 * barrier there. What a goroutine did before it arrived, on any thread, is visible to all after the wait.
 *
 * Go has none of its own; this is what `java.util.concurrent` and `github.com/marusama/cyclicbarrier` have.
 *
 * @example Two hydrogen atoms and one oxygen atom at a time
 * ```ts
 * import { CyclicBarrier, go, Semaphore } from "@millrace/millrace";
 *
 * const [hydrogen, oxygen] = [new Semaphore(2), new Semaphore(1)];
 * const barrier = new CyclicBarrier(3);
 * let water = "";
 * async function bond(atom: string, room: Semaphore): Promise<void> {
 *   using _ = await room.acquire();
 *   water += atom;
 *   await barrier.wait();
 * }
 * const atoms = [..."HOHHHO"].map((atom) => go(bond, atom, atom === "O" ? oxygen : hydrogen));
 * for (const atom of atoms) await atom;
 * console.log([...water.slice(0, 3)].sort().join("")); // HHO
 * console.log([...water.slice(3)].sort().join("")); // HHO
 * ```
 */
export class CyclicBarrier implements Disposable {
  readonly #barrier: SharedBarrier;

  /**
   * Makes a barrier.
   *
   * @param parties How many make a round: an integer from 1 to 1073741822.
   * @throws {TypeError | RangeError} if `parties` is something else
   * @throws {SharedMemoryExhaustedError} if shared memory has no room for it
   */
  constructor(parties: number);
  constructor(parties: number | SharedBarrier) {
    this.#barrier = parties instanceof SharedBarrier ? parties : SharedBarrier.create(
      checkInteger("the number of parties of a barrier", parties, 1, MAX_PARTIES),
    );
    this.#barrier.attach(this);
  }

  /** What goes to another thread in this barrier's place. */
  get [shared](): number {
    this.#barrier.check();
    return this.#barrier.ptr;
  }

  /** How many make a round. */
  get parties(): number {
    return this.#barrier.parties;
  }

  /** How many wait in the current round; a snapshot. */
  get waiting(): number {
    this.#barrier.check();
    return this.#barrier.waiting;
  }

  /** Reports whether the barrier is broken: whoever arrives is refused; a snapshot. */
  get broken(): boolean {
    this.#barrier.check();
    return this.#barrier.isBroken;
  }

  /**
   * Arrives, and waits until all others have.
   *
   * - **Blocking:** suspends this goroutine, never the thread; {@linkcode waitSync} blocks.
   * - **Ordering:** every arrival of a round synchronizes before the end of every wait of it.
   * - **Cancellation:** an abort breaks the barrier, and all who wait. Once all have arrived it breaks nothing: they go on, but for this
   *   wait if it has not been told yet. A signal that is aborted before the call does not count as an arrival.
   * - **Cost:** no waiter for the last to arrive.
   *
   * @param options `signal` cancels the wait.
   * @returns How many were still to come: `parties - 1` for the first to arrive, 0 for the last, as in Java.
   * @throws {BrokenBarrierError} if the barrier is broken, breaks meanwhile, or is reset meanwhile
   * @throws `signal.reason` if aborted
   */
  wait(options?: WaitOptions): Promise<number> {
    const signal = options === undefined ? undefined : checkSignal(options);
    const barrier = this.#barrier;
    barrier.check();
    if (signal?.aborted) return Promise.reject(signal.reason);
    try {
      if (barrier.tryArrive()) return isBudgetSpent() ? afterTurn(0) : Promise.resolve(0);
    } catch (error) {
      return Promise.reject(error);
    }
    return waitFor(new BarrierCase(barrier), toIndex, signal);
  }

  /**
   * Arrives, and blocks the thread until all others have.
   *
   * @returns As {@linkcode wait}.
   * @throws {BrokenBarrierError} as {@linkcode wait}
   * @throws {AgentCannotBlockError} if it would have to wait and the thread may not block; it has not arrived then
   */
  waitSync(): number {
    const barrier = this.#barrier;
    barrier.check();
    if (barrier.tryArrive()) return 0;
    const only = new BarrierCase(barrier);
    return Operation.block([only], () => only.outcome());
  }

  /**
   * Makes the barrier as new: whoever waits gets a {@linkcode BrokenBarrierError}, and a broken barrier is whole again.
   */
  reset(): void {
    this.#barrier.check();
    this.#barrier.reset();
  }

  /**
   * Gives up this thread's handle; when the last handle anywhere has gone, the memory is returned. Who waits here goes on
   * waiting. Disposing twice is harmless.
   */
  [Symbol.dispose](): void {
    this.#barrier.dispose();
  }
}

function toIndex(ended: BarrierCase): number {
  return ended.outcome();
}

const Revived = CyclicBarrier as unknown as new (existing: SharedBarrier) => CyclicBarrier;

registerKind(KIND_BARRIER, {
  revive: (ptr) => new Revived(new SharedBarrier(ptr)),
  abandon: LockObject.abandon,
});

/** The element type of CyclicBarriers: for a channel that carries them, or a field of a struct. See {@linkcode mutexOf}. */
export const cyclicBarrierOf: HandleElement<CyclicBarrier> = handlesOf(
  "cyclicBarrierOf",
  KIND_BARRIER,
  "a CyclicBarrier",
);

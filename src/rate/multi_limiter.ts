/**
 * Several limiters as one.
 *
 * @module
 */
import { checkSignal, show } from "../internal/check.ts";
import { afterTurn, isBudgetSpent } from "../internal/macrotask.ts";
import { core, exhausted } from "../memory/core.ts";
import {
  dropObject,
  exportHandle,
  holdObject,
  importHandle,
  KIND_LIMITER,
  type Shareable,
  shared,
} from "../memory/handle.ts";
import type { HandleElement } from "../memory/handle_type.ts";
import { LIMITER_MULTI, LIMITER_TYPE, MULTI_COUNT, MULTI_LIMITERS } from "../memory/layout.ts";
import type { WaitOptions } from "../select/types.ts";
import { type LimiterObject, limitersOf, membersOf, registerLimiter } from "./limiter_object.ts";
import type { RateLimiter } from "./rate_limiter.ts";
import { type Turn, turns } from "./turn.ts";

/** A limiter of this module that is no combination of others. */
interface Member extends RateLimiter, Shareable {
  readonly [turns]: LimiterObject;
}

/** A combination that has crossed from another thread. */
class SharedMulti {
  /** Its address. */
  readonly ptr: number;

  /** @param ptr Its address; the reference passes to the handle. */
  constructor(ptr: number) {
    this.ptr = ptr;
  }
}

/**
 * Several limiters as one: an event may happen when all of them let it, and counts with each.
 *
 * So a long-term limit stands beside one that evens out bursts, or the limit of a service beside those of the disk and the network
 * that a call needs.
 *
 * - {@linkcode allow} takes from all or from none.
 * - {@linkcode wait} waits for one after the other, the strictest first. Given up, it returns what it has taken to each.
 *
 * It takes combinations, too, and limiters of the caller's own. What those have let happen cannot be taken back: they are asked after all
 * others, and lose what the ones before let happen and a later one refuses.
 *
 * Passed to another thread it arrives as a combination of the same limiters; of none but those of this module, for the caller's own
 * stay on their thread.
 *
 * @example Two a second, and ten a minute
 * ```ts
 * import { Limiter, MultiLimiter, per } from "@millrace/millrace/rate";
 *
 * const limiter = new MultiLimiter(
 *   new Limiter(per(2, 1000), 2),
 *   new Limiter(per(10, 60_000), 10),
 * );
 * await limiter.wait();
 * await limiter.wait();
 * console.log(limiter.allow(), limiter.limit.toFixed(2)); // false 0.17
 * ```
 */
export class MultiLimiter implements RateLimiter, Disposable {
  /** The limiters of this module, the strictest first: it is the likeliest to refuse, and then nothing has to be returned. */
  readonly #members: readonly Member[];
  /** The caller's own, the strictest first. */
  readonly #others: readonly RateLimiter[];
  /** Address of the combination in shared memory; 0 until it is sent for the first time. */
  #ptr = 0;
  #isDisposed = false;

  /**
   * Combines limiters.
   *
   * @param limiters The limiters. Without any, everything may happen.
   * @throws {TypeError} if one of them is none
   */
  constructor(...limiters: RateLimiter[]);
  constructor(...limiters: (RateLimiter | SharedMulti)[]) {
    const [first] = limiters;
    const isRevived = first instanceof SharedMulti;
    if (isRevived) this.#hold(first.ptr);
    const all = isRevived ? revived(first.ptr) : limiters.flatMap(partsOf);
    const sorted = all.sort((a, b) => a.limit - b.limit);
    this.#members = sorted.filter(isMember);
    this.#others = sorted.filter((each) => !isMember(each));
  }

  /** What goes to another thread in this limiter's place. */
  get [shared](): number | string {
    this.#check();
    if (this.#others.length > 0) {
      return "Cannot send a MultiLimiter with a limiter of the caller's own: that lives on its thread";
    }
    if (this.#ptr === 0) this.#hold(this.#share());
    return this.#ptr;
  }

  /** What it stands for. */
  get limiters(): readonly RateLimiter[] {
    this.#check();
    return [...this.#members, ...this.#others];
  }

  /** Events a second: the limit of the strictest. */
  get limit(): number {
    return Math.min(Infinity, ...this.limiters.map((each) => each.limit));
  }

  /** Reports whether all let an event happen now, and counts it with each if so, with none if not. It never waits. */
  allow(): boolean {
    const limiters = this.#limiters();
    const local = performance.now();
    const taken: Turn[] = [];
    let isAllowed = false;
    try {
      isAllowed = limiters.every((limiter) => {
        const turn = limiter.take(local);
        if (turn !== undefined) taken.push(turn);
        return turn !== undefined;
      }) && this.#others.every((other) => other.allow());
    } finally {
      if (!isAllowed) giveAllBack(taken);
    }
    return isAllowed;
  }

  /**
   * Waits until all let an event happen, and counts it with each.
   *
   * Each is asked once the turn of the one before has come, so that an event counts with the last when it really happens. Were all
   * asked at the call, events that one of them holds back would come together, and break the limit of the others.
   *
   * - **Blocking:** suspends this goroutine, never the thread. It keeps the process alive.
   * - **Ordering:** in the order of the calls with each limiter.
   * - **Cancellation:** an aborted signal wins even if all let it happen. An aborted wait returns what it has taken to all limiters, also
   *   to those whose turn has come; to each as that one's own `wait` does.
   * - **Cost:** no timer when all let it happen; else one for all waits of this thread for the same limiter.
   *
   * @param options `signal` cancels the wait.
   * @throws what a limiter rejects with; nothing is then taken from the others
   * @throws `signal.reason` if aborted
   */
  wait(options?: WaitOptions): Promise<void> {
    const signal = options === undefined ? undefined : checkSignal(options);
    const limiters = this.#limiters();
    if (signal?.aborted) return Promise.reject(signal.reason);
    return this.#pass(limiters, signal);
  }

  /**
   * Gives up this thread's handle of the combination; the limiters stay as they are. Who waits here goes on waiting. Disposing
   * twice is harmless.
   */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    if (this.#ptr !== 0) dropObject(this);
  }

  /** Waits for one after the other; whatever is due is passed within the call. */
  async #pass(limiters: readonly LimiterObject[], signal: AbortSignal | undefined): Promise<void> {
    const taken: Turn[] = [];
    // A handle may be disposed meanwhile.
    for (const limiter of limiters) limiter.begin();
    try {
      for (const limiter of limiters) {
        signal?.throwIfAborted();
        const local = performance.now();
        const turn = limiter.reserve(1, local);
        if (turn instanceof Error) throw turn;
        // Aborted in line, the line gives it back.
        if (!limiter.line.isDue(turn, local)) await limiter.line.wait(turn, signal);
        taken.push(turn);
      }
      for (const other of this.#others) {
        signal?.throwIfAborted();
        await other.wait({ signal });
      }
    } catch (error) {
      giveAllBack(taken);
      throw error;
    } finally {
      for (const limiter of limiters) limiter.finish();
    }
    if (isBudgetSpent()) await afterTurn(undefined);
  }

  /** What gives the turns. Throws if a handle is disposed, before anything is taken. */
  #limiters(): LimiterObject[] {
    this.#check();
    return this.#members.map((each) => each[turns]);
  }

  #check(): void {
    if (!this.#isDisposed) return;
    throw new TypeError("Cannot use a disposed MultiLimiter: this thread gave up its handle");
  }

  #hold(ptr: number): void {
    this.#ptr = ptr;
    holdObject(this, ptr);
  }

  /** Puts the combination down in shared memory, with a reference to each limiter. */
  #share(): number {
    const members = this.#members.map(exportHandle);
    const c = core();
    const ptr = c.fn.objectNew(KIND_LIMITER, MULTI_LIMITERS + 4 * members.length) >>> 0;
    if (ptr === 0) throw exhausted("a combination of limiters");
    c.writeU32(ptr + LIMITER_TYPE, LIMITER_MULTI);
    c.writeU32(ptr + MULTI_COUNT, members.length);
    for (const [index, member] of members.entries()) {
      c.fn.objectRetain(member);
      c.writeU32(ptr + MULTI_LIMITERS + 4 * index, member);
    }
    return ptr;
  }
}

/** Gives back what was taken last first: each of several turns of one limiter is then its latest. */
function giveAllBack(taken: readonly Turn[]): void {
  for (const turn of taken.toReversed()) turn.giveBack();
}

function isMember(limiter: RateLimiter): limiter is Member {
  return turns in limiter;
}

/** The limiters that `limiter` stands for: itself, unless it is a combination. */
function partsOf(limiter: unknown): readonly RateLimiter[] {
  if (limiter instanceof MultiLimiter) return limiter.limiters;
  const { limit, allow, wait } = (limiter ?? {}) as Partial<RateLimiter>;
  if (typeof limit === "number" && typeof allow === "function" && typeof wait === "function") {
    return [limiter as RateLimiter];
  }
  throw new TypeError(`Cannot combine ${show(limiter)}: expected a limiter`);
}

/** This thread's handles for the limiters that the combination at `ptr` stands for. */
function revived(ptr: number): RateLimiter[] {
  return membersOf(ptr).map((member) => {
    core().fn.objectRetain(member);
    return importHandle(member) as Member;
  });
}

const Revived = MultiLimiter as unknown as new (existing: SharedMulti) => MultiLimiter;

registerLimiter(LIMITER_MULTI, (ptr) => new Revived(new SharedMulti(ptr)));

/** The element type of {@linkcode MultiLimiter}s; see {@linkcode limiterOf}. */
export const multiLimiterOf: HandleElement<MultiLimiter> = limitersOf(
  "multiLimiterOf",
  LIMITER_MULTI,
  "a MultiLimiter",
);

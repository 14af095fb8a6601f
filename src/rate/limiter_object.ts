/**
 * Limiters in shared memory, as a thread uses them: what the handles of all algorithms are made of.
 *
 * Instants in shared memory count from the start of the clock of the thread that made the limiter. On that thread they are what
 * `performance.now()` gives, to the last bit, so that a test with a clock of its own can expect exact times; another thread adds
 * what its own clock was started later.
 *
 * @module
 */
import { originMs } from "../internal/clock.ts";
import { afterTurn, isBudgetSpent } from "../internal/macrotask.ts";
import { core, exhausted } from "../memory/core.ts";
import { KIND_LIMITER, registerKind, releaseObject, type Shareable } from "../memory/handle.ts";
import { type HandleElement, handlesOf } from "../memory/handle_type.ts";
import {
  LIMITER_BASE,
  LIMITER_MULTI,
  LIMITER_TYPE,
  MULTI_COUNT,
  MULTI_LIMITERS,
  TURN_AT,
  TURN_FIRST,
  TURN_GIVEN,
  TURN_SECOND,
  TURN_THIRD,
} from "../memory/layout.ts";
import { LockObject } from "../sync/lock_object.ts";
import { Line } from "./line.ts";
import { NEVER, type Turn } from "./turn.ts";

/** What the core has written of a turn beside its time. */
export interface TurnRecord {
  /** The turn in the limiter's own time. */
  readonly turn: number;
  readonly first: number;
  readonly second: number;
  readonly third: number;
}

/** A limiter in shared memory, as this thread uses it. */
export abstract class LimiterObject extends LockObject {
  /** Who waits here. */
  readonly line: Line = new Line();
  /** What this thread's clock was started later than the limiter's. */
  readonly #aheadMs: number;

  /** @param ptr Address of the limiter; the caller's reference passes to the handle, see {@linkcode attach}. */
  constructor(ptr: number, name: string) {
    super(ptr, name);
    this.#aheadMs = originMs - this.#f64(ptr + LIMITER_BASE);
  }

  /** Returns `ptr`, the address of a new limiter. */
  protected static made(ptr: number, name: string): number {
    if (ptr === 0) throw exhausted(`a ${name}`);
    return ptr >>> 0;
  }

  /** Events a second. */
  get limit(): number {
    return this.core.fn.limiterLimit(this.ptr);
  }

  /** The time in the limiter's own time. */
  get now(): number {
    return performance.now() + this.#aheadMs;
  }

  /** Reports whether `n` events may happen now, and counts them if they may. */
  allow(n: number): boolean {
    return this.ask(n, this.now, true) === TURN_GIVEN;
  }

  /**
   * The same for one event, with what is needed to take it back.
   *
   * @param local What `performance.now()` gives. Reading it is most of what an operation costs, so it is read once.
   */
  take(local: number): Turn | undefined {
    const now = local + this.#aheadMs;
    return this.ask(1, now, true) === TURN_GIVEN ? this.#given(1, local) : undefined;
  }

  /**
   * Gives a turn for `n` events, which may be {@linkcode NEVER}, or the error that says why there is none.
   *
   * @param local See {@linkcode take}.
   */
  reserve(n: number, local: number): Turn | Error {
    const now = local + this.#aheadMs;
    const code = this.ask(n, now, false);
    if (code !== TURN_GIVEN) return this.missing(code, n);
    const turn = this.#f64(this.core.scratch + TURN_AT);
    // What is due at once is so by this very clock: the sum and the difference need not cancel out.
    return this.#given(n, turn === now ? local : turn - this.#aheadMs);
  }

  /** Waits for a turn for `n` events; see `RateLimiter`. The signal has not been aborted yet. */
  wait(n: number, signal: AbortSignal | undefined): Promise<void> {
    const local = performance.now();
    const turn = this.reserve(n, local);
    if (turn instanceof Error) return Promise.reject(turn);
    // Fast path: it has come.
    if (this.line.isDue(turn, local)) {
      return isBudgetSpent() ? afterTurn(undefined) : Promise.resolve();
    }
    return this.line.wait(turn, signal);
  }

  /**
   * Asks the core for a turn for `n` events, to be written to the scratch.
   *
   * @param isNow Whether only one that is now is wanted.
   * @returns a `TURN_…` code
   */
  protected abstract ask(n: number, now: number, isNow: boolean): number;

  /** The turn for `n` events that the core has given. */
  protected abstract given(n: number, at: number, record: TurnRecord): Turn;

  /**
   * What there is instead of a turn for `n` events: one that never comes, or the error that says why it was refused.
   *
   * @param _code What the core has returned; the scratch is as it has left it.
   */
  protected missing(_code: number, _n: number): Turn | Error {
    return NEVER;
  }

  /** The last word of what the core has written of a turn. */
  protected get third(): number {
    return this.#f64(this.core.scratch + TURN_THIRD);
  }

  #given(n: number, at: number): Turn {
    const { scratch } = this.core;
    return this.given(n, at, {
      turn: this.#f64(scratch + TURN_AT),
      first: this.#f64(scratch + TURN_FIRST),
      second: this.#f64(scratch + TURN_SECOND),
      third: this.third,
    });
  }

  #f64(ptr: number): number {
    const c = this.core;
    c.bytes(ptr + 8);
    return c.f64[ptr >>> 3]!;
  }
}

/** Makes the handle for a limiter, whose reference passes to it. */
type Revive = (ptr: number) => Shareable;

const types = new Map<number, Revive>();

/** Declares how the handle for a limiter of `type` is made. Called once a thread, by the module that owns the type. */
export function registerLimiter(type: number, revive: Revive): void {
  types.set(type, revive);
}

/** Makes the element type of the handles for limiters of `type`; see `handlesOf`. */
export function limitersOf<T extends Shareable>(
  name: string,
  type: number,
  expected: string,
): HandleElement<T> {
  return handlesOf(name, KIND_LIMITER, expected, (ptr) => typeOf(ptr) === type);
}

function typeOf(ptr: number): number {
  return core().readU32(ptr + LIMITER_TYPE);
}

/** Addresses of the limiters that the one at `ptr` stands for. */
export function membersOf(ptr: number): number[] {
  const c = core();
  const count = c.readU32(ptr + MULTI_COUNT);
  return Array.from({ length: count }, (_, index) => c.readU32(ptr + MULTI_LIMITERS + 4 * index));
}

registerKind(KIND_LIMITER, {
  revive: (ptr) => types.get(typeOf(ptr))!(ptr),
  abandon: (ptr) => {
    if (typeOf(ptr) === LIMITER_MULTI) {
      for (const member of membersOf(ptr)) releaseObject(member);
    }
    core().fn.free(ptr);
  },
});

/**
 * The state machine of every wait in the system.
 *
 * 1. *Poll* the cases in random order; the first that takes effect is the result. Nothing is claimable meanwhile.
 * 2. *Enter* all cases, in the order of their ranks.
 * 3. *Look again*: if a shared case is ready by now, claim oneself, leave all cases, and go to 1. (If the claim fails, another
 *    thread has fired a case: its entry is on the way.)
 * 4. *Sleep* until one of these claims the wait: this thread (a local channel, a deadline, an abort), or another, whose
 *    entry then arrives in the inbox.
 * 5. Leave all cases. If another thread fired a case, complete it; when somebody else was faster, go to 1.
 *
 * Why it is right is in `src/park/README.md`.
 *
 * @module
 */
import { AgentCannotBlockError, PoolClosedError } from "../errors.ts";
import { type Abortable, listenTo, stopListening } from "../internal/abort.ts";
import { randomBelow } from "../internal/random.ts";
import { exhausted } from "../memory/core.ts";
import { CLAIM_SELF, NODE_SIZE, WAITER_NODES } from "../memory/layout.ts";
import { type Addressee, type Agent, agent } from "../park/agent.ts";
import { type Alarm, clearAlarm, setAlarm } from "./alarm.ts";
import type { Case, Wait } from "./case.ts";

/** The wait can be claimed. */
const WAITING = -1;
/** The owner has claimed it: it starts again, or was aborted. */
const SELF = -2;

/** One wait over a number of cases. */
export class Operation<R, C extends Case = Case> implements Wait, Addressee, Abortable {
  readonly #cases: readonly C[];
  readonly #outcome: (ended: C, index: number) => R;
  readonly #signal: AbortSignal | undefined;
  readonly #agent: Agent | undefined;
  /** Address of the waiter in shared memory; 0 when every case is of this thread. */
  #ptr = 0;
  #id = 0;
  /** Index of the case that claimed it, `WAITING` or `SELF`; for a wait in shared memory its claim word decides. */
  #claim = SELF;
  #alarm: Alarm | undefined;
  /** How many cases have entered a queue by themselves, by queue: a select does not meet itself. */
  #entered: Map<number, number> | undefined;
  #isBlocking = false;
  #resolve!: (result: R) => void;
  #reject!: (reason: unknown) => void;

  private constructor(
    cases: readonly C[],
    outcome: (ended: C, index: number) => R,
    signal: AbortSignal | undefined,
  ) {
    this.#cases = cases;
    this.#outcome = outcome;
    this.#signal = signal;
    for (let index = 0; index < cases.length; index++) cases[index]!.index = index;
    if (!cases.some((each) => each.isShared)) return;
    const own = this.#agent = agent();
    this.#id = own.enroll(this);
    this.#ptr = own.core.fn.waiterNew(own.core.agent, this.#id, cases.length) >>> 0;
    if (this.#ptr === 0) {
      own.dismiss(this.#id);
      for (const each of cases) each.dispose(false);
      throw exhausted("a waiting goroutine");
    }
  }

  /**
   * Waits until one of `cases` has taken effect. The caller has polled them.
   *
   * @param outcome What the wait gives that ended with this case; it may throw.
   * @param isStale Reports whether somebody else's code has run since.
   * @throws {SharedMemoryExhaustedError} at the call, if there is no room to wait
   */
  static wait<R, C extends Case = Case>(
    cases: readonly C[],
    outcome: (ended: C, index: number) => R,
    signal?: AbortSignal,
    isStale = false,
  ): Promise<R> {
    if (signal?.aborted) {
      for (const each of cases) each.dispose(false);
      return Promise.reject(signal.reason);
    }
    const operation = new Operation(cases, outcome, signal);
    return new Promise((resolve, reject) => {
      operation.#resolve = resolve;
      operation.#reject = reject;
      if (signal !== undefined) listenTo(signal, operation);
      if (!isStale || !operation.#pollAll()) operation.#sleep();
    });
  }

  /**
   * Blocks the thread until one of `cases` has taken effect. The caller has polled them.
   *
   * @param outcome What the wait gives that ended with this case; it may throw.
   * @param isStale Reports whether somebody else's code has run since.
   * @throws {AgentCannotBlockError} if nobody could answer, or the thread is one that may not block
   */
  static block<R, C extends Case = Case>(
    cases: readonly C[],
    outcome: (ended: C, index: number) => R,
    isStale = false,
  ): R {
    const whyNot = whyNotBlock(cases);
    if (whyNot !== undefined) {
      for (const each of cases) each.dispose(false);
      throw new AgentCannotBlockError(`Cannot block this thread: ${whyNot}`);
    }
    const own = agent();
    const operation = new Operation(cases, outcome, undefined);
    let end: { result: R } | { reason: unknown } | undefined;
    operation.#resolve = (result) => end = { result };
    operation.#reject = (reason) => end = { reason };
    operation.#isBlocking = true;
    own.beginBlocking();
    try {
      const pause = pauseBeforeWait(cases);
      const isOver = isStale && operation.#pollAll() ||
        pause > 0 && own.linger(pause, () => operation.#pollAll());
      if (!isOver) operation.#sleep();
      for (;;) {
        // Widened: the compiler does not see that the calls below assign it.
        const ended = end as { result: R } | { reason: unknown } | undefined;
        if (ended !== undefined) {
          if ("result" in ended) return ended.result;
          throw ended.reason;
        }
        if (own.isStopping) {
          operation.#abort(
            new PoolClosedError("Cannot go on waiting: this thread is being stopped"),
          );
          if (end !== undefined) continue;
        }
        own.block(operation.#msLeft());
        operation.#passDeadline();
      }
    } finally {
      own.endBlocking();
    }
  }

  /** Steps 2 and 3, and the start of 4. */
  #sleep(): void {
    for (;;) {
      this.#open();
      const cases = this.#cases;
      const order = cases.length === 1 ? cases : [...cases].sort((a, b) => a.rank - b.rank);
      const isReady = !order.every((each) => each.enter(this)) ||
        cases.some((each) => each.isShared && each.isReady());
      if (!isReady || !this.#claimSelf()) break;
      this.#leaveAll(SELF);
      if (this.#pollAll()) return;
    }
    // Looking again may have ended it: a semaphore grants then.
    if (this.#claim === WAITING) this.rearm();
  }

  /** Step 1, when the wait starts again. Ends it if a case takes effect. */
  #pollAll(): boolean {
    const order = [...this.#cases];
    try {
      for (let left = order.length; left > 0; left--) {
        const at = randomBelow(left);
        const each = order[at]!;
        if (each.poll()) {
          this.#end(each.index);
          return true;
        }
        order[at] = order[left - 1]!;
      }
    } catch (error) {
      this.#fail(error);
      return true;
    }
    return false;
  }

  /** Makes the wait claimable. No case is entered. */
  #open(): void {
    this.#entered?.clear();
    this.#claim = WAITING;
    if (this.#ptr !== 0) this.#agent!.core.fn.waiterReset(this.#ptr);
  }

  #claimSelf(): boolean {
    if (this.#claim !== WAITING) return false;
    if (this.#ptr !== 0 && !this.#agent!.core.fn.waiterClaim(this.#ptr, CLAIM_SELF)) return false;
    this.#claim = SELF;
    return true;
  }

  claim(index: number): boolean {
    if (this.#claim !== WAITING) return false;
    if (this.#ptr !== 0 && !this.#agent!.core.fn.waiterClaim(this.#ptr, index + 1)) return false;
    this.#claim = index;
    return true;
  }

  finish(index: number): void {
    this.#leaveAll(index);
    this.#end(index);
  }

  /** Step 5: another thread has fired a case. */
  arrived(): void {
    const index = this.#agent!.core.fn.waiterFiredIndex(this.#ptr);
    this.#claim = index;
    this.#leaveAll(index);
    const fired = this.#cases[index]!;
    if (this.#agent!.isBlocked && !this.#isBlocking && fired.pass?.()) {
      return this.#agent!.postpone(() => this.#startAgain());
    }
    try {
      if (fired.complete()) return this.#end(index);
    } catch (error) {
      return this.#fail(error);
    }
    this.#startAgain();
  }

  /** The wait was fired in vain: goes back to step 1. No case is entered. */
  #startAgain(): void {
    if (this.#signal?.aborted) return this.#fail(this.#signal.reason);
    if (!this.#pollAll()) this.#sleep();
  }

  recheck(): void {
    if (!this.#claimSelf()) return;
    this.#leaveAll(SELF);
    if (!this.#pollAll()) this.#sleep();
  }

  /** The signal was aborted: the wait is given up unless it is over. */
  aborted(signal: AbortSignal): void {
    this.#abort(signal.reason);
  }

  #abort(reason: unknown): void {
    if (!this.#claimSelf()) return;
    this.#leaveAll(SELF);
    this.#fail(reason);
  }

  rearm(): void {
    // A thread that blocks looks at the clock itself.
    if (this.#isBlocking) return;
    clearAlarm(this.#alarm);
    const deadline = this.#deadline((each) => !each.ringsItself);
    this.#alarm = deadline === Infinity ? undefined : setAlarm(deadline, () => {
      this.#passDeadline();
      if (this.#claim === WAITING) this.rearm();
    });
  }

  /** Ends the wait if the deadline of a case is over. */
  #passDeadline(): void {
    if (this.#claim !== WAITING || this.#deadline() > performance.now()) return;
    if (!this.#claimSelf()) return;
    this.#leaveAll(SELF);
    // One of them is due; another goroutine may have taken it, and then the wait goes on.
    if (!this.#pollAll()) this.#sleep();
  }

  /** The earliest deadline of the cases that `counts` admits. */
  #deadline(counts: (each: C) => boolean = () => true): number {
    let deadline = Infinity;
    for (const each of this.#cases) {
      if (counts(each)) deadline = Math.min(deadline, each.deadline);
    }
    return deadline;
  }

  /** Milliseconds until the next deadline; negative: there is none. */
  #msLeft(): number {
    const deadline = this.#deadline();
    return deadline === Infinity ? -1 : Math.max(0, deadline - performance.now());
  }

  #leaveAll(claimed: number): void {
    for (const each of this.#cases) each.leave(each.index === claimed);
  }

  enterShared(index: number, queue: number, need: number): void {
    this.#agent!.core.fn.queueEnter(queue, this.#ptr, index, index, need);
  }

  enterFirst(index: number, queue: number, payload: number, bytes: number): void {
    this.#agent!.core.fn.queueEnterFirst(queue, this.#ptr, index, index, payload, bytes);
  }

  nodeOf(index: number): number {
    return this.#ptr + WAITER_NODES + index * NODE_SIZE;
  }

  entered(queue: number): void {
    // A wait with one case has nobody of its own to meet.
    if (this.#cases.length === 1) return;
    this.#entered ??= new Map();
    this.#entered.set(queue, this.countIn(queue) + 1);
  }

  countIn(queue: number): number {
    return this.#entered?.get(queue) ?? 0;
  }

  leaveShared(index: number, queue: number): void {
    this.#agent!.core.fn.queueLeave(queue, this.#ptr, index);
  }

  #end(index: number): void {
    this.#close(index);
    let result: R;
    try {
      result = this.#outcome(this.#cases[index]!, index);
    } catch (error) {
      return this.#reject(error);
    }
    this.#resolve(result);
  }

  #fail(reason: unknown): void {
    this.#close(SELF);
    this.#reject(reason);
  }

  /** Gives back all that the wait has. */
  #close(winner: number): void {
    this.#claim = winner;
    clearAlarm(this.#alarm);
    if (this.#signal !== undefined) stopListening(this.#signal, this);
    for (const each of this.#cases) each.dispose(each.index === winner);
    if (this.#ptr === 0) return;
    this.#agent!.core.fn.free(this.#ptr);
    this.#agent!.dismiss(this.#id);
  }
}

/** How long to leave `cases` alone before trying again: the shortest; 0 when one of them is not to be tried again. */
function pauseBeforeWait(cases: readonly Case[]): number {
  let pause = Infinity;
  for (const each of cases) pause = Math.min(pause, each.pauseBeforeWait?.() ?? 0);
  return pause;
}

/** Why the thread cannot block for `cases`; `undefined` when it can. */
function whyNotBlock(cases: readonly Case[]): string | undefined {
  if (!agent().core.canBlock) return "a browser's main thread must not wait";
  if (cases.some((each) => each.isShared || each.isTimed)) return undefined;
  return "only its own goroutines could answer, and they cannot run meanwhile";
}

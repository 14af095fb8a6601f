/**
 * Waits for a single case. Where nothing but the case itself can end the wait, the state machine is spared.
 *
 * @module
 */
import type { Case, Wait } from "./case.ts";
import { Operation } from "./operation.ts";

/** The wait for one case of this thread without deadline and signal. */
class DirectWait<C extends Case, R> implements Wait {
  readonly #case: C;
  readonly #outcome: (ended: C) => R;
  readonly #resolve: (result: R) => void;
  readonly #reject: (reason: unknown) => void;

  constructor(
    only: C,
    outcome: (ended: C) => R,
    resolve: (result: R) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#case = only;
    this.#outcome = outcome;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  claim(): boolean {
    // Whoever finds the case has taken it out of its queue, so nobody finds it twice.
    return true;
  }

  finish(): void {
    try {
      this.#resolve(this.#outcome(this.#case));
    } catch (error) {
      this.#reject(error);
    }
  }

  /** Gives up waiting: `result` is what the wait comes to. */
  protected giveUp(result: R): void {
    this.#case.leave(false);
    this.#case.dispose(false);
    this.#resolve(result);
  }

  enterShared(): never {
    throw new TypeError("Cannot wait in shared memory: the case is of this thread");
  }

  enterFirst(): never {
    return this.enterShared();
  }

  leaveShared(): never {
    return this.enterShared();
  }

  nodeOf(): never {
    return this.enterShared();
  }

  entered(): never {
    return this.enterShared();
  }

  countIn(): never {
    return this.enterShared();
  }

  rearm(): void {}
}

/** Such a wait that is over, too, when those of which it is one are. */
class MemberWait<C extends Case, R> extends DirectWait<C, R> {
  readonly #all: Waits;
  readonly #ended: R;

  constructor(
    all: Waits,
    only: C,
    outcome: (ended: C) => R,
    ended: R,
    resolve: (result: R) => void,
    reject: (reason: unknown) => void,
  ) {
    super(only, outcome, resolve, reject);
    this.#all = all;
    this.#ended = ended;
    all.add(this);
  }

  override finish(): void {
    this.#all.delete(this);
    super.finish();
  }

  end(): void {
    this.giveUp(this.#ended);
  }
}

/** Waits for one case each that can be ended together: see {@linkcode endAll}. */
export type Waits = Set<{ end(): void }>;

/**
 * Waits until `only`, which the caller has polled, has taken effect, or `all` are ended.
 *
 * @param only A case of this thread without deadline.
 * @param outcome What the wait gives; it may throw.
 * @param ended What it gives when all are ended.
 */
export function waitAmong<C extends Case, R>(
  all: Waits,
  only: C,
  outcome: (ended: C) => R,
  ended: R,
): Promise<R> {
  return new Promise((resolve, reject) => {
    only.enter(new MemberWait(all, only, outcome, ended, resolve, reject));
  });
}

/** Ends `all`: none is in a queue any more. */
export function endAll(all: Waits): void {
  for (const each of all) each.end();
  all.clear();
}

/**
 * Waits until `only`, which the caller has polled, has taken effect.
 *
 * @param outcome What the wait gives; it may throw.
 */
export function waitFor<C extends Case, R>(
  only: C,
  outcome: (ended: C) => R,
  signal: AbortSignal | undefined,
): Promise<R> {
  // Fast path: something of this thread (a batch at a by-reference channel, a condition).
  if (!only.isShared && !only.isTimed && signal === undefined) {
    return new Promise((resolve, reject) => {
      only.enter(new DirectWait(only, outcome, resolve, reject));
    });
  }
  return Operation.wait([only], outcome, signal);
}

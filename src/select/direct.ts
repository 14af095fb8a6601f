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
  // Fast path: a local channel.
  if (!only.isShared && !only.isTimed && signal === undefined) {
    return new Promise((resolve, reject) => {
      only.enter(new DirectWait(only, outcome, resolve, reject));
    });
  }
  return Operation.wait([only], outcome, signal);
}

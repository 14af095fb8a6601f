/** What can happen next. */
import { Op } from "./operations.ts";
import { KILL } from "./schedule.ts";
import { Status, type Thread } from "./thread.ts";
import type { Scenario } from "./types.ts";

/** The rules of a scenario on who can run. */
export type Rules = Pick<Scenario<never, never>, "timeouts" | "kill">;

export class Choices {
  readonly #threads: readonly Thread[];
  readonly #rules: Rules;
  readonly #maxSpin: number;
  /** Threads that can run, then deaths that can happen. */
  readonly list: number[] = [];
  /** The thread that ran last, or -1 if it cannot go on. */
  last = -1;
  /** How often a thread had to let others run. */
  throttled = 0;
  /** A thread could run, if it were not in vain. */
  vain = false;

  constructor(threads: readonly Thread[], rules: Rules, maxSpin: number) {
    this.#threads = threads;
    this.#rules = rules;
    this.#maxSpin = maxSpin;
  }

  /** Finds the choices at a point of a schedule; `lastThread` made the step that led to it. */
  collect(depth: number, lastThread: number, words: Int32Array): void {
    const { list } = this;
    list.length = 0;
    this.last = -1;
    this.vain = false;
    let spinning = 0;
    for (const thread of this.#threads) {
      if (!this.#canRun(thread, words)) continue;
      if (thread.vain) {
        this.vain = true;
        continue;
      }
      if (thread.idle >= this.#maxSpin) {
        spinning++;
        continue;
      }
      list.push(thread.id);
      if (thread.id === lastThread && thread.status === Status.ready) this.last = lastThread;
    }
    if (list.length > 0) this.throttled += spinning;
    // Nobody else can run: who spins goes on. Nobody at all: time passes.
    else if (spinning > 0) this.#push((thread) => !thread.vain && this.#canRun(thread, words));
    else this.#push(({ status, timed }) => status === Status.parked && timed);
    const victim = this.#threads[this.#rules.kill?.thread ?? -1];
    if (victim !== undefined && this.#canDie(victim, depth)) list.push(KILL + victim.id);
  }

  #push(predicate: (thread: Thread) => boolean): void {
    for (const thread of this.#threads) if (predicate(thread)) this.list.push(thread.id);
  }

  #canRun({ status, timed, ptr, expected }: Thread, words: Int32Array): boolean {
    if (status <= Status.ready) return true;
    if (status !== Status.parked || !timed) return false;
    const { timeouts = "changed" } = this.#rules;
    return timeouts === "anytime" || (timeouts === "changed" && words[ptr >>> 2] !== expected);
  }

  /** A death is offered only when its victim has just come to where it stands: later would be the same. */
  #canDie({ arrivedAt, status, op, ptr }: Thread, depth: number): boolean {
    if (arrivedAt !== depth || depth === 0) return false;
    const parked = status === Status.parked;
    if (!parked && status !== Status.ready) return false;
    return this.#rules.kill?.at?.({ op, ptr, parked }) ??
      (parked || op === Op.wake || op === Op.killPoint);
  }
}

/** Reports whether a schedule that is run again may go on with `choice`. */
export function canBeChosen({ status, timed }: Thread, choice: number): boolean {
  if (status === Status.parked) return timed || choice >= KILL;
  return status <= Status.ready;
}

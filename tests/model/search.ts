/** Ways through the schedules of a scenario. */
import { type DecisionPoint, KILL, STOP, type Strategy } from "./schedule.ts";

/** A way of exploring: proposes one schedule after another. */
export interface Search {
  /** The next schedule, or `undefined` when there is none. */
  next(): Strategy | undefined;
  /** States at which there was a choice. */
  readonly states: number;
}

/** Choices that lead to a point, the last one first. */
interface Path {
  readonly before: Path | undefined;
  readonly choice: number;
}

/** A choice not yet tried. */
interface Branch {
  readonly path: Path | undefined;
  readonly choice: number;
  readonly key: number;
  readonly preemptions: number;
}

/**
 * All schedules, those with the fewest preemptions first (iterative context bounding: Musuvathi and Qadeer,
 * PLDI 2007), hence a counterexample with the fewest, too.
 *
 * With `reduce` a state is left alone when it is met again. As branches are taken in the order of their
 * preemptions, the first visit had at least as many preemptions left. What counts as one depends on who ran
 * last, so under a bound that is part of the state.
 */
export class ExhaustiveSearch implements Search {
  readonly #bound: number;
  readonly #reduce: boolean;
  /** Branches by their number of preemptions. */
  readonly #branches: Branch[][] = [[]];
  readonly #seen = new Set<number>();
  #started = false;
  states = 0;

  constructor(bound: number, reduce: boolean) {
    this.#bound = bound;
    this.#reduce = reduce;
  }

  next(): Strategy | undefined {
    if (!this.#started) {
      this.#started = true;
      return this.#follow(undefined);
    }
    const branch = this.#branches.find((branches) => branches.length > 0)?.pop();
    return branch && this.#follow(branch);
  }

  #follow(branch: Branch | undefined): Strategy {
    let path = branch?.path;
    let pending = branch;
    const preemptions = branch?.preemptions ?? 0;
    const step = (choice: number): number => {
      path = { before: path, choice };
      return choice;
    };
    const choose = (point: DecisionPoint): number => {
      if (pending !== undefined) {
        const { choice, key } = pending;
        pending = undefined;
        // A state that has changed since: -2 is no choice, which the machine reports.
        return this.#key(point) === key ? step(choice) : -2;
      }
      const { choices, last } = point;
      if (choices.length === 1) return step(choices[0]!);
      const key = this.#key(point);
      if (this.#reduce) {
        if (this.#seen.has(key)) return STOP;
        this.#seen.add(key);
      }
      this.states++;
      const straight = last >= 0 ? last : choices[0]!;
      for (let index = choices.length - 1; index >= 0; index--) {
        const choice = choices[index]!;
        if (choice === straight) continue;
        const cost = preemptions + (last >= 0 && choice < KILL ? 1 : 0);
        if (cost > this.#bound) continue;
        while (this.#branches.length <= cost) this.#branches.push([]);
        this.#branches[cost]!.push({ path, choice, key, preemptions: cost });
      }
      return step(straight);
    };
    return { prefix: choicesOf(path), choose };
  }

  #key(point: DecisionPoint): number {
    return point.key(this.#bound === Infinity ? -1 : point.last);
  }
}

function choicesOf(path: Path | undefined): number[] {
  const choices: number[] = [];
  for (let step = path; step !== undefined; step = step.before) choices.push(step.choice);
  return choices.reverse();
}

/**
 * Random schedules: by turns an even choice at every step, and random priorities with a few changes (PCT:
 * Burckhardt et al., ASPLOS 2010), which finds what needs few but far apart preemptions.
 */
export class RandomSearch implements Search {
  #left: number;
  #random: () => number;
  /** Longest schedule seen: changes of priority fall within. */
  #length = 16;
  states = 0;

  constructor(seed: number, schedules: number) {
    this.#left = schedules;
    this.#random = generator(seed);
  }

  next(): Strategy | undefined {
    if (this.#left-- <= 0) return undefined;
    return { prefix: [], choose: this.#left % 2 === 0 ? this.#even() : this.#byPriority() };
  }

  #even(): (point: DecisionPoint) => number {
    return ({ choices, depth }) => {
      this.#length = Math.max(this.#length, depth + 1);
      if (choices.length > 1) this.states++;
      return choices[Math.floor(this.#random() * choices.length)]!;
    };
  }

  #byPriority(): (point: DecisionPoint) => number {
    const priorities = new Map<number, number>();
    const changes = new Set([0, 1, 2].map(() => Math.floor(this.#random() * this.#length)));
    let lowest = 0;
    const priority = (choice: number): number => {
      let value = priorities.get(choice);
      if (value === undefined) priorities.set(choice, value = this.#random());
      return value;
    };
    return ({ choices, last, depth }) => {
      this.#length = Math.max(this.#length, depth + 1);
      if (choices.length > 1) this.states++;
      if (changes.has(depth) && last >= 0) priorities.set(last, --lowest);
      return choices.reduce((a, b) => priority(a) >= priority(b) ? a : b);
    };
  }
}

/** Follows a trace, then goes straight on. */
export class Replay implements Search {
  #trace: readonly number[] | undefined;
  readonly states = 0;

  constructor(trace: readonly number[]) {
    this.#trace = trace;
  }

  next(): Strategy | undefined {
    const prefix = this.#trace;
    this.#trace = undefined;
    return prefix && {
      prefix,
      choose: ({ choices, last }) => last >= 0 ? last : choices[0]!,
    };
  }
}

/** Mulberry32: small, fast, and seeded. */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** The words in which the machine, which runs schedules, and a search, which chooses them, speak. */

/** Added to a thread's number: the choice to kill it. */
export const KILL = 64;
/** The choice to give the schedule up. */
export const STOP = -1;

/** Decides, once the prefix has been replayed. */
export interface Strategy {
  readonly prefix: readonly number[];
  choose(point: DecisionPoint): number;
}

/** What a strategy sees. */
export interface DecisionPoint {
  /** Threads that can run, and deaths that can happen. */
  readonly choices: readonly number[];
  /** The thread that ran last, or -1 if it cannot go on. */
  readonly last: number;
  readonly depth: number;
  /** Names the state, and `last` if that matters. */
  key(last: number): number;
}

/** How a schedule ended. */
export type Ending = "complete" | "pruned" | "cut" | "failed";

/** One line of a listing. */
export interface Step {
  readonly thread: number;
  readonly op: number;
  readonly ptr: number;
  /** The 8 bytes around, lower half first. */
  readonly before: readonly [number, number];
  readonly after: readonly [number, number];
}

/** What a match is: contestants that take turns, and the rows that come of them. */

import { CyclicBarrier, Pool } from "../../mod.ts";
import { goRound } from "../tasks.ts";
import type { GoProcess, GoRow } from "./go.ts";
import type { Contestant, Measurement } from "./measure.ts";
import { compareRow, type Goal, type MeasuredRow, type Unit } from "./table.ts";

/** One of ours against each of these rivals. */
export interface RowSpec {
  readonly row: string;
  /** What the contestants measure. Default: ns. */
  readonly unit?: Unit;
  /** The name of our contestant. */
  readonly ours: string;
  readonly rivals: readonly { readonly name: string; readonly goal?: Goal }[];
  /** A goal against the best of several rivals, whichever that is in this run. */
  readonly best?: { readonly rivals: readonly string[]; readonly goal: Goal };
}

/** Functions that give something back, called last to first when a match is over. */
export type Held = (() => unknown)[];

/** Gives everything back. */
export async function giveBackAll(held: Held): Promise<void> {
  for (const giveBack of held.reverse()) await giveBack();
}

/** Contestants that take turns. */
export interface Match {
  readonly name: string;
  readonly rows: readonly RowSpec[];
  /**
   * Rounds that do not count, in place of the usual number: none where every round is a process of its own and no clock is read, more where
   * threads have much to compile.
   */
  readonly warmups?: number;
  /**
   * Reports whether several threads take part. They have slept since their last round, and a system may wake them all on one core
   * and need tens of milliseconds to spread them: each round comes after one of the same side, at once, that does not count.
   */
  readonly hasThreads?: boolean;
  /** Rounds that count at most: fewer than usual where one takes many seconds. */
  readonly maxRounds?: number;
  /** The rivals that run in Go, by name. */
  readonly go: Readonly<Record<string, GoRow | GoProcess>>;
  /**
   * Makes the contestants that run in this process or in children of it, and notes in `held` how what they hold is given
   * back.
   */
  open(held: Held): Contestant[] | Promise<Contestant[]>;
}

/** Sets the sides of a match against each other, row by row. */
export function rowsOf(
  match: Match,
  runtime: string,
  measurements: readonly Measurement[],
): MeasuredRow[] {
  const byName = new Map(measurements.map((each) => [each.name, each]));
  return match.rows.flatMap((spec) => {
    const measured = byName.get(spec.ours);
    if (measured === undefined) throw new Error(`The match has no contestant "${spec.ours}"`);
    const best = spec.best === undefined ? undefined : bestOf(spec.best.rivals, byName);
    return spec.rivals.map(({ name, goal = name === best ? spec.best?.goal : undefined }) =>
      compareRow(spec.row, runtime, measured, name, byName.get(name), goal, spec.unit)
    );
  });
}

/** The name of the one that took least. */
function bestOf(names: readonly string[], byName: ReadonlyMap<string, Measurement>): string {
  const medianOf = (name: string) => byName.get(name)?.median ?? Infinity;
  return names.reduce((best, name) => medianOf(name) < medianOf(best) ? name : best);
}

/** Makes a pool whose threads have all been started, and that is closed when the match is over. */
export async function usePool(held: Held, threads: number): Promise<Pool> {
  const pool = new Pool({ threads });
  held.push(() => pool.close());
  await startThreads(pool);
  return pool;
}

/** Starts all threads of a pool, which takes longer than many a round: it would start them one by one, at need. */
export async function startThreads(pool: Pool): Promise<void> {
  using everybody = new CyclicBarrier(pool.threads);
  // Nobody comes through before the last is there, so each is on a thread of its own.
  await Promise.all(
    Array.from({ length: pool.threads }, () => pool.go(goRound, everybody, 1)),
  );
}

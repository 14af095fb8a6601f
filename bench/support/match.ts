/** What a match is: contestants that take turns, and the rows that come of them. */

import { Pool } from "../../mod.ts";
import type { GoRow } from "./go.ts";
import type { Contestant } from "./measure.ts";
import type { Goal } from "./table.ts";

/** One of ours against each of these rivals. */
export interface RowSpec {
  readonly row: string;
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
  /** The rivals that run in Go, by name. */
  readonly go: Readonly<Record<string, GoRow>>;
  /**
   * Makes the contestants that run in this process, and notes in `held` how what they hold is given
   * back.
   */
  open(held: Held): Contestant[] | Promise<Contestant[]>;
}

/** Makes a pool that is closed when the match is over. */
export function usePool(held: Held, threads: number): Pool {
  const pool = new Pool({ threads });
  held.push(() => pool.close());
  return pool;
}

/**
 * The shape of a `deno bench`: one body, many operations an iteration, its result checked by the
 * body itself.
 */

import type { Body } from "./measure.ts";

/** Bodies that model one situation and are set against the first of them. */
export interface Situation {
  /** `"<room>/<flavor> cap=<n>"`, or without a capacity where there is none. */
  readonly group: string;
  /** How many operations one iteration performs. */
  readonly ops: number;
  /** By name; the first is the baseline. */
  readonly bodies: Readonly<Record<string, Body>>;
}

/** Registers one bench for each body of the situation. */
export function situation({ group, ops, bodies }: Situation): void {
  for (const [index, [name, body]] of Object.entries(bodies).entries()) {
    Deno.bench({
      group,
      name: `${name} × ${ops.toLocaleString("en")}`,
      baseline: index === 0,
      fn: async () => {
        await body(ops);
      },
    });
  }
}

/** What a goroutine costs that waits, in memory: each round in a process of its own. */

import { ownReport, programCommand } from "../support/child.ts";
import type { GoRow } from "../support/go.ts";
import type { Match, RowSpec } from "../support/match.ts";

/**
 * Goroutines that are parked: as many as in `rivals/go/parked.go`. With 100,000 a third of what is resident is what V8 keeps for itself
 * whatever their number (some 70 MB); with a million that is 7%.
 */
const PARKED = 1_000_000;

const GO = "Go";
const GO_HEAP = "Go, heap and stacks";

const goals = new Map([["reference", { factor: 0.4, rival: GO }]]);

/** Goroutines parked at a channel of this kind. */
const rows = (kind: "reference" | "typed", what: string): RowSpec[] => {
  const goal = goals.get(kind);
  return [
    {
      row: `memory of a parked goroutine${what}`,
      unit: "B",
      ours: `${kind}, resident`,
      rivals: [{ name: GO, ...goal && { goal } }],
    },
    {
      row: `memory of a parked goroutine${what}, heap`,
      unit: "B",
      ours: `${kind}, heap`,
      rivals: [{ name: GO_HEAP }],
    },
  ];
};

/** Ours and Go's, at a channel of values by reference and at one in shared memory. */
export const parkMatches: readonly Match[] = [{
  name: "parked",
  warmups: 0,
  maxRounds: 1,
  rows: [...rows("reference", ""), ...rows("typed", " (at a typed channel)")],
  go: { [GO]: "parkedResident", [GO_HEAP]: "parkedHeap" } satisfies Record<string, GoRow>,
  open: () =>
    ["reference", "typed"].flatMap((kind) =>
      ["resident", "heap"].map((measure) =>
        ownReport(
          `${kind}, ${measure}`,
          programCommand(import.meta.url, "parked", [kind, measure, String(PARKED)], [
            "--expose-gc",
          ]),
        )
      )
    ),
}];

/** Work divided among two threads against the same on one. */

import { type Match, usePool } from "../support/match.ts";
import { contestant } from "../support/measure.ts";
import { everythingDivided } from "./scale.ts";

const ONE_THREAD = "the same, 1 thread";
const NO_POOL = "no pool";

/** A match for each piece of work. */
export const scaleMatches: readonly Match[] = everythingDivided.map((work): Match => ({
  name: `scale-${work.name}`,
  hasThreads: true,
  rows: [{
    row: `pool, ${work.title}, 2 threads`,
    ours: "two",
    rivals: [{ name: ONE_THREAD, goal: { speedUp: 1.7 } }, { name: NO_POOL }],
  }],
  go: {},
  async open(held) {
    const [one, two] = [await usePool(held, 1), await usePool(held, 2)];
    const { divided, plain } = work.open();
    const options = { unit: work.unit, first: work.unit };
    return [
      contestant("two", divided(two), options),
      contestant(ONE_THREAD, divided(one), options),
      contestant(NO_POOL, plain, options),
    ];
  },
}));

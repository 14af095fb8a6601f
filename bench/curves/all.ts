/** The curves, in the order of the results. */

import type { Curve } from "../support/curve.ts";
import { depth, poolDepth } from "./depth.ts";
import { goroutines } from "./goroutines.ts";
import { payload } from "./payload.ts";
import { selectAll, selectNone, selectOne } from "./select.ts";
import { computing, passing } from "./threads.ts";

/** Cost against everything that can grow. */
export const curves: readonly Curve[] = [
  goroutines,
  selectOne,
  selectNone,
  selectAll,
  computing,
  passing,
  payload,
  depth,
  poolDepth,
];

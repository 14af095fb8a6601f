/** A word that threads share, to count what they do under a lock. */

import { core } from "../../src/memory/core.ts";

/** Makes one that is 0. It is never given back: a bench makes few. */
export function sharedCell(): Int32Array {
  const c = core();
  const ptr = c.allocate(8, "a word of a bench");
  const { buffer } = c.bytes(ptr + 8);
  const cell = new Int32Array(buffer, ptr, 1);
  cell[0] = 0;
  return cell;
}

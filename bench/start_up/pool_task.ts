/** A program that is over when one thread has run one task. */

import { Pool, task } from "../../mod.ts";

export const one = task(import.meta.url, "one", (): number => 1);

if (Pool.current === undefined) {
  await using pool = new Pool({ threads: 1 });
  if (await pool.go(one) !== 1) throw new Error("The task has not run");
}

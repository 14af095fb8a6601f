import { Pool, PoolClosedError, WorkerCrashedError } from "../../mod.ts";
import { core } from "../../src/memory/core.ts";
import { settled } from "../conformance/waiting.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { noop } from "../support/tasks.ts";
import { test } from "../support/test.ts";

/** Takes all of the memory that there is; returns the blocks. */
function takeAll(): number[] {
  const { fn } = core();
  const taken: number[] = [];
  for (let size = 2 ** 30; size >= 8; size /= 2) {
    for (let ptr = fn.allocate(size); ptr !== 0; ptr = fn.allocate(size)) taken.push(ptr);
  }
  return taken;
}

test("Pool sends a task back when there is no room for a thread, and close() resolves", async () => {
  const { fn } = core();
  // For the task and what names its function, but for no thread; with more of them there is room to say why.
  for (const count of [3, 4, 6, 12]) {
    const pool = new Pool({ threads: 1 });
    const spare = Array.from({ length: count }, () => fn.allocate(64));
    const taken = takeAll();
    try {
      for (const ptr of spare) fn.free(ptr);
      const { reason } = await settled(pool.go(noop).join()) as { reason: unknown };
      assert(reason instanceof WorkerCrashedError || reason instanceof PoolClosedError);
      await pool.close();
    } finally {
      for (const ptr of taken) fn.free(ptr);
    }
  }
  await using pool = new Pool({ threads: 1 });
  assertEquals(await pool.go(noop), undefined);
});

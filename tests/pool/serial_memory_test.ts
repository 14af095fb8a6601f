import { Channel, i32, Pool } from "../../mod.ts";
import { memoryUse } from "../../src/memory/core.ts";
import { agent } from "../../src/park/agent.ts";
import { assertEquals } from "../support/assert.ts";
import { echo, fail, failAs, noop, suspend } from "../support/tasks.ts";
import { test } from "../support/test.ts";
import { settled } from "../conformance/waiting.ts";

function liveBytes(): number {
  agent().drain();
  return memoryUse().liveBytes;
}

/** Everything that can become of a task without threads. */
async function round(): Promise<void> {
  const text = "x".repeat(1000);
  const pool = new Pool({ threads: 0 });
  using started = new Channel(i32, 1);
  using until = new Channel(i32, 1);
  assertEquals(await pool.go(echo, text), text);
  await settled(pool.go(fail, new Error(text)).join());
  await settled(pool.go(failAs, "nested function").join());
  pool.go(echo, text).cancel();
  const suspended = pool.go(suspend, started, until);
  await started.receive();
  pool.go(echo, text);
  pool.go(noop);
  await pool.terminate();
  until.close();
  await settled(suspended.join());
}

test("Pool without threads leaves no byte of shared memory behind, whatever becomes of its tasks", async () => {
  for (let i = 0; i < 3; i++) await round();
  const before = liveBytes();
  for (let i = 0; i < 50; i++) await round();
  assertEquals(liveBytes() - before, 0);
});

import { f64, parallelMap, parallelReduce, parallelSort, Pool, sharedArray } from "../../mod.ts";
import { memoryUse } from "../../src/memory/core.ts";
import { agent } from "../../src/park/agent.ts";
import { settled } from "../conformance/waiting.ts";
import { assertEquals, assertLess } from "../support/assert.ts";
import { add, compareNothing, squares, sumRange } from "../support/tasks_parallel.ts";
import { test } from "../support/test.ts";

function liveBytes(): number {
  agent().drain();
  return memoryUse().liveBytes;
}

const array = sharedArray(f64, 20_000);

async function useOnce(signal: AbortSignal | undefined): Promise<void> {
  const options = signal === undefined ? {} : { signal };
  await using pool = new Pool({ threads: 2 });
  array.forEach((_, i) => array[i] = -i);
  await parallelSort(pool, array, options);
  await parallelMap(pool, array, array, squares, options);
  await parallelReduce(pool, array, sumRange, add, options);
  await settled(parallelSort(pool, array, { ...options, compare: compareNothing }));
}

test("parallelSort() and its like leave no byte of shared memory behind", async () => {
  const { signal } = new AbortController();
  for (let round = 0; round < 3; round++) await useOnce(signal);
  const before = liveBytes();
  for (let round = 0; round < 20; round++) await useOnce(round % 2 === 0 ? undefined : signal);
  assertEquals(liveBytes() - before, 0);
});

test("parallelSort() gives back what it needs for itself at once, at every call", async () => {
  await using pool = new Pool({ threads: 2 });
  await parallelSort(pool, array);
  const before = liveBytes();
  for (let round = 0; round < 50; round++) await parallelSort(pool, array);
  assertLess(liveBytes() - before, array.byteLength);
});

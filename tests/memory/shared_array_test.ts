/** The memory of shared arrays: who keeps it, and when it is returned. */
import { any, Channel, i32, Pool, sharedArray, SharedMemoryExhaustedError, u8 } from "../../mod.ts";
import { core, memoryUse } from "../../src/memory/core.ts";
import { assert, assertEquals, assertGreater, assertThrows } from "../support/assert.ts";
import { collect, collectUntil } from "../support/collect.ts";
import { collectThere, keep, lookAt } from "../support/tasks_primitives.ts";
import { test } from "../support/test.ts";

const KIB = 1024;

/** Bytes in use, once what others have left has been collected. */
async function usedBefore(): Promise<number> {
  for (let round = 0; round < 3; round++) await collect();
  return memoryUse().liveBytes;
}

/** Asserts that what is in use beyond `before` does not go, however often garbage is collected. */
async function assertKept(before: number, byteLength: number): Promise<void> {
  for (let round = 0; round < 3; round++) await collect();
  assertGreater(memoryUse().liveBytes - before, byteLength);
}

/** Asserts that what was in use beyond `before` goes. */
async function assertGone(before: number): Promise<void> {
  await collectUntil(() => memoryUse().liveBytes <= before);
  assert(memoryUse().liveBytes <= before, `${memoryUse().liveBytes - before} bytes are left`);
}

test("sharedArray gives its memory back when no view is left", async () => {
  const before = await usedBefore();
  for (let i = 0; i < 200; i++) sharedArray(u8, KIB).fill(1);
  assertGreater(memoryUse().liveBytes, before);
  await assertGone(before);
});

test("sharedArray leaves memory flat when 100,000 are made and dropped", async () => {
  const before = await usedBefore();
  let most = 0;
  for (let i = 0; i < 100_000; i++) {
    sharedArray(i32, 100)[0] = 1;
    if (i % 1000 !== 999) continue;
    most = Math.max(most, memoryUse().liveBytes - before);
    await collect();
  }
  await assertGone(before);
  assert(most < 10_000 * 512, `${most} bytes were in use`);
});

/** Ways to have a part of an array, without the array. */
const PARTS: Readonly<Record<string, () => { first(): number }>> = {
  "a subarray": () => {
    const part = sharedArray(u8, 64 * KIB).fill(1).subarray(5, 7);
    return { first: () => part[0]! };
  },
  "a view of the buffer": () => {
    const { buffer, byteOffset } = sharedArray(u8, 64 * KIB).fill(1);
    const part = new DataView(buffer, byteOffset + 1, 1);
    return { first: () => part.getUint8(0) };
  },
  "an iterator": () => {
    const values = sharedArray(u8, 64 * KIB).fill(1).values();
    return { first: () => values.next().value! };
  },
};

for (const [name, take] of Object.entries(PARTS)) {
  test(`sharedArray keeps its memory as long as ${name} is left`, async () => {
    const before = await usedBefore();
    await (async () => {
      const part = take();
      await assertKept(before, 64 * KIB);
      assertEquals(part.first(), 1);
    })();
    await assertGone(before);
  });
}

test("sharedArray keeps its memory while a message carries it", async () => {
  const before = await usedBefore();
  await (async () => {
    using channel = new Channel(any<Uint8Array>(), 2);
    const start = (() => {
      const array = sharedArray(u8, 64 * KIB).fill(4);
      channel.trySend(array);
      channel.trySend(array.subarray(1));
      return array.byteOffset;
    })();
    await assertKept(before, 64 * KIB);
    const got = (await channel.receive())!;
    assertEquals([got.byteOffset, got[5]], [start, 4]);
  })();
  await assertGone(before);
});

test("sharedArray keeps its memory as long as another thread has a view", async () => {
  await using pool = new Pool({ threads: 1 });
  await pool.go(collectThere);
  const before = await usedBefore();
  await (async () => {
    const array = sharedArray(i32, 16 * KIB).fill(6);
    await pool.go(keep, array.subarray(8));
  })();
  await assertKept(before, 64 * KIB);
  assertEquals(await pool.go(lookAt, 16 * KIB - 9), 6);
  await pool.go(keep, undefined);
  // What the pool knows of the tasks' functions stays.
  const isGone = () => memoryUse().liveBytes < before + 4 * KIB;
  for (let round = 0; round < 20 && !isGone(); round++) await pool.go(collectThere);
  assert(isGone());
});

test("sharedArray gives its memory back when the thread that had the last view has ended", async () => {
  const before = await usedBefore();
  await (async () => {
    const pool = new Pool({ threads: 1 });
    await pool.go(keep, sharedArray(i32, 16 * KIB));
    await pool.close();
  })();
  const isGone = () => memoryUse().liveBytes < before + 4 * KIB;
  await collectUntil(isGone);
  assert(isGone());
});

test("sharedArray that is refused by a channel leaves no reference", async () => {
  using channel = new Channel(any<unknown>(), 1);
  const before = await usedBefore();
  (() => {
    const array = sharedArray(u8, KIB);
    assertThrows(() => channel.trySend([array, () => 1]), TypeError);
    assertThrows(() => channel.trySend([array, new Uint8Array(array.buffer, 0, 4)]), TypeError);
  })();
  await assertGone(before);
});

test("sharedArray() says so when there is no room, and nothing has changed", () => {
  const c = core();
  const taken: number[] = [];
  try {
    for (let byteLength = 2 ** 30; byteLength >= 2 ** 20; byteLength /= 2) {
      for (let ptr = c.fn.allocate(byteLength); ptr !== 0; ptr = c.fn.allocate(byteLength)) {
        taken.push(ptr);
      }
    }
    const before = memoryUse().liveBytes;
    const error = assertThrows(() => sharedArray(u8, 2 ** 20), SharedMemoryExhaustedError);
    assertEquals(error.code, "SHARED_MEMORY_EXHAUSTED");
    assertEquals(memoryUse().liveBytes, before);
  } finally {
    for (const ptr of taken) c.fn.free(ptr);
  }
  assertEquals(sharedArray(u8, 2 ** 20).length, 2 ** 20);
});

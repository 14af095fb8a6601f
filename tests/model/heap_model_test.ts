/** Models of `wasm/assembly/heap.ts`. */
import { assert, assertEquals } from "../support/assert.ts";
import {
  BLOCK_CLASS,
  BLOCK_FREE,
  BLOCK_HEADER,
  BLOCK_LIVE,
  BLOCK_STATE,
  HEAP_CLASS_COUNT,
  HEAP_FREE_LISTS,
  HEAP_START,
  HEAP_TOP,
} from "../../src/memory/layout.ts";
import { buildModel } from "./build.ts";
import {
  assertFails,
  assertHolds,
  explore,
  type Options,
  type Outcome,
  type Scenario,
  type VirtualThread,
} from "./loom.ts";
import { testMistakes } from "./mistakes.ts";

const ENTRY = "tests/model/assembly/heap.ts";
const PAGE = 65536;

interface Heap {
  heapInit(): void;
  allocate(byteLength: number): number;
  free(ptr: number): void;
  liveBytes(): number;
  reservedBytes(): number;
  fill(ptr: number, byteLength: number, value: number): void;
  isFilled(ptr: number, byteLength: number, value: number): number;
}
type Owner = VirtualThread<Heap>;
type HeapScenario = Scenario<Heap, readonly number[]>;

const heap = await buildModel(ENTRY);

/** What a body holds at its end: addresses. */
type Held = readonly number[];

/** Allocates, and writes all over the block but for its first word, where `pop` may still read a stale link. */
async function take({ wasm, id }: Owner, byteLength: number): Promise<number> {
  const ptr = await wasm.allocate(byteLength);
  if (ptr !== 0) await wasm.fill(ptr + 4, byteLength - 4, ~id);
  return ptr;
}

/** Frees what `take` returned, unless somebody else wrote into it. */
async function give({ wasm, id }: Owner, ptr: number, byteLength: number): Promise<void> {
  if (ptr === 0) return;
  assertEquals(await wasm.isFilled(ptr + 4, byteLength - 4, ~id), 1);
  await wasm.free(ptr);
}

/** The link of a free block: its stale value is read by design, see `pop`. */
const racy = (ptr: number) => ptr % 8 === 0 && ptr >= HEAP_START;

/** A heap with so many free blocks of `byteLength`, the last one freed on top. */
function heapOf(...byteLengths: readonly number[]): (wasm: Heap) => number[] {
  return (wasm) => {
    wasm.heapInit();
    const blocks = byteLengths.map((byteLength) => wasm.allocate(byteLength));
    for (const block of blocks) wasm.free(block);
    return blocks;
  };
}

/** Uses up what is left of the only page, so that an allocation finds only what is free. */
function fillUp(wasm: Heap, words: Int32Array): void {
  // The smallest last, so that nothing is left.
  for (let byteLength = PAGE / 2; byteLength >= 16; byteLength >>= 1) {
    while (words[HEAP_TOP >>> 2]! + byteLength <= PAGE) wasm.allocate(byteLength - BLOCK_HEADER);
  }
}

/** Bytes of a block of a class: eight up to 128, then four to each doubling. */
function blockSize(index: number): number {
  return index < 8 ? (index + 1) * 16 : ((index & 3) + 5) << (((index - 8) >> 2) + 5);
}

/** The heap is whole, and exactly `held` and what `setup` left are live. */
function checkHeap({ words }: Outcome<Heap, Held>, held: Held, others = 0): void {
  const word = (ptr: number) => words[ptr >>> 2]!;
  assertEquals(new Set(held).size, held.length, "a block has two owners");
  // I3: the headers tile what was handed out.
  const live: number[] = [];
  const free: number[] = [];
  let block = HEAP_START;
  while (block < word(HEAP_TOP)) {
    const state = word(block + BLOCK_STATE);
    assert(state === BLOCK_LIVE || state === BLOCK_FREE, `no header at ${block}`);
    (state === BLOCK_LIVE ? live : free).push(block + BLOCK_HEADER);
    block += blockSize(word(block + BLOCK_CLASS));
  }
  assertEquals(block, word(HEAP_TOP));
  assertEquals(live.length, held.length + others);
  for (const ptr of held) assert(live.includes(ptr));
  // I1: each free block is in the list of its class, once.
  const listed: number[] = [];
  for (let index = 0; index < HEAP_CLASS_COUNT; index++) {
    let at = word(HEAP_FREE_LISTS + 8 * index);
    for (; at !== 0; at = word(at + BLOCK_HEADER)) {
      assertEquals(word(at + BLOCK_CLASS), index);
      listed.push(at + BLOCK_HEADER);
      assert(listed.length <= free.length, "a free list has a block that is not free");
    }
  }
  assertEquals(listed.toSorted((a, b) => a - b), free);
}

function heldBy({ results }: Outcome<Heap, Held>): number[] {
  return (results as Held[]).flat().filter((ptr) => ptr !== 0);
}

const takesOne = (byteLength: number) => async (thread: Owner): Promise<Held> => [
  await take(thread, byteLength),
];
const takesTwoGivesOne = (byteLength: number) => async (thread: Owner): Promise<Held> => {
  const [first, second] = [await take(thread, byteLength), await take(thread, byteLength)];
  await give(thread, first, byteLength);
  return [second];
};
const takesAndGives = (byteLength: number) => async (thread: Owner): Promise<Held> => {
  await give(thread, await take(thread, byteLength), byteLength);
  return [];
};

/** One pops while another pops two and pushes the first back: what makes ABA. */
const reuse: HeapScenario = {
  name: "one class, freed and taken again",
  setup: heapOf(16, 16),
  threads: [takesOne(16), takesTwoGivesOne(16)],
  racy,
  check: (outcome) => checkHeap(outcome, heldBy(outcome)),
};

/** Two free at once. */
const pushed: HeapScenario = {
  ...reuse,
  threads: [takesAndGives(16), takesAndGives(16)],
};

Deno.test("heap: a block has one owner when threads allocate and free", async () => {
  const alone = await explore(heap, reuse);
  assertHolds(alone);
  assert(alone.exhaustive);
  const crowd: HeapScenario = {
    ...reuse,
    threads: [takesOne(16), takesTwoGivesOne(16), takesAndGives(16)],
  };
  assertHolds(await explore(heap, crowd, { bound: 4 }));
});

/** Nothing is free, so that new blocks are cut, of two sizes, and memory has to grow for them. */
const growth: HeapScenario = {
  name: "new blocks",
  setup: heapOf(),
  threads: [takesOne(16), takesTwoGivesOne(40), takesOne(16)],
  racy,
  check: (outcome) => checkHeap(outcome, heldBy(outcome)),
};

Deno.test("heap: new blocks do not overlap when threads cut them at once", async () => {
  const report = await explore(heap, growth);
  assertHolds(report);
  assert(report.exhaustive);
});

Deno.test("heap: memory grows when threads ask for more than there is", async () => {
  const half = PAGE / 2;
  const grown: HeapScenario = {
    name: "memory grows",
    setup: heapOf(),
    pages: 1,
    maxPages: 20,
    threads: [
      async ({ wasm }) => [await wasm.allocate(half)],
      async ({ wasm }) => [await wasm.allocate(half), await wasm.allocate(half)],
    ],
    check: (outcome) => {
      const held = heldBy(outcome);
      assertEquals(held.length, 3);
      checkHeap(outcome, held);
    },
  };
  const report = await explore(heap, grown);
  assertHolds(report);
  assert(report.exhaustive);
});

/** One block is left for two who want it, and no memory. */
const last: HeapScenario = {
  name: "the last block",
  setup(wasm, words) {
    wasm.heapInit();
    const block = wasm.allocate(16);
    fillUp(wasm, words);
    wasm.free(block);
    return [block, words[HEAP_TOP >>> 2]!, wasm.liveBytes()];
  },
  threads: [takesOne(16), takesOne(16)],
  racy,
  check(outcome) {
    const { state: [block, top, live], wasm, words } = outcome;
    assertEquals(heldBy(outcome), [block!]);
    assertEquals(words[HEAP_TOP >>> 2], top);
    assertEquals(wasm.liveBytes(), live! + 32);
  },
};

Deno.test("heap: allocate() returns 0 and changes nothing when memory is exhausted", async () => {
  // Looking through all classes for a larger block is no spinning.
  const report = await explore(heap, last, { maxSpin: 300 });
  assertHolds(report);
  assert(report.exhaustive);
});

/** No memory and nothing free of the size: two split the only larger block, or what the other left of it. */
const split: HeapScenario = {
  name: "split",
  setup(wasm, words) {
    wasm.heapInit();
    const block = wasm.allocate(112 - BLOCK_HEADER);
    // What a careless owner left must not be taken for a header.
    wasm.fill(block, 112 - BLOCK_HEADER, -1);
    fillUp(wasm, words);
    wasm.free(block);
    const top = words[HEAP_TOP >>> 2]!;
    let others = 0;
    for (let at = HEAP_START; at < top; others++) {
      at += blockSize(words[(at + BLOCK_CLASS) >>> 2]!);
    }
    return [others - 1];
  },
  threads: [takesOne(24), takesTwoGivesOne(24)],
  racy,
  check: (outcome) => checkHeap(outcome, heldBy(outcome), outcome.state[0]),
};

Deno.test("heap: a larger block is split when memory is exhausted", async () => {
  assertHolds(await explore(heap, split, { bound: 3, maxSpin: 300 }));
});

/** A block is freed twice, which must not go on. */
const doubled: HeapScenario = {
  name: "double free",
  setup: heapOf(16),
  threads: [async ({ wasm }) => {
    const ptr = await wasm.allocate(16);
    await wasm.free(ptr);
    await wasm.free(ptr);
  }],
  racy,
  check: (outcome) => checkHeap(outcome, []),
};

/** Whoever walks meanwhile reads headers that are being written. */
const walked: HeapScenario = {
  ...split,
  threads: [takesOne(24), async ({ wasm }) => (await wasm.liveBytes(), [])],
  racy: (ptr) => ptr >= HEAP_START && ptr < HEAP_START + 112,
};
const walking: Options = { bound: 2, maxDepth: 6_000, maxSpin: 6_000 };

Deno.test("heap: headers tile memory while a block is split", async () => {
  assertHolds(await explore(heap, walked, walking));
});

Deno.test("heap: free() traps when a block is freed twice", async () => {
  const report = await explore(heap, doubled);
  assertFails(report, "trap");
});

/** One of those who allocate and free dies somewhere: it takes with it what it had in its hands, and nothing else. */
const dying: HeapScenario = {
  ...reuse,
  threads: [takesAndGives(16), takesTwoGivesOne(16)],
  kill: { thread: 0 },
  check(outcome) {
    if (outcome.killed.length === 0) return checkHeap(outcome, heldBy(outcome));
    const { wasm } = outcome;
    const owned = new Set(heldBy(outcome));
    for (let i = 0; i < 3; i++) {
      const ptr = wasm.allocate(16);
      assert(ptr !== 0 && !owned.has(ptr), "a block has two owners");
      owned.add(ptr);
    }
  },
};

Deno.test("heap: the others go on when a thread dies", async () => {
  assertHolds(await explore(heap, dying));
});

testMistakes("heap", ENTRY, [
  {
    when: "the tag is dropped",
    find: "((head >> 32) + 1) << 32",
    replace: "(head >> 32) << 32",
    model: reuse,
  },
  {
    when: "a freed block's link is written after the swap",
    find: `    store<u32>(block + BLOCK_HEADER, <u32>head);
    const seen = cas64(list, head, (head & 0xffffffff00000000) | <u64>block);
    if (seen == head) return;`,
    replace: `    const seen = cas64(list, head, (head & 0xffffffff00000000) | <u64>block);
    store<u32>(block + BLOCK_HEADER, <u32>head);
    if (seen == head) return;`,
    model: reuse,
  },
  {
    when: "a freed block's link is older than the swap",
    find: "    if (seen == head) return;\n    head = seen;\n",
    replace:
      "    if (seen == head) return;\n    if (cas64(list, seen, (seen & 0xffffffff00000000) | <u64>block) == seen) return;\n",
    model: pushed,
  },
  {
    when: "new blocks are cut without a swap",
    find: "const seen = cas64(HEAP_TOP, top, end);",
    replace: "const seen = load64(HEAP_TOP);\n    store<u64>(HEAP_TOP, end);",
    model: growth,
  },
  {
    when: "new blocks are cut beyond the end of memory",
    find: "if (end > <u64>memory.size() * PAGE_SIZE && !grow(end)) return 0;",
    replace: "",
    model: last,
  },
  {
    when: "a block that was split keeps its size",
    find: "    store<u32>(block + BLOCK_CLASS, index);\n    return block;",
    replace: "    return block;",
    model: split,
  },
  {
    when: "a block that is split shrinks before its rest has headers",
    find: "    let at = block + size;\n",
    replace: "    let at = block + size;\n    store<u32>(block + BLOCK_CLASS, index);\n",
    model: walked,
    options: walking,
  },
  {
    when: "a second free is not noticed",
    find: "  if (load<u32>(block + BLOCK_STATE) != BLOCK_LIVE) unreachable();\n",
    replace: "",
    model: doubled,
  },
]);

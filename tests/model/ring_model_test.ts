/** Models of `wasm/assembly/ring.ts`, but for waiting, which is in `channel_model_test.ts`. */
import { assert, assertEquals } from "../support/assert.ts";
import {
  CLOSED_PLAIN,
  RING_CLOSED,
  RING_HEAD,
  RING_IS_CLOSED,
  RING_OK,
  RING_SLOTS,
  RING_TAIL,
  RING_WOULD_BLOCK,
} from "../../src/memory/layout.ts";
import { buildModel } from "./build.ts";
import { assertLinearizable, type Specification } from "./linearizable.ts";
import { assertHolds, explore, type Options, type Scenario } from "./loom.ts";
import { testMistakes } from "./mistakes.ts";
import type { Operation } from "./types.ts";

const ENTRY = "tests/model/assembly/ring.ts";

interface Ring {
  heapInit(): void;
  allocate(byteLength: number): number;
  ringNew(capacity: number, wideBytes: number, kind: number, element: number): number;
  ringStamp(ring: number, stamp: number): void;
  ringHint(ring: number, head: number, tail: number): void;
  ringSend(ring: number, payload: number, self: number): number;
  ringReceive(ring: number, self: number): number;
  sendWide(ring: number, value: number, scratch: number): number;
  receiveWide(ring: number, scratch: number): number;
  sendThree(ring: number, first: number, scratch: number): number;
  receiveThree(ring: number, scratch: number): number;
  ringClose(ring: number, reason: number, self: number): number;
  ringSize(ring: number): number;
  ringCanReceive(ring: number): number;
  ringCanSend(ring: number): number;
}

/** Where the parts of a model lie: the ring, and room for three elements for each thread. */
interface State {
  readonly ring: number;
  readonly scratch: readonly number[];
}

const ring = await buildModel(ENTRY);

/** What a ring is to do. */
interface Queue {
  readonly values: readonly number[];
  readonly closed: boolean;
}

/** A bounded queue that can be closed. */
function sequential(capacity: number, values: readonly number[]): Specification<Queue> {
  return {
    initial: { values, closed: false },
    apply(queue, { name, input, output, end }) {
      const { values, closed } = queue;
      // One that never ended may have done whatever it could.
      const gives = (expected: number) => end === Infinity || output === expected;
      switch (name) {
        case "send": {
          const sent = { values: [...values, input as number], closed };
          if (closed) return gives(RING_IS_CLOSED) ? [queue] : [];
          if (values.length === capacity) return gives(RING_WOULD_BLOCK) ? [queue] : [];
          return gives(RING_OK) ? [sent] : [];
        }
        case "receive":
          if (values.length > 0) {
            return gives(values[0]!) ? [{ values: values.slice(1), closed }] : [];
          }
          return gives(closed ? -RING_IS_CLOSED : -RING_WOULD_BLOCK) ? [queue] : [];
        case "close":
          return gives(closed ? RING_IS_CLOSED : RING_OK) ? [{ values, closed: true }] : [];
        case "canReceive":
          return gives(closed || values.length > 0 ? 1 : 0) ? [queue] : [];
        case "canSend":
          return gives(closed || values.length < capacity ? 1 : 0) ? [queue] : [];
        default:
          return [];
      }
    },
  };
}

/** The state of a ring at the start of a model. */
interface Start {
  readonly capacity: number;
  readonly isWide?: boolean;
  /** Values in it: 1, 2, … */
  readonly filled?: number;
  /** Positions that have been used before. */
  readonly used?: number;
  /** Wrong hints: index of the head and of the tail. */
  readonly hints?: readonly [number, number];
  /** Thread that may die. */
  readonly mortal?: number;
  /** Not to be asked for its size meanwhile, which a mistake might make a walk without end. */
  readonly isUnmeasured?: boolean;
}

/**
 * Threads at a ring. A word for each: `s` sends, `r` receives, `c` closes, `z` asks for the size, `R` and `S` ask whether a
 * receive or a send can go on; `m` sends three values as a batch, and `M` receives up to three.
 *
 * The laps begin just before they wrap.
 */
function scenario(start: Start, ...scripts: readonly string[]): Scenario<Ring, State> {
  const { capacity, isWide = false, filled = 0, used = 0, hints, mortal, isUnmeasured } = start;
  const initial = Array.from({ length: filled }, (_, at) => at + 1);
  return {
    name: `capacity ${capacity}${isWide ? ", wide" : ""}${filled ? `, ${filled} in it` : ""}${
      hints ? `, hints ${hints}` : ""
    }: ${scripts.join(" | ")}`,
    setup(wasm) {
      wasm.heapInit();
      const scratch = [...scripts, ""].map(() => wasm.allocate(24));
      const ring = wasm.ringNew(capacity, isWide ? 8 : 0, 0, 0);
      wasm.ringStamp(ring, 0xfffffff8);
      const own = scratch.at(-1)!;
      const send = (value: number) =>
        isWide ? wasm.sendWide(ring, value, own) : wasm.ringSend(ring, value, own);
      for (let i = 0; i < used; i++) {
        send(1);
        if (isWide) wasm.receiveWide(ring, own);
        else wasm.ringReceive(ring, own);
      }
      initial.forEach(send);
      if (hints) wasm.ringHint(ring, ...hints);
      return { ring, scratch };
    },
    threads: scripts.map((script, id) => async ({ wasm, record }, { ring, scratch }) => {
      const own = scratch[id]!;
      const outputs: number[] = [];
      for (const [at, step] of [...script].entries()) {
        const value = 30 * (id + 1) + 3 * at;
        outputs.push(
          await (step === "s"
            ? record(
              "send",
              value,
              () => isWide ? wasm.sendWide(ring, value, own) : wasm.ringSend(ring, value, own),
            )
            : step === "r"
            ? record(
              "receive",
              null,
              () => isWide ? wasm.receiveWide(ring, own) : wasm.ringReceive(ring, own),
            )
            : step === "m"
            ? record("sendMany", value, () => wasm.sendThree(ring, value, own))
            : step === "M"
            ? record("receiveMany", null, () => wasm.receiveThree(ring, own))
            : step === "c"
            ? record("close", null, () => wasm.ringClose(ring, CLOSED_PLAIN, own))
            : step === "R"
            ? record("canReceive", null, () => wasm.ringCanReceive(ring))
            : step === "S"
            ? record("canSend", null, () => wasm.ringCanSend(ring))
            : wasm.ringSize(ring)),
        );
      }
      return outputs;
    }),
    // The hints, the payload of a wide element, whose stale value is discarded, and what a batch does between its ends.
    racy: (ptr, { ring }) =>
      ptr === ring + RING_HEAD || ptr === ring + RING_TAIL ||
      /[mM]/.test(scripts.join()) && ptr >= ring + RING_SLOTS ||
      isWide && ptr >= ring + RING_SLOTS && ptr % 16 === (ring + RING_SLOTS + 8) % 16,
    label(ptr, { ring }) {
      if (ptr === ring + RING_CLOSED) return "closed";
      if (ptr === ring + RING_HEAD) return "head";
      if (ptr === ring + RING_TAIL) return "tail";
      if (ptr < ring + RING_SLOTS) return undefined;
      return `slot ${Math.floor((ptr - ring - RING_SLOTS) / (isWide ? 16 : 8))}`;
    },
    ...mortal !== undefined && { kill: { thread: mortal } },
    ...!isUnmeasured && {
      invariant: ({ wasm, state }) => wasm.ringSize(state.ring) >>> 0 <= capacity,
    },
    check({ wasm, words, state, results, history }) {
      const { ring, scratch } = state;
      const own = scratch.at(-1)!;
      // What is still in it, and how it ends.
      const drained: number[] = [];
      const left = wasm.ringSize(ring);
      let last: number;
      do {
        last = isWide ? wasm.receiveWide(ring, own) : wasm.ringReceive(ring, own);
        if (last >= 0) drained.push(last);
      } while (last >= 0);
      assertEquals(drained.length, left, "ringSize() is exact when nobody else is at it");
      const isClosed = words[(ring + RING_CLOSED) >>> 2] !== 0;
      if (mortal === undefined) assertEquals(isClosed, scripts.join().includes("c"));
      assertEquals(last, isClosed ? -RING_IS_CLOSED : -RING_WOULD_BLOCK);
      for (const [id, script] of scripts.entries()) {
        for (const [at, step] of [...script].entries()) {
          if (step !== "z" || results[id] === undefined) continue;
          const outputs = results[id] as number[];
          const size = outputs[at]!;
          assert(size >>> 0 <= capacity);
          const hasClosed = script[at - 1] === "c" && outputs[at - 1] === RING_OK;
          if (hasClosed) assert(size >= left, "a value entered after close()");
        }
      }
      // The one that found nothing, too: so nothing has been lost.
      const after = [...drained, last].map((output, index) => ({
        ...{ thread: -1, index, name: "receive", input: null, output },
        ...{ begin: 1e6 + index, end: 1e6 + index },
      }));
      assertLinearizable([...history.flatMap(oneByOne), ...after], sequential(capacity, initial));
    },
  };
}
/** A batch as the operations that it stands for: each value by itself, in order, and how it ended if not all went. */
function oneByOne(operation: Operation): Operation[] {
  const { name, index, input, output, end } = operation;
  const parts = (each: readonly Partial<Operation>[]) =>
    each.map((part, at) => ({ ...operation, index: 10 * index + at, ...part }));
  if (name === "sendMany") {
    const first = input as number;
    const values = [first, first + 1, first + 2];
    if (end === Infinity) return parts(values.map((input) => ({ name: "send", input })));
    const sent = Math.max(output as number, 0);
    // A code is that of the first; after some were sent, nothing is said of the rest.
    return parts([
      ...values.slice(0, sent).map((input) => ({ name: "send", input, output: RING_OK })),
      ...(sent === 0 ? [{ name: "send", input: first, output: -(output as number) }] : []),
    ]);
  }
  if (name === "receiveMany") {
    const all = output as number;
    if (end === Infinity) return parts([0, 1, 2].map(() => ({ name: "receive" })));
    if (all < 0) return parts([{ name: "receive" }]);
    const received = Array.from({ length: all >>> 24 }, (_, at) => (all >>> (8 * at)) & 255);
    return parts(received.map((output) => ({ name: "receive", output })));
  }
  return parts([{}]);
}

type RingScenario = ReturnType<typeof scenario>;

async function assertLinear(model: RingScenario, options: Options = {}): Promise<void> {
  const report = await explore(ring, model, options);
  assertHolds(report);
  if (options.bound === undefined) assert(report.exhaustive, model.name);
}

/** Rings of each capacity: empty, or with something in it and at another place. */
const starts: readonly Start[] = [
  { capacity: 1 },
  { capacity: 2, filled: 1 },
  { capacity: 3, filled: 2, used: 2 },
];
const wide = starts.map((start): Start => ({ ...start, isWide: true }));

Deno.test("ring: it is a queue when one sends and one receives", async () => {
  for (const start of [...starts, ...wide]) await assertLinear(scenario(start, "ss", "rr"));
});

Deno.test("ring: it is a queue when several send or several receive", async () => {
  for (const start of starts) {
    const options = start.capacity === 2 ? {} : { bound: 3 };
    await assertLinear(scenario(start, "s", "s", "rr"), options);
    await assertLinear(scenario(start, "ss", "r", "r"), options);
    await assertLinear(scenario(start, "s", "s", "r", "r"), { bound: 2 });
  }
});

Deno.test("ring: it is a queue when several send or receive wide elements", async () => {
  for (const start of wide) {
    await assertLinear(scenario(start, "s", "s", "rr"), { bound: 2 });
    await assertLinear(scenario(start, "ss", "r", "r"), { bound: 2 });
    await assertLinear(scenario(start, "s", "s", "r", "r"), { bound: 1 });
  }
});

Deno.test("ring: nothing enters once it is closed, and nothing is lost that did", async () => {
  for (const start of starts) {
    await assertLinear(scenario(start, "s", "r", "c"));
    await assertLinear(scenario(start, "s", "cz", "c"));
    await assertLinear(scenario(start, "ss", "rr", "c"), { bound: 3 });
    await assertLinear(scenario(start, "s", "s", "r", "c"), { bound: 2 });
  }
  for (const start of wide) {
    await assertLinear(scenario(start, "s", "r", "c"), { bound: 3 });
    await assertLinear(scenario(start, "ss", "rr", "c"), { bound: 2 });
  }
});

Deno.test("ring: no value of a hint does harm", async () => {
  for (const capacity of [2, 3]) {
    for (let filled = 0; filled <= capacity; filled++) {
      for (let hints = 0; hints < capacity ** 2; hints++) {
        const start: Start = {
          ...{ capacity, filled, used: 1 },
          hints: [hints % capacity, Math.floor(hints / capacity)],
        };
        await assertLinear(scenario(start, "ss", "rr"), { bound: 2 });
        await assertLinear(scenario(start, "s", "r", "c"), { bound: 1 });
      }
    }
  }
});

Deno.test("ring: its size and readiness are right when others send, receive and close", async () => {
  for (const start of starts) {
    await assertLinear(scenario(start, "z", "s", "r"));
    await assertLinear(scenario(start, "RS", "s", "r"));
    await assertLinear(scenario(start, "RS", "s", "c"));
    await assertLinear(scenario({ ...start, isWide: true }, "RS", "s", "r"), { bound: 3 });
  }
  // Busy enough that it cannot be told exactly.
  await assertLinear(scenario({ capacity: 1 }, "z", "srsrsrsrsr"), { bound: 3 });
});

Deno.test("ring: it stays a queue when a thread dies", async () => {
  for (const start of [...starts, ...wide]) {
    for (const mortal of [0, 1, 2]) {
      await assertLinear(scenario({ ...start, mortal }, "s", "r", "c"), { bound: 2 });
    }
  }
});

/** Batches fit, are cut by the end of the ring, or by what is in it. */
const batchStarts: readonly Start[] = [
  { capacity: 3 },
  { capacity: 3, used: 1, filled: 3 },
  { capacity: 4, used: 3, filled: 2 },
  { capacity: 5, filled: 2, hints: [2, 3] },
];

Deno.test("ring: batches are sends and receives one after the other", async () => {
  for (const narrow of batchStarts) {
    for (const start of [narrow, { ...narrow, isWide: true }]) {
      await assertLinear(scenario(start, "m", "M"), { bound: 3 });
      await assertLinear(scenario(start, "mM", "rs"), { bound: 2 });
      await assertLinear(scenario(start, "m", "s", "rr"), { bound: 2 });
      await assertLinear(scenario(start, "M", "r", "ss"), { bound: 2 });
      await assertLinear(scenario(start, "m", "m", "M"), { bound: 1 });
      await assertLinear(scenario(start, "M", "M", "m"), { bound: 1 });
      await assertLinear(scenario(start, "m", "rr", "c"), { bound: 2 });
      await assertLinear(scenario(start, "m", "M", "RS"), { bound: 1 });
    }
  }
});

Deno.test("ring: it stays a queue when a thread dies at a batch", async () => {
  for (const start of batchStarts) {
    for (const mortal of [0, 1]) {
      await assertLinear(scenario({ ...start, mortal }, "m", "M", "sr"), { bound: 1 });
    }
  }
});

const full = scenario({ capacity: 1, filled: 1 }, "s", "r", "c");
const open = scenario({ capacity: 2 }, "s", "r", "c");
/** Somebody sends while a batch is being filled, beginning to look at this index. */
const batchSent = (from: number) => scenario({ capacity: 4, hints: [0, from] }, "m", "s", "rr");
/** Somebody receives while a batch is being emptied, beginning to look at this index. */
const batchTaken = (from: number) =>
  scenario({ capacity: 4, filled: 4, hints: [from, 0] }, "M", "r", "s");
/** The hints lie behind, where the laps have wrapped. */
const hinted = scenario({ capacity: 2, used: 1, hints: [0, 0] }, "ss", "rr");

testMistakes("ring", ENTRY, [
  {
    when: "a sender reads the closed flag before the slot",
    find: `    const word = load64(slot);
    const lap = tailLap(before, index);
    const ahead = <i32>(stampOf(word) - lap);
    if (ahead == EMPTY && (before & LINKED) == 0) {
      if (load32(ring + RING_CLOSED) != 0) return CLOSED;`,
    replace: `    const isClosed = load32(ring + RING_CLOSED) != 0;
    const word = load64(slot);
    const lap = tailLap(before, index);
    const ahead = <i32>(stampOf(word) - lap);
    if (ahead == EMPTY && (before & LINKED) == 0) {
      if (isClosed) return CLOSED;`,
    model: full,
  },
  {
    when: "a sender does not look at the closed flag",
    find: "if (load32(ring + RING_CLOSED) != 0) return CLOSED;\n      if (isMany)",
    replace: "if (isMany)",
    model: full,
  },
  {
    when: "a sender reads the slot before the one that precedes it",
    find: `    const before = isKnown
      ? known
      : upperOf(load64(slots + <usize>(index == 0 ? capacity - 1 : index - 1) * stride));
    isKnown = false;
    const slot = slots + <usize>index * stride;
    const word = load64(slot);
    const lap = tailLap(before, index);`,
    replace: `    const slot = slots + <usize>index * stride;
    const word = load64(slot);
    const before = isKnown
      ? known
      : upperOf(load64(slots + <usize>(index == 0 ? capacity - 1 : index - 1) * stride));
    isKnown = false;
    const lap = tailLap(before, index);`,
    model: scenario({ capacity: 2, filled: 1, used: 1, hints: [1, 1] }, "s", "rs"),
  },
  {
    when: "a receiver reads the slot before the one that precedes it",
    find: `    const before = isKnown
      ? known
      : upperOf(load64(slots + <usize>(index == 0 ? capacity - 1 : index - 1) * stride));
    isKnown = false;
    const slot = slots + <usize>index * stride;
    const word = load64(slot);
    const lap = headLap(before, index);`,
    replace: `    const slot = slots + <usize>index * stride;
    const word = load64(slot);
    const before = isKnown
      ? known
      : upperOf(load64(slots + <usize>(index == 0 ? capacity - 1 : index - 1) * stride));
    isKnown = false;
    const lap = headLap(before, index);`,
    model: scenario({ capacity: 2, filled: 1, hints: [1, 1] }, "r", "sr"),
  },
  {
    when: "close() does not seal the tail",
    find: "if (ahead == EMPTY && cas64(slot, word, wordOf(empty + SEALED, 0)) == word) break;",
    replace: "if (ahead == EMPTY) break;",
    model: scenario({ capacity: 1 }, "s", "cz"),
  },
  {
    when: "close() seals the tail before it sets the flag",
    find: `  if (cas32(ring + RING_CLOSED, 0, reason) != 0) return RING_IS_CLOSED;
  const slots = ring + RING_SLOTS;
  const stride = load<u32>(ring + RING_STRIDE);
  for (;;) {
    const position = tailPosition(ring);
    const empty = stampOf(position);
    const slot = slots + <usize>(<u32>position) * stride;
    const word = load64(slot);
    const ahead = <i32>(stampOf(word) - empty);
    // Sealed by a receiver; or full, and then producers find the flag.
    if (ahead == SEALED || ahead < 0) break;
    if (ahead == EMPTY && cas64(slot, word, wordOf(empty + SEALED, 0)) == word) break;
  }
`,
    replace: `  const slots = ring + RING_SLOTS;
  const stride = load<u32>(ring + RING_STRIDE);
  for (;;) {
    const position = tailPosition(ring);
    const empty = stampOf(position);
    const slot = slots + <usize>(<u32>position) * stride;
    const word = load64(slot);
    const ahead = <i32>(stampOf(word) - empty);
    // Sealed by a receiver; or full, and then producers find the flag.
    if (ahead == SEALED || ahead < 0) break;
    if (ahead == EMPTY && cas64(slot, word, wordOf(empty + SEALED, 0)) == word) break;
  }
  if (cas32(ring + RING_CLOSED, 0, reason) != 0) return RING_IS_CLOSED;
`,
    model: scenario({ capacity: 1, filled: 1 }, "s", "r", "cz"),
  },
  {
    when: "a receiver takes the flag for the end without sealing the tail",
    find:
      "      if (cas64(slot, word, wordOf(lap + SEALED, 0)) == word) return -<f64>RING_IS_CLOSED;",
    replace: "      return -<f64>RING_IS_CLOSED;",
    model: open,
  },
  {
    when: "a wide element is read after the swap",
    find:
      "          if (isMany && !isWide) store<u32>(into, payload); // Plain: the caller's own memory.\n",
    replace: "          if (isWide) copy(into, slot + 8, stride);\n",
    model: scenario({ capacity: 1, isWide: true, filled: 1 }, "s", "r"),
  },
  {
    when: "a wide element is written after its slot is FULL",
    find: `          copy(slot + 8, from, stride);
          store64(slot, wordOf(lap + FULL, 0));`,
    replace: `          store64(slot, wordOf(lap + FULL, 0));
          copy(slot + 8, from, stride);`,
    model: scenario({ capacity: 2, isWide: true }, "ss", "rr"),
  },
  {
    when: "a receiver takes a wide element that is being written for none",
    find: `} else if (ahead == BUSY && (before & LINKED) == 0) {
      round = relax(slot + 4, upperOf(word), round);`,
    replace: `} else if (ahead == BUSY && (before & LINKED) == 0) {
      return -<f64>RING_WOULD_BLOCK;`,
    model: scenario({ capacity: 2, isWide: true }, "s", "Rr"),
  },
  {
    when: "laps are not compared by their difference",
    find: `    const lap = tailLap(before, index);
    const ahead = <i32>(stampOf(word) - lap);`,
    replace: `    const lap = tailLap(before, index);
    const ahead = stampOf(word) < lap ? -1 : <i32>(stampOf(word) - lap);`,
    model: hinted,
  },
  {
    when: "a sender believes the hint",
    find: `      known = lap + FULL;
      isKnown = true;
    } else {
      index = index + 1 == capacity ? 0 : index + 1;
    }
  }
  index += count;`,
    replace: `      known = lap + FULL;
      isKnown = true;
    } else {
      return NOTHING;
    }
  }
  index += count;`,
    model: hinted,
  },
  {
    when: "the size is not kept within its bounds",
    find: `    if (tailPosition(ring) == tail) break;
  }
  return <u32>max<i64>(0, min<i64>(size, capacity));`,
    replace: `    break;
  }
  return <u32>size;`,
    model: scenario({ capacity: 1 }, "z", "sr"),
  },
  {
    when: "a sender takes the middle of a batch for the tail",
    find:
      "if (ahead == EMPTY && (before & LINKED) == 0) {\n      if (load32(ring + RING_CLOSED) != 0) return CLOSED;",
    replace: "if (ahead == EMPTY) {\n      if (load32(ring + RING_CLOSED) != 0) return CLOSED;",
    model: batchSent(1),
    options: { bound: 2 },
  },
  {
    when: "a receiver takes the middle of a batch for the head",
    find: "if (ahead == FULL && (before & LINKED) == 0) {",
    replace: "if (ahead == FULL) {",
    model: batchTaken(2),
    options: { bound: 3 },
  },
  {
    when: "the elements of a batch that is being filled are not linked",
    find: "store<u64>(slot + i * 8, wordOf(full | LINKED, load<u32>(from + i * 4)));",
    replace: "store<u64>(slot + i * 8, wordOf(full, load<u32>(from + i * 4)));",
    model: batchSent(2),
    options: { bound: 3 },
  },
  {
    when: "the elements of a batch that is being emptied are not linked",
    find: `    store<u32>(into + i * 4, load<u32>(slot + i * 8));
    store<u64>(slot + i * 8, wordOf(empty | LINKED, 0));`,
    replace: `    store<u32>(into + i * 4, load<u32>(slot + i * 8));
    store<u64>(slot + i * 8, wordOf(empty, 0));`,
    model: batchTaken(2),
    options: { bound: 3 },
  },
  {
    when: "the first of a batch is given out before the last is filled",
    find: `    store64(slot + last * 8, wordOf(full, load<u32>(from + last * 4)));
    store64(slot, wordOf(full | LINKED, load<u32>(from)));`,
    replace: `    store64(slot, wordOf(full | LINKED, load<u32>(from)));
    store64(slot + last * 8, wordOf(full, load<u32>(from + last * 4)));`,
    model: scenario({ capacity: 3, isUnmeasured: true }, "m", "rrs"),
    options: { bound: 2 },
  },
  {
    when: "the first of a batch is given back before the last is emptied",
    find: `    store64(slot + last * 8, wordOf(empty, 0));
  }
  store64(slot, wordOf(empty | LINKED, 0));`,
    replace: `    store64(slot, wordOf(empty | LINKED, 0));
    store64(slot + last * 8, wordOf(empty, 0));
  }`,
    model: scenario({ capacity: 2, filled: 2, isUnmeasured: true }, "M", "ssr"),
    options: { bound: 3 },
  },
  {
    when: "a batch goes on over the end of the ring",
    find: "count = countOf(slot, stride, lap, min(limit, capacity - index));",
    replace: "count = countOf(slot, stride, lap, limit);",
    model: scenario({ capacity: 3, used: 4, isUnmeasured: true }, "m"),
  },
  {
    when: "who jumps over a batch that is being filled lands short of its end",
    find: `      // A batch is at work here: the tail is behind it, or later.
      index += <u32>word & ~TAKEN;`,
    replace: "      index += (<u32>word & ~TAKEN) - 1;",
    model: batchSent(0),
    options: { bound: 2 },
  },
  {
    when: "who jumps over a batch that is being emptied lands short of its end",
    find: `      // A batch is being taken here: the head is behind it, or later.
      index += <u32>word & ~TAKEN;`,
    replace: "      index += (<u32>word & ~TAKEN) - 1;",
    model: batchTaken(0),
    options: { bound: 2 },
  },
  {
    when: "a receiver takes a batch that is being filled for one that is being emptied",
    find: "} else if (ahead == BUSY && (<u32>word & TAKEN) != 0) {",
    replace: "} else if (ahead == BUSY && (upperOf(word) & LINKED) != 0) {",
    model: batchSent(0),
    options: { bound: 2 },
  },
  {
    when: "close() seals the middle of a batch",
    find: "if (ahead < <i32>BUSY && (before & LINKED) == 0) break;",
    replace: "if (ahead < <i32>BUSY) break;",
    model: scenario({ capacity: 4, hints: [0, 1] }, "m", "cz", "s"),
    options: { bound: 3 },
  },
  {
    when: "a sender takes a slot that is being emptied for a full one",
    find: "      round = relax(slot + 4, upperOf(word), round);\n    } else if (ahead < 0) {",
    replace: "      return NOTHING;\n    } else if (ahead < 0) {",
    model: scenario({ capacity: 3, filled: 3 }, "M", "rs"),
    options: { bound: 2 },
  },
]);

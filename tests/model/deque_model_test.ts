/** Models of `wasm/assembly/deque.ts`. */
import { assert, assertEquals } from "../support/assert.ts";
import {
  BUFFER_ELEMENTS,
  DEQUE_BOTTOM,
  DEQUE_BUFFER,
  DEQUE_RETRY,
  DEQUE_TOP,
  HEAP_TOP,
} from "../../src/memory/layout.ts";
import { buildModel } from "./build.ts";
import { assertLinearizable, type Specification } from "./linearizable.ts";
import { assertHolds, explore, type Scenario, type VirtualThread } from "./loom.ts";
import { testMistakes } from "./mistakes.ts";

const ENTRY = "tests/model/assembly/deque.ts";

interface Deque {
  heapInit(): void;
  dequeNew(count: number, index: bigint): number;
  dequeAdd(deque: number, element: number): number;
  dequePop(deque: number): number;
  dequeSteal(deque: number): number;
  dequeSize(deque: number): number;
}

interface State {
  readonly deque: number;
  readonly elements: readonly number[];
  /** The first buffer, and where a larger one will lie. */
  readonly buffers: readonly number[];
}
type Body = (thread: VirtualThread<Deque>, state: State) => Promise<number[]>;
type DequeScenario = Scenario<Deque, State>;

const deque = await buildModel(ENTRY);

/** Elements that are pushed, in this order. */
const ELEMENTS = [16, 32, 48, 64, 80];

/** The owner pushes (`+`) and pops (`-`). */
function owner(steps: string): Body {
  return async ({ wasm, record }, { deque, elements }) => {
    const popped: number[] = [];
    let next = elements.length;
    for (const step of steps) {
      if (step === "+") {
        const element = ELEMENTS[next++]!;
        await record("push", element, () => wasm.dequeAdd(deque, element));
      } else {
        popped.push(await record("pop", null, () => wasm.dequePop(deque)));
      }
    }
    return popped;
  };
}

/** A thief steals, so often. */
function thief(times: number): Body {
  return async ({ wasm, record }, { deque }) => {
    const stolen: number[] = [];
    for (let i = 0; i < times; i++) {
      stolen.push(await record("steal", null, () => wasm.dequeSteal(deque)));
    }
    return stolen;
  };
}

/** A double-ended queue; a lost race may have any reason. */
const sequential: Specification<readonly number[]> = {
  initial: [],
  apply(state, { name, input, output }) {
    if (name === "push") return [[...state, input as number]];
    if (name === "steal" && output === DEQUE_RETRY) return [state];
    const at = name === "steal" ? 0 : -1;
    if (output !== (state.at(at) ?? 0)) return [];
    return [name === "steal" ? state.slice(1) : state.slice(0, -1)];
  },
};

/** A deque that has `filled` elements at first and a buffer of `count`, used by these threads. */
function scenario(
  threads: readonly Body[],
  { filled = 1, count = 4, index = 0 } = {},
): DequeScenario {
  return {
    name: "deque",
    setup(wasm, words) {
      wasm.heapInit();
      const deque = wasm.dequeNew(count, BigInt(index));
      const elements = ELEMENTS.slice(0, filled);
      for (const element of elements) wasm.dequeAdd(deque, element);
      const buffers = [words[(deque + DEQUE_BUFFER) >>> 2]!, words[HEAP_TOP >>> 2]! + 8];
      return { deque, elements, buffers };
    },
    threads,
    // A thief may read an element that is being replaced, see `dequePush`.
    racy: (ptr, { buffers }) =>
      buffers.some((buffer, older) =>
        ptr >= buffer + BUFFER_ELEMENTS && ptr < buffer + BUFFER_ELEMENTS + (4 * count << older)
      ),
    label(ptr, { deque }) {
      if (ptr === deque + DEQUE_TOP) return "top";
      if (ptr === deque + DEQUE_BOTTOM) return "bottom";
      return ptr === deque + DEQUE_BUFFER ? "buffer" : undefined;
    },
    check({ wasm, state, results, history }) {
      const taken = (results as number[][]).flat().filter((element) => element > DEQUE_RETRY);
      const left = wasm.dequeSize(state.deque);
      for (let i = 0; i < left; i++) taken.push(wasm.dequePop(state.deque));
      assertEquals(wasm.dequePop(state.deque), 0);
      const pushes = history.filter(({ name }) => name === "push").length;
      assertEquals(
        taken.toSorted((a, b) => a - b),
        ELEMENTS.slice(0, state.elements.length + pushes),
      );
      assertLinearizable(history, { ...sequential, initial: state.elements });
    },
  };
}

async function assertExhaustive(model: DequeScenario): Promise<void> {
  const report = await explore(deque, model);
  assertHolds(report);
  assert(report.exhaustive);
}

/** The owner and two thieves want the one element. */
const last = scenario([owner("-"), thief(1), thief(1)]);
/** The owner empties the deque, or fills it meanwhile. */
const emptied = scenario([owner("--"), thief(2)], { filled: 2 });
const refilled = scenario([owner("-+-"), thief(2)]);
const filled = scenario([owner("+-+"), thief(2)], { filled: 0, index: 3 });
/** The owner outgrows the buffer, whose first index is not 0. */
const grown = scenario([owner("++-"), thief(2)], { filled: 2, count: 2, index: 1 });

Deno.test("deque: each element is taken once when it is the last", async () => {
  await assertExhaustive(last);
  await assertExhaustive(scenario([owner("--"), thief(2), thief(1)], { filled: 2 }));
});

Deno.test("deque: it is linearizable when the owner pushes and pops beside thieves", async () => {
  for (const model of [emptied, refilled, filled]) await assertExhaustive(model);
  await assertExhaustive(scenario([owner("+-+"), thief(2), thief(1)]));
});

Deno.test("deque: thieves lose nothing when the owner outgrows the buffer", async () => {
  await assertExhaustive(grown);
  await assertExhaustive(scenario([owner("+++--"), thief(2)], { filled: 1, count: 2 }));
  await assertExhaustive(
    scenario([owner("+-"), thief(1), thief(1)], { filled: 2, count: 2, index: 1 }),
  );
});

testMistakes("deque", ENTRY, [
  {
    when: "the bottom is stored before the element",
    find: `  store<u32>(elementPtr(load<u32>(deque + DEQUE_BUFFER), bottom), element);
  store64(deque + DEQUE_BOTTOM, bottom + 1);`,
    replace: `  store64(deque + DEQUE_BOTTOM, bottom + 1);
  store<u32>(elementPtr(load<u32>(deque + DEQUE_BUFFER), bottom), element);`,
    model: filled,
  },
  {
    when: "the owner reads the top before it stores the lowered bottom",
    find: `  store64(deque + DEQUE_BOTTOM, bottom);
  const top = <i64>load64(deque + DEQUE_TOP);`,
    replace: `  const top = <i64>load64(deque + DEQUE_TOP);
  store64(deque + DEQUE_BOTTOM, bottom);`,
    model: emptied,
  },
  {
    when: "the owner takes the last element without a swap",
    find: "const won = cas64(deque + DEQUE_TOP, top, top + 1) == top;",
    replace: "const won = true; store64(deque + DEQUE_TOP, top + 1);",
    model: last,
  },
  {
    when: "the owner leaves the bottom lowered when a thief was faster",
    find: `  if (bottom < top) {
    store64(deque + DEQUE_BOTTOM, bottom + 1);
    return 0;`,
    replace: `  if (bottom < top) {
    return 0;`,
    model: refilled,
  },
  {
    when: "the thief reads the bottom before the top",
    find: `  const top = <i64>load64(deque + DEQUE_TOP);
  const bottom = <i64>load64(deque + DEQUE_BOTTOM);
  if (top >= bottom) return 0;`,
    replace: `  const bottom = <i64>load64(deque + DEQUE_BOTTOM);
  const top = <i64>load64(deque + DEQUE_TOP);
  if (top >= bottom) return 0;`,
    model: emptied,
  },
  {
    when: "the thief reads the element after the swap",
    find: `  const element = load<u32>(elementPtr(load32(deque + DEQUE_BUFFER), top));
  return cas64(deque + DEQUE_TOP, top, top + 1) == top ? element : DEQUE_RETRY;`,
    replace: `  if (cas64(deque + DEQUE_TOP, top, top + 1) != top) return DEQUE_RETRY;
  return load<u32>(elementPtr(load32(deque + DEQUE_BUFFER), top));`,
    model: scenario([owner("++"), thief(1)], { filled: 1, count: 2 }),
  },
  {
    when: "the larger buffer is published before it is filled",
    find: `  for (let index = top; index < bottom; index++) {
    store<u32>(elementPtr(larger, index), load<u32>(elementPtr(buffer, index)));
  }
  store32(deque + DEQUE_BUFFER, <u32>larger);`,
    replace: `  store32(deque + DEQUE_BUFFER, <u32>larger);
  for (let index = top; index < bottom; index++) {
    store<u32>(elementPtr(larger, index), load<u32>(elementPtr(buffer, index)));
  }`,
    model: grown,
  },
  {
    when: "the smaller buffer is freed when it is replaced",
    find: "  store32(deque + DEQUE_BUFFER, <u32>larger);",
    replace: "  store32(deque + DEQUE_BUFFER, <u32>larger);\n  free(buffer);",
    model: grown,
  },
]);

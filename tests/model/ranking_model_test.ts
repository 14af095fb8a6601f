/** Models of `wasm/assembly/ranking.ts`, as the scheduler uses it: who submits, takes, and takes a certain task. */
import { assert, assertEquals } from "../support/assert.ts";
import {
  POOL_COUNT,
  POOL_LOCK,
  POOL_RANKED,
  POOL_RANKED_COUNT,
  POOL_RANKED_SEQUENCE,
  RANKED_CAPACITY,
  RANKED_ENTRY_SIZE,
  RANKED_SEQUENCE,
  RANKED_TASK,
  RANKED_WEIGHT,
  TASK_PLACE,
  WORKER_TAKEN,
} from "../../src/memory/layout.ts";
import { buildModel } from "./build.ts";
import { assertLinearizable, type Specification } from "./linearizable.ts";
import {
  assertHolds,
  explore,
  type Operation,
  type Options,
  type Outcome,
  type Scenario,
  type Snapshot,
  type VirtualThread,
} from "./loom.ts";
import { testMistakes } from "./mistakes.ts";

const ENTRY = "tests/model/assembly/ranking.ts";

interface Ranked {
  heapInit(): void;
  allocate(byteLength: number): number;
  rankedPoolNew(capacity: number, sequence: number): number;
  weightyNew(weight: number): number;
  workerNew(seed: number): number;
  workerSubmit(pool: number, worker: number, task: number): void;
  workerTake(pool: number, worker: number): number;
  workerTakeToward(pool: number, worker: number, wanted: number): number;
}

interface State {
  readonly pool: number;
  /** One for each thread, and one for who empties the pool at the end. None is in the table: nobody steals. */
  readonly workers: readonly number[];
  readonly tasks: readonly number[];
  /** How many tasks are in the queue at first: those from 0 on. */
  readonly filled: number;
  /** Their weights, by numbers. */
  readonly weights: readonly number[];
}
type Thread = VirtualThread<Ranked>;
type RankedScenario = Scenario<Ranked, State>;
type Step = (thread: Thread, state: State) => Promise<unknown>;

const core = await buildModel(ENTRY);

// ---- Threads -------------------------------------------------------------------------------------------------

/** Submits task `number`. */
function push(number: number): Step {
  return ({ wasm, id, record }, { pool, workers, tasks }) =>
    record("push", number, () => wasm.workerSubmit(pool, workers[id]!, tasks[number]!));
}

/** Takes the foremost task. */
const take: Step = ({ wasm, id, record }, { pool, workers, tasks }) =>
  record("take", null, async () => tasks.indexOf(await wasm.workerTake(pool, workers[id]!)));

/** Takes task `number`, or what overflowed. */
function toward(number: number): Step {
  return ({ wasm, id, record }, { pool, workers, tasks }) =>
    record("toward", number, async () => {
      const task = await wasm.workerTakeToward(pool, workers[id]!, tasks[number]!);
      return tasks.indexOf(task);
    });
}

/** Does one after the other. */
function does(...steps: readonly Step[]) {
  return async (thread: Thread, state: State): Promise<void> => {
    for (const step of steps) await step(thread, state);
  };
}

// ---- Specification -------------------------------------------------------------------------------------------

/** What waits: in the heap, the foremost first, and what found no room there. */
interface Waiting {
  readonly heap: readonly number[];
  readonly overflow: readonly number[];
}

/** A priority queue, beside a queue that goes before it. What is -1 is no task. */
function sequential(
  weights: readonly number[],
  filled: number,
  mayOverflow: boolean,
): Specification<Waiting> {
  const insert = (heap: readonly number[], task: number): number[] => {
    const at = heap.findIndex((other) => weights[other]! < weights[task]!);
    return heap.toSpliced(at < 0 ? heap.length : at, 0, task);
  };
  let heap: readonly number[] = [];
  for (let task = 0; task < filled; task++) heap = insert(heap, task);
  return {
    initial: { heap, overflow: [] },
    apply(state, { name, input, output, end }) {
      const { heap, overflow } = state;
      if (name === "push") {
        const task = input as number;
        const inHeap = { heap: insert(heap, task), overflow };
        return mayOverflow ? [inHeap, { heap, overflow: [...overflow, task] }] : [inHeap];
      }
      const isWanted = name === "toward" && heap.includes(input as number);
      let task = isWanted ? input as number : overflow[0] ?? -1;
      if (task < 0 && name === "take") task = heap[0] ?? -1;
      if (end !== Infinity && output !== task) return [];
      const without = (list: readonly number[]) => list.filter((other) => other !== task);
      return [{ heap: without(heap), overflow: without(overflow) }];
    },
  };
}

// ---- Invariants ----------------------------------------------------------------------------------------------

/** Reads the queue's words. */
class Heap {
  readonly #words: Int32Array;
  readonly #state: State;
  readonly #heap: number;

  constructor({ words, state }: Snapshot<Ranked, State>) {
    this.#words = words;
    this.#state = state;
    this.#heap = this.#word(state.pool + POOL_RANKED);
  }

  #word(ptr: number): number {
    return this.#words[ptr >>> 2]!;
  }

  /** Reports whether a thread is changing it. */
  get isLocked(): boolean {
    return this.#word(this.#state.pool + POOL_LOCK) !== 0;
  }

  get count(): number {
    return this.#word(this.#state.pool + POOL_RANKED_COUNT);
  }

  get capacity(): number {
    return this.#heap === 0 ? 0 : this.#word(this.#heap + RANKED_CAPACITY);
  }

  taskAt(index: number): number {
    return this.#word(this.#heap + index * RANKED_ENTRY_SIZE + RANKED_TASK);
  }

  /** Reports whether entry `index` comes before entry `other`. */
  isBefore(index: number, other: number): boolean {
    const [weight, otherWeight] = [this.#weightAt(index), this.#weightAt(other)];
    if (weight !== otherWeight) return weight > otherWeight;
    return ((this.#sequenceAt(index) - this.#sequenceAt(other)) | 0) < 0;
  }

  #weightAt(index: number): number {
    const ptr = this.#heap + index * RANKED_ENTRY_SIZE + RANKED_WEIGHT;
    return new Float64Array(this.#words.buffer, ptr, 1)[0]!;
  }

  #sequenceAt(index: number): number {
    return this.#word(this.#heap + index * RANKED_ENTRY_SIZE + RANKED_SEQUENCE);
  }

  placeOf(task: number): number {
    return this.#word(task + TASK_PLACE);
  }
}

/** I1, I2 and I3 of `ranking.ts`. */
function invariant(snapshot: Snapshot<Ranked, State>): void {
  const heap = new Heap(snapshot);
  if (heap.isLocked) return;
  const { count, capacity } = heap;
  assert(count <= capacity, `${count} entries in a heap for ${capacity}`);
  const places = new Map<number, number>();
  for (let index = 1; index <= count; index++) {
    const parent = index >>> 1;
    assert(parent === 0 || !heap.isBefore(index, parent), `entry ${index} goes before ${parent}`);
    places.set(heap.taskAt(index), index);
  }
  for (const [number, task] of snapshot.state.tasks.entries()) {
    assertEquals(heap.placeOf(task), places.get(task) ?? 0, `the place of task ${number}`);
  }
}

// ---- Ends ----------------------------------------------------------------------------------------------------

/** Takes what is left, as operations that come after all others. */
function drain({ wasm, state: { pool, workers, tasks } }: Outcome<Ranked, State>): Operation[] {
  const operations: Operation[] = [];
  for (let index = 0;; index++) {
    const output = tasks.indexOf(wasm.workerTake(pool, workers.at(-1)!));
    const step = 1_000_000 + index;
    operations.push({
      ...{ thread: -1, index, name: "take", input: null },
      ...{ output, begin: step, end: step },
    });
    if (output < 0) return operations;
  }
}

/** Every task has come out once, in order, or is in the hand of a thread that died. */
function checkOnce(outcome: Outcome<Ranked, State>, mayOverflow: boolean): void {
  const { words, state, history, killed } = outcome;
  const { pool, workers, tasks, filled, weights } = state;
  const operations = [...history, ...drain(outcome)];
  assertEquals(words[(pool + POOL_COUNT) >>> 2], 0, "the queue counts what is not there");
  const out = operations.filter(({ name }) => name !== "push")
    .map(({ output }) => output)
    .filter((output): output is number => output !== undefined && output !== -1);
  assertEquals(out.length, new Set(out).size, `a task came out twice: ${out}`);
  const inHand = killed.map((id) => tasks.indexOf(words[(workers[id]! + WORKER_TAKEN) >>> 2]!));
  const pushed = history.filter(({ name, end }) => name === "push" && end !== Infinity)
    .map(({ input }) => input as number);
  for (const task of [...Array(filled).keys(), ...pushed]) {
    assert(out.includes(task) || inHand.includes(task), `task ${task} is lost`);
  }
  assertLinearizable(operations, sequential(weights, filled, mayOverflow));
}

// ---- Models --------------------------------------------------------------------------------------------------

interface Start {
  /** The weights of the tasks. */
  readonly weights: readonly number[];
  /** How many of them are in the queue at first. */
  readonly filled?: number;
  /** What the heap has room for; 0: there is none. */
  readonly capacity?: number;
  readonly sequence?: number;
  /** No larger heap can be had. */
  readonly isExhausted?: boolean;
}

function scenario(
  name: string,
  threads: RankedScenario["threads"],
  { weights, filled = 0, capacity = 0, sequence = 0, isExhausted = false, ...rest }:
    & Start
    & Partial<RankedScenario>,
): RankedScenario {
  return {
    name,
    setup(wasm) {
      wasm.heapInit();
      const pool = wasm.rankedPoolNew(capacity, sequence);
      const workers = [...threads, "who empties it"].map(() => wasm.workerNew(1));
      const tasks = weights.map((weight) => wasm.weightyNew(weight));
      for (const task of tasks.slice(0, filled)) wasm.workerSubmit(pool, workers[0]!, task);
      for (let size = 1 << 15; isExhausted && size >= 8; size >>= 1) {
        while (wasm.allocate(size) !== 0);
      }
      return { pool, workers, tasks, filled, weights };
    },
    threads,
    label(ptr, { pool, workers, tasks }) {
      if (ptr === pool + POOL_LOCK) return "lock";
      if (ptr === pool + POOL_COUNT) return "count";
      if (ptr === pool + POOL_RANKED) return "heap";
      if (ptr === pool + POOL_RANKED_SEQUENCE) return "sequence";
      if (workers.includes(ptr)) return `worker ${workers.indexOf(ptr)}`;
      return tasks.includes(ptr) ? `task ${tasks.indexOf(ptr)}` : undefined;
    },
    invariant,
    check: (outcome) => checkOnce(outcome, isExhausted),
    ...rest,
  };
}

/** Who finds no memory looks at every size of block. */
const PATIENT: Options = { maxSpin: 200 };

async function assertHolding(model: RankedScenario, options: Options = {}): Promise<void> {
  const report = await explore(core, model, options);
  assertHolds(report);
  assertEquals(report.cut + report.throttled, 0);
}

/** The first tasks of a pool, for which there is no heap yet. */
const first = scenario("the first tasks", [does(push(0)), does(push(1)), does(take, take)], {
  weights: [1, 2],
});
/** A heap that is full, and two that submit one more. */
const grown = scenario("a full heap", [does(push(3)), does(push(4)), does(take)], {
  ...{ weights: [5, 7, 5, 6, 8], filled: 3, capacity: 3 },
});
/** One that has made a larger heap comes to install it when the heap is larger still. */
const outgrown = scenario("a heap that is outgrown twice", [
  does(push(1)),
  does(push(2), push(3), push(4)),
], { weights: [1, 2, 3, 4, 5], filled: 1, capacity: 1 });
/** The heap 10; 2, 9; 1, 1.5, 8, 7: what takes the place of a task below 2 goes up, of one at the top down. */
const middle = scenario("tasks are taken from the middle", [
  does(toward(3), take),
  does(toward(1), push(7)),
], { weights: [10, 2, 9, 1, 1.5, 8, 7, 3], filled: 7, capacity: 7 });
/** Two want the same, which is the last entry. */
const last = scenario("two want the last", [does(toward(2)), does(take, toward(2))], {
  ...{ weights: [3, 2, 1], filled: 3, capacity: 3 },
});
/** Of equal ones the oldest goes first, also while the sequence wraps. */
const wrapped = scenario("the sequence wraps", [does(push(2), take), does(push(3), take)], {
  ...{ weights: [4, 4, 4, 4], filled: 2, capacity: 7, sequence: 0xffffffff },
});
/** What finds no room goes before the rest. */
const exhausted = scenario("memory is exhausted", [
  does(push(3), toward(3)),
  does(take, push(1)),
], { weights: [3, 1, 2, 9], filled: 1, capacity: 1, isExhausted: true });
const mortal: Partial<RankedScenario> = { kill: { thread: 0 } };
const dyingPusher: RankedScenario = { ...grown, ...mortal, name: "who submits dies" };
const dyingTaker: RankedScenario = { ...middle, ...mortal, name: "who takes dies" };

Deno.test("ranking: each task comes out once, and the heaviest first", async () => {
  await assertHolding(first, { bound: 2 });
  await assertHolding(middle);
  await assertHolding(last);
  await assertHolding(wrapped, { bound: 2 });
});

Deno.test("ranking: nothing is lost when several outgrow the heap", async () => {
  await assertHolding(grown, { bound: 2 });
  await assertHolding(outgrown, { bound: 3 });
});

Deno.test("ranking: what finds no memory waits beside the heap", async () => {
  await assertHolding(exhausted, { ...PATIENT, bound: 2 });
});

Deno.test("ranking: the heap is in order when a thread has died", async () => {
  await assertHolding(dyingPusher, { bound: 1 });
  await assertHolding(dyingTaker);
});

/** Four steps, which in a loop would be a place to die at. */
const CLIMB4 = `${
  "  hole = climb(heap, hole, weight, sequence);\n".repeat(3)
}  return climb(heap, hole, weight, sequence);\n`;

testMistakes(
  "ranking",
  ENTRY,
  [
    {
      when: "of equal tasks the newest goes first",
      find: "<i32>(sequence - otherSequence) < 0);",
      replace: "<i32>(sequence - otherSequence) > 0);",
      model: wrapped,
    },
    {
      when: "sequences are compared as if they did not wrap",
      find: "<i32>(sequence - otherSequence) < 0);",
      replace: "sequence < otherSequence);",
      model: wrapped,
    },
    {
      when: "a task that moves keeps its place",
      find: "  store<u32>(<usize>task + TASK_PLACE, index);\n",
      replace: "",
      also: {
        find: "  store<u32>(pool + POOL_RANKED_COUNT, count);\n",
        replace:
          "  store<u32>(<usize>task + TASK_PLACE, count);\n  store<u32>(pool + POOL_RANKED_COUNT, count);\n",
      },
      model: middle,
    },
    {
      when: "a task that was removed keeps its place",
      find: "  store<u32>(<usize>task + TASK_PLACE, 0);\n",
      replace: "",
      model: last,
    },
    {
      when: "the place is cleared before the last entry is put, which may be that task itself",
      find:
        "  putEntry(heap, hole, weight, sequence, moved);\n  store<u32>(<usize>task + TASK_PLACE, 0);\n",
      replace:
        "  store<u32>(<usize>task + TASK_PLACE, 0);\n  putEntry(heap, hole, weight, sequence, moved);\n",
      model: last,
    },
    {
      when: "the last entry only sinks from the place of a removed one",
      find: "climbAll(heap, index, weight, sequence), weight, sequence);",
      replace: "index, weight, sequence);",
      model: middle,
    },
    {
      when: "the last entry only climbs from the place of a removed one",
      find: "sinkAll(heap, last - 1, climbAll(heap, index, weight, sequence), weight, sequence);",
      replace: "climbAll(heap, index, weight, sequence);",
      model: middle,
    },
    {
      when: "the left child goes up without a look at the right one",
      find: "    child = other;\n",
      replace: "",
      model: middle,
    },
    {
      when: "a larger heap is installed without a look at whether it is still wanted",
      find: "count == capacity && spare != 0 && load<u32>(spare + RANKED_CAPACITY) > capacity",
      replace: "spare != 0",
      model: outgrown,
    },
    {
      when: "a heap that is in use is freed",
      find: "if (spare != 0 && spare != heap) free(spare);",
      replace: "if (spare != 0) free(spare);",
      model: grown,
    },
    {
      when: "the larger heap is installed before it is filled",
      find:
        "      memory.copy(entryPtr(spare, 1), entryPtr(heap, 1), <usize>count * RANKED_ENTRY_SIZE);\n",
      replace: "",
      also: {
        find: "    if (outgrown != 0) free(outgrown);\n",
        replace:
          "    if (outgrown != 0) {\n      memory.copy(entryPtr(heap, 1), entryPtr(outgrown, 1), <usize>count * RANKED_ENTRY_SIZE);\n      free(outgrown);\n    }\n",
      },
      model: grown,
    },
    {
      when: "an entry is added to a heap that is full",
      find: "    if (count < capacity) {",
      replace: "    if (count <= capacity) {",
      model: grown,
    },
    {
      when: "what finds no memory is dropped",
      file: "wasm/assembly/scheduler.ts",
      find: "if (!rankedPush(pool, worker, task)) injectorPush(pool, worker, task);",
      replace: "rankedPush(pool, worker, task);",
      model: exhausted,
      options: { ...PATIENT, bound: 2 },
    },
    {
      when: "the place of a wanted task is read without the lock",
      file: "wasm/assembly/scheduler.ts",
      find:
        "  acquire(pool + POOL_LOCK);\n  let place: u32 = wanted == 0 ? 0 : load<u32>(wanted + TASK_PLACE);\n",
      replace:
        "  let place: u32 = wanted == 0 ? 0 : load<u32>(wanted + TASK_PLACE);\n  acquire(pool + POOL_LOCK);\n",
      model: last,
    },
    {
      when: "the foremost is taken by who wants another",
      file: "wasm/assembly/scheduler.ts",
      find: "  } else if (wanted == 0 && load<u32>(pool + POOL_RANKED_COUNT) != 0) {",
      replace: "  } else if (place == 0 && load<u32>(pool + POOL_RANKED_COUNT) != 0) {",
      model: last,
    },
    {
      when: "entries climb in a loop (law 10)",
      find: CLIMB4,
      replace:
        "  for (let step = 0; step < 4; step++) hole = climb(heap, hole, weight, sequence);\n  return hole;\n",
      model: dyingPusher,
    },
    {
      when: "the heap is made larger by a call under the lock (law 10)",
      find: "    const count = load<u32>(pool + POOL_RANKED_COUNT);\n",
      replace:
        "    const count = load<u32>(pool + POOL_RANKED_COUNT);\n    if (count == capacity && spare == 0) spare = rankedNew(capacity);\n",
      model: dyingPusher,
    },
  ].map((mistake) => ({ options: { bound: 2 }, ...mistake })),
);

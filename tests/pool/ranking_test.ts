import { core } from "../../src/memory/core.ts";
import { POOL_RANKED_SEQUENCE, TASK_SIZE, TASK_WEIGHT } from "../../src/memory/layout.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { test } from "../support/test.ts";

/** Mulberry32 (Ettinger 2017). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
}

/** A ranked pool without threads, and the worker that submits to it and takes from it. */
class Ranked implements Disposable {
  readonly #pool: number;
  readonly #worker: number;

  /** @param sequence What the first task gets. */
  constructor(sequence: number) {
    const c = core();
    this.#worker = c.fn.workerNew(1) >>> 0;
    this.#pool = c.fn.poolNew(0, 1, c.agent, 1) >>> 0;
    c.fn.workerEnter(this.#pool, 0, this.#worker, c.agent);
    c.writeU32(this.#pool + POOL_RANKED_SEQUENCE, sequence);
  }

  get size(): number {
    return core().fn.poolQueued(this.#pool);
  }

  /** Submits a task of this weight. */
  submit(weight: number): number {
    const c = core();
    const task = c.fn.taskNew(c.agent, 0, 0, 0, 0) >>> 0;
    c.bytes(task + TASK_SIZE);
    c.f64[(task + TASK_WEIGHT) >>> 3] = weight;
    c.fn.workerSubmit(this.#pool, this.#worker, task);
    return task;
  }

  /** Takes the foremost task; 0 if there is none. */
  take(): number {
    return core().fn.workerTake(this.#pool, this.#worker) >>> 0;
  }

  /** Takes `task`; 0 if it has been taken. */
  takeToward(task: number): number {
    return core().fn.workerTakeToward(this.#pool, this.#worker, task) >>> 0;
  }

  [Symbol.dispose](): void {
    const { fn } = core();
    fn.workerFree(this.#worker);
    fn.poolFree(this.#pool);
  }
}

/** What waits, in the order in which it must come out. */
class Sorted {
  readonly #entries: { readonly task: number; readonly weight: number }[] = [];

  get size(): number {
    return this.#entries.length;
  }

  /** Behind all that weigh no less. */
  insert(task: number, weight: number): void {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#entries[middle]!.weight >= weight) low = middle + 1;
      else high = middle;
    }
    this.#entries.splice(low, 0, { task, weight });
  }

  shift(): number {
    return this.#entries.shift()?.task ?? 0;
  }

  /** Takes out the entry at `index`. */
  remove(index: number): number {
    return this.#entries.splice(index, 1)[0]!.task;
  }
}

/** Weights that tasks may have; few, so that many are equal. */
const FEW = [0, -0, 1, 2.5, -3, Infinity, -Infinity, Number.MAX_VALUE, Number.MIN_VALUE, 1e-300];

interface Course {
  readonly seed: number;
  readonly sequence: number;
  readonly weigh: (random: () => number) => number;
}

/** Fills the queue with some thousands of tasks, and empties it, a few times over, as chance has it. */
function run({ seed, sequence, weigh }: Course): void {
  using queue = new Ranked(sequence);
  const expected = new Sorted();
  const random = randomFrom(seed);
  const gone: number[] = [];
  const done = (task: number): void => {
    gone.push(task);
  };
  for (let step = 0; step < 20_000; step++) {
    // It grows for 5000 steps, then shrinks.
    const isGrowing = step % 10_000 < 5_000;
    const chance = random();
    if (chance < (isGrowing ? 0.7 : 0.2)) {
      const weight = weigh(random);
      expected.insert(queue.submit(weight), weight);
    } else if (chance < 0.9 || expected.size === 0) {
      const task = queue.take();
      assertEquals(task, expected.shift(), `step ${step} of seed ${seed}`);
      if (task !== 0) done(task);
    } else {
      const task = expected.remove(Math.floor(random() * expected.size));
      assertEquals(queue.takeToward(task), task, `step ${step} of seed ${seed}`);
      assertEquals(queue.takeToward(task), 0);
      done(task);
    }
    assertEquals(queue.size, expected.size);
  }
  while (expected.size > 0) {
    const task = queue.take();
    assertEquals(task, expected.shift());
    done(task);
  }
  assertEquals(queue.take(), 0);
  assert(gone.length > 4_000);
  assertEquals(new Set(gone).size, gone.length);
  for (const task of gone) core().fn.free(task);
}

test("workerTake() of a ranked pool takes by weight when weights are random", () => {
  run({ seed: 1, sequence: 0, weigh: (random) => random() * 2 - 1 });
});

test("workerTake() of a ranked pool takes the oldest first when weights are equal", () => {
  run({ seed: 2, sequence: 0, weigh: () => 7 });
  run({ seed: 3, sequence: 0, weigh: (random) => FEW[Math.floor(random() * FEW.length)]! });
});

test("workerTake() of a ranked pool takes the oldest first when the sequence wraps", () => {
  run({ seed: 4, sequence: 0xffffffff - 1_000, weigh: () => 0 });
  run({ seed: 5, sequence: 0x7fffffff - 1_000, weigh: (random) => Math.floor(random() * 4) });
});

test("workerTake() of a ranked pool takes in order when weights only rise, or only fall", () => {
  for (const sign of [1, -1]) {
    let weight = 0;
    run({ seed: 6, sequence: 0, weigh: () => sign * weight++ });
  }
});

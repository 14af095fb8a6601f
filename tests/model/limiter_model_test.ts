/** Models of `wasm/assembly/limiter.ts` and `limiter_window.ts`. */
import { assert, assertEquals } from "../support/assert.ts";
import {
  TURN_AT,
  TURN_FIRST,
  TURN_GIVEN,
  TURN_SECOND,
  TURN_THIRD,
} from "../../src/memory/layout.ts";
import { buildModel } from "./build.ts";
import { assertHolds, explore, type Options, type Scenario, type VirtualThread } from "./loom.ts";
import { testMistakes } from "./mistakes.ts";

const ENTRY = "tests/model/assembly/limiter.ts";

interface Limiters {
  allocate(byteLength: number): number;
  bucketCancel(
    bucket: number,
    n: number,
    turn: number,
    limit: number,
    previous: number,
    now: number,
  ): void;
  bucketNew(
    kind: number,
    type: number,
    base: number,
    limit: number,
    burst: number,
    now: number,
  ): number;
  bucketReserve(bucket: number, n: number, now: number, maxWait: number, into: number): number;
  bucketSetLimit(bucket: number, limit: number, now: number): void;
  heapInit(): void;
  leakyReserve(bucket: number, now: number, isMeter: number, into: number): number;
  logCancel(log: number, replaced: number, previous: number, number: number): void;
  logNew(kind: number, base: number, count: number, ms: number, now: number): number;
  logReserve(log: number, now: number, maxWait: number, into: number): number;
  peekF64(ptr: number): number;
  windowCancel(window: number, index: number, now: number): void;
  windowNew(kind: number, base: number, count: number, ms: number, now: number): number;
  windowReserve(window: number, now: number, maxWait: number, into: number): number;
}

interface State {
  readonly limiter: number;
  /** Where each thread has its turns written; the last is for whoever looks afterwards. */
  readonly into: readonly number[];
  readonly ended: number;
}
type Thread = VirtualThread<Limiters>;
type Body = (thread: Thread, state: State) => Promise<unknown>;
type LimiterScenario = Scenario<Limiters, State>;

const core = await buildModel(ENTRY);

/** What a body that has had no turn returns for one. */
const REFUSED = -1;

type Wasm = Limiters;

/** A full bucket with room for `burst`, less the `taken` that are out at 0. */
const bucket = (limit: number, burst: number, taken = 0) => (wasm: Wasm, into: number): number => {
  const limiter = wasm.bucketNew(0, 1, 0, limit, burst, 0);
  if (taken > 0) wasm.bucketReserve(limiter, taken, 0, 0, into);
  return limiter;
};

const log = (count: number, ms: number) => (wasm: Wasm): number => wasm.logNew(0, 0, count, ms, 0);

const window = (count: number, ms: number) => (wasm: Wasm): number =>
  wasm.windowNew(0, 0, count, ms, 0);

function scenario(
  name: string,
  make: (wasm: Wasm, into: number) => number,
  threads: readonly Body[],
  rest: Partial<LimiterScenario> = {},
): LimiterScenario {
  return {
    name,
    setup(wasm) {
      wasm.heapInit();
      const into = [...threads, 0].map(() => wasm.allocate(32));
      return { limiter: make(wasm, into[0]!), into, ended: wasm.allocate(8) };
    },
    threads,
    ...rest,
  };
}

async function assertAllHold(model: LimiterScenario, options?: Options): Promise<void> {
  const report = await explore(core, model, options);
  assertHolds(report);
  if (options === undefined) assert(report.exhaustive);
}

type Ask = (thread: Thread, state: State, into: number) => Promise<number>;

/** Asks a bucket, at `now` on the thread's clock. */
const ofBucket = (now: number, maxWait = Infinity): Ask => ({ wasm }, { limiter }, into) =>
  wasm.bucketReserve(limiter, 1, now, maxWait, into);
const ofLog = (now: number): Ask => ({ wasm }, { limiter }, into) =>
  wasm.logReserve(limiter, now, Infinity, into);
const ofWindow = (now: number): Ask => ({ wasm }, { limiter }, into) =>
  wasm.windowReserve(limiter, now, Infinity, into);

/** Asks for turns, one after the other, and returns when they are. */
const takes = (...asks: Ask[]): Body => async (thread, state) => {
  const into = state.into[thread.id]!;
  const turns: number[] = [];
  for (const ask of asks) {
    const code = await ask(thread, state, into);
    turns.push(code === TURN_GIVEN ? await thread.wasm.peekF64(into + TURN_AT) : REFUSED);
  }
  return turns;
};

/** Takes as many turns at 0 as `count` says, and gives all of them back, the last first. */
const returns =
  (of: "bucket" | "log" | "window", count = 1): Body => async ({ wasm, id }, state) => {
    const { limiter } = state;
    const into = state.into[id]!;
    const taken: number[][] = [];
    for (let index = 0; index < count; index++) {
      if (of === "bucket") await wasm.bucketReserve(limiter, 1, 0, Infinity, into);
      else if (of === "log") await wasm.logReserve(limiter, 0, Infinity, into);
      else await wasm.windowReserve(limiter, 0, Infinity, into);
      const record: number[] = [];
      for (const at of [TURN_AT, TURN_FIRST, TURN_SECOND, TURN_THIRD]) {
        record.push(await wasm.peekF64(into + at));
      }
      taken.push(record);
    }
    for (
      const [turn, first, second, third] of taken.reverse() as [number, number, number, number][]
    ) {
      if (of === "bucket") await wasm.bucketCancel(limiter, 1, turn, first, second, 0);
      else if (of === "log") await wasm.logCancel(limiter, first, second, third);
      else await wasm.windowCancel(limiter, first, 0);
    }
  };

/** The turn of whoever asks when all is over. */
function next(
  wasm: Wasm,
  { limiter, into }: State,
  of: "bucket" | "log" | "window" = "bucket",
): number {
  const own = into.at(-1)!;
  if (of === "bucket") wasm.bucketReserve(limiter, 1, 0, Infinity, own);
  else if (of === "log") wasm.logReserve(limiter, 0, Infinity, own);
  else wasm.windowReserve(limiter, 0, Infinity, own);
  return wasm.peekF64(own + TURN_AT);
}

/** All turns, in the order of time. */
function sorted(results: readonly unknown[]): number[] {
  return (results as number[][]).flat().sort((a, b) => a - b);
}

const crowd = scenario("three want two tokens", bucket(0, 2), [
  takes(ofBucket(0, 0)),
  takes(ofBucket(0, 0)),
  takes(ofBucket(0, 0)),
], {
  check: ({ results }) => assertEquals(sorted(results), [REFUSED, 0, 0]),
});

const queue = scenario("two wait for one token a second", bucket(1, 1, 1), [
  takes(ofBucket(0), ofBucket(0)),
  takes(ofBucket(0), ofBucket(0)),
], {
  check: ({ results }) => assertEquals(sorted(results), [1000, 2000, 3000, 4000]),
});

const lagging = scenario("one clock is a second behind", bucket(1, 1, 1), [
  takes(ofBucket(1000), ofBucket(1000)),
  takes(ofBucket(0)),
], {
  // A second has gained one token, and not one more because a clock has shown it twice.
  check: ({ results }) => assertEquals(sorted(results), [1000, 2000, 3000]),
});

const givenBack = scenario("one gives back, one keeps", bucket(1, 1, 1), [
  returns("bucket"),
  takes(ofBucket(0)),
], {
  check({ results, wasm, state }) {
    const [kept] = results[1] as [number];
    // Promised already, or as if never taken: in either case the next is one after the one that was kept.
    assertEquals(next(wasm, state), kept + 1000);
  },
});

const reverse = scenario("one gives back two, in reverse, one keeps", bucket(1, 1, 1), [
  returns("bucket", 2),
  takes(ofBucket(0)),
], {
  check({ results, wasm, state }) {
    const [kept] = results[1] as [number];
    if (kept === 1000) assertEquals(next(wasm, state), 2000);
  },
});

const faster = scenario("one sets the limit, one takes", bucket(1, 5, 5), [
  ({ wasm }, { limiter }) => wasm.bucketSetLimit(limiter, 2, 1000),
  takes(ofBucket(1000)),
], {
  check({ results, wasm, state }) {
    assertEquals(results[1], [1000]);
    wasm.bucketReserve(state.limiter, 1, 1000, Infinity, state.into[0]!);
    assertEquals(wasm.peekF64(state.into[0]! + TURN_AT), 1500);
  },
});

const drops = scenario("three want to leave a bucket for two", bucket(1, 2), [
  takes(({ wasm }, { limiter }, into) => wasm.leakyReserve(limiter, 0, 0, into)),
  takes(({ wasm }, { limiter }, into) => wasm.leakyReserve(limiter, 0, 0, into)),
  takes(({ wasm }, { limiter }, into) => wasm.leakyReserve(limiter, 0, 0, into)),
], {
  check: ({ results }) => assertEquals(sorted(results), [REFUSED, 0, 1000]),
});

/** Whoever takes may die in the middle; then it has taken, or not. */
const dying = scenario("one dies", bucket(1, 1, 1), [
  takes(ofBucket(0)),
  takes(ofBucket(0)),
  async ({ wait }, { ended }) => {
    await wait(ended, 0);
  },
], {
  kill: { thread: 0, tells: ({ ended }) => ended },
  check({ results, wasm, state }) {
    const [turn] = results[1] as [number];
    const later = next(wasm, state);
    assert(turn === 1000 || turn === 2000);
    assert(later === 2000 || later === 3000);
    assert(later > turn);
  },
});

const logged = scenario("three enter a log of two", log(2, 1000), [
  takes(ofLog(0)),
  takes(ofLog(0)),
  takes(ofLog(0)),
], {
  check: ({ results }) => assertEquals(sorted(results), [0, 0, 1000]),
});

const crossed = scenario("one leaves a log of two, one stays twice", log(2, 1000), [
  returns("log"),
  takes(ofLog(0), ofLog(0)),
], {
  check({ results, wasm, state }) {
    const kept = sorted(results.slice(1));
    const later = next(wasm, state, "log");
    assert(kept[0] === 0 && (kept[1] === 0 || kept[1] === 1000));
    // Never three within a window, and the place that was left is had again.
    assertEquals(later, 1000);
  },
});

const twice = scenario("one leaves a log of two twice, in reverse, one stays", log(2, 1000), [
  returns("log", 2),
  takes(ofLog(0)),
], {
  check({ results, wasm, state }) {
    const [kept] = results[1] as [number];
    assert(kept === 0 || kept === 1000);
    const both = [next(wasm, state, "log"), next(wasm, state, "log")];
    // In the middle of the two it was told to wait; then a place stays free, and none comes before it.
    if (kept === 0) assertEquals(both, [0, 1000]);
    else assert(both.every((turn) => turn >= 1000 && turn <= 2000));
  },
});

const behind = scenario("one clock of a log is a window behind", log(1, 1000), [
  takes(ofLog(1000)),
  takes(ofLog(0)),
], {
  check({ results }) {
    const [[ahead], [back]] = results as [[number], [number]];
    // By the lagging clock it is now, while the other's has it a window later; both then count from the later one.
    assert(ahead === 1000 && (back === 0 || back === 2000));
  },
});

const windows = scenario("three want windows of one", window(1, 1000), [
  takes(ofWindow(0)),
  takes(ofWindow(0)),
  takes(ofWindow(0)),
], {
  check: ({ results }) => assertEquals(sorted(results), [0, 1000, 2000]),
});

const emptied = scenario("one gives back two windows, one keeps", window(1, 1000), [
  returns("window", 2),
  takes(ofWindow(0)),
], {
  check({ results, wasm, state }) {
    const [kept] = results[1] as [number];
    const later = [1, 2, 3].map(() => next(wasm, state, "window"));
    assert(!later.includes(kept));
    if (kept === 0) assertEquals(later, [1000, 2000, 3000]);
  },
});

Deno.test("limiter: tokens are taken once, and turns are given once", async () => {
  await assertAllHold(crowd, { bound: 4 });
  await assertAllHold(queue);
  await assertAllHold(drops, { bound: 4 });
});

Deno.test("limiter: time counts once, whatever the clocks show", async () => {
  await assertAllHold(lagging);
  await assertAllHold(behind);
});

Deno.test("limiter: what is given back is had again, unless it has been promised", async () => {
  await assertAllHold(givenBack);
  await assertAllHold(reverse);
  await assertAllHold(faster);
});

Deno.test("limiter: a thread that dies has taken its turn or not", async () => {
  await assertAllHold(dying, { bound: 3 });
});

Deno.test("limiter: a log never holds more than its count in a window", async () => {
  await assertAllHold(logged, { bound: 4 });
  await assertAllHold(crossed);
  await assertAllHold(twice);
});

Deno.test("limiter: windows are filled in order", async () => {
  await assertAllHold(windows, { bound: 4 });
  await assertAllHold(emptied);
});

testMistakes("limiter", ENTRY, [
  {
    when: "tokens are taken without the lock",
    find:
      "maxWait: f64, into: usize): i32 {\n  acquire(bucket + LIMITER_LOCK);\n  const limit = load<f64>(bucket + LIMITER_LIMIT);",
    replace:
      "maxWait: f64, into: usize): i32 {\n  const limit = load<f64>(bucket + LIMITER_LIMIT);",
    model: queue,
    options: { bound: 2 },
  },
  {
    when: "the lock is freed before the tokens are taken",
    find:
      "  let result = TURN_REFUSED;\n  if (isFree) {\n    result = TURN_GIVEN;\n  } else if (n <= burst) {",
    replace:
      "  let result = TURN_REFUSED;\n  release(bucket + LIMITER_LOCK);\n  if (isFree) {\n    result = TURN_GIVEN;\n  } else if (n <= burst) {",
    model: queue,
    options: { bound: 2 },
  },
  {
    when: "an earlier instant sets the time back",
    find: "  return max<f64>(now, load<f64>(limiter + LIMITER_LAST));",
    replace: "  return now;",
    model: lagging,
  },
  {
    when: "what others have been promised is given back",
    find: "  const restored = n - gained(limit, event - turn);",
    replace: "  const restored = n;",
    model: givenBack,
  },
  {
    when: "a turn that was given back still counts as the latest",
    find:
      "    if (event == turn && previous >= at) store<f64>(bucket + LIMITER_EVENT, previous);\n",
    replace: "",
    model: reverse,
  },
  {
    when: "the limit is set without the lock",
    find: "limit: f64, now: f64): void {\n  acquire(bucket + LIMITER_LOCK);\n  const at",
    replace: "limit: f64, now: f64): void {\n  const at",
    model: faster,
  },
  {
    when: "a new limit counts for the time before it",
    find:
      "  store<f64>(bucket + LIMITER_LAST, at);\n  store<f64>(bucket + BUCKET_TOKENS, tokens);\n  store<f64>(bucket + LIMITER_LIMIT, limit);",
    replace: "  store<f64>(bucket + LIMITER_LIMIT, limit);",
    model: faster,
  },
  {
    when: "a drop is let in that does not fit",
    find: "  } else if (timeFor(limit, 1 - tokens) == 0) {",
    replace: "  } else if (timeFor(limit, -tokens) == 0) {",
    model: drops,
    options: { bound: 2 },
  },
]);

testMistakes("limiter_window", ENTRY, [
  {
    when: "a log is entered without the lock",
    find: "into: usize): i32 {\n  acquire(log + LIMITER_LOCK);",
    replace: "into: usize): i32 {",
    model: crossed,
    options: { bound: 2 },
  },
  {
    when: "the newest entry is taken out as if it were another",
    find: "    if (since == 0) {",
    replace: "    if (false) {",
    model: twice,
  },
  {
    when: "an entry that others follow is taken out as if it were the newest",
    find: "    if (since == 0) {",
    replace: "    if (true) {",
    model: crossed,
  },
  {
    when: "an entry keeps its place when it is taken out",
    find: "since == 0 ? replaced : -Infinity);",
    replace: "since == 0 ? replaced : load<f64>(slotAt(log, index)));",
    model: twice,
  },
  {
    when: "a free place in the middle comes before its time",
    find: "whole(max<f64>(event, oldest + load<f64>(log + WINDOW_MS)) - at)",
    replace: "whole(oldest + load<f64>(log + WINDOW_MS) - at)",
    model: twice,
  },
  {
    when: "a window is filled without the lock",
    find: "into: usize): i32 {\n  acquire(window + LIMITER_LOCK);",
    replace: "into: usize): i32 {",
    model: emptied,
    options: { bound: 2 },
  },
  {
    when: "an empty window ahead stays the last",
    find: "isEmpty ? index - 1 : index);",
    replace: "index);",
    model: emptied,
  },
  {
    when: "a place is given back in whatever window",
    find: "  if (load<f64>(window + WINDOW_INDEX) == index) {",
    replace: "  if (true) {",
    model: emptied,
  },
]);

/**
 * Mistakes of the caller's in `./patterns`: each is an error at the call, thrown and not a rejection, and leaves everything as it was.
 *
 * @module
 */
import { Channel, i32 } from "../../mod.ts";
import {
  batch,
  bridge,
  Dispatcher,
  fanIn,
  fanOut,
  filter,
  generate,
  heartbeat,
  map,
  mapReduce,
  mirror,
  or,
  orDone,
  repeat,
  repeatFn,
  ResourcePool,
  Runner,
  skip,
  steward,
  take,
  tee,
  throttle,
  WorkPool,
} from "../../src/patterns/mod.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";
import { test } from "../support/test.ts";
import { turn } from "./waiting.ts";

/** What is not what the types say; `never` fits anywhere. */
const wrong = (value: unknown): never => value as never;
const unrun = (): never => {
  throw new Error("it was run");
};
const input = new Channel<number>();
const noSignal = wrong({ signal: "no signal" });
const NO_FUNCTION = 'Cannot run "f": expected a function';

/** The call, the class of the error, and what its message says. */
type Row = readonly [string, () => unknown, typeof TypeError | typeof RangeError, string];

/** Everything that takes a done and an input. */
const stages: Readonly<Record<string, (done: never, input: never) => unknown>> = {
  orDone,
  tee,
  bridge,
  fanIn,
  fanOut: (done, input) => fanOut(done, input, 2),
  take: (done, input) => take(done, input, 1),
  skip: (done, input) => skip(done, input, 1),
  filter: (done, input) => filter(done, input, unrun),
  batch: (done, input) => batch(done, input, 1),
  throttle: (done, input) => throttle(done, input, wrong({ wait: unrun })),
  map: (done, input) => map(done, input, unrun),
  mapReduce: (done, input) => mapReduce(done, input, unrun, unrun, 0),
  heartbeat: (done, input) => heartbeat(done, input, { perItem: true }),
};

const dones: Readonly<Record<string, (done: never) => unknown>> = {
  generate: (done) => generate(done, 1),
  repeat: (done) => repeat(done, 1),
  repeatFn: (done) => repeatFn(done, unrun),
  or: (done) => or(null, done),
  steward: (done) => steward(1, unrun)(done, 1),
  ...Object.fromEntries(
    Object.entries(stages).map(([name, call]) => [name, (done: never) => call(done, wrong(input))]),
  ),
};

const rows: readonly Row[] = [
  ...Object.entries(stages).flatMap(([name, call]): Row[] => [
    [`${name}(null, null)`, () => call(wrong(null), wrong(null)), TypeError, "null as"],
    [`${name}(null, [])`, () => call(wrong(null), wrong([])), TypeError, "an array of 0 as"],
  ]),
  ...Object.entries(dones).flatMap(([name, call]): Row[] => [
    [`${name}(undefined)`, () => call(wrong(undefined)), TypeError, "undefined as done"],
    [`${name}("done")`, () => call(wrong("done")), TypeError, '"done" as done'],
    [`${name}(signal)`, () => call(wrong(AbortSignal.abort())), TypeError, "AbortSignal"],
  ]),
  ["take() of -1", () => take(null, input, -1), RangeError, "-1 as a number of values"],
  ["take() of 1.5", () => take(null, input, 1.5), RangeError, "1.5 as a number of values"],
  ["take() of '1'", () => take(null, input, wrong("1")), TypeError, '"1" as a number of values'],
  ["skip() of NaN", () => skip(null, input, NaN), RangeError, "NaN as a number of values"],
  ["filter() by 'f'", () => filter(null, input, wrong("f")), TypeError, NO_FUNCTION],
  ["repeatFn() of 'f'", () => repeatFn(null, wrong("f")), TypeError, NO_FUNCTION],
  ["fanOut() to 0", () => fanOut(null, input, 0), RangeError, "0 as a number of outputs"],
  ["batch() of 0", () => batch(null, input, 0), RangeError, "0 as the size of a batch"],
  [
    "batch() within NaN",
    () => batch(null, input, 1, { withinMs: NaN }),
    RangeError,
    "NaN as a time for a batch",
  ],
  [
    "batch() within null",
    () => batch(null, input, 1, { withinMs: wrong(null) }),
    TypeError,
    "null as a time for a batch",
  ],
  ["throttle() by 10", () => throttle(null, input, wrong(10)), TypeError, "Cannot throttle by 10"],
  ["throttle() by null", () => throttle(null, input, wrong(null)), TypeError, "by null"],
  ["map() by 'f'", () => map(null, input, wrong("f")), TypeError, NO_FUNCTION],
  [
    "map() on no pool",
    () => map(null, input, unrun, { pool: wrong({}) }),
    TypeError,
    "an object (Object) as pool",
  ],
  [
    "map() none at once",
    () => map(null, input, unrun, { concurrency: 0 }),
    RangeError,
    "0 as a concurrency",
  ],
  [
    "mapReduce() by 'f'",
    () => mapReduce(null, input, unrun, wrong("f"), 0),
    TypeError,
    NO_FUNCTION,
  ],
  ["mirror() of none", () => mirror(null), RangeError, "Cannot race no functions"],
  ["mirror() of 'f'", () => mirror(null, wrong("f")), TypeError, NO_FUNCTION],
  [
    "heartbeat() without options",
    () => heartbeat(null, input, wrong({})),
    TypeError,
    "expected either { everyMs } or { perItem: true }",
  ],
  [
    "heartbeat() with both",
    () => heartbeat(null, input, wrong({ everyMs: 1, perItem: true })),
    TypeError,
    "expected either",
  ],
  [
    "heartbeat() every 0 ms",
    () => heartbeat(null, input, { everyMs: 0 }),
    RangeError,
    "0 as a time between pulses",
  ],
  ["steward(0)", () => steward(0, unrun), RangeError, "0 as a time of silence"],
  ["steward() of 'f'", () => steward(1, wrong("f")), TypeError, NO_FUNCTION],
  ["steward() every -1 ms", () => steward(1, unrun)(null, -1), RangeError, "-1 as a time between"],
  ["new Runner('1')", () => new Runner(wrong("1")), TypeError, '"1" as a time limit'],
  ["new Runner(0)", () => new Runner(0), RangeError, "0 as a time limit"],
  ["Runner.add('f')", () => new Runner(1).add(unrun, wrong("f")), TypeError, NO_FUNCTION],
  ["Runner.start({ signal })", () => new Runner(1).start(noSignal), TypeError, "no signal"],
  ["new ResourcePool('f')", () => new ResourcePool(wrong("f"), 1), TypeError, NO_FUNCTION],
  ["new ResourcePool(f, 0)", () => new ResourcePool(unrun, 0), RangeError, "0 as a size"],
  [
    "ResourcePool.acquire({ signal })",
    () => new ResourcePool(unrun, 1).acquire(noSignal),
    TypeError,
    "no signal",
  ],
  [
    "ResourcePool.release(7)",
    () => new ResourcePool<Disposable>(unrun, 1).release(wrong(7)),
    TypeError,
    "Cannot release 7",
  ],
  ["new WorkPool(0)", () => new WorkPool(0), RangeError, "0 as a number of workers"],
  ["WorkPool.run('f')", () => new WorkPool(1).run(wrong("f")), TypeError, NO_FUNCTION],
  ["WorkPool.run({ signal })", () => new WorkPool(1).run(unrun, noSignal), TypeError, "no signal"],
  ["new Dispatcher(0)", () => new Dispatcher(0, unrun), RangeError, "0 as a number of workers"],
  ["new Dispatcher(1, 'f')", () => new Dispatcher(1, wrong("f")), TypeError, NO_FUNCTION],
  [
    "new Dispatcher() with a queue of -1",
    () => new Dispatcher(1, unrun, { queue: -1 }),
    RangeError,
    "-1 as a queue",
  ],
  [
    "Dispatcher.submit({ signal })",
    () => new Dispatcher(1, unrun).submit(1, noSignal),
    TypeError,
    "no signal",
  ],
];

for (const [name, call, type, text] of rows) {
  test(`${name} throws a ${type.name} at the call`, async () => {
    assertThrows(call, type, text);
    await turn();
    // Whoever had begun to wait there would take it.
    assertEquals(input.trySend(1), false);
  });
}

test("A stage says so at the call when its input or its done is disposed", () => {
  const disposed = new Channel(i32, 1);
  disposed[Symbol.dispose]();
  assertThrows(() => orDone(null, disposed), TypeError, "disposed");
  assertThrows(() => orDone(disposed, input), TypeError, "disposed");
});

test("A function of patterns that is given null as options throws, and does not wait for its done", async () => {
  const done = new Channel<number>();
  const calls = [
    () => fanOut(done, input, 2, wrong(null)),
    () => batch(done, input, 2, wrong(null)),
    () => map(done, input, unrun, wrong(null)),
    () => mapReduce(done, input, unrun, unrun, 0, wrong(null)),
    () => heartbeat(done, input, wrong(null)),
  ];
  for (const call of calls) assertThrows(call, TypeError, "null");
  await turn();
  assertEquals([done.trySend(1), input.trySend(1)], [false, false]);
});

/**
 * Mistakes of the caller's in `./group`: each is an error at the call, thrown and not a rejection, and leaves everything as it was.
 *
 * @module
 */
import { Pool } from "../../mod.ts";
import { background, type Context } from "../../src/context/mod.ts";
import {
  all,
  ErrGroup,
  type ErrGroupOptions,
  last,
  race,
  retry,
  type RetryOptions,
  SchedGroup,
  SingleFlight,
  take,
  waterfall,
} from "../../src/group/mod.ts";
import { assertThrows } from "../support/assert.ts";
import { echo } from "../support/tasks.ts";
import { test } from "../support/test.ts";
import { turn } from "./waiting.ts";

/** What is not what the types say; `never` fits anywhere. */
const wrong = (value: unknown): never => value as never;
const unrun = (): never => {
  throw new Error("it was run");
};
const ctx = background();
const noSignal = wrong({ signal: "no signal" });

/** The call, the class of the error, and what its message says. */
type Row = readonly [string, () => unknown, typeof TypeError | typeof RangeError, string];

function group(options: Record<keyof ErrGroupOptions, unknown> | object): () => unknown {
  return () => new ErrGroup(options as ErrGroupOptions);
}

function retrying(options: Record<keyof RetryOptions, unknown> | object): () => unknown {
  return () => retry(ctx, 1, unrun, options as RetryOptions);
}

const NO_FUNCTION = 'Cannot run "f": expected a function';

/** Those that take a list of functions. */
const lists: Readonly<Record<string, (ctx: Context, fns: never) => unknown>> = {
  all,
  race,
  take: (ctx, fns) => take(ctx, 0, fns),
  last: (ctx, fns) => last(ctx, 0, fns),
  waterfall,
};

const rows: readonly Row[] = [
  ["new ErrGroup({ limit: '2' })", group({ limit: "2" }), TypeError, '"2" as a limit'],
  ["new ErrGroup({ limit: 1.5 })", group({ limit: 1.5 }), RangeError, "1.5 as a limit"],
  ["new ErrGroup({ limit: NaN })", group({ limit: NaN }), RangeError, "NaN as a limit"],
  ["new ErrGroup({ limit: -Infinity })", group({ limit: -Infinity }), RangeError, "-Infinity as a"],
  ["new ErrGroup({ queue: -1 })", group({ queue: -1 }), RangeError, "-1 as a queue"],
  ["new ErrGroup({ queue: null })", group({ queue: null }), TypeError, "null as a queue"],
  ["new ErrGroup({ errors: 'last' })", group({ errors: "last" }), TypeError, '"last" as errors'],
  ["new ErrGroup({ recover: 'f' })", group({ recover: "f" }), TypeError, NO_FUNCTION],
  ["ErrGroup.withContext(null)", () => ErrGroup.withContext(wrong(null)), TypeError, "null"],
  ["ErrGroup.withContext({})", () => ErrGroup.withContext(wrong({})), TypeError, "an object"],
  [
    "ErrGroup.withContext(ctx, { limit: 'x' })",
    () => ErrGroup.withContext(ctx, { limit: wrong("x") }),
    TypeError,
    '"x" as a limit',
  ],
  ["ErrGroup.go('f')", () => new ErrGroup().go(wrong("f")), TypeError, NO_FUNCTION],
  ["ErrGroup.go(f, no signal)", () => new ErrGroup().go(unrun, noSignal), TypeError, "no signal"],
  ["ErrGroup.tryGo('f')", () => new ErrGroup().tryGo(wrong("f")), TypeError, NO_FUNCTION],
  ["ErrGroup.setLimit(1.5)", () => new ErrGroup().setLimit(1.5), RangeError, "1.5 as a limit"],
  ["ErrGroup.setLimit()", () => new ErrGroup().setLimit(wrong(undefined)), TypeError, "undefined"],
  ["ErrGroup.wait(no signal)", () => new ErrGroup().wait(noSignal), TypeError, "no signal"],

  ["SingleFlight.do(k, 'f')", () => new SingleFlight().do("k", wrong("f")), TypeError, NO_FUNCTION],
  [
    "SingleFlight.do(k, f, no signal)",
    () => new SingleFlight().do("k", unrun, noSignal),
    TypeError,
    "no signal",
  ],
  [
    "SingleFlight.doChannel(k, 'f')",
    () => new SingleFlight().doChannel("k", wrong("f")),
    TypeError,
    NO_FUNCTION,
  ],

  ["new SchedGroup({})", () => new SchedGroup(wrong({})), TypeError, "an object"],
  ["new SchedGroup(null)", () => new SchedGroup(wrong(null)), TypeError, "null"],
  ["SchedGroup.delay('1', f)", () => new SchedGroup().delay(wrong("1"), unrun), TypeError, '"1"'],
  ["SchedGroup.delay(NaN, f)", () => new SchedGroup().delay(NaN, unrun), RangeError, "NaN"],
  ["SchedGroup.delay(1, 'f')", () => new SchedGroup().delay(1, wrong("f")), TypeError, NO_FUNCTION],
  [
    "SchedGroup.schedule(1, f)",
    () => new SchedGroup().schedule(wrong(1), unrun),
    TypeError,
    "1 as a time: expected a Date",
  ],
  [
    "SchedGroup.schedule(an invalid date, f)",
    () => new SchedGroup().schedule(new Date(NaN), unrun),
    RangeError,
    "invalid Date",
  ],
  [
    "SchedGroup.schedule(date, 'f')",
    () => new SchedGroup().schedule(new Date(), wrong("f")),
    TypeError,
    NO_FUNCTION,
  ],
  ["SchedGroup.wait(no signal)", () => new SchedGroup().wait(noSignal), TypeError, "no signal"],

  ...Object.entries(lists).flatMap(([name, run]): Row[] => [
    [`${name}(undefined, fns)`, () => run(wrong(undefined), wrong([])), TypeError, "undefined"],
    [`${name}({}, fns)`, () => run(wrong({}), wrong([])), TypeError, "an object"],
    [`${name}(ctx, f)`, () => run(ctx, wrong(unrun)), TypeError, "expected an array"],
    [`${name}(ctx, ['f'])`, () => run(ctx, wrong([unrun, "f"])), TypeError, NO_FUNCTION],
    // deno-fmt-ignore
    [`${name}(ctx, a hole)`, () => run(ctx, wrong(new Array(1))), TypeError, "undefined"],
  ]),
  ["race(ctx, [])", () => race(ctx, []), RangeError, "at least one"],
  ...Object.entries({ take, last }).flatMap(([name, run]): Row[] => [
    [`${name}(ctx, -1, fns)`, () => run(ctx, -1, [unrun]), RangeError, "-1 as a number of results"],
    [`${name}(ctx, 2, 1 fn)`, () => run(ctx, 2, [unrun]), RangeError, "an integer from 0 to 1"],
    [`${name}(ctx, 0.5, fns)`, () => run(ctx, 0.5, [unrun]), RangeError, "0.5 as"],
    [`${name}(ctx, '1', fns)`, () => run(ctx, wrong("1"), [unrun]), TypeError, '"1" as'],
  ]),

  ["retry(null, 1, f)", () => retry(wrong(null), 1, unrun), TypeError, "null"],
  ["retry(ctx, -1, f)", () => retry(ctx, -1, unrun), RangeError, "-1 as a number of tries"],
  ["retry(ctx, Infinity, f)", () => retry(ctx, Infinity, unrun), RangeError, "Infinity as"],
  ["retry(ctx, '1', f)", () => retry(ctx, wrong("1"), unrun), TypeError, '"1" as'],
  ["retry(ctx, 1, 'f')", () => retry(ctx, 1, wrong("f")), TypeError, NO_FUNCTION],
  ["retry with delayMs NaN", retrying({ delayMs: NaN }), RangeError, "NaN as a delay"],
  ["retry with delayMs '1'", retrying({ delayMs: "1" }), TypeError, '"1" as a delay'],
  ["retry with maxDelayMs NaN", retrying({ maxDelayMs: NaN }), RangeError, "NaN as a longest"],
  ["retry with factor 0.5", retrying({ factor: 0.5 }), RangeError, "0.5 as a factor"],
  ["retry with factor NaN", retrying({ factor: NaN }), RangeError, "NaN as a factor"],
  ["retry with factor '2'", retrying({ factor: "2" }), TypeError, '"2" as a factor'],
  ["retry with jitter 1.5", retrying({ jitter: 1.5 }), RangeError, "1.5 as a jitter"],
  ["retry with jitter -1", retrying({ jitter: -1 }), RangeError, "-1 as a jitter"],
  ["retry with jitter 'some'", retrying({ jitter: "some" }), TypeError, '"some" as a jitter'],
  ["retry with shouldRetry 'f'", retrying({ shouldRetry: "f" }), TypeError, NO_FUNCTION],
];

for (const [call, use, errorClass, says] of rows) {
  test(`${call} throws at the call`, async () => {
    assertThrows(use, errorClass, says);
    // Nothing was started.
    await turn();
  });
}

for (
  const [name, group] of [
    ["an ErrGroup", new ErrGroup()],
    ["a SchedGroup", new SchedGroup()],
    ["a SingleFlight", new SingleFlight()],
  ] as const
) {
  test(`Pool.go() refuses ${name} as an argument, at the call`, async () => {
    await using pool = new Pool({ threads: 1 });
    const says = `Cannot send ${name} to another thread: its functions`;
    assertThrows(() => pool.go(echo, group), TypeError, says);
  });
}

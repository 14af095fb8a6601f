/** A select over more and more channels, of which one is ready, none, or all. */

import { Channel, go, i32, select, type SelectCases, trySelect } from "../../mod.ts";
import type { Curve } from "../support/curve.ts";
import type { Held } from "../support/match.ts";
import { check, contestant, sumBelow } from "../support/measure.ts";

/** The channels, and the cases that a select gets: themselves, or an object of them. */
interface Inputs {
  readonly channels: readonly Channel<number>[];
  readonly cases: readonly Channel<number>[] | Readonly<Record<string, Channel<number>>>;
}

/** Makes `count` channels, given to the select as an array. */
function arrayOf(count: number, make: () => Channel<number>): Inputs {
  const channels = Array.from({ length: count }, make);
  return { channels, cases: channels };
}

/** Makes `count` channels, given to the select as an object. */
function objectOf(count: number, make: () => Channel<number>): Inputs {
  const channels = Array.from({ length: count }, make);
  const cases = Object.fromEntries(channels.map((each, index) => [`case${index}`, each]));
  return { channels, cases };
}

/** The steps that the ready channel moves on by: a prime that divides none of the sizes. */
const STRIDE = 7_919;

/** Each time another one of the channels holds a value. */
export async function selectOneReady({ channels, cases }: Inputs, ops: number): Promise<number> {
  let sum = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) {
    channels[i * STRIDE % channels.length]!.trySend(i);
    sum += valueOf(await select(cases as SelectCases));
  }
  const elapsedMs = performance.now() - start;
  check("The sum of what was selected", sum, sumBelow(ops));
  return elapsedMs;
}

/** The same in the form that never waits. */
export function trySelectOneReady({ channels, cases }: Inputs, ops: number): number {
  let sum = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) {
    channels[i * STRIDE % channels.length]!.trySend(i);
    sum += valueOf(trySelect(cases as SelectCases));
  }
  const elapsedMs = performance.now() - start;
  check("The sum of what was selected", sum, sumBelow(ops));
  return elapsedMs;
}

/** One goroutine waits on all, another sends to them in turn; nothing is buffered. */
export async function selectParked({ channels, cases }: Inputs, ops: number): Promise<number> {
  const start = performance.now();
  const sending = go(async () => {
    for (let i = 0; i < ops; i++) await channels[i * STRIDE % channels.length]!.send(i);
  });
  const receiving = go(async () => {
    let sum = 0;
    for (let i = 0; i < ops; i++) sum += valueOf(await select(cases as SelectCases));
    return sum;
  });
  await sending;
  const sum = await receiving;
  const elapsedMs = performance.now() - start;
  check("The sum of what was selected", sum, sumBelow(ops));
  return elapsedMs;
}

/** All channels hold a value; what was taken goes back to where it came from. */
export async function selectAllReady({ channels, cases }: Inputs, ops: number): Promise<number> {
  for (const each of channels) each.trySend(1);
  let sum = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) {
    const got = await select(cases as SelectCases);
    sum += valueOf(got);
    (cases as Record<string, Channel<number>>)[got.case]!.trySend(1);
  }
  const elapsedMs = performance.now() - start;
  for (const each of channels) each.tryReceive();
  check("The sum of what was selected", sum, ops);
  return elapsedMs;
}

/** The number that a select gave. */
function valueOf(selected: { readonly value: unknown } | undefined): number {
  return typeof selected?.value === "number" ? selected.value : NaN;
}

/** Typed channels, given back with the point. */
function typed(capacity: number, held: Held): () => Channel<number> {
  return () => {
    const channel = new Channel(i32, capacity);
    held.push(() => channel[Symbol.dispose]());
    return channel;
  };
}

const axis = "channels in the select";
const per = "select";
const sizes = [2, 10, 100, 1_000, 10_000];

/** With how many operations the search for the length of a round begins: few, where each looks at many channels. */
const FEW = { first: 16 };

/** One is ready, and the others are in the way. */
export const selectOne: Curve = {
  name: "select-one",
  title: "select over channels of which one is ready",
  axis,
  per,
  sizes,
  go: { "Go, reflect.Select": "selectOneOf" },
  open(size, held) {
    const array = arrayOf(size, () => new Channel<number>(1));
    const object = objectOf(size, () => new Channel<number>(1));
    const ints = arrayOf(size, typed(1, held));
    return [
      contestant("array", (ops) => selectOneReady(array, ops), FEW),
      contestant("object", (ops) => selectOneReady(object, ops), FEW),
      contestant("array, try form", (ops) => trySelectOneReady(array, ops), FEW),
      contestant("array, i32", (ops) => selectOneReady(ints, ops), FEW),
    ];
  },
};

/** None is ready: the select waits in all. */
export const selectNone: Curve = {
  name: "select-parked",
  title: "select that waits on channels, served by another goroutine",
  axis,
  per,
  sizes,
  go: { "Go, reflect.Select": "selectParkedOn" },
  open(size, held) {
    const array = arrayOf(size, () => new Channel<number>());
    const object = objectOf(size, () => new Channel<number>());
    const ints = arrayOf(size, typed(0, held));
    return [
      contestant("array", (ops) => selectParked(array, ops), FEW),
      contestant("object", (ops) => selectParked(object, ops), FEW),
      contestant("array, i32", (ops) => selectParked(ints, ops), FEW),
    ];
  },
};

/** All are ready: one look would do. */
export const selectAll: Curve = {
  name: "select-all",
  title: "select over channels that are all ready",
  axis,
  per,
  sizes,
  go: { "Go, reflect.Select": "selectAllOf" },
  open(size, held) {
    const array = arrayOf(size, () => new Channel<number>(1));
    const object = objectOf(size, () => new Channel<number>(1));
    const ints = arrayOf(size, typed(1, held));
    return [
      contestant("array", (ops) => selectAllReady(array, ops), FEW),
      contestant("object", (ops) => selectAllReady(object, ops), FEW),
      contestant("array, i32", (ops) => selectAllReady(ints, ops), FEW),
    ];
  },
};

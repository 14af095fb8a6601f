/**
 * The flavors of channels that the conformance suite runs over: every test of `channel_*_test.ts` is
 * registered once for each flavor that it applies to.
 *
 * @module
 */
import {
  any,
  bool,
  bytes,
  Channel,
  type ElementType,
  f64,
  i32,
  i64,
  struct,
  text,
  u32,
} from "../../mod.ts";
import { test } from "../support/test.ts";

/** One kind of channel, and values that it carries. */
export interface Flavor {
  /** Its name in the names of tests. */
  readonly name: string;
  /** Capacity of what {@linkcode make} makes. */
  readonly capacity: number;
  /** Reports whether its channels are typed, so that values are copied. */
  readonly isTyped: boolean;
  /** Reports whether no two of its samples are equal. */
  readonly isDistinct: boolean;
  /** Makes a channel. */
  make(): Channel<unknown>;
  /** The value number `index`; the same one every time. */
  sample(index: number): unknown;
}

const TYPED_CAPACITIES: readonly number[] = [0, 1, 3, 1024];

function byReference(name: string, capacity: number): Flavor {
  return {
    name,
    capacity,
    isTyped: false,
    isDistinct: true,
    make: () => new Channel<unknown>(capacity),
    sample: (index) => index,
  };
}

function typed<T>(
  type: ElementType<T>,
  sample: (index: number) => T,
  { isDistinct = true, capacities = TYPED_CAPACITIES } = {},
): Flavor[] {
  return capacities.map((capacity) => ({
    // Of a struct's name, which tells its fields, the head.
    name: `${type.name.split("(")[0]}, capacity ${capacity}`,
    capacity,
    isTyped: true,
    isDistinct,
    make: () => new Channel(type as ElementType<unknown>, capacity),
    sample,
  }));
}

/** Every flavor. */
export const flavors: readonly Flavor[] = [
  byReference("by reference, rendezvous", 0),
  byReference("by reference, capacity 1", 1),
  byReference("by reference, capacity 3", 3),
  byReference("by reference, unbounded", Infinity),
  ...typed(i32, (index) => index - 1000),
  ...typed(u32, (index) => 0xffffffff - index),
  ...typed(f64, (index) => index + 0.5),
  ...typed(i64, (index) => BigInt(index) - 2n ** 62n, { capacities: [0, 3] }),
  // Of period 3, which no capacity here but 3 divides: a swap of neighbours shows.
  ...typed(bool, (index) => index % 3 === 0, { isDistinct: false }),
  ...typed(text, (index) => index % 2 === 0 ? `value ${index}` : `wert ${index} äöü 🎉`),
  ...typed(bytes, (index) => Uint8Array.of(index >>> 16, index >>> 8, index)),
  ...typed(any<unknown>(), (index) => ({ index, list: [index, `${index}`] })),
  ...typed(
    struct({
      id: u32,
      at: struct({ x: f64, y: f64 }),
      label: text,
      isOdd: bool,
      more: any<unknown>(),
    }),
    (index) => ({
      id: index,
      at: { x: index / 2, y: -index },
      label: `no. ${index}`,
      isOdd: index % 2 === 1,
      more: [index],
    }),
    { capacities: [0, 3] },
  ),
];

/** Those that may be full. */
export const bounded: readonly Flavor[] = flavors.filter(({ capacity }) => capacity < Infinity);

/** Those in which a value may wait. */
export const buffered: readonly Flavor[] = flavors.filter(({ capacity }) => capacity > 0);

/** Those that may be full and in which a value may wait. */
export const bufferedAndBounded: readonly Flavor[] = bounded.filter(({ capacity }) => capacity > 0);

/** Those whose values can be told apart. */
export const distinct: readonly Flavor[] = flavors.filter(({ isDistinct }) => isDistinct);

/** Those in which no value waits: a send completes with its receive. */
export const rendezvous: readonly Flavor[] = flavors.filter(({ capacity }) => capacity === 0);

/** By-reference ones. */
export const local: readonly Flavor[] = flavors.filter(({ isTyped }) => !isTyped);

/** Typed ones. */
export const shared: readonly Flavor[] = flavors.filter(({ isTyped }) => isTyped);

/**
 * Registers a test for each of `chosen`.
 *
 * @param chosen The flavors that it applies to.
 * @param name What must hold; the flavor's name is added. In "crossbeam FILE/name" FILE becomes the file of
 * crossbeam-channel's tests that is about the flavor, see `crossbeam_channel_test.ts`.
 * @param body Gets the flavor.
 */
export function testEach(
  chosen: readonly Flavor[],
  name: string,
  body: (flavor: Flavor) => void | Promise<void>,
): void {
  for (const flavor of chosen) {
    const own = name.replaceAll("crossbeam FILE/", `crossbeam ${crossbeamFile(flavor)}/`);
    test(`${own} [${flavor.name}]`, () => body(flavor));
  }
}

/** The file of crossbeam-channel's tests that is about such channels. */
function crossbeamFile({ capacity }: Flavor): "array" | "list" | "zero" {
  if (capacity === 0) return "zero";
  return capacity === Infinity ? "list" : "array";
}

/** A text that stands for a sample and no other of its flavor. */
export function keyOf(sample: unknown): string {
  return typeof sample === "bigint" ? `${sample}n` : JSON.stringify(sample);
}

/** The samples from number `from` up to before `to`. */
export function samples({ sample }: Flavor, from: number, to: number): unknown[] {
  return Array.from({ length: to - from }, (_, offset) => sample(from + offset));
}

/** Puts samples from number 0 into a bounded channel until it is full. */
export function fill(flavor: Flavor, channel: Channel<unknown>): void {
  for (let index = 0; index < flavor.capacity; index++) channel.trySend(flavor.sample(index));
}

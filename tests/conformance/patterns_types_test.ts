/**
 * What of `./patterns` compiles and what does not: the type checker is the judge, as in `types_test.ts`. What can be run is run, so that types
 * and values agree.
 *
 * @module
 */
import { after, bool, Channel, f64, never, type ReceiveChannel, text } from "../../mod.ts";
import { background } from "../../src/context/mod.ts";
import {
  batch,
  type BatchOptions,
  type Done,
  fanIn,
  fanOut,
  type FanOutOptions,
  filter,
  generate,
  heartbeat,
  map,
  mapReduce,
  or,
  orDone,
  repeatFn,
  type StageChannel,
  type StageOptions,
  take,
} from "../../src/patterns/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { test } from "../support/test.ts";
import { drain } from "./waiting.ts";

/** `true` if the two types are the same, and not just assignable. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

/** Compiles only if `T` is `true`. */
function holds<T extends true>(..._: T extends true ? [] : [never]): void {}

/** Compiles, and is never run. */
function compiles(_body: () => unknown): void {}

interface Circle {
  readonly radius: number;
}
interface Square {
  readonly side: number;
}

test("filter() narrows its values by a type guard, as an array's filter does", async () => {
  const isCircle = (shape: Circle | Square): shape is Circle => "radius" in shape;
  const shapes: (Circle | Square)[] = [{ radius: 1 }, { side: 2 }, { radius: 3 }];
  const circles = filter(null, generate(null, ...shapes), isCircle);
  holds<Same<typeof circles, StageChannel<Circle>>>();
  const radii: number[] = [];
  for await (const circle of circles) radii.push(circle.radius);
  assertEquals(radii, [1, 3]);

  const gaps = generate<string | undefined>(null, "a", undefined, "b");
  const present = filter(null, gaps, (value) => value !== undefined);
  holds<Same<typeof present, StageChannel<string>>>();
  assertEquals(await drain(present), ["a", "b"]);
  compiles(() => {
    // @ts-expect-error: it is a guard of something else
    filter(null, generate(null, 1), isCircle);
  });
});

test("filter() keeps the type of its values when it is told by a boolean, now or later", async () => {
  const now = filter(null, generate(null, 1, 2), (n: number): boolean => n > 1);
  const later = filter(null, generate(null, 1, 2), (n) => Promise.resolve(n > 1));
  const told = filter<number>(null, generate(null, 1, 2), (n) => n > 1);
  holds<Same<typeof now, StageChannel<number>>>();
  holds<Same<typeof later, StageChannel<number>>>();
  holds<Same<typeof told, StageChannel<number>>>();
  assertEquals([await drain(now), await drain(later), await drain(told)], [[2], [2], [2]]);
});

test("Done is a channel of anything, and null", async () => {
  using flag = new Channel(bool, 1);
  const all: Done[] = [
    null,
    background().done,
    never(),
    or(null),
    after(1e6),
    flag,
    new Channel<never>(),
    generate<string>(null),
  ];
  compiles(() => {
    // @ts-expect-error: what has no value is no done
    orDone(undefined, flag);
    // @ts-expect-error: a signal is no channel
    orDone(AbortSignal.abort(), flag);
    // @ts-expect-error: an input is not left out
    orDone(null, null);
  });
  for (const done of all) {
    const input = new Channel<number>(1);
    input.close();
    assertEquals(await drain(orDone(done, input)), []);
  }
});

test("A stage has the type of what it is made of, also of a typed channel", async () => {
  using numbers = new Channel(f64, 2);
  using words = new Channel(text, 2);
  numbers.trySend(1.5);
  numbers.close();
  const taken = take(null, numbers, 1);
  holds<Same<typeof taken, StageChannel<number>>>();
  assertEquals(await drain(taken), [1.5]);
  const lengths = map(null, words, (word) => Promise.resolve(word.length));
  holds<Same<typeof lengths, StageChannel<number>>>();
  const pairs = batch(null, lengths, 2);
  holds<Same<typeof pairs, StageChannel<number[]>>>();
  const [pulse, results] = heartbeat(null, pairs, { perItem: true });
  holds<Same<typeof pulse, StageChannel<void>>>();
  holds<Same<typeof results, StageChannel<number[]>>>();
  words.trySend("four");
  words.close();
  assertEquals(await drain(results), [[4]]);
  const made = repeatFn(null, () => Promise.resolve("one"));
  holds<Same<typeof made, StageChannel<string>>>();
  const narrow: ReceiveChannel<string | number> = made;
  assertEquals(await narrow.receive(), "one");
  const sum = mapReduce(null, generate(null, "a"), (word) => word.length, (all, n) => all + n, 0);
  holds<Same<typeof sum, Promise<number>>>();
  assertEquals(await sum, 1);
});

test("fanIn() takes channels of several types when it is told which", async () => {
  const both = fanIn<string | number>(null, generate(null, 1), generate(null, "a"));
  holds<Same<typeof both, StageChannel<string | number>>>();
  assertEquals((await drain(both)).length, 2);
});

test("the options of a stage may be given as undefined, by a caller who has none", async () => {
  const forBatch: BatchOptions = { withinMs: undefined };
  const forFanOut: FanOutOptions = { async: undefined };
  const forStage: StageOptions = { pool: undefined, concurrency: undefined, ordered: undefined };
  assertEquals(await drain(batch(null, generate(null, 1), 2, forBatch)), [[1]]);
  const [only] = fanOut(null, generate(null, 1), 1, forFanOut);
  assertEquals(await drain(only!), [1]);
  assertEquals(await drain(map(null, generate(null, 1), (n) => n, forStage)), [1]);
  compiles(() => {
    // @ts-expect-error: either by time or by value
    heartbeat(null, only!, { everyMs: 1, perItem: true });
    // @ts-expect-error: neither
    heartbeat(null, only!, {});
  });
});

/**
 * Scenes with the stages of a pipeline, one after the other.
 *
 * @module
 */
import type { ReceiveChannel } from "../../mod.ts";
import { type Context, withCancel } from "../../src/context/mod.ts";
import {
  filter,
  generate,
  map,
  mapReduce,
  repeat,
  repeatFn,
  skip,
  take,
} from "../../src/patterns/mod.ts";
import type { Print } from "./scene.ts";

/** `generate` and `map`: doubled, and one more, and doubled. */
export async function arithmetic(ctx: Context, print: Print): Promise<void> {
  const { done } = ctx;
  const numbers = generate(done, 1, 2, 3, 4);
  const doubled = map(done, numbers, (n) => n * 2);
  const increased = map(done, doubled, (n) => n + 1);
  print(await joined(map(done, increased, (n) => n * 2)));
}

/** `repeat`, `repeatFn` and `take`. What is repeated has no end: it is taken from, and left. */
export async function repeated(parent: Context, print: Print): Promise<void> {
  const [{ done }, cancel] = withCancel(parent);
  print(`ten ones: ${await joined(take(done, repeat(done, 1), 10))}`);
  const dice = repeatFn(done, () => 1 + Math.floor(Math.random() * 6));
  print(`five dice: ${await joined(take(done, dice, 5))}`);
  print(`a message: ${await joined(take(done, repeat(done, "I", "am."), 5))}`);
  // A stream that ends before: there is no more to take, and nothing is made up.
  print(`five of two: ${await joined(take(done, generate(done, "one", "two"), 5))}`);
  cancel();
}

/** `skip` and `filter`. */
export async function chosen({ done }: Context, print: Print): Promise<void> {
  const numbers = (): ReceiveChannel<number> => generate(done, 1, 2, 3, 4, 5, 6, 7, 8);
  print(`without the first five: ${await joined(skip(done, numbers(), 5))}`);
  print(`even: ${await joined(filter(done, numbers(), (n) => n % 2 === 0))}`);
  print(
    `even, from the third: ${await joined(skip(
      done,
      filter(done, numbers(), (n) => n % 2 === 0),
      2,
    ))}`,
  );
}

/** `mapReduce`: the length of each word, and the sum of these. */
export async function reduced({ done }: Context, print: Print): Promise<void> {
  const words = generate(done, "do", "not", "communicate", "by", "sharing", "memory");
  const letters = await mapReduce(done, words, (word) => word.length, (sum, n) => sum + n, 0);
  print(`${letters} letters`);
}

/** A chain of filters, one for each prime, that grows while it is received from: the first ten primes. */
export async function chained(parent: Context, print: Print): Promise<void> {
  const [{ done }, cancel] = withCancel(parent);
  let n = 1;
  let numbers: ReceiveChannel<number> = repeatFn(done, () => ++n);
  const primes: number[] = [];
  while (primes.length < 10) {
    const prime = await numbers.receive();
    // The context has ended.
    if (prime === undefined) break;
    primes.push(prime);
    numbers = filter(done, numbers, (n) => n % prime !== 0);
  }
  cancel();
  print(primes.join(" "));
}

/** `done`: when it fires, a stage with something to say that nobody wants to hear ends as well. */
export async function left(parent: Context, print: Print): Promise<void> {
  const [{ done }, cancel] = withCancel(parent);
  const random = repeatFn(done, Math.random);
  for (let at = 1; at <= 3; at++) print(`${at}: ${(await random.receive())?.toFixed(3)}`);
  cancel();
  print(`the source is ${await hasEnded(random) ? "closed" : "still there"}`);
}

async function hasEnded(stream: ReceiveChannel<unknown>): Promise<boolean> {
  return (await stream.next()).done === true;
}

/** What comes from a stream, until it ends. */
export async function joined(stream: ReceiveChannel<unknown>): Promise<string> {
  const values: unknown[] = [];
  for await (const value of stream) values.push(value);
  return values.join(" ");
}

/** Situations of pipelines on one thread: what a stage costs each value that goes through it. */

import { Channel, type ReceiveChannel } from "../../mod.ts";
import { background, withCancel } from "../../src/context/mod.ts";
import { filter, map, repeatFn, take } from "../../src/patterns/mod.ts";
import { check } from "../support/measure.ts";

/** Numbers through four stages, of which one lets every second pass. The time is that of one number that comes out. */
export async function throughStages(ops: number): Promise<number> {
  const [ctx, cancel] = withCancel(background());
  let n = 0;
  let sum = 0;
  const start = performance.now();
  const numbers = repeatFn(ctx.done, () => n++);
  const doubled = map(ctx.done, numbers, (n) => 2 * n);
  const wanted = filter(ctx.done, doubled, (n) => n % 4 === 0);
  for await (const each of take(ctx.done, wanted, ops)) sum += each;
  const elapsedMs = performance.now() - start;
  cancel();
  check("The sum", sum, 2 * ops * (ops - 1));
  return elapsedMs;
}

/** The same with async generators: no channels, no goroutines, no way to end it from outside. */
export async function throughGenerators(ops: number): Promise<number> {
  let n = 0;
  let sum = 0;
  const start = performance.now();
  const wanted = filterValues(mapValues(callAgain(() => n++), (n) => 2 * n), (n) => n % 4 === 0);
  for await (const each of takeValues(wanted, ops)) sum += each;
  const elapsedMs = performance.now() - start;
  check("The sum", sum, 2 * ops * (ops - 1));
  return elapsedMs;
}

async function* callAgain<T>(fn: () => T): AsyncGenerator<T> {
  for (;;) yield await fn();
}

async function* mapValues<T, U>(values: AsyncIterable<T>, fn: (value: T) => U): AsyncGenerator<U> {
  for await (const value of values) yield fn(value);
}

async function* filterValues<T>(
  values: AsyncIterable<T>,
  isWanted: (value: T) => boolean,
): AsyncGenerator<T> {
  for await (const value of values) if (isWanted(value)) yield value;
}

async function* takeValues<T>(values: AsyncIterable<T>, count: number): AsyncGenerator<T> {
  let left = count;
  if (left === 0) return;
  for await (const value of values) {
    yield value;
    if (--left === 0) return;
  }
}

/** A channel of numbers that is never empty for long: for one stage by itself. */
export async function throughOne(
  ops: number,
  stage: (input: ReceiveChannel<number>) => ReceiveChannel<number>,
): Promise<number> {
  const input = new Channel<number>(ops);
  for (let i = 0; i < ops; i++) input.trySend(i);
  input.close();
  let sum = 0;
  const start = performance.now();
  for await (const each of stage(input)) sum += each;
  const elapsedMs = performance.now() - start;
  check("The sum", sum, ops * (ops - 1) / 2);
  return elapsedMs;
}

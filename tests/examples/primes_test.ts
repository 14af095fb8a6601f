/** Tests of `examples/primes.ts`. */
import { randomNumbers, search } from "../../examples/primes.ts";
import { isPrime } from "../../examples/primes/finder.ts";
import { background, withCancel } from "../../src/context/mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { Example, runExample } from "../support/example.ts";
import { test } from "../support/test.ts";

const PROGRAM = ["--allow-read", "primes"];
const SEARCH = { count: 6, threads: 1, max: 10_000, seed: 7 };

/** The first numbers that the search gets. */
function numbers(count: number): number[] {
  return randomNumbers(SEARCH.max, SEARCH.seed).take(count).toArray();
}

test("isPrime() knows primes", () => {
  const primes = Array.from({ length: 30 }, (_, n) => n).filter(isPrime);
  assertEquals(primes, [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]);
});

test("randomNumbers() gives the same numbers for the same seed, none beyond its bounds", () => {
  assertEquals(numbers(100), numbers(100));
  const small = randomNumbers(3, 1).take(1000).toArray();
  assertEquals(new Set(small), new Set([1, 2, 3]));
  assert(randomNumbers(1e6, 2).next().value !== randomNumbers(1e6, 3).next().value);
});

test("search() by one finder finds the first primes among the numbers, in order", async () => {
  const heard: number[] = [];
  const { primes } = await search(background(), SEARCH, (prime) => heard.push(prime));
  assertEquals(primes, numbers(1000).filter(isPrime).slice(0, SEARCH.count));
  assertEquals(heard, primes);
});

test("search() by three finders finds as many, each of them a prime among the numbers", async () => {
  const { primes } = await search(background(), { ...SEARCH, threads: 3 });
  assertEquals(primes.length, SEARCH.count);
  const given = new Set(numbers(1000));
  for (const prime of primes) assert(isPrime(prime) && given.has(prime), String(prime));
});

test("search() ends with all its finders when its context does", async () => {
  const [ctx, cancel] = withCancel(background());
  const { primes } = await search(ctx, { ...SEARCH, count: 1e9, threads: 2 }, () => cancel());
  assert(primes.length >= 1);
});

test("primes prints what one thread and what several have found, and the speed-up", async () => {
  const { code, lines, err } = await runExample(
    ...PROGRAM,
    ...["--count", "3", "--threads", "2", "--max", "1000"],
  );
  assertEquals([code, err], [0, ""]);
  const shape = lines.map((line) =>
    line.replace(/^ {2}\d+$/, "prime").replace(/[\d.]+ s$/, "time").replace(/[\d.]+$/, "factor")
  );
  assertEquals(shape, [
    ...["1 thread:", "prime", "prime", "prime", "  time"],
    ...["2 threads:", "prime", "prime", "prime", "  time"],
    "speed-up factor",
  ]);
  for (const line of lines) {
    if (/^ {2}\d+$/.test(line)) assert(isPrime(Number(line)), line);
  }
});

for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(`primes ends with ${status} at ${signal}`, async () => {
    await using example = new Example([...PROGRAM, "--count", "1000000", "--max", "1000000"]);
    assertEquals(await example.line(), "1 thread:");
    await example.line();
    example.kill(signal);
    const { code, err } = await example.end();
    assertEquals([code, err], [status, ""]);
  });
}

for (
  const args of [
    ["--count", "0"],
    ["--threads", "0"],
    ["--threads", "257"],
    ["--max", "1"],
    ["--seed", "x"],
    ["--other"],
    ["more"],
  ]
) {
  test(`primes ends with 64 when its arguments are wrong: ${args.join(" ")}`, async () => {
    const { code, lines, err } = await runExample(...PROGRAM, ...args);
    assertEquals([code, lines], [64, []]);
    assertMatch(err, /^primes: [^\n]+\n$/);
  });
}

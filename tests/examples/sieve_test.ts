/** Tests of `examples/sieve.ts`. */
import { sieve } from "../../examples/sieve.ts";
import { background, withCancel } from "../../src/context/mod.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { Example, runExample } from "../support/example.ts";
import { test } from "../support/test.ts";

const PROGRAM = "sieve";

test("sieve() finds the first primes, with a goroutine for each and one that counts, of which none is left", async () => {
  const primes: number[] = [];
  const chain = await sieve(background(), 12, (prime) => primes.push(prime));
  assertEquals(primes, [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37]);
  assertEquals(chain, { started: 13, ended: 13 });
});

test("sieve() leaves nobody behind when it is stopped in the middle", async () => {
  const [ctx, cancel] = withCancel(background());
  const primes: number[] = [];
  const chain = await sieve(ctx, 1000, (prime) => {
    if (primes.push(prime) === 50) cancel();
  });
  assertEquals([primes.length, primes.at(-1)], [50, 229]);
  assertEquals(chain.started, chain.ended);
});

test("sieve() of nothing, and under a context that has ended, finds nothing", async () => {
  const none = (prime: number): never => {
    throw new Error(`found ${prime}`);
  };
  assertEquals(await sieve(background(), 0, none), { started: 1, ended: 1 });
  const [ctx, cancel] = withCancel(background());
  cancel();
  const { started, ended } = await sieve(ctx, 5, none);
  assertEquals(started, ended);
});

test("sieve prints the primes, and that no goroutine is left", async () => {
  assertEquals(await runExample(PROGRAM, "--count", "5"), {
    code: 0,
    lines: ["2", "3", "5", "7", "11"],
    err: "6 goroutines, 0 left\n",
  });
});

for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(`sieve ends with ${status}, and the whole chain with it, at ${signal}`, async () => {
    await using example = new Example([PROGRAM, "--count", "10000"]);
    while (await example.line() !== "29");
    example.kill(signal);
    const { code, err } = await example.end();
    assertEquals(code, status);
    assertMatch(err, /^\d+ goroutines, 0 left\n$/);
  });
}

for (
  const args of [["--count"], ["--count", "x"], ["--count", "-1"], ["--count", "10001"], ["more"]]
) {
  test(`sieve ends with 64 when its arguments are wrong: ${args.join(" ")}`, async () => {
    const { code, lines, err } = await runExample(PROGRAM, ...args);
    assertEquals([code, lines], [64, []]);
    assertMatch(err, /^sieve: [^\n]+\n$/);
  });
}

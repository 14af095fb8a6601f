import { randomBelow } from "../../src/internal/random.ts";
import { assert, assertEquals, assertGreaterOrEqual, assertLess } from "../support/assert.ts";
import { test } from "../support/test.ts";

test("randomBelow(1) is 0", () => {
  assertEquals(Array.from({ length: 100 }, () => randomBelow(1)), new Array(100).fill(0));
});

for (const bound of [2, 3, 7, 10, 64]) {
  // Six standard deviations: a fair generator fails once in some 10^8 runs.
  test(`randomBelow(${bound}) gives each integer as often as the others`, () => {
    const rounds = 100_000;
    const counts: number[] = new Array(bound).fill(0);
    for (let round = 0; round < rounds; round++) counts[randomBelow(bound)]!++;
    const p = 1 / bound;
    for (const count of counts) {
      assertLess(Math.abs(count - rounds * p), 6 * Math.sqrt(rounds * p * (1 - p)));
    }
  });
}

for (const bound of [2, 3, 7, 10]) {
  test(`randomBelow(${bound}) gives each pair as often as the others`, () => {
    const rounds = 200_000;
    const counts: number[] = new Array(bound * bound).fill(0);
    for (let round = 0; round < rounds; round++) {
      counts[randomBelow(bound) * bound + randomBelow(bound)]!++;
    }
    const p = 1 / (bound * bound);
    for (const count of counts) {
      assertLess(Math.abs(count - rounds * p), 6 * Math.sqrt(rounds * p * (1 - p)));
    }
  });
}

test("randomBelow() stays within bounds up to 2^21", () => {
  for (const bound of [10_000, 2 ** 20 + 7, 2 ** 21]) {
    let least = bound;
    let most = 0;
    for (let round = 0; round < 20_000; round++) {
      const value = randomBelow(bound);
      assert(Number.isInteger(value));
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
    assertGreaterOrEqual(least, 0);
    assertLess(most, bound);
    // Both ends are reached, to within a hundredth.
    assertLess(least, bound / 100);
    assertLess(bound - most, bound / 100);
  }
});

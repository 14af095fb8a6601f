/**
 * What the threads of `../primes.ts` run.
 *
 * @module
 */
import { type Channel, select, send, task } from "../../mod.ts";
import type { Context } from "../../src/context/mod.ts";

/** Sends those of `numbers` that are primes, until there are no more or `ctx` ends. It closes `primes`. */
export const findPrimes = task(
  import.meta.url,
  "findPrimes",
  async (ctx: Context, numbers: Channel<number>, primes: Channel<number>): Promise<void> => {
    try {
      for (;;) {
        const got = await select({ number: numbers, stop: ctx.done });
        if (got.case === "stop" || !got.ok) return;
        if (!isPrime(got.value)) continue;
        const sent = await select({ prime: send(primes, got.value), stop: ctx.done });
        if (sent.case === "stop") return;
      }
    } finally {
      primes.close();
    }
  },
);

/** Reports whether `number` is a prime. It tries every divisor there could be, as somebody would who knows no better: it is to take long. */
export function isPrime(number: number): boolean {
  if (number < 2) return false;
  for (let divisor = 2; divisor < number; divisor++) {
    if (number % divisor === 0) return false;
  }
  return true;
}

/**
 * Tasks for the stress of pools.
 *
 * @module
 */
import { type Channel, Pool, task } from "../../mod.ts";

/** What a task of the stress does. */
export type Deed = "run" | "suspend" | "fork" | "fork and join" | "fail" | "exit" | "exit late";

/** Counts that it runs, by its number, and does what it is told. */
export const act = task(
  import.meta.url,
  "act",
  (runs: Int32Array, n: number, deed: Deed, until: Channel<number>): unknown => {
    Atomics.add(runs, n, 1);
    switch (deed) {
      case "run":
        return n;
      case "suspend":
        return turn().then(() => n);
      case "fork":
        return Pool.current!.go(act, runs, n, "run", until);
      case "fork and join":
        return Pool.current!.go(act, runs, n, "run", until).joinSync();
      case "fail":
        throw new RangeError(String(n));
      case "exit":
        return process.exit(3);
      case "exit late":
        return turn().then(() => process.exit(3));
    }
  },
  // Any order will do, as long as it is one.
  { weight: (_runs, n) => (n * 7919) % 1000 },
);

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/**
 * Says the names of many people, as many at once as there are workers: a `WorkPool`, which takes no more than it can do.
 *
 * ```
 *   a goroutine for each name ── run ──▶ worker 1 ──▶ "steve"
 *                             ── run ──▶ worker 2 ──▶ "bob"
 *                             ── run …   waits until one of them is free
 * ```
 *
 * `run` resolves when a worker has taken the task up, so whoever hands over more than can be done notices. At SIGINT or SIGTERM what waits is given up,
 * and what has begun comes to its end.
 *
 * Run it as `deno run examples/work.ts [--workers N] [--times N] [--pause MS]`; after each name a worker pauses.
 *
 * | exit code | when                               |
 * | --------- | ---------------------------------- |
 * | 0         | all names were said                |
 * | 64        | the arguments are wrong            |
 * | 130, 143  | SIGINT or SIGTERM came before that |
 *
 * @module
 */
import { sleep, WaitGroup } from "../mod.ts";
import type { Context } from "../src/context/mod.ts";
import { WorkPool } from "../src/patterns/mod.ts";
import { exitCodeOf, program, untilSignal, whole } from "./support/program.ts";

const NAMES = ["steve", "bob", "mary", "therese", "jason"];

/** What is said, and how. */
export interface Roll {
  readonly names: readonly string[];
  /** How often each is said. */
  readonly times: number;
  readonly workers: number;
  /** How long a worker pauses after each. */
  readonly pauseMs: number;
  /** Prints a line. */
  print(line: string): void;
}

/** Has all names said; resolves when the last worker has ended, with how many were. */
export async function callTheRoll(ctx: Context, roll: Roll): Promise<number> {
  const { names, times, workers, pauseMs, print } = roll;
  const { signal } = ctx;
  const pool = new WorkPool(workers);
  using waiting = new WaitGroup();
  let said = 0;
  for (let time = 0; time < times; time++) {
    for (const name of names) {
      waiting.go(async () => {
        try {
          await pool.run(async () => {
            print(name);
            said++;
            await sleep(pauseMs);
          }, { signal });
        } catch (reason) {
          if (reason !== signal.reason) throw reason;
        }
      });
    }
  }
  await waiting.wait();
  await pool.shutdown();
  return said;
}

await program(
  import.meta,
  { workers: whole(2, 1, 10_000), times: whole(4, 0, 100_000), pause: whole(200, 0, 1e6) },
  untilSignal(async ({ pause: pauseMs, ...shape }, ctx) => {
    const said = await callTheRoll(ctx, { ...shape, names: NAMES, pauseMs, print: console.log });
    console.log(`${said} of ${NAMES.length * shape.times} names said`);
    return exitCodeOf(ctx);
  }),
);

/**
 * The back end: compiles functions and all that they have inside.
 *
 * @module
 */
import { Pool, WaitGroup } from "../../mod.ts";
import { compile, type Compiled } from "./compile.ts";
import type { Func } from "./program.ts";
import { openQueue } from "./queue.ts";
import { randomFrom, shuffled } from "./random.ts";

/** How to compile. */
export interface Plan {
  /** How many functions are compiled at once, each on a thread; 1: on this one. */
  readonly workers: number;
  /** Where the random order begins that is to bring races to light; none: the longest functions first. */
  readonly race?: number | undefined;
}

/**
 * Compiles all functions. After one that cannot be compiled no other is begun.
 *
 * @returns What has become of them and of their closures, in the order in which they were begun.
 * @throws what the first that failed failed with, when nothing is at work any more
 */
export async function compileFunctions(
  functions: readonly Func[],
  { workers, race }: Plan,
): Promise<readonly Compiled[]> {
  await using pool = workers > 1 ? new Pool({ threads: workers }) : undefined;
  await using works = openQueue(workers);
  using wg = new WaitGroup();
  const compiled: (Compiled | undefined)[] = [];
  let failure: { readonly reason: unknown } | undefined;

  const compileAll = async (fns: readonly Func[]): Promise<void> => {
    wg.add(fns.length);
    for (const fn of fns) {
      await works.queue(async (worker) => {
        try {
          if (failure !== undefined) return;
          const place = compiled.push(undefined) - 1;
          const result = pool === undefined
            ? compile(fn, worker)
            : await pool.go(compile, fn, worker);
          compiled[place] = result;
          await compileAll(result.closures);
        } catch (reason) {
          failure ??= { reason };
        } finally {
          wg.done();
        }
      });
    }
  };

  await compileAll(race === undefined ? longestFirst(functions) : inRandomOrder(functions, race));
  await wg.wait();
  if (failure !== undefined) throw failure.reason;
  return compiled.map((each) => each!);
}

/** The longest are likely to take longest: begun last, they would keep the others waiting. */
function longestFirst(functions: readonly Func[]): Func[] {
  return functions.toSorted((a, b) => b.body.length - a.body.length);
}

function inRandomOrder(functions: readonly Func[], seed: number): Func[] {
  return shuffled(functions, randomFrom(seed));
}

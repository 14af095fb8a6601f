/**
 * Pipelines: goroutines that receive from the one before and send to the one after, and the ways to make them.
 *
 * ```
 *   counter ── 0 1 2 3 ──▶ squarer ── 0 1 4 9 ──▶ printer
 *      ▲                     ▲                      │ has had enough, or has failed
 *      └─────────────────────┴──── done ────────────┘
 * ```
 *
 * Each stage closes its output when its input is closed, so the end runs down the pipeline. The other way, from the reader up, it is `done`
 * that runs: whoever sends waits for that as well, and nobody is left behind.
 *
 * | scene        | what it shows                                                                            |
 * | ------------ | ---------------------------------------------------------------------------------------- |
 * | `squares`    | the pipeline above, by hand; `--count N` numbers, 0 for all there are                     |
 * | `arithmetic` | generate, map                                                                            |
 * | `repeat`     | repeat, repeatFn, take                                                                   |
 * | `choose`     | skip, filter                                                                             |
 * | `reduce`     | mapReduce                                                                                |
 * | `chain`      | a filter for each prime                                                                  |
 * | `leave`      | done: a source that nobody reads any more ends                                            |
 * | `or-done`    | orDone: a loop over a channel that is never closed                                       |
 * | `tee`        | tee                                                                                      |
 * | `bridge`     | bridge                                                                                   |
 * | `fan-in`     | fanIn                                                                                    |
 * | `fan-out`    | fanOut, in step and each at its own pace                                                  |
 * | `workers`    | three workers that share an input, and fanIn                                              |
 * | `results`    | errors as results, of checks of the status of URLs                                       |
 * | `first`      | the first error ends all, and leaves nobody behind                                        |
 *
 * Run it as `deno run --allow-net examples/pipeline.ts [--count N] [SCENE...]`, all scenes without one. Only `results` and `first` need the
 * network, of this machine. SIGINT and SIGTERM stop it.
 *
 * | exit code | when                       |
 * | --------- | -------------------------- |
 * | 0         | all was shown              |
 * | 64        | the arguments are wrong    |
 * | 130, 143  | SIGINT, SIGTERM stopped it |
 *
 * @module
 */
import { firstError, results } from "./pipeline/checks.ts";
import { bridged, ended, fannedIn, fannedOut, shared, teed } from "./pipeline/fan.ts";
import type { Scene } from "./pipeline/scene.ts";
import { squares } from "./pipeline/squares.ts";
import { arithmetic, chained, chosen, left, reduced, repeated } from "./pipeline/stages.ts";
import { exitCodeOf, operands, program, untilSignal, whole, wordOf } from "./support/program.ts";
import { Screen } from "./support/screen.ts";

/** The scenes, in the order in which they are played. `count` is how many numbers are squared. */
export function scenesFor(count: number): ReadonlyMap<string, Scene> {
  return new Map<string, Scene>([
    ["squares", (ctx, print) => squares(ctx, count, print)],
    ["arithmetic", arithmetic],
    ["repeat", repeated],
    ["choose", chosen],
    ["reduce", reduced],
    ["chain", chained],
    ["leave", left],
    ["or-done", ended],
    ["tee", teed],
    ["bridge", bridged],
    ["fan-in", fannedIn],
    ["fan-out", fannedOut],
    ["workers", shared],
    ["results", results],
    ["first", firstError],
  ]);
}

await program(
  import.meta,
  { count: whole(10, 0, 1e9), names: operands(wordOf([...scenesFor(0).keys()])) },
  untilSignal(async ({ count, names }, ctx) => {
    const { print } = new Screen("pipeline");
    const scenes = scenesFor(count === 0 ? Infinity : count);
    for (const name of names.length === 0 ? scenes.keys() : names) {
      print(`${name}:`);
      try {
        await scenes.get(name)!(ctx, (line) => print(`  ${line}`));
      } catch (error) {
        // In the middle of a scene; what else it fails with is a mistake in the program.
        if (ctx.err === undefined) throw error;
      }
      if (ctx.err !== undefined) break;
    }
    return exitCodeOf(ctx);
  }),
);

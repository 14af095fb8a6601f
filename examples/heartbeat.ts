/**
 * Signs of life: workers that give them, a listener that misses them, and a steward that starts again who is silent.
 *
 * ```
 *   worker ── pulse ───▶ listener        ward ── pulse ──▶ steward ── pulse ──▶ ...
 *      └───── results ──▶   └ late: not healthy    ◀─ done ──┘ silent: end it, and start another
 * ```
 *
 * | scene           | what it shows                                                                                  |
 * | --------------- | ---------------------------------------------------------------------------------------------- |
 * | `interval`      | a pulse every second, a result every two, for ten seconds                                      |
 * | `unit`          | a pulse as each unit of work begins                                                            |
 * | `unhealthy`     | two pulses, and then nothing: after two seconds the listener knows                             |
 * | `irresponsible` | a ward that never gives a sign; it may be silent for four seconds, and has nine in all         |
 * | `numbers`       | a ward that ends at each negative number of `1 2 -1 3 4 5`, and is started again: `1 2 1 2 1 2` |
 *
 * No pulse ever holds up the work: one that nobody has taken waits, and the next is dropped.
 *
 * Run it as `deno run examples/heartbeat.ts [--speed N] [SCENE...]`, all scenes without one; N times as fast if it is to be. Each line says
 * after how many seconds of the scene it came. SIGINT and SIGTERM stop it.
 *
 * | exit code | when                                                   |
 * | --------- | ------------------------------------------------------ |
 * | 0         | all went as described                                  |
 * | 64        | the arguments are wrong                                |
 * | 130, 143  | SIGINT, SIGTERM stopped it, and all goroutines with it |
 *
 * @module
 */
import { type Context, withCancel, withTimeout } from "../src/context/mod.ts";
import { takeNumbers, watchIrresponsible } from "./heartbeat/ward.ts";
import { hangingWorker, listen, type Print, steadyWorker, unitWorker } from "./heartbeat/worker.ts";
import { exitCodeOf, operands, program, untilSignal, whole, wordOf } from "./support/program.ts";
import { Screen } from "./support/screen.ts";

/** Part of the program: it ends with its context, and then nothing of it is left. `second` is how many milliseconds that takes here. */
export type Scene = (parent: Context, second: number, print: Print) => Promise<void>;

/** The scenes, in the order in which they are played. */
export const SCENES: ReadonlyMap<string, Scene> = new Map<string, Scene>([
  ["interval", async (parent, second, print) => {
    const [ctx, cancel] = withTimeout(parent, 10.5 * second);
    await listen(steadyWorker(ctx, second), 2 * second, print);
    cancel();
  }],
  ["unit", async (ctx, second, print) => {
    await listen(unitWorker(ctx, [1, 2, 3]), 2 * second, print);
  }],
  ["unhealthy", async (parent, second, print) => {
    const [ctx, cancel] = withCancel(parent);
    await listen(hangingWorker(ctx, second), 2 * second, print);
    cancel();
  }],
  ["irresponsible", async (parent, second, print) => {
    const [ctx, cancel] = withTimeout(parent, 9 * second);
    await watchIrresponsible(ctx, 4 * second, print);
    cancel();
  }],
  ["numbers", async (ctx, second, print) => {
    await takeNumbers(ctx, [1, 2, -1, 3, 4, 5], 6, second, print);
  }],
]);

await program(
  import.meta,
  { speed: whole(1, 1, 100), scenes: operands(wordOf([...SCENES.keys()])) },
  untilSignal(async ({ speed, scenes }, ctx) => {
    const { print } = new Screen("heartbeat");
    const second = 1000 / speed;
    for (const name of scenes.length === 0 ? SCENES.keys() : scenes) {
      if (ctx.err !== undefined) break;
      print(`${name}:`);
      const startedAt = performance.now();
      await SCENES.get(name)!(ctx, second, (line) => {
        const seconds = ((performance.now() - startedAt) / second).toFixed(1);
        print(`${seconds.padStart(6)} s  ${line}`);
      });
    }
    return exitCodeOf(ctx);
  }),
);

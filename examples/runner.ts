/**
 * Runs tasks one after the other, within a time, until somebody presses Ctrl-C: a `Runner`.
 *
 * ```
 *   task 0 ──▶ task 1 ──▶ task 2 ──▶ …
 *      SIGINT ─┴─ between two ─┘          the time: at once, whatever is under way
 * ```
 *
 * Task N takes N seconds. After SIGINT the one that runs comes to its end, and no other is started. When the time is over the program does not wait
 * for it: it tells it to stop, by a context. SIGTERM does the same.
 *
 * Run it as `deno run examples/runner.ts [--tasks N] [--timeout MS] [--second MS]`; a shorter second makes it faster.
 *
 * | exit code | when                    |
 * | --------- | ----------------------- |
 * | 0         | all tasks were done     |
 * | 1         | the time was over       |
 * | 2         | SIGINT came             |
 * | 64        | the arguments are wrong |
 * | 143       | SIGTERM came            |
 *
 * @module
 */
import { sleep } from "../mod.ts";
import { background, type Context, withCancel } from "../src/context/mod.ts";
import { InterruptedError, Runner } from "../src/patterns/mod.ts";
import { exitCodeOf, notifyContext, program, whole } from "./support/program.ts";

/** Time is over. */
const EXIT_TIMEOUT = 1;
/** Somebody has pressed Ctrl-C. */
const EXIT_INTERRUPT = 2;

/** What there is to do. */
export interface Job {
  readonly tasks: number;
  readonly timeoutMs: number;
  /** How long a second is. */
  readonly secondMs: number;
  /** Prints a line. */
  print(line: string): void;
}

/** Runs the tasks, and returns the exit code. When it does nothing is left running. */
export async function runAll(parent: Context, job: Job): Promise<number> {
  const { tasks, timeoutMs, secondMs, print } = job;
  const [ctx, cancel] = withCancel(parent);
  const runner = new Runner(timeoutMs);
  for (let count = 0; count < tasks; count++) {
    runner.add(async (id) => {
      print(`task ${id}`);
      await sleep(id * secondMs, { signal: ctx.signal });
    });
  }
  print("starting");
  try {
    await runner.start({ signal: ctx.signal });
  } catch (reason) {
    if (reason instanceof InterruptedError) {
      print("interrupted");
      return EXIT_INTERRUPT;
    }
    if (reason instanceof DOMException && reason.name === "TimeoutError") {
      print(`not done within ${timeoutMs} ms`);
      return EXIT_TIMEOUT;
    }
    if (parent.err === undefined) throw reason;
    print("told to stop");
    return exitCodeOf(parent);
  } finally {
    cancel();
  }
  print("done");
  return 0;
}

await program(
  import.meta,
  { tasks: whole(3, 0, 1000), timeout: whole(5000, 1, 1e9), second: whole(1000, 0, 1e6) },
  async ({ tasks, timeout: timeoutMs, second: secondMs }) => {
    const [ctx, stop] = notifyContext(background(), "SIGTERM");
    const exitCode = await runAll(ctx, { tasks, timeoutMs, secondMs, print: console.log });
    stop();
    return exitCode;
  },
);

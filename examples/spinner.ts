/**
 * A spinner that turns on this thread while another computes a Fibonacci number, the slow way.
 *
 * ```
 *   this thread:    main ── go ──▶ spin   |  /  -  \   ── standard error
 *                    │ join
 *   a pool thread:  fib(n) ─────────────────────────▶  the number
 * ```
 *
 * In Go it is enough to start the spinner as a goroutine, since goroutines that compute are interrupted. Here those of one thread are not:
 * whoever computes for seconds does it on a thread of a {@linkcode Pool}. The spinner ends when it is told to, before the result is printed, and
 * not with the process.
 *
 * Run it as `deno run --allow-read examples/spinner.ts [N]`, by default 42. The spinner is only shown on a terminal.
 *
 * | exit code | when                    |
 * | --------- | ----------------------- |
 * | 0         | the result is printed   |
 * | 64        | the arguments are wrong |
 * | 130, 143  | SIGINT, SIGTERM         |
 *
 * @module
 */
import process from "node:process";
import { isatty } from "node:tty";
import { go, type Goroutine, Pool, select, type Task, task, Ticker } from "../mod.ts";
import { cause, type Context, withCancel } from "../src/context/mod.ts";
import { exitCodeOf, operands, program, untilSignal, whole } from "./support/program.ts";

/** From one position of the spinner to the next. */
const TURN_MS = 100;
const POSITIONS = "-\\|/";
const CLEAR_LINE = "\r\x1b[K";
const DEFAULT_N = 42;
/** The result must be exact; long before that nobody waits for it. */
const MAX_N = 78;

/** The `n`th Fibonacci number, in some 1.6^n calls. */
export const fib: Task<[n: number], number> = task(import.meta.url, "fib", slowFib);

function slowFib(n: number): number {
  return n < 2 ? n : slowFib(n - 1) + slowFib(n - 2);
}

/** Turns until `ctx` ends, and leaves an empty line. */
export async function spin(
  ctx: Context,
  write: (text: string) => void,
  turnMs: number,
): Promise<void> {
  using ticker = new Ticker(turnMs);
  for (let turn = 0; ctx.err === undefined; turn++) {
    write(`\r${POSITIONS[turn % POSITIONS.length]}`);
    await select({ tick: ticker.channel, over: ctx.done });
  }
  write(CLEAR_LINE);
}

/**
 * Has a spinner turn until `slow` has ended or `ctx` ends.
 *
 * @returns What `slow` returned.
 * @throws what `slow` threw; the cause if `ctx` has ended
 */
export async function spinWhile<T>(
  ctx: Context,
  slow: Goroutine<T>,
  write: (text: string) => void,
  turnMs: number,
): Promise<T> {
  const [spinning, stop] = withCancel(ctx);
  const spinner = go(spin, spinning, write, turnMs);
  try {
    return await slow.join({ signal: ctx.signal });
  } finally {
    stop();
    await spinner;
  }
}

/** Writes to standard error if that is a terminal. */
function draw(text: string): void {
  if (isatty(2)) process.stderr.write(text);
}

await program(
  import.meta,
  { numbers: operands(whole(DEFAULT_N, 0, MAX_N), 1) },
  untilSignal(async ({ numbers: [n = DEFAULT_N] }, ctx) => {
    const pool = new Pool({ threads: 1 });
    try {
      const result = await spinWhile(ctx, pool.go(fib, n), draw, TURN_MS);
      console.log(`fib(${n}) = ${result}`);
      return 0;
    } catch (error) {
      if (ctx.err === undefined || error !== cause(ctx)) throw error;
      return exitCodeOf(ctx);
    } finally {
      // What is not done by now is not wanted any more.
      await pool.terminate();
    }
  }),
);

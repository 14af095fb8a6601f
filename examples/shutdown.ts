/**
 * A graceful shutdown: at a signal the work ends, and what it leaves is cleaned up, within a time limit.
 *
 * ```
 *   SIGINT, ─▶ signals ─▶ run ─── ctx ──▶ work ── the order under way
 *   SIGTERM   (buffered)   │ ▲              │ ended
 *                          │ └─ cleaned ─ cleanUp ◀─ its own ctx: the time limit
 *                          └─ after(limit), a second signal: give up
 * ```
 *
 * - The channel of the signals has a buffer. Whoever tells of a signal does not wait for a receiver, so without a buffer a signal
 *   is lost that comes while nobody receives: here, while the program starts.
 * - The work is not torn apart: the order under way is finished, and no other is begun.
 * - The clean-up gets a context that ends with the time limit. If it does not come to its end all the same, the process ends without it.
 * - A second signal ends it at once.
 *
 * Run it as `deno run examples/shutdown.ts [--start MS] [--work MS] [--clean MS] [--limit MS]`: how long the start takes (500), an
 * order (1000), each of the three parts of the clean-up (500), and work and clean-up together at the most (5000).
 *
 * | exit code | when                                                         |
 * | --------- | ------------------------------------------------------------ |
 * | 0         | a signal asked it to stop, and all is cleaned up             |
 * | 2         | the clean-up took longer than the limit                      |
 * | 64        | the arguments are wrong                                      |
 * | 130, 143  | a second signal, SIGINT or SIGTERM, came during the clean-up |
 *
 * @module
 */
import process from "node:process";
import { after, Channel, go, type ReceiveChannel, select, sleep } from "../mod.ts";
import { background, type Context, withCancel, withTimeout } from "../src/context/mod.ts";
import { EXIT_CODES, program, type Signal, SIGNALS, whole } from "./support/program.ts";

const EXIT_LATE = 2;
const PARTS: readonly string[] = ["orders saved", "files closed", "temporary files removed"];

/** How long everything takes. */
export interface Times {
  readonly startMs: number;
  readonly workMs: number;
  readonly cleanMs: number;
  readonly limitMs: number;
}

/** Who tells of signals: `process`, or a test. */
export interface SignalSource {
  on(signal: Signal, listener: (signal: Signal) => void): unknown;
}

/** Returns a channel of the signals that come from now on (Go: `signal.Notify`). */
export function notify(from: SignalSource): ReceiveChannel<Signal> {
  // Two have a meaning, the first and the second. Those beyond them may be lost.
  const signals = new Channel<Signal>(2);
  for (const each of SIGNALS) from.on(each, (signal) => signals.trySend(signal));
  return signals;
}

/** Starts, works until there is a signal, and shuts down. Returns the exit code. */
export async function run(
  signals: ReceiveChannel<Signal>,
  times: Times,
  print: (line: string) => void,
): Promise<number> {
  print("starting");
  await sleep(times.startMs);
  print("ready");
  const [ctx, stop] = withCancel(background());
  const working = go(work, ctx, times.workMs, print);
  print(`${await signals.receive()}: stopping`);
  stop();

  const [limited, giveUp] = withTimeout(background(), times.limitMs);
  const cleaned = new Channel<never>();
  go(async () => {
    await working;
    if (await cleanUp(limited, times.cleanMs, print)) cleaned.close();
  });
  const got = await select({ cleaned, late: limited.done, again: signals });
  giveUp();
  switch (got.case) {
    case "cleaned":
      print("stopped");
      return 0;
    case "late":
      print(`not cleaned up within ${times.limitMs} ms`);
      return EXIT_LATE;
    case "again":
      print(`${got.value}: stopped at once`);
      return EXIT_CODES[got.value!];
  }
}

/** Fills orders until `ctx` ends; the one under way is finished. */
async function work(ctx: Context, workMs: number, print: (line: string) => void): Promise<void> {
  for (let order = 1; ctx.err === undefined; order++) {
    await sleep(workMs);
    print(`order ${order} filled`);
  }
}

/** Cleans up, one part after the other. Returns `false` if `ctx` ends before that is done. */
async function cleanUp(
  ctx: Context,
  cleanMs: number,
  print: (line: string) => void,
): Promise<boolean> {
  for (const part of PARTS) {
    const got = await select({ done: after(cleanMs), over: ctx.done });
    if (got.case === "over") return false;
    print(part);
  }
  return true;
}

await program(
  import.meta,
  {
    start: whole(500, 0, 3_600_000),
    work: whole(1000, 1, 3_600_000),
    clean: whole(500, 0, 3_600_000),
    limit: whole(5000, 0, 3_600_000),
  },
  async ({ start: startMs, work: workMs, clean: cleanMs, limit: limitMs }) => {
    const signals = notify(process);
    // Whatever has not come to its end.
    process.exit(await run(signals, { startMs, workMs, cleanMs, limitMs }, console.log));
  },
);

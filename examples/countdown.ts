/**
 * Counts down to the launch of a rocket, unless somebody aborts it: a select of a ticker and of those who may.
 *
 * ```
 *   ticker ─── every second ───▶ countdown ───▶ "Lift-off!"
 *   a key, a signal, a timer ───▶  │ abort
 *                                  └──────────▶ "Launch aborted …"
 * ```
 *
 * - An abort that comes in the same moment as the last tick counts: of two cases that are ready select takes either, so the countdown asks for
 *   an abort once more.
 * - Whoever comes second finds the channel full, or nobody there, and does not wait: all of them only try to send.
 * - The ticker stops with the countdown, and so does all listening.
 *
 * Run it as `deno run examples/countdown.ts [--from N] [--tick MS] [--abort-after MS]`. A key aborts it at a terminal, elsewhere anything that comes
 * on standard input; so do SIGINT (Ctrl-C) and SIGTERM.
 *
 * | exit code | when                    |
 * | --------- | ----------------------- |
 * | 0         | the rocket was launched |
 * | 1         | the launch was aborted  |
 * | 64        | the arguments are wrong |
 *
 * @module
 */
import process from "node:process";
import { afterFunc, Channel, type ReceiveChannel, select, Ticker, trySelect } from "../mod.ts";
import { program, whole } from "./support/program.ts";

/** How the countdown goes. */
export interface Countdown {
  /** The first number. */
  readonly from: number;
  /** The time between two numbers. */
  readonly tickMs: number;
  /** Says who aborts it, if anybody does. */
  readonly abort: ReceiveChannel<string>;
  /** Prints a line. */
  print(line: string): void;
}

/** Counts down; resolves with whether there was a launch. */
export async function countDown({ from, tickMs, abort, print }: Countdown): Promise<boolean> {
  using ticker = new Ticker(tickMs);
  for (let count = from; count > 0; count--) {
    print(String(count));
    const got = await select({ tick: ticker.channel, abort });
    const aborted = got.case === "abort" ? got : trySelect({ abort });
    if (aborted !== undefined) {
      print(`Launch aborted by ${aborted.value}!`);
      return false;
    }
  }
  print("Lift-off!");
  return true;
}

/** Lets people and the time abort the countdown, until it is disposed. */
function listen(abort: Channel<string>, afterMs: number | undefined): Disposable {
  const { stdin } = process;
  const pressed = (): void => {
    abort.trySend("a key");
  };
  const signalled = (signal: string): void => {
    abort.trySend(signal);
  };
  const timer = afterMs === undefined
    ? undefined
    : afterFunc(afterMs, () => abort.trySend(`--abort-after ${afterMs}`));
  process.on("SIGINT", signalled).on("SIGTERM", signalled);
  // Any key, not only Enter. Ctrl-C is then a key like the others.
  if (stdin.isTTY) stdin.setRawMode(true);
  stdin.on("data", pressed);
  return {
    [Symbol.dispose](): void {
      timer?.stop();
      process.off("SIGINT", signalled).off("SIGTERM", signalled);
      stdin.off("data", pressed).pause();
      if (stdin.isTTY) stdin.setRawMode(false);
    },
  };
}

await program(
  import.meta,
  {
    "from": whole(10, 0, 1e9),
    "tick": whole(1000, 1, 1e9),
    "abort-after": whole(undefined, 0, 1e9),
  },
  async (options) => {
    const abort = new Channel<string>(1);
    using _ = listen(abort, options["abort-after"]);
    const { from, tick: tickMs } = options;
    console.log("Commencing countdown. Press a key to abort.");
    return await countDown({ from, tickMs, abort, print: console.log }) ? 0 : 1;
  },
);

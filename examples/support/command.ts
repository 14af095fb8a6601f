/**
 * What programs with longer work have in common: they can be stopped, and show how far they are.
 *
 * @module
 */
import { parse } from "node:path";
import process from "node:process";
import { isatty } from "node:tty";
import { fileURLToPath } from "node:url";
import { cause, type Context, withCancelCause } from "../../src/context/mod.ts";
import { UsageError } from "./arguments.ts";
import { EXIT_USAGE } from "./program.ts";
import { exitCodeOf, Interruption, signalContext } from "./signals.ts";

/** Exit code: something failed. */
export const EXIT_FAILED = 1;
/** Exit code: nobody reads what it prints any more. As a shell reports it of a program that SIGPIPE has ended. */
const EXIT_UNREAD = 141;

/**
 * What a program does. It gets its arguments, a context that ends when it is to stop, and where to write; it gives its exit code, which
 * does not matter if it has been stopped.
 */
export type Main = (args: string[], ctx: Context, screen: Screen) => Promise<number>;

/** Runs `main` if the module of `meta` is the program, and not imported by a test or on a thread. */
export async function runProgram(meta: ImportMeta, main: Main): Promise<void> {
  // Node 20 does not know `import.meta.main`.
  if (!(meta.main ?? process.argv[1] === fileURLToPath(meta.url))) return;
  const screen = new Screen(parse(fileURLToPath(meta.url)).name);
  const [signalled, release] = signalContext();
  const [ctx, cancel] = withCancelCause(signalled);
  // It stays: what is still printed fails in the same way.
  process.stdout.on("error", (error: Error & { code?: string }) => {
    if (error.code !== "EPIPE") throw error;
    cancel(new Unread());
  });
  try {
    const code = await main(process.argv.slice(2), ctx, screen);
    process.exitCode = exitCodeAfter(ctx) ?? code;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    screen.complain(error.message);
    process.exitCode = EXIT_USAGE;
  } finally {
    release();
  }
}

/** The cause of the end when nobody reads the output any more, as in `… | head`. */
class Unread extends Error {}

/** What a program ends with that has been stopped; `undefined` if it has not. */
function exitCodeAfter(ctx: Context): number | undefined {
  const reason = cause(ctx);
  if (reason instanceof Interruption) return exitCodeOf(reason.signal);
  return reason instanceof Unread ? EXIT_UNREAD : undefined;
}

/** `1 file`, `5,000 files`. */
export function count(n: number, noun: string): string {
  return `${n.toLocaleString("en-US")} ${noun}${n === 1 ? "" : "s"}`;
}

/** Standard output, standard error, and at the end of that, if it is a terminal, a line that says how far the work has come. */
export class Screen {
  readonly #program: string;
  readonly #isTerminal = isatty(2);
  #progress = "";

  /** @param program What its complaints begin with. */
  constructor(program: string) {
    this.#program = program;
  }

  /** Prints a line. */
  readonly print = (line: string): void => {
    this.#above(() => process.stdout.write(`${line}\n`));
  };

  /** Prints a line on standard error. */
  readonly complain = (line: string): void => {
    this.#above(() => process.stderr.write(`${this.#program}: ${line}\n`));
  };

  /** Replaces the line of progress; with an empty one it is gone. */
  readonly showProgress = (line: string): void => {
    if (!this.#isTerminal || line === this.#progress) return;
    process.stderr.write(`\r\x1b[K${line}`);
    this.#progress = line;
  };

  #above(write: () => void): void {
    const progress = this.#progress;
    this.showProgress("");
    write();
    this.showProgress(progress);
  }
}

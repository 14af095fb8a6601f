/**
 * What a program shows to people.
 *
 * @module
 */
import process from "node:process";
import { isatty } from "node:tty";

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

  /** Prints a line on standard error: control characters, a newline among them, as `\u{a}`. */
  readonly complain = (message: string): void => {
    const line = message.replace(
      /\p{Cc}/gu,
      (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
    );
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

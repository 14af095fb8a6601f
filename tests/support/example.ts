/**
 * Programs of `examples/` as processes of their own, as people run them.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { assertEquals, assertMatch } from "./assert.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** How a program has ended. */
export interface Ended {
  /** Its exit code, or the signal that ended it. */
  readonly code: number | string;
  /** The lines that it has printed. */
  readonly lines: readonly string[];
  /** What it has printed on standard error. */
  readonly err: string;
}

/** A program that runs, with no permissions but those that it is given. */
export class Example implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #stderr: Promise<string>;
  readonly #lines: string[] = [];
  #input: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #rest = "";

  /**
   * Starts it.
   *
   * @param command Its permissions, its name and its options, as in `["--allow-read", "bank", "--threads", "2"]`.
   * @param options `input`: it gets a pipe as its standard input; otherwise that is empty.
   */
  constructor(command: readonly string[], { input = false }: { input?: boolean } = {}) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: argumentsOf(command),
      cwd: ROOT,
      env: { NO_COLOR: "1" },
      stdin: input ? "piped" : "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    if (input) this.#input = this.#process.stdin.getWriter();
    this.#reader = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#stderr = new Response(this.#process.stderr).text();
  }

  /** The next line that it prints; `undefined` at the end. */
  async line(): Promise<string | undefined> {
    while (!this.#rest.includes("\n")) {
      const { done, value } = await this.#reader.read();
      if (!done) this.#rest += value;
      else if (this.#rest === "") return undefined;
      else this.#rest += "\n";
    }
    const end = this.#rest.indexOf("\n");
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    this.#lines.push(line);
    return line;
  }

  /** Waits for a line that `pattern` fits. */
  async until(pattern: RegExp): Promise<string> {
    for (;;) {
      const line = await this.line();
      if (line === undefined) throw new Error(`no line fits ${pattern}: ${this.#lines.join("\n")}`);
      if (pattern.test(line)) return line;
    }
  }

  /** Types `text` on its standard input, which stays open. */
  async type(text: string): Promise<void> {
    await this.#input!.write(new TextEncoder().encode(text));
  }

  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  /** Reads no more of what it prints. */
  async stopReading(): Promise<void> {
    await this.#reader.cancel();
  }

  /** Waits for its end. */
  async end(): Promise<Ended> {
    while (await this.line() !== undefined);
    const { code, signal } = await this.#process.status;
    return { code: signal ?? code, lines: this.#lines, err: await this.#stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch (error) {
      // It has ended, as it should.
      if (!(error instanceof TypeError)) throw error;
    }
    await this.#process.status;
    // The other end is gone, and whatever was typed there last is nobody's.
    await this.#input?.abort();
    await this.#reader.cancel();
    await this.#stderr;
  }
}

/** What `deno` is given to run a program. */
function argumentsOf(command: readonly string[]): string[] {
  const at = command.findIndex((word) => !word.startsWith("--"));
  const [permissions, options] = [command.slice(0, at), command.slice(at + 1)];
  return [
    "run",
    "--no-prompt",
    "--no-check",
    ...permissions,
    `examples/${command[at]}.ts`,
    ...options,
  ];
}

/**
 * Runs a program at a terminal, and gives the lines of progress that were to be seen there; `undefined` where `script`, which provides
 * one, is not installed.
 */
export async function progressOf(...command: readonly string[]): Promise<string[] | undefined> {
  const quoted = [Deno.execPath(), ...argumentsOf(command)].map((word) => `'${word}'`).join(" ");
  try {
    const { stdout } = await new Deno.Command("script", {
      args: ["-qec", quoted, "/dev/null"],
      cwd: ROOT,
      stdin: "null",
    }).output();
    // A line of progress stands after the sequence that erases what is there, and no newline follows.
    const written = new TextDecoder().decode(stdout).split("\r\x1b[K");
    return written.filter((text) => text !== "" && !text.includes("\n"));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Runs a program to its end. */
export async function runExample(...command: readonly string[]): Promise<Ended> {
  await using example = new Example(command);
  return await example.end();
}

/** Checks that a program ends with 64 and one line that names what is wrong, for each of `mistakes`: its options, and what is to be named. */
export async function checkUsage(
  name: string,
  mistakes: readonly (readonly [named: string, ...args: string[]])[],
): Promise<void> {
  const all: typeof mistakes = [["--nope", "--nope"], ["more", "more"], ...mistakes];
  await Promise.all(all.map(async ([named, ...args]) => {
    const { code, lines, err } = await runExample(name, ...args);
    assertEquals([args, code, lines], [args, 64, []]);
    assertMatch(err, new RegExp(`^${name}: [^\n]*${named}[^\n]*\n$`));
  }));
}

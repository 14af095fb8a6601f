/**
 * Programs of `examples/` as processes of their own, as people run them.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { assertEquals, assertMatch } from "./assert.ts";
import { LineReader } from "./line_reader.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Permissions, the name of a program and its options, as in `["--allow-read", "bank", "--threads", 2]`. */
export type Command = readonly (string | number)[];

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
  readonly #reader: LineReader;
  readonly #stderr: Promise<string>;
  readonly #lines: string[] = [];
  readonly #input: WritableStreamDefaultWriter<Uint8Array> | undefined;

  /**
   * Starts it.
   *
   * @param options `input`: it gets a pipe as its standard input; otherwise that is empty.
   */
  constructor(command: Command, { input = false }: { input?: boolean } = {}) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: argumentsOf(command),
      cwd: ROOT,
      env: { NO_COLOR: "1" },
      stdin: input ? "piped" : "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    if (input) this.#input = this.#process.stdin.getWriter();
    this.#reader = new LineReader(this.#process.stdout);
    this.#stderr = new Response(this.#process.stderr).text();
  }

  /** Starts a server on a port that is free, and waits until it listens. */
  static async listening(...command: Command): Promise<{ server: Example; port: number }> {
    const server = new Example(["--allow-net=127.0.0.1", ...command, "--port", 0]);
    const line = await server.line();
    const [, port] = /^listening on (?:http:\/\/)?127\.0\.0\.1:(\d+)$/.exec(line ?? "") ?? [];
    if (port !== undefined) return { server, port: Number(port) };
    await server[Symbol.asyncDispose]();
    throw new Error(`${command.join(" ")} says: ${line}`);
  }

  /** The next line that it prints; `undefined` at the end. */
  async line(): Promise<string | undefined> {
    const line = await this.#reader.line();
    if (line !== undefined) this.#lines.push(line);
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

  /** Ends what is typed. */
  async endInput(): Promise<void> {
    await this.#input!.close();
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

/** What `deno` is to be given to run `command`. */
export function argumentsOf(command: Command): string[] {
  const words = command.map(String);
  const at = words.findIndex((word) => !word.startsWith("--"));
  const path = `examples/${words[at]}.ts`;
  const flags = ["--quiet", "--no-prompt", "--no-check", ...words.slice(0, at)];
  return ["run", ...flags, path, ...words.slice(at + 1)];
}

/** Runs a program to its end. */
export async function runExample(...command: Command): Promise<Ended> {
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

/**
 * Programs of `examples/`, run as processes, and clients that talk with them.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { assert } from "./assert.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Lines of a stream of bytes, as they are asked for. */
class LineReader {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #rest = "";

  constructor(bytes: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = bytes.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next line; `undefined` at the end. */
  async line(): Promise<string | undefined> {
    while (!this.#rest.includes("\n")) {
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#rest += value;
    }
    const end = this.#rest.indexOf("\n");
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    return line;
  }

  /** All lines that are left. */
  async rest(): Promise<string[]> {
    const lines: string[] = [];
    for (let line = await this.line(); line !== undefined; line = await this.line()) {
      lines.push(line);
    }
    return lines;
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }
}

/** How a program has ended: its exit code, or the signal that ended it. */
export interface Ended {
  readonly code: number | string;
  /** The lines of its standard output that nobody has read before. */
  readonly lines: readonly string[];
  readonly err: string;
}

/** A program of `examples/`, running with the permissions that its doc comment asks for, and no others. */
export class Program implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #lines: LineReader;
  readonly #err: Promise<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array> | undefined;

  /**
   * Starts `examples/<name>.ts`.
   *
   * @param permissions Options of `deno run`.
   * @param input Whether its standard input is a pipe; without, there is none.
   */
  constructor(
    name: string,
    permissions: readonly string[],
    args: readonly (string | number)[] = [],
    input: "input" | "no input" = "no input",
  ) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        "--no-check",
        ...permissions,
        `examples/${name}.ts`,
        ...args.map(String),
      ],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
      stdin: input === "input" ? "piped" : "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#lines = new LineReader(this.#process.stdout);
    this.#err = new Response(this.#process.stderr).text();
    this.#input = input === "input" ? this.#process.stdin.getWriter() : undefined;
  }

  /** Starts a server of `examples/` on a free port, and waits until it listens. */
  static async listening(
    name: string,
    ...args: readonly (string | number)[]
  ): Promise<{ readonly program: Program; readonly port: number }> {
    const program = new Program(name, ["--allow-net=127.0.0.1"], ["--port", 0, ...args]);
    const line = await program.line();
    const [, port] = /^listening on 127\.0\.0\.1:(\d+)$/.exec(line ?? "") ?? [];
    assert(port !== undefined, `${name} says: ${line}`);
    return { program, port: Number(port) };
  }

  /** The next line that it prints; `undefined` at the end. */
  line(): Promise<string | undefined> {
    return this.#lines.line();
  }

  /** Types something. */
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

  /** Waits until it has ended. */
  async end(): Promise<Ended> {
    const lines = await this.#lines.rest();
    const { code, signal } = await this.#process.status;
    return { code: signal ?? code, lines, err: await this.#err };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch (error) {
      // It has ended, as it should.
      if (!(error instanceof TypeError)) throw error;
    }
    await this.#process.status;
    await this.#lines.cancel();
    await this.#err;
    await this.#input?.abort();
  }
}

/** A client of a server of `examples/`. It reads when it is told to, and no sooner. */
export class Peer implements AsyncDisposable {
  readonly #connection: Deno.TcpConn;
  readonly #lines: LineReader;

  constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
    this.#lines = new LineReader(connection.readable);
  }

  /** Connects to `port` of this machine. */
  static async connect(port: number): Promise<Peer> {
    return new Peer(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Sends a line. */
  async say(line: string): Promise<void> {
    let bytes = new TextEncoder().encode(`${line}\n`);
    while (bytes.length > 0) bytes = bytes.subarray(await this.#connection.write(bytes));
  }

  /** Says that it will send no more. */
  async endInput(): Promise<void> {
    await this.#connection.closeWrite();
  }

  /** The next line that comes; `undefined` at the end. */
  line(): Promise<string | undefined> {
    return this.#lines.line();
  }

  /** All lines that are left. */
  rest(): Promise<string[]> {
    return this.#lines.rest();
  }

  /** Hangs up. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lines.cancel();
  }
}

/**
 * Clients of the servers of `examples/`.
 *
 * @module
 */
import { LineReader } from "./line_reader.ts";

/** A client that says and reads what a test wants. It reads when it is told to, and no sooner. */
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

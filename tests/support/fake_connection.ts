/**
 * Connections without a network, for the servers of `examples/` in virtual time.
 *
 * @module
 */
import type { Connection } from "../../examples/support/connection.ts";
import { StreamError } from "../../examples/support/lines.ts";
import { Channel, select, type WaitOptions } from "../../mod.ts";

/** A connection whose other end is a test. */
export class FakeConnection implements Connection {
  readonly peer: string;
  /** Where the test puts lines; it closes it when it says no more. */
  readonly lines: Channel<string> = new Channel(Infinity);
  /** The lines that have been written and read. */
  readonly received: string[] = [];
  /** How often the server has said that it writes no more. */
  writesClosed = 0;
  readonly #gone = new Channel<never>();
  /** Closed while the other end reads. */
  #reading = new Channel<never>();

  /** @param reads Whether the other end reads. */
  constructor(peer: string, reads = true) {
    this.peer = peer;
    if (reads) this.read();
  }

  /** Whether the server has closed the connection, or it was broken. */
  get isClosed(): boolean {
    return this.#gone.closed;
  }

  /** The other end begins to read. */
  read(): void {
    this.#reading.close();
  }

  /** The connection breaks, as at the first write to an end that is not there any more. */
  break(): void {
    this.#gone.close(new StreamError("broken pipe"));
  }

  async write(text: string, options?: WaitOptions): Promise<void> {
    if (this.#gone.closed) await this.#gone.receive();
    await select({ reading: this.#reading, gone: this.#gone }, options);
    this.received.push(...text.split("\n").slice(0, -1));
  }

  closeWrite(): void {
    this.writesClosed++;
  }

  [Symbol.dispose](): void {
    this.lines[Symbol.dispose]();
    if (!this.#gone.closed) this.#gone.close(new StreamError("the connection is closed"));
  }

  /** The lines that have come since the last call. */
  take(): string[] {
    return this.received.splice(0);
  }
}

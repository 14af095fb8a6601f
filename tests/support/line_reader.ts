/**
 * Streams of bytes as lines.
 *
 * @module
 */

/** Lines of a stream of bytes, as they are asked for. */
export class LineReader {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #rest = "";

  constructor(bytes: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = bytes.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next line, the last of which may have no end; `undefined` after it. */
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

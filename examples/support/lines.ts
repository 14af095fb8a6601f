/**
 * Streams of bytes as channels of lines.
 *
 * @module
 */
import type { Readable } from "node:stream";
import { Channel } from "../../mod.ts";

/** How long a line may be, in UTF-16 units: an end that sends no newline must not fill the memory of the other. */
export const MAX_LINE = 64 * 1024;

/** What goes wrong with a stream: the fault of the network or of the other end, not of the program. */
export class StreamError extends Error {}

/** What `error`, an event of a stream, is to those who use it. */
export function toStreamError(error: Error): StreamError {
  return new StreamError(error.message, { cause: error });
}

/**
 * Returns a channel of the lines of `input` (Go: `bufio.Scanner`), without their ends; what comes after the last newline is a line too.
 *
 * No more is read than is received, but for what comes in one piece. When `input` fails, or a line is too long, the channel is closed with
 * a {@linkcode StreamError}. Disposing it stops the reading.
 */
export function linesOf(input: Readable): Channel<string> {
  const pieces = new Channel<string>(Infinity);
  const end = (reason?: StreamError): void => {
    if (!pieces.closed) pieces.close(reason);
  };
  input.setEncoding("utf8");
  input.on("data", (piece: string) => {
    // Until somebody asks for more.
    input.pause();
    if (!pieces.closed) pieces.trySend(piece);
  });
  input.once("end", () => end());
  input.once("error", (error) => end(toStreamError(error)));
  input.once("close", () => end());
  return Channel.from(split(input, pieces));
}

async function* split(input: Readable, pieces: Channel<string>): AsyncGenerator<string> {
  let rest = "";
  for (;;) {
    input.resume();
    const { done, value } = await pieces.next();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop()!;
    for (const line of lines) yield checkLength(line.endsWith("\r") ? line.slice(0, -1) : line);
    checkLength(rest);
  }
  if (rest !== "") yield rest;
}

function checkLength(line: string): string {
  if (line.length <= MAX_LINE) return line;
  throw new StreamError(`a line is longer than ${MAX_LINE} characters`);
}

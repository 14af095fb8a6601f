/**
 * What a client of the chat has still to be sent.
 *
 * @module
 */
import { Channel, type ReceiveChannel } from "../../mod.ts";

/**
 * Lines on their way to one client, so many at the most. Whoever puts one in never waits: when it is full the line is lost, and when there is
 * room again the client is first told how many it has missed.
 *
 * It belongs to one goroutine at a time, which puts lines in and closes it; another takes them out.
 */
export class Outbox {
  readonly #lines: Channel<string>;
  /** How many have been lost since the client was last told. */
  #lost = 0;

  /** @param size How many lines may wait, at least 1. */
  constructor(size: number) {
    this.#lines = new Channel(size);
  }

  /** The lines, in order; closed after the last. */
  get lines(): ReceiveChannel<string> {
    return this.#lines;
  }

  /** Adds a line if there is room. */
  put(line: string): void {
    if (this.#lost > 0 && this.#lines.trySend(`* ${this.#lost} lost: you read too slowly`)) {
      this.#lost = 0;
    }
    if (this.#lost > 0 || !this.#lines.trySend(line)) this.#lost++;
  }

  /** Says that no more will come. */
  close(): void {
    this.#lines.close();
  }
}

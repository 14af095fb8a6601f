/** What `check` sees of a schedule's past: the log, and which recorded operation came before which. */
import { Sequence, Sum } from "./fingerprint.ts";
import type { Operation } from "./types.ts";

export class Past {
  log: { thread: number; entry: unknown }[] = [];
  history: Operation[] = [];
  readonly #logHash = new Sequence();
  /** Each operation that has begun, with those that had ended before. */
  readonly #begun = new Sum();
  /** Each operation that has ended. */
  readonly #ended = new Sum();
  readonly #scratch = new Sequence();

  /** Before a schedule. */
  reset(): void {
    this.log = [];
    this.history = [];
    this.#logHash.clear();
    this.#begun.clear();
    this.#ended.clear();
  }

  /** `local` names all that the entry can depend on. */
  append(thread: number, entry: unknown, local: Sequence): void {
    this.log.push({ thread, entry });
    this.#logHash.add(thread).addHash(local);
  }

  begin(operation: Operation, step: number): void {
    operation.begin = step;
    this.#begun.add(this.#name(operation).addHash(this.#ended));
  }

  end(operation: Operation, step: number, output: unknown): void {
    operation.end = step;
    operation.output = output;
    this.#ended.add(this.#name(operation));
  }

  /** Adds what distinguishes this past from others. */
  addTo(state: Sequence): void {
    state.addHash(this.#logHash).addHash(this.#begun).addHash(this.#ended);
  }

  /** Names an operation; its input and output follow from the thread's own past. */
  #name({ thread, index }: Operation): Sequence {
    return this.#scratch.clear().add(thread).add(index);
  }
}

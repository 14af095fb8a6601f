/**
 * Function records: how a task names its function in shared memory, by a word instead of a text.
 *
 * @module
 */
import { core } from "../memory/core.ts";
import { FUNCTION_NEXT, FUNCTION_SIZE, FUNCTION_TEXT, POOL_FUNCTIONS } from "../memory/layout.ts";
import { peekText, writeText } from "../memory/message.ts";

/** The function records of one pool, as this thread knows them. */
export class Functions {
  readonly #pool: number;
  readonly #records = new Map<string, number>();

  /** @param pool Address of the pool. */
  constructor(pool: number) {
    this.#pool = pool;
  }

  /**
   * The record of the function `id`; made if the pool has none.
   *
   * @throws {SharedMemoryExhaustedError} if there is no room
   */
  record(id: string): number {
    const known = this.#records.get(id);
    if (known !== undefined) return known;
    this.#readAll();
    const record = this.#records.get(id) ?? this.#add(id);
    this.#records.set(id, record);
    return record;
  }

  /** The `url#name` of the function that `record` names. */
  static nameOf(record: number): string {
    return peekText(core().readU32(record + FUNCTION_TEXT));
  }

  /** Frees all records; no task names them any more. */
  free(): void {
    const c = core();
    for (let record = this.#newest(); record !== 0;) {
      const next = c.readU32(record + FUNCTION_NEXT);
      c.fn.free(c.readU32(record + FUNCTION_TEXT));
      c.fn.free(record);
      record = next;
    }
  }

  #newest(): number {
    return core().loadU32(this.#pool + POOL_FUNCTIONS);
  }

  /** Learns what other threads have added. Two may add the same function: both records then name it. */
  #readAll(): void {
    const c = core();
    for (let record = this.#newest(); record !== 0; record = c.readU32(record + FUNCTION_NEXT)) {
      this.#records.set(Functions.nameOf(record), record);
    }
  }

  #add(id: string): number {
    const c = core();
    const record = c.allocate(FUNCTION_SIZE, "the name of a task");
    let text;
    try {
      text = writeText(id);
    } catch (error) {
      c.fn.free(record);
      throw error;
    }
    c.writeU32(record + FUNCTION_TEXT, text);
    c.fn.poolAddFunction(this.#pool, record);
    return record;
  }
}

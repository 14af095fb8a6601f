/**
 * The values of a context on their way to another thread.
 *
 * What can be found there travels: a value under a text, a number, a bigint, a boolean or a symbol of `Symbol.for`, if it can
 * be sent. An object or another symbol is a key that the other thread cannot have, so it stays behind, and so does what cannot be sent:
 * a context must not be refused to a task because of a value that the task has nothing to do with.
 *
 * @module
 */
import { discardValue, peekValue, writeValue } from "../memory/value.ts";

/** A value and its key. */
export interface Entry {
  readonly key: unknown;
  readonly value: unknown;
}

/** An entry in a message: the key is the name of a symbol, or itself. */
type Written = readonly [isSymbol: boolean, key: unknown, value: unknown];

/**
 * Writes the entries that can be sent as a message, the nearest value of each key; 0 if there is none.
 *
 * @throws {SharedMemoryExhaustedError} if there is no room
 */
export function writeEntries(entries: readonly Entry[]): number {
  const seen = new Set<unknown>();
  const portable: Written[] = [];
  for (const { key, value } of entries) {
    if (seen.has(key) || !isPortable(key)) continue;
    seen.add(key);
    portable.push(
      typeof key === "symbol" ? [true, Symbol.keyFor(key), value] : [false, key, value],
    );
  }
  if (portable.length === 0) return 0;
  try {
    return writeValue(portable);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  // Which ones it was is found out one by one.
  const sendable = portable.filter(canBeSent);
  return sendable.length === 0 ? 0 : writeValue(sendable);
}

/** Reads what {@linkcode writeEntries} wrote, and leaves it. */
export function readEntries(ptr: number): Entry[] {
  return ((peekValue(ptr) ?? []) as Written[]).map(([isSymbol, key, value]) => ({
    key: isSymbol ? Symbol.for(key as string) : key,
    value,
  }));
}

function isPortable(key: unknown): boolean {
  if (typeof key === "symbol") return Symbol.keyFor(key) !== undefined;
  return typeof key !== "object" && typeof key !== "function";
}

function canBeSent(entry: Written): boolean {
  try {
    discardValue(writeValue(entry));
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

/**
 * Values as a word of shared memory: what tasks are called with, what they end with, why a channel was closed.
 *
 * | word     | value                                                              |
 * | -------- | ------------------------------------------------------------------ |
 * | 0        | `undefined`                                                        |
 * | `…00`    | address of a message; it belongs to who holds the word             |
 * | `…10`    | an integer of 29 bits: `(value + 2^29) << 2 \| 2`                  |
 * | `…11`    | `null`, `false`, `true`                                            |
 *
 * But for 0 no word is less than 64: who keeps one beside codes of its own has those.
 *
 * @module
 */
import { structured } from "./element.ts";
import { discardMessage } from "./message.ts";
import type { Moves } from "./moves.ts";

const TAG_MASK = 3;
const INTEGER = 2;
const CONSTANT = 3;

const BIAS = 0x20000000;
/** Integers are less than this, and not less than its negative. */
const LIMIT = 0x10000000;

const NULL = 64 | CONSTANT;
const FALSE = 128 | CONSTANT;
const TRUE = 192 | CONSTANT;

/**
 * Writes any structured value.
 *
 * @param moves Takes what is marked in the value, to be moved.
 * @throws {TypeError} if something in it cannot be sent; the message names the path to it
 * @throws {SharedMemoryExhaustedError} if there is no room
 */
export function writeValue(value: unknown, moves?: Moves): number {
  switch (typeof value) {
    case "undefined":
      return 0;
    case "number":
      // Neither a fraction nor -0, which an integer of 32 bits would lose.
      return Object.is(value | 0, value) && value < LIMIT && value >= -LIMIT
        ? ((value + BIAS) << 2 | INTEGER) >>> 0
        : structured.encode(value);
    case "boolean":
      return value ? TRUE : FALSE;
    default:
      return value === null ? NULL : structured.encode(value, 0, moves);
  }
}

/**
 * Reads what {@linkcode writeValue} wrote, and frees it.
 *
 * @param objects What was moved with it, where that went beside it.
 */
export function readValue(word: number, objects?: readonly unknown[]): unknown {
  return isMessage(word) ? structured.decode(word, 0, objects) : immediate(word);
}

/** Reads what {@linkcode writeValue} wrote and leaves it. */
export function peekValue(word: number): unknown {
  return isMessage(word) ? structured.peek(word) : immediate(word);
}

/** Frees what {@linkcode writeValue} wrote and nobody will read. */
export function discardValue(word: number): void {
  if (isMessage(word)) discardMessage(word);
}

function isMessage(word: number): boolean {
  return word !== 0 && (word & TAG_MASK) === 0;
}

function immediate(word: number): number | boolean | null | undefined {
  switch (word) {
    case 0:
      return undefined;
    case NULL:
      return null;
    case FALSE:
      return false;
    case TRUE:
      return true;
    default:
      return (word >>> 2) - BIAS;
  }
}

import { core, memoryUse } from "../../src/memory/core.ts";
import { isPlain } from "../../src/memory/plain.ts";
import { discardValue, peekValue, readValue, writeValue } from "../../src/memory/value.ts";
import { assert, assertEquals, assertStrictEquals } from "../support/assert.ts";
import { test } from "../support/test.ts";

const sparse = [1, 2, 3];
delete sparse[1];
class Row extends Array<number> {}

/** Name, value, and what it becomes: part of the word itself, a plain message, or a structured one. */
const values: readonly (readonly [string, unknown, "word" | "plain" | "structured"])[] = [
  ["undefined", undefined, "word"],
  ["null", null, "word"],
  ["false", false, "word"],
  ["true", true, "word"],
  ["0", 0, "word"],
  ["-1", -1, "word"],
  ["the largest integer of 29 bits", 0x0fffffff, "word"],
  ["the smallest integer of 29 bits", -0x10000000, "word"],
  ["one more than that", 0x10000000, "plain"],
  ["one less than that", -0x10000001, "plain"],
  ["-0", -0, "plain"],
  ["a fraction", 0.5, "plain"],
  ["NaN", NaN, "structured"],
  ["-Infinity", -Infinity, "plain"],
  ["an empty text", "", "plain"],
  ["a text of bytes", "ÿ\0é~", "plain"],
  ["a text of 96 characters", "x".repeat(96), "plain"],
  ["a text of 97 characters", "x".repeat(97), "structured"],
  ["a text of other characters", "Ā", "structured"],
  ["half a surrogate pair", "a\ud800", "structured"],
  ["a bigint", 7n, "structured"],
  ["an empty array", [], "plain"],
  ["an array of plain values", [1, "two", null, undefined, true, "ÿ", -0, 1e99], "plain"],
  ["an array with NaN in it", [NaN], "structured"],
  ["an array of 16", Array.from({ length: 16 }, (_, index) => `${index}`), "plain"],
  ["an array of 17", Array.from({ length: 17 }, (_, index) => index), "structured"],
  ["an array of an array", [[1]], "structured"],
  ["an array with a hole", sparse, "structured"],
  ["an object", { x: 1 }, "structured"],
];

function formOf(word: number): "word" | "plain" | "structured" {
  if (word === 0 || (word & 3) !== 0) return "word";
  return isPlain(word) ? "plain" : "structured";
}

for (const [name, value, form] of values) {
  test(`readValue() gives ${name} that writeValue() wrote, and frees it`, () => {
    const before = memoryUse().liveBytes;
    const word = writeValue(value);
    assertStrictEquals(word >>> 0, word);
    assert(word === 0 || word >= 64, "small ones stand for something else");
    assertStrictEquals(formOf(word), form);
    for (const read of [peekValue(word), peekValue(word), readValue(word)]) {
      if (typeof value === "object" && value !== null) {
        assertEquals(read, value);
        if (Array.isArray(value)) assertEquals(Object.keys(read as object), Object.keys(value));
      } else {
        assert(Object.is(read, value), `${String(read)} for ${String(value)}`);
      }
    }
    assertStrictEquals(memoryUse().liveBytes, before);
  });

  test(`discardValue() frees ${name}`, () => {
    const before = memoryUse().liveBytes;
    discardValue(writeValue(value));
    assertStrictEquals(memoryUse().liveBytes, before);
  });
}

test("writeValue() writes equal values as equal bytes, whatever lay there before", () => {
  const bytesOf = (value: unknown): number[] => {
    const c = core();
    const ptr = writeValue(value);
    const bytes = [...c.bytes(ptr + 8 + c.readU32(ptr)).slice(ptr, ptr + 8 + c.readU32(ptr))];
    // What is freed here is what the next one of its size gets.
    c.u8.fill(0x5a, ptr + 8, ptr + 8 + c.readU32(ptr));
    core().fn.free(ptr);
    return bytes;
  };
  for (const value of ["text", 0.5, ["a", null, undefined, false, 0.5, ""]]) {
    assertEquals(bytesOf(value), bytesOf(value));
  }
});

test("writeValue() reads an element that is a getter once", () => {
  const texts = ["a", "b".repeat(90)];
  const array = Object.defineProperty([0], 0, { get: () => texts.shift() });
  assertEquals(readValue(writeValue(array)), ["a"]);
  assertEquals(texts.length, 1);
});

test("readValue() keeps -0 and the order of texts in an array", () => {
  const read = readValue(writeValue(["ab", -0, "", "c"])) as unknown[];
  assertEquals(read, ["ab", -0, "", "c"]);
  assert(Object.is(read[1], -0));
});

test("readValue() gives an array of a subclass as what the codec makes of it, not as something plain", () => {
  const word = writeValue(Row.of(1, 2));
  assertStrictEquals(formOf(word), "structured");
  assertEquals(readValue(word), [1, 2]);
});

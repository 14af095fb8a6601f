/**
 * The assertions of the tests, typed: the one place that imports `@std/assert`, which `deno.json` maps to
 * an untyped npm republish. Mapping it to `jsr:` later changes `deno.json` alone.
 *
 * @module
 */

// @ts-types="./std_assert.d.ts"
export {
  assert,
  assertEquals,
  assertExists,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  fail,
} from "@std/assert";

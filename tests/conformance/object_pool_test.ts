/**
 * ObjectPool.
 *
 * @module
 */
import { any, Channel, ObjectPool } from "../../mod.ts";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "../support/assert.ts";
import { collect, collectUntil } from "../support/collect.ts";
import { test } from "../support/test.ts";

test("ObjectPool.get() removes what put() has put, the last one first, and creates when it is empty", () => {
  let made = 0;
  const pool = new ObjectPool(() => `new ${++made}`);
  assertEquals(pool.get(), "new 1");
  pool.put("a");
  pool.put("b");
  assertEquals([pool.get(), pool.get(), pool.get()], ["b", "a", "new 2"]);
});

test("ObjectPool.get() gives undefined when it is empty and cannot create", () => {
  const pool = new ObjectPool<string>();
  assertStrictEquals(pool.get(), undefined);
  pool.put("a");
  assertEquals([pool.get(), pool.get()], ["a", undefined]);
});

test("ObjectPool is warmed up by putting", () => {
  let made = 0;
  const pool = new ObjectPool(() => ++made);
  for (let i = 0; i < 4; i++) pool.put(-i);
  assertEquals([pool.get(), pool.get(), pool.get(), pool.get()], [-3, -2, -1, -0]);
  assertEquals(made, 0);
});

test("ObjectPool.put() ignores undefined, and takes every other value", () => {
  const pool = new ObjectPool<unknown>();
  pool.put(undefined);
  assertStrictEquals(pool.get(), undefined);
  for (const value of [null, 0, false, "", NaN]) {
    pool.put(value);
    assertStrictEquals(pool.get(), value);
  }
  const created = new ObjectPool<unknown>(() => "new");
  created.put(null);
  assertStrictEquals(created.get(), null);
  created.put(undefined);
  assertStrictEquals(created.get(), "new");
});

test("ObjectPool refuses what is no function, and hands on what it throws", () => {
  for (const bad of [null, 1, "f", {}]) {
    assertThrows(() => new ObjectPool(bad as never), TypeError, "expected a function");
  }
  const boom = new RangeError("boom");
  const pool = new ObjectPool(() => {
    throw boom;
  });
  assertStrictEquals(assertThrows(() => pool.get(), RangeError), boom);
});

test("ObjectPool does not go to another thread", () => {
  using channel = new Channel(any<unknown>(), 1);
  assertThrows(
    () => channel.trySend({ pool: new ObjectPool() }),
    TypeError,
    "Cannot send an ObjectPool to another thread",
  );
});

test("ObjectPool gives up what was idle for two collections", async () => {
  const pool = new ObjectPool<string>();
  pool.put("idle");
  pool.put("idle");
  await collectUntil(() => pool.get() === undefined);
  assertStrictEquals(pool.get(), undefined);
  // It goes on as before.
  pool.put("again");
  assertEquals(pool.get(), "again");
});

test("ObjectPool keeps what is used between collections", async () => {
  const pool = new ObjectPool(() => "new");
  pool.put("kept");
  for (let round = 0; round < 6; round++) {
    await collect();
    const item = pool.get();
    assertEquals(item, "kept");
    pool.put(item);
  }
});

test("ObjectPool is collected with what is in it", async () => {
  const name = (() => {
    const object = {};
    const pool = new ObjectPool<object>();
    pool.put(object);
    return new WeakRef(object);
  })();
  const isGone = () => name.deref() === undefined;
  await collectUntil(isGone);
  assert(isGone());
});

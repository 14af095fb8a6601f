/**
 * SyncMap between threads: counted invariants, recorded histories, growth and deletion meanwhile, threads that are killed.
 *
 * @module
 */
import { any, Channel, i32, Mutex, Pool, SyncMap, text } from "../../mod.ts";
import { assert, assertEquals, assertStrictEquals } from "../support/assert.ts";
import {
  countTextUp,
  countTextUpThere,
  countUp,
  countUpThere,
  disposeMap,
  type Event,
  fill,
  hammer,
  hammerAndDie,
  keepOwn,
  keepOwnThere,
  loadSteady,
  rangeSteady,
  record,
  recordThere,
  swapThere,
  useLocks,
} from "../support/tasks_sync_map.ts";
import { test } from "../support/test.ts";
import { settled } from "./waiting.ts";

for (const [keys, count] of [[1, 5000], [20, 20_000], [20_000, 40_000]] as const) {
  test(`SyncMap.compareAndSwap() loses no count when four threads count up ${keys} keys`, async () => {
    await using pool = new Pool({ threads: 3 });
    using map = new SyncMap(i32, i32);
    const there = [1, 2, 3].map((seed) => pool.go(countUpThere, map, keys, count, seed));
    countUp(map, keys, count, 4);
    await Promise.all(there);
    let sum = 0;
    map.range((_, value) => {
      sum += value;
    });
    assertEquals(sum, 4 * count);
  });
}

test("SyncMap.compareAndSwap() loses no count when values are texts", async () => {
  await using pool = new Pool({ threads: 3 });
  using map = new SyncMap(text, text);
  const there = [1, 2, 3].map((seed) => pool.go(countTextUpThere, map, 50, 5000, seed));
  countTextUp(map, 50, 5000, 4);
  await Promise.all(there);
  let sum = 0;
  map.range((_, value) => {
    sum += Number(value);
  });
  assertEquals(sum, 20_000);
});

test("SyncMap leaves each thread's keys as they were left when all of them grow the map", async () => {
  await using pool = new Pool({ threads: 3 });
  using map = new SyncMap(i32, text);
  const count = 6000;
  const there = [0, 1, 2].map((first) => pool.go(keepOwnThere, map, first, 4, count));
  keepOwn(map, 3, 4, count);
  await Promise.all(there);
  assertEquals(map.size, 4 * (count - Math.ceil(count / 3)));
});

test("SyncMap.loadOrStore() stores a key once when several threads store the same keys", async () => {
  await using pool = new Pool({ threads: 3 });
  using map = new SyncMap(i32, i32);
  const count = 30_000;
  const fresh = await Promise.all(
    [0, 5000, 10_000].map((first) => pool.go(fill, map, first, count)),
  );
  assertEquals(fresh.reduce((a, b) => a + b), count + 10_000);
  assertEquals(map.size, count + 10_000);
});

/** Changes a map that others read: keys from `steady` on come and go, so that it grows, and memory is used again. */
function stir(map: SyncMap<number, string>, steady: number, rounds: number): void {
  for (let round = 0; round < rounds; round++) {
    for (let key = steady; key < steady + 2000; key++) map.store(key, `value ${key} of ${round}`);
    for (let key = 0; key < steady; key++) map.store(key, `steady ${key}`);
    for (let key = steady; key < steady + 2000; key++) map.delete(key);
  }
}

for (const [what, reader] of [["load", loadSteady], ["range", rangeSteady]] as const) {
  test(`SyncMap.${what}() finds what is always there when other keys come and go`, async () => {
    await using pool = new Pool({ threads: 2 });
    using map = new SyncMap(i32, text);
    using started = new Channel(i32, 2);
    using end = new Channel(i32, 1);
    const steady = 100;
    for (let key = 0; key < steady; key++) map.store(key, `steady ${key}`);
    const readers = [1, 2].map(() => pool.go(reader, map, steady, started, end));
    await started.receive();
    await started.receive();
    stir(map, steady, 10);
    end.close();
    for (const times of await Promise.all(readers)) assert(times > 0);
    assertEquals(map.size, steady);
  });
}

test("SyncMap is linearizable when three threads do everything to a few keys", async () => {
  await using pool = new Pool({ threads: 2 });
  for (let round = 0; round < 5; round++) {
    using map = new SyncMap(i32, i32);
    using clock = new SyncMap(i32, i32);
    clock.store(0, 1);
    const keys = 20;
    const there = [1, 2].map((seed) =>
      pool.go(recordThere, map, clock, keys, 1000, 10 * round + seed)
    );
    const here = record(map, clock, keys, 1000, 10 * round + 3);
    const histories = [here, ...await Promise.all(there)];
    for (let key = 0; key < keys; key++) {
      const ofKey = histories.map((events) => events.filter((event) => event.key === key));
      assert(isLinearizable(ofKey), `round ${round}, key ${key}: ${JSON.stringify(ofKey)}`);
    }
  }
});

/** The value after `event`, given the one before (0 for none); `undefined` if it cannot have returned what it did. */
function after({ name, value, old, result }: Event, before: number): number | undefined {
  switch (name) {
    case "load":
      return result === before ? before : undefined;
    case "store":
      return result === before ? value : undefined;
    case "storeNew":
      return result === before ? before || value : undefined;
    case "delete":
      return result === before ? 0 : undefined;
    case "storeIf":
      if (result !== Number(before === old)) return undefined;
      return result === 1 ? value : before;
    case "deleteIf":
      if (result !== Number(before === old)) return undefined;
      return result === 1 ? 0 : before;
  }
}

/**
 * Reports whether there is an order of all events on a key in which each returns what it did, and that agrees with the clock. Each
 * thread's events are in its order. (Wing and Gong 1993, with the states that have been tried.)
 */
function isLinearizable(threads: readonly (readonly Event[])[]): boolean {
  const tried = new Set<string>();
  const states: [positions: number[], value: number][] = [[threads.map(() => 0), 0]];
  for (let state = states.pop(); state !== undefined; state = states.pop()) {
    const [positions, value] = state;
    const next = positions.map((position, thread) => threads[thread]![position]);
    if (next.every((event) => event === undefined)) return true;
    const firstEnd = Math.min(...next.map((event) => event?.end ?? Infinity));
    next.forEach((event, thread) => {
      // Another one had ended before this one began.
      if (event === undefined || event.begin > firstEnd) return;
      const result = after(event, value);
      if (result === undefined) return;
      const moved = positions.with(thread, positions[thread]! + 1);
      const name = `${moved} ${result}`;
      if (tried.has(name)) return;
      tried.add(name);
      states.push([moved, result]);
    });
  }
  return false;
}

test("isLinearizable() sees what cannot have been", () => {
  const event = (name: Event["name"], value: number, result: number, begin: number): Event => ({
    ...{ name, key: 0, value, old: 0, result },
    ...{ begin, end: begin + 1 },
  });
  const store = event("store", 5, 0, 1);
  assertEquals(isLinearizable([[store, event("load", 0, 5, 3)]]), true);
  assertEquals(isLinearizable([[store], [event("load", 0, 0, 3)]]), false);
  assertEquals(isLinearizable([[store], [event("load", 0, 0, 0)]]), true);
  assertEquals(
    isLinearizable([[store, event("delete", 0, 5, 3)], [event("load", 0, 5, 5)]]),
    false,
  );
});

/** Nothing of the map is locked, nothing is half done. Empties it. */
function checkWhole(map: SyncMap<string, string>): void {
  const keys = new Set<string>();
  map.range((key, value) => {
    assert(!keys.has(key), `${key} came twice`);
    assert(value.endsWith(` ${key}`), `${key} is ${value}`);
    keys.add(key);
  });
  assertEquals(map.size, keys.size);
  for (let i = 0; i < 300; i++) {
    const key = `key ${i}`;
    assertEquals(map.load(key) !== undefined, keys.has(key));
    map.store(key, `again ${key}`);
    assertEquals(map.load(key), `again ${key}`);
    keys.add(key);
  }
  assertEquals(map.size, keys.size);
  for (const key of keys) map.delete(key);
  assertEquals(map.size, 0);
}

test("SyncMap goes on when threads end in the middle of a walk", async () => {
  await using pool = new Pool({ threads: 2 });
  using map = new SyncMap(text, text);
  for (let round = 0; round < 3; round++) {
    const ends = [1, 2].map((seed) =>
      settled(pool.go(hammerAndDie, map, 3000, 10 * round + seed).join())
    );
    for (let i = 0; i < 3000; i++) map.store(`key ${i % 300}`, `stored key ${i % 300}`);
    for (const end of await Promise.all(ends)) assert("reason" in end);
    checkWhole(map);
  }
});

// Deno does not kill a thread that is busy: it is told to end, and goes on for ever (measured, Deno 2.9.6).
if (!("Deno" in globalThis)) {
  test("SyncMap goes on when threads are killed in the middle of changing it", async () => {
    using map = new SyncMap(text, text);
    for (let round = 0; round < 10; round++) {
      const pool = new Pool({ threads: 2 });
      using started = new Channel(i32, 2);
      const killed = [1, 2].map((seed) =>
        settled(pool.go(hammer, map, started, 10 * round + seed).join())
      );
      await started.receive();
      await started.receive();
      // They are at it while this thread is, too.
      for (let i = 0; i < 3000; i++) map.store(`key ${i % 300}`, `stored key ${i % 300}`);
      await pool.terminate(0);
      await Promise.all(killed);
      checkWhole(map);
    }
  });
}

test("SyncMap gives a lock to a reader when another thread deletes it at the same time", async () => {
  await using pool = new Pool({ threads: 2 });
  using map = new SyncMap(i32, any<Mutex>());
  using started = new Channel(i32, 2);
  using end = new Channel(i32, 1);
  const users = [1, 2].map(() => pool.go(useLocks, map, started, end));
  await started.receive();
  await started.receive();
  for (let i = 0; i < 10_000; i++) {
    const mutex = new Mutex();
    map.store(i % 3, mutex);
    mutex[Symbol.dispose]();
    if (i % 2 === 0) map.delete((i + 1) % 3);
  }
  for (let key = 0; key < 3; key++) {
    using mutex = new Mutex();
    map.store(key, mutex);
  }
  // Whoever has not had one yet gets one.
  end.close();
  await Promise.all(users);
});

test("SyncMap is the same one on every thread when it is an argument or comes through a channel", async () => {
  await using pool = new Pool({ threads: 1 });
  using map = new SyncMap<unknown, unknown>();
  using inner = new Channel(i32, 1);
  map.store("a", "here");
  assertEquals(await pool.go(swapThere, map, "a", "there"), "here");
  assertEquals(map.load("a"), "there");
  assertEquals(await pool.go(swapThere, map, { inner }, inner), undefined);
  assertStrictEquals(map.load({ inner }), inner);
  assertStrictEquals(await pool.go(swapThere, map, { inner }, 5), inner);
});

test("SyncMap goes on working here when another thread has disposed its handle", async () => {
  await using pool = new Pool({ threads: 1 });
  using map = new SyncMap(i32, text);
  for (let round = 0; round < 3; round++) {
    map.store(round, `round ${round}`);
    await pool.go(disposeMap, map);
    assertEquals(map.load(round), `round ${round}`);
  }
  assertEquals(map.size, 3);
});

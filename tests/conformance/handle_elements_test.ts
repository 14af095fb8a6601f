/**
 * Locks as elements: channels that carry mutexes, semaphores, wait groups.
 *
 * @module
 */
import {
  any,
  AtomicBool,
  atomicBoolOf,
  AtomicI32,
  atomicI32Of,
  AtomicI64,
  atomicI64Of,
  AtomicU32,
  atomicU32Of,
  Channel,
  channelOf,
  Cond,
  condOf,
  CyclicBarrier,
  cyclicBarrierOf,
  type ElementType,
  i32,
  Mutex,
  mutexOf,
  Once,
  onceOf,
  Pool,
  RWMutex,
  rwMutexOf,
  select,
  Semaphore,
  semaphoreOf,
  send,
  struct,
  SyncMap,
  syncMapOf,
  text,
  trySelect,
  WaitGroup,
  waitGroupOf,
} from "../../mod.ts";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "../support/assert.ts";
import { letGo, type Locks, passBySelect, unlockAndReturn } from "../support/tasks_life.ts";
import { test } from "../support/test.ts";

type Lock =
  | Mutex
  | RWMutex
  | Cond
  | Semaphore
  | WaitGroup
  | CyclicBarrier
  | Once
  | AtomicI32
  | AtomicU32
  | AtomicI64
  | AtomicBool;

interface Row {
  readonly name: string;
  readonly type: ElementType<Lock> & (() => ElementType<Lock>);
  make(): Lock;
}

/** Every element type of handles that may also be called. */
const rows: readonly Row[] = [
  { name: "mutexOf", type: mutexOf as Row["type"], make: () => new Mutex() },
  { name: "semaphoreOf", type: semaphoreOf as Row["type"], make: () => new Semaphore(1) },
  { name: "waitGroupOf", type: waitGroupOf as Row["type"], make: () => new WaitGroup() },
  { name: "rwMutexOf", type: rwMutexOf as Row["type"], make: () => new RWMutex() },
  { name: "condOf", type: condOf as Row["type"], make: () => new Cond(new Mutex()) },
  {
    name: "cyclicBarrierOf",
    type: cyclicBarrierOf as Row["type"],
    make: () => new CyclicBarrier(2),
  },
  { name: "onceOf", type: onceOf as Row["type"], make: () => new Once() },
  { name: "atomicI32Of", type: atomicI32Of as Row["type"], make: () => new AtomicI32() },
  { name: "atomicU32Of", type: atomicU32Of as Row["type"], make: () => new AtomicU32() },
  { name: "atomicI64Of", type: atomicI64Of as Row["type"], make: () => new AtomicI64() },
  { name: "atomicBoolOf", type: atomicBoolOf as Row["type"], make: () => new AtomicBool() },
];

for (const { name, type, make } of rows) {
  test(`${name} and ${name}() are the same type`, () => {
    assertStrictEquals(type(), type);
    assertEquals([type.name, type().name], [name, name]);
  });

  for (const capacity of [0, 2]) {
    test(`${name} carries the very handle with capacity ${capacity}`, async () => {
      for (const element of [type, type()]) {
        using channel = new Channel(element, capacity);
        using handle = make();
        const sending = channel.send(handle);
        assertStrictEquals(await channel.receive(), handle);
        await sending;
      }
    });
  }

  test(`${name} takes part in batches, selects, structs, any and channels of channels`, async () => {
    using handle = make();
    using batches = new Channel(type, 2);
    await batches.sendMany([handle, handle]);
    assertEquals((await batches.receiveMany(2)).map((each) => each === handle), [true, true]);
    await select({ out: send(batches, handle) });
    const got = await select({ in: batches });
    assertStrictEquals(got.value, handle);

    using structs = new Channel(struct({ label: text, handle: type, again: type() }), 1);
    structs.trySend({ label: "two", handle, again: handle });
    const { label, handle: first, again } = structs.receiveSync()!;
    assertEquals([label, first === handle, again === handle], ["two", true, true]);

    using values = new Channel(any<{ handle: Lock }>(), 1);
    values.trySend({ handle });
    assertStrictEquals(values.receiveSync()?.handle, handle);

    using outer = new Channel(channelOf(type), 1);
    using inner = new Channel(type, 1);
    outer.trySend(inner);
    assertStrictEquals(outer.receiveSync(), inner);
  });

  test(`${name} refuses what is no such handle`, () => {
    using channel = new Channel(type, 1);
    const others: unknown[] = [
      ...rows.filter((row) => row.name !== name).map((row) => row.make()),
      new Channel(i32, 1),
      new Channel<string>(1),
      5,
      "lock",
      null,
      undefined,
      {},
      type,
    ];
    const { name: kind } = make().constructor;
    const what = `expected a${kind.startsWith("A") || kind === "RWMutex" ? "n" : ""} ${kind}`;
    for (const other of others) {
      assertThrows(() => channel.trySend(other as Lock), TypeError, what);
    }
    assertEquals(channel.size, 0);
  });

  test(`${name} refuses a handle that has been disposed`, () => {
    using channel = new Channel(type, 1);
    const handle = make();
    handle[Symbol.dispose]();
    assertThrows(() => channel.trySend(handle), TypeError, "disposed");
    assertThrows(() => channel.send(handle), TypeError, "disposed");
    assertThrows(() => trySelect({ out: send(channel, handle) }), TypeError, "disposed");
    assertEquals(channel.size, 0);
  });
}

test("a Mutex that only a message carries stays alive, and stays locked", () => {
  using channel = new Channel(mutexOf, 1);
  const mutex = new Mutex();
  channel.trySend(mutex);
  mutex.lockSync();
  mutex.unlock();
  mutex[Symbol.dispose]();
  using again = channel.receiveSync()!;
  assert(again !== mutex);
  assertEquals([again.locked, again.tryLock() !== undefined, again.locked], [false, true, true]);
});

test("mutexOf carries the same mutex to a thread, and the same handle back", async () => {
  await using pool = new Pool({ threads: 1 });
  using there = new Channel(mutexOf, 1);
  using back = new Channel(mutexOf(), 0);
  const returning = pool.go(unlockAndReturn, there, back);
  for (let round = 0; round < 20; round++) {
    using mutex = new Mutex();
    await mutex.lock();
    await there.send(mutex);
    await mutex.lock();
    assertStrictEquals(await back.receive(), mutex);
  }
  there.close();
  await returning;
});

test("struct carries locks of every kind to a thread, where they are the same", async () => {
  await using pool = new Pool({ threads: 1 });
  const locks: ElementType<Locks> = struct({
    mutex: mutexOf,
    semaphore: semaphoreOf,
    group: waitGroupOf(),
  });
  for (const capacity of [0, 1]) {
    using all = new Channel(locks, capacity);
    const letting = pool.go(letGo, all);
    for (let round = 0; round < 5; round++) {
      using mutex = new Mutex();
      using semaphore = new Semaphore(1);
      using group = new WaitGroup();
      await mutex.lock();
      await semaphore.acquire();
      group.add(1);
      await all.send({ mutex, semaphore, group });
      await Promise.all([mutex.lock(), semaphore.acquire(), group.wait()]);
    }
    all.close();
    assertEquals(await letting, 5);
  }
});

test("select() carries a mutex to a thread and back", async () => {
  await using pool = new Pool({ threads: 1 });
  for (const capacity of [0, 1]) {
    using there = new Channel(mutexOf, capacity);
    using back = new Channel(mutexOf, capacity);
    const passing = pool.go(passBySelect, there, back);
    using mutex = new Mutex();
    await select({ out: send(there, mutex), back });
    const got = await select({ back });
    assertStrictEquals(got.value, mutex);
    await passing;
  }
});

test("syncMapOf carries the very map, and refuses one of other types", async () => {
  const type = syncMapOf(text, struct({ x: i32, y: any<unknown>() }));
  using maps = new Channel(type, 2);
  using map = new SyncMap(text, struct({ x: i32, y: any<unknown>() }));
  map.store("a", { x: 1, y: [2] });
  await maps.send(map);
  assertStrictEquals(await maps.receive(), map);
  using others = new SyncMap(text, i32);
  assertThrows(() => maps.trySend(others as never), TypeError, "expected a SyncMap of text");
  assertThrows(() => maps.trySend(new Mutex() as never), TypeError, "expected a SyncMap of text");
  assertThrows(() => syncMapOf(5 as never), TypeError, "5");
  // Found again by its name, as on another thread.
  using outer = new Channel(channelOf(type), 1);
  outer.trySend(maps);
  assertStrictEquals(outer.receiveSync(), maps);
  using untyped = new Channel(syncMapOf(), 1);
  using anything = new SyncMap();
  untyped.trySend(anything);
  assertStrictEquals(untyped.receiveSync(), anything);
});

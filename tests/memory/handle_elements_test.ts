/** Locks that are dropped in channels: their memory comes back. */
import {
  Channel,
  type ElementType,
  Mutex,
  mutexOf,
  Semaphore,
  semaphoreOf,
  struct,
  WaitGroup,
  waitGroupOf,
} from "../../mod.ts";
import { core, memoryUse } from "../../src/memory/core.ts";
import { type Shareable, shared } from "../../src/memory/handle.ts";
import { OBJECT_REFERENCES } from "../../src/memory/layout.ts";
import { settled } from "../conformance/waiting.ts";
import { assertEquals, assertStrictEquals, assertThrows } from "../support/assert.ts";
import { test } from "../support/test.ts";

interface Row {
  readonly name: string;
  readonly type: ElementType<Shareable>;
  make(): Shareable;
}

const locks = struct({ mutex: mutexOf, all: struct({ semaphore: semaphoreOf }) });

const rows: readonly Row[] = [
  {
    name: "mutexOf",
    type: mutexOf as ElementType<unknown> as Row["type"],
    make: () => new Mutex(),
  },
  {
    name: "semaphoreOf",
    type: semaphoreOf as ElementType<unknown> as Row["type"],
    make: () => new Semaphore(2),
  },
  {
    name: "waitGroupOf",
    type: waitGroupOf as ElementType<unknown> as Row["type"],
    make: () => new WaitGroup(),
  },
];

function references(handle: Shareable): number {
  return core().readU32(handle[shared] as number + OBJECT_REFERENCES);
}

for (const { name, type, make } of rows) {
  test(`${name} counts a reference for each that is on its way, and gives all of them up`, async () => {
    using handle = make();
    for (const capacity of [0, 3]) {
      const channel = new Channel(type, capacity);
      const sends = Array.from({ length: 5 }, () => settled(channel.send(handle)));
      assertStrictEquals(references(handle), 6);
      assertStrictEquals(await channel.receive(), handle);
      assertStrictEquals(references(handle), 5);
      channel.close();
      channel[Symbol.dispose]();
      await Promise.all(sends);
      assertStrictEquals(references(handle), 1);
    }
  });

  test(`${name} leaves no byte when 1,000 handles are dropped unreceived`, async () => {
    const before = memoryUse().liveBytes;
    for (let round = 0; round < 1000; round++) {
      const channel = new Channel(type, round % 3);
      const sends: Promise<unknown>[] = [];
      for (let index = 0; index < 3; index++) {
        const handle = make();
        sends.push(settled(channel.send(handle)));
        handle[Symbol.dispose]();
      }
      if (round % 2 === 0) channel.close();
      channel[Symbol.dispose]();
      await Promise.all(sends);
    }
    assertStrictEquals(memoryUse().liveBytes, before);
  });
}

test("a struct of locks that is refused, or dropped, gives up every reference", () => {
  using mutex = new Mutex();
  using semaphore = new Semaphore(1);
  using channel = new Channel(locks, 1);
  const wrong = { mutex, all: { semaphore: mutex as unknown as Semaphore } };
  assertThrows(() => channel.trySend(wrong), TypeError, "In the field all: In the field semaphore");
  assertEquals([references(mutex), references(semaphore)], [1, 1]);
  channel.trySend({ mutex, all: { semaphore } });
  assertEquals([references(mutex), references(semaphore)], [2, 2]);
  channel[Symbol.dispose]();
  assertEquals([references(mutex), references(semaphore)], [1, 1]);
});

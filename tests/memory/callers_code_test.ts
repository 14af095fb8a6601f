/** Getters of a value that is being sent, which may do anything. */
import {
  after,
  any,
  Channel,
  ChannelClosedError,
  type ElementType,
  i32,
  type ReceiveChannel,
  select,
  selectSync,
  send,
  struct,
  trySelect,
} from "../../mod.ts";
import { memoryUse } from "../../src/memory/core.ts";
import { turn } from "../conformance/waiting.ts";
import { assert, assertEquals, assertStrictEquals } from "../support/assert.ts";
import { test } from "../support/test.ts";

/** Values whose sending gives up the channel that they are sent to. */
const treacherous: Record<string, (channel: Channel<unknown>) => unknown> = {
  "send()": (channel) => channel.send(disposing(channel)),
  "send() that waits": (channel) => {
    while (channel.trySend({ field: 1 }));
    return channel.send(disposing(channel));
  },
  "trySend()": (channel) => channel.trySend(disposing(channel)),
  "sendMany()": (channel) => channel.sendMany([{ field: 1 }, disposing(channel), { field: 2 }]),
  "select()": (channel) => select([send(channel, disposing(channel))]),
};

function disposing(channel: Channel<unknown>): unknown {
  return {
    get field() {
      channel[Symbol.dispose]();
      return 1;
    },
  };
}

for (const [name, use] of Object.entries(treacherous)) {
  for (const capacity of [0, 2]) {
    test(`a value that disposes of its channel harms nobody in ${name} with capacity ${capacity}`, async () => {
      const before = memoryUse().liveBytes;
      for (
        const type of [any<unknown>(), struct({ field: any<unknown>() }) as ElementType<unknown>]
      ) {
        const channel = new Channel(type, capacity);
        try {
          await use(channel);
        } catch (error) {
          // Some look at the handle once more.
          assert(error instanceof TypeError || error instanceof ChannelClosedError, String(error));
        }
        assertStrictEquals(channel.closed, true);
      }
      await turn();
      assertStrictEquals(memoryUse().liveBytes, before);
    });
  }
}

/** Reads that give up the channel which is about to be used, whose memory another channel then has at once. */
const reads: Record<string, (channel: Channel<number>, read: () => void) => unknown> = {
  "the signal of receive()": (channel, read) => channel.receive(optionsOf(read)),
  "the signal of next()": (channel, read) => channel.next(optionsOf(read)),
  "the signal of receiveMany()": (channel, read) => channel.receiveMany(2, optionsOf(read)),
  "the signal of send()": (channel, read) => channel.send(1, optionsOf(read)),
  "an iterable of sendMany()": (channel, read) => channel.sendMany(valuesOf(read)),
  "an iterable of sendManySync()": (channel, read) => channel.sendManySync(valuesOf(read)),
  "an array of sendMany()": (channel, read) => channel.sendMany(arrayOf(read)),
  "the cases of select()": (channel, read) => select(casesOf(channel, read)),
  "the cases of trySelect()": (channel, read) => trySelect(casesOf(channel, read)),
  "the cases of selectSync()": (channel, read) => selectSync(casesOf(channel, read)),
};

function optionsOf(read: () => void): { readonly signal: undefined } {
  return {
    get signal() {
      read();
      return undefined;
    },
  };
}

function* valuesOf(read: () => void): Generator<number> {
  yield 1;
  read();
  yield 2;
}

function arrayOf(read: () => void): number[] {
  return Object.defineProperty([1, 2], 1, {
    get() {
      read();
      return 2;
    },
  });
}

function casesOf(
  channel: Channel<number>,
  read: () => void,
): { a: Channel<number>; readonly b: null; over: ReceiveChannel<unknown> } {
  return {
    a: channel,
    get b() {
      read();
      return null;
    },
    over: after(0),
  };
}

for (const [name, use] of Object.entries(reads)) {
  for (const capacity of [0, 2]) {
    test(`disposing of a channel while ${name} is read touches no other, with capacity ${capacity}`, async () => {
      const before = memoryUse().liveBytes;
      // Which case a select tries first is a matter of chance.
      for (let round = 0; round < 10; round++) {
        const channel = new Channel(i32, capacity);
        const others: Channel<number>[] = [];
        const read = (): void => {
          channel[Symbol.dispose]();
          if (others.length > 0) return;
          for (let count = 0; count < 3; count++) {
            const other = new Channel(i32, 2);
            other.trySend(77);
            others.push(other);
          }
        };
        try {
          await use(channel, read);
        } catch (error) {
          assert(error instanceof TypeError || error instanceof ChannelClosedError, String(error));
        }
        assertEquals(others.map((other) => other.size), [1, 1, 1]);
        for (const other of others) {
          assertEquals(other.tryReceive(), { state: "ok", value: 77 });
          other[Symbol.dispose]();
        }
      }
      await turn();
      assertStrictEquals(memoryUse().liveBytes, before);
    });
  }
}

/** Getters of a value that is being sent, which may do anything. */
import {
  any,
  Channel,
  ChannelClosedError,
  type ElementType,
  select,
  send,
  struct,
} from "../../mod.ts";
import { memoryUse } from "../../src/memory/core.ts";
import { turn } from "../conformance/waiting.ts";
import { assert, assertStrictEquals } from "../support/assert.ts";
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

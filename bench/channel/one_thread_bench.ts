import { Channel, f64, i32 } from "../../mod.ts";
import { pingPong } from "../rivals/promises.ts";
import { situation } from "../support/situation.ts";
import { passAwaited, sendReceiveTry } from "./one_thread.ts";

const ints = new Channel(i32, 1_024);
const floats = new Channel(f64, 1_024);
const local = new Channel<number>(1_024);
const unbounded = new Channel<number>(Infinity);
const list: number[] = [];

// A queue that one thread fills and empties without ever waiting, against an array.
situation({
  group: "channel/shared_ring cap=1024",
  ops: 1_000,
  bodies: {
    "array push + pop": pushPop,
    "try form, i32": (ops) => sendReceiveTry(ints, ops),
    "try form, f64": (ops) => sendReceiveTry(floats, ops),
  },
});
situation({
  group: "channel/local_buffer cap=1024",
  ops: 1_000,
  bodies: {
    "array push + pop": pushPop,
    "try form": (ops) => sendReceiveTry(local, ops),
  },
});
situation({
  group: "channel/local_unbounded cap=Infinity",
  ops: 1_000,
  bodies: {
    "array push + pop": pushPop,
    "try form": (ops) => sendReceiveTry(unbounded, ops),
  },
});

// A producer and a consumer that meet for every value, against promises handed over by hand.
situation({
  group: "channel/local_rendezvous cap=0",
  ops: 1_000,
  bodies: {
    "bare promises": pingPong,
    awaited: (ops) => passAwaited(new Channel<number>(), ops),
  },
});

// A producer that may run ahead of its consumer, against the same promises.
situation({
  group: "channel/local_buffer cap=1024, two goroutines",
  ops: 1_000,
  bodies: {
    "bare promises": pingPong,
    "by reference, awaited": (ops) => passAwaited(new Channel<number>(1_024), ops),
    "i32, awaited": (ops) => passAwaited(ints, ops),
  },
});

function pushPop(ops: number): number {
  let sum = 0;
  for (let i = 0; i < ops; i++) {
    list.push(i);
    sum += list.pop() ?? NaN;
  }
  if (sum !== ops * (ops - 1) / 2) throw new Error(`The values add up to ${sum}`);
  return 0;
}

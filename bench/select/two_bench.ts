import { Channel } from "../../mod.ts";
import { passAwaited } from "../channel/one_thread.ts";
import { situation } from "../support/situation.ts";
import { selectReady, selectWaiting, trySelectReady } from "./two.ts";

const a = new Channel<number>(2);
const b = new Channel<number>(2);

// A loop over two busy inputs, in the form that never waits and in the one that might.
situation({
  group: "select/local_buffer cap=2",
  ops: 1_000,
  bodies: {
    trySelect: (ops) => trySelectReady(a, b, ops),
    "select, awaited": (ops) => selectReady(a, b, ops),
  },
});

// A goroutine that waits for whichever input comes first, against one that waits for one input.
situation({
  group: "select/local_rendezvous cap=0",
  ops: 1_000,
  bodies: {
    "receive, awaited": (ops) => passAwaited(new Channel<number>(), ops),
    "select of two, awaited": selectWaiting,
  },
});

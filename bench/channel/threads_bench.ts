import { Pool } from "../../mod.ts";
import { situation } from "../support/situation.ts";
import { passBatches, passBlocking, passKib, passManyToMany, passToAwait } from "./threads.ts";

const two = new Pool({ threads: 2 });
const eight = new Pool({ threads: 8 });

// A pipeline of two stages, each a thread of its own; the second may be the main thread. With one
// slot every message wakes somebody.
for (const capacity of [1, 64, 1_024]) {
  situation({
    group: `channel/shared_ring cap=${capacity}, between threads`,
    ops: capacity === 1 ? 1_000 : 20_000,
    bodies: {
      "thread to thread, blocking": (ops) => passBlocking(two, capacity, ops),
      "thread to main thread, awaited": (ops) => passToAwait(two, capacity, ops),
    },
  });
}

// Blocks of samples travel from the thread that records to the thread that analyses.
situation({
  group: "channel/shared_ring cap=1024, batches of 1024",
  ops: 200_000,
  bodies: { "thread to thread, blocking": (ops) => passBatches(two, 1_024, ops) },
});

// Many threads share one queue of work.
situation({
  group: "channel/shared_ring cap=1024, many threads",
  ops: 20_000,
  bodies: {
    "1 → 1": (ops) => passManyToMany(two, 1, 1_024, ops),
    "4 → 4": (ops) => passManyToMany(eight, 4, 1_024, ops),
  },
});

// Chunks of a file travel from the thread that reads to the thread that hashes.
situation({
  group: "channel/shared_ring cap=1024, 1 KiB messages",
  ops: 20_000,
  bodies: { "thread to thread, blocking": (ops) => passKib(two, 1_024, ops) },
});

import { fanIn, map, orDone, tee } from "../../src/patterns/mod.ts";
import { situation } from "../support/situation.ts";
import { throughGenerators, throughOne, throughStages } from "./pipeline.ts";

// Records that are made, changed, chosen and counted.
situation({
  group: "patterns/pipeline stages=4",
  ops: 1_000,
  bodies: { "async generators": throughGenerators, "stages": throughStages },
});

// One stage between a channel that is full and a reader that waits.
situation({
  group: "patterns/stage",
  ops: 1_000,
  bodies: {
    "orDone": (ops) => throughOne(ops, (input) => orDone(null, input)),
    "map": (ops) => throughOne(ops, (input) => map(null, input, (n) => n)),
    "map, asynchronous, 4 at once": (ops) =>
      throughOne(ops, (input) => map(null, input, (n) => Promise.resolve(n), { concurrency: 4 })),
    "fanIn": (ops) => throughOne(ops, (input) => fanIn(null, input, input)),
    "tee, one left": (ops) =>
      throughOne(ops, (input) => {
        const [left, right] = tee(null, input);
        right[Symbol.dispose]();
        return left;
      }),
  },
});

import { Pool } from "../../mod.ts";
import { startEcho } from "../rivals/post_message.ts";
import { asyncFunction } from "../rivals/promises.ts";
import { situation } from "../support/situation.ts";
import { BURST, poolBurst, poolOneByOne, spawnHere } from "./spawn.ts";

const pool = new Pool({ threads: 2 });
const echo = startEcho();

// A call made concurrent with the caller, on its own thread.
situation({
  group: "pool/go same thread",
  ops: 1_000,
  bodies: { "bare async function": asyncFunction, go: spawnHere },
});

// A call made on another thread whose result is needed at once.
situation({
  group: "pool/task one by one",
  ops: 100,
  bodies: {
    "raw postMessage": (ops) => echo.oneByOne(ops),
    "pool.go": (ops) => poolOneByOne(pool, ops),
  },
});

// A loop over many small items, each its own task.
situation({
  group: "pool/task burst",
  ops: BURST,
  bodies: {
    "raw postMessage": (ops) => echo.bursts(BURST, ops),
    "pool.go": (ops) => poolBurst(pool, ops),
  },
});

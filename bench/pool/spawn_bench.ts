import { Pool } from "../../mod.ts";
import { startRivalPools } from "../rivals/pools/all.ts";
import { COMLINK } from "../rivals/pools/comlink.ts";
import { fib } from "../rivals/pools/work.ts";
import { startEcho } from "../rivals/post_message.ts";
import { asyncFunction } from "../rivals/promises.ts";
import type { Body } from "../support/measure.ts";
import { situation } from "../support/situation.ts";
import { fib as fibTask, one } from "../tasks.ts";
import { BURST, bursts, COMPUTATIONS, fibs, fibsHere, oneByOne, spawnHere } from "./spawn.ts";

// Never closed: no bench knows which is the last. The process ends all the same.
const pool = new Pool({ threads: 2 });
const echo = startEcho();
const rivals = await startRivalPools();
type RivalPool = typeof rivals[number];

const ofRivals = (
  body: (rival: RivalPool, ops: number) => ReturnType<Body>,
  able: readonly RivalPool[] = rivals,
) =>
  Object.fromEntries(
    able.map((rival): [string, Body] => [rival.name, (ops) => body(rival, ops)]),
  );

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
    "pool.go": (ops) => oneByOne(() => pool.go(one), ops),
    ...ofRivals((rival, ops) => oneByOne(rival.one, ops)),
  },
});

// A loop over many small items, each its own task.
situation({
  group: "pool/task burst",
  ops: BURST,
  bodies: {
    "raw postMessage": (ops) => echo.bursts(BURST, ops),
    "pool.go": (ops) => bursts(() => pool.go(one), ops),
    ...ofRivals((rival, ops) => bursts(rival.one, ops)),
  },
});

// Computations that take some milliseconds each, all at once.
situation({
  group: "pool/task computing threads=2",
  ops: COMPUTATIONS,
  bodies: {
    "one thread, no pool": (ops) => fibsHere(fib, ops),
    "pool.go": (ops) => fibs((n) => pool.go(fibTask, n), ops),
    // comlink has one thread.
    ...ofRivals(
      (rival, ops) => fibs(rival.fib, ops),
      rivals.filter(({ name }) => name !== COMLINK),
    ),
  },
});

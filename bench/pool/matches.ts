/** Our pool against the pools of npm, against messages without a pool, and against Go. */

import type { Pool } from "../../mod.ts";
import { startRivalPools } from "../rivals/pools/all.ts";
import { COMLINK } from "../rivals/pools/comlink.ts";
import { fib } from "../rivals/pools/work.ts";
import { type Echo, startEcho } from "../rivals/post_message.ts";
import type { GoRow } from "../support/go.ts";
import { type Held, type Match, usePool } from "../support/match.ts";
import { type Body, type BodyOptions, contestant } from "../support/measure.ts";
import type { Goal } from "../support/table.ts";
import { fib as fibTask, one } from "../tasks.ts";
import { BURST, bursts, COMPUTATIONS, fibs, fibsHere, oneByOne } from "./spawn.ts";

const GO = "Go";
const POST_MESSAGE = "raw postMessage";
const ONE_THREAD = "one thread, no pool";

/** The libraries whose pools have two threads, by the names of these. */
const POOLS: readonly string[] = [
  "piscina",
  "tinypool",
  "workerpool",
  "poolifier",
  "multithreading",
];

/** All libraries: one of them is a proxy over one worker, which cannot run tasks side by side. */
export const LIBRARIES: readonly string[] = [...POOLS, COMLINK];

/** What the bodies call, whoever runs it. */
interface Calls {
  one(): PromiseLike<number>;
  fib(n: number): PromiseLike<number>;
}

interface Situation {
  readonly name: string;
  readonly row: string;
  readonly go: GoRow;
  /** The libraries that can do it. */
  readonly libraries: readonly string[];
  /** What we have to reach against the best library. */
  readonly goal?: Goal;
  readonly body: (pool: Calls, ops: number) => Promise<number>;
  readonly options?: BodyOptions;
  /** What it comes to without a pool. */
  readonly floor: {
    readonly name: string;
    readonly goal?: Goal;
    open(held: Held): Body;
  };
}

function poolMatch(
  { name, row, go, libraries, goal, body, options, floor }: Situation,
): Match {
  return {
    name,
    hasThreads: true,
    rows: [{
      row,
      ours: "pool",
      rivals: [{ name: GO }, floor, ...libraries.map((name) => ({ name }))],
      ...goal === undefined ? {} : { best: { rivals: libraries, goal } },
    }],
    go: { [GO]: go },
    async open(held) {
      const ours = callsOf(await usePool(held, 2));
      const bodyWithoutPool = floor.open(held);
      const rivals = await startRivalPools();
      for (const rival of rivals) held.push(() => rival.stop());
      return [
        contestant("pool", (ops) => body(ours, ops), options),
        contestant(floor.name, bodyWithoutPool, options),
        ...rivals.filter(({ name }) => libraries.includes(name))
          .map((rival) => contestant(rival.name, (ops) => body(rival, ops), options)),
      ];
    },
  };
}

function callsOf(pool: Pool): Calls {
  return { one: () => pool.go(one), fib: (n) => pool.go(fibTask, n) };
}

function openEcho(held: Held): Echo {
  const echo = startEcho();
  held.push(() => echo.stop());
  return echo;
}

/** The situations in which pools differ, in the order of the table of goals. */
export const poolMatches: readonly Match[] = [
  poolMatch({
    name: "pool",
    row: "pool, one awaited no-op task",
    go: "poolTask",
    libraries: LIBRARIES,
    goal: { factor: 0.6, rival: "JS" },
    body: (pool, ops) => oneByOne(pool.one, ops),
    floor: { name: POST_MESSAGE, open: (held) => openEcho(held).oneByOne },
  }),
  poolMatch({
    name: "burst",
    row: "pool, burst of 10,000 no-op tasks, per task",
    go: "poolBurst",
    libraries: LIBRARIES,
    goal: { factor: 0.1, rival: "JS" },
    body: (pool, ops) => bursts(pool.one, ops),
    options: { unit: BURST, first: BURST },
    floor: {
      name: POST_MESSAGE,
      open(held) {
        const echo = openEcho(held);
        return (ops) => echo.bursts(BURST, ops);
      },
    },
  }),
  poolMatch({
    name: "computing",
    row: "pool, 64 × fib(27) on 2 threads, per task",
    go: "poolComputing",
    libraries: POOLS,
    body: (pool, ops) => fibs(pool.fib, ops),
    options: { unit: COMPUTATIONS, first: COMPUTATIONS },
    floor: {
      name: ONE_THREAD,
      goal: { speedUp: 1.95 },
      open: () => (ops) => fibsHere(fib, ops),
    },
  }),
];

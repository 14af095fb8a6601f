/**
 * What is compared with what. A match is a set of contestants that do the same work and take turns;
 * its rows set one of ours against each rival. The goals are those of the design.
 */

import {
  AtomicI32,
  Channel,
  f64,
  i32,
  Mutex,
  type Pool,
  RWMutex,
  Semaphore,
  sharedArray,
  SyncMap,
  text,
  WaitGroup,
} from "../mod.ts";
import { background, type Context, withCancel } from "../src/context/mod.ts";
import { passAwaited, sendReceiveTry } from "./channel/one_thread.ts";
import {
  passBatches,
  passBlocking,
  passKib,
  passManyToMany,
  passToAwait,
} from "./channel/threads.ts";
import {
  cancelChild,
  cancelWaiting,
  chainOfValues,
  lookUp,
  trySelectJob,
} from "./context/context.ts";
import { parkMatches } from "./park/matches.ts";
import { throughGenerators, throughStages } from "./patterns/pipeline.ts";
import { poolMatches } from "./pool/matches.ts";
import { scaleMatches } from "./pool/scale_matches.ts";
import { spawnHere } from "./pool/spawn.ts";
import { asyncMutexCrowd, asyncMutexFree } from "./rivals/async_mutex.ts";
import { EFFECT, effectQueue, THI_NG, thiNgChannel } from "./rivals/channels.ts";
import { asyncFunction, pingPong } from "./rivals/promises.ts";
import { selectReady, selectWaiting, trySelectReady } from "./select/two.ts";
import { startUpMatches } from "./start_up/matches.ts";
import type { GoRival, GoRow } from "./support/go.ts";
import { type Held, type Match, usePool } from "./support/match.ts";
import { type Contestant, contestant } from "./support/measure.ts";
import type { Goal } from "./support/table.ts";
import { filled, keyList, type Mix, PlainTable, useMap, useMapOnTwo } from "./sync/map.ts";
import {
  CROWD,
  lockCrowd,
  lockFree,
  lockOversubscribed,
  lockSyncContended,
  lockSyncFree,
  WORK,
} from "./sync/mutex.ts";
import {
  acquireContended,
  acquireFree,
  acquireSyncFree,
  addByAtomics,
  addContended,
  addFree,
  meetAtBarrier,
  waitFree,
} from "./sync/primitives.ts";
import { readersAndWriter } from "./sync/rw_mutex.ts";

const GO = "Go";
const LOCKED = "Go, LockOSThread";
const SLICE = "Go, []byte";
const PROMISE = "bare promises";
const ASYNC_FUNCTION = "bare async function";
const CHANNEL = "Go, buffered channel";
const CONDITION = "Go, mutex and condition";
const ATOMICS = "Atomics.add";
const ASYNC_MUTEX = "async-mutex";

const than = (factor: number): { name: string; goal: Goal } => ({
  name: GO,
  goal: { factor, rival: GO },
});

/** A channel that one thread sends to and receives from, without waiting. */
function tryMatch(name: string, kind: string, open: () => Channel<number>): Match {
  return {
    name,
    rows: [{
      row: `send + receive, one thread, buffered, try form${kind}`,
      ours: "try",
      rivals: [than(0.7)],
    }],
    go: { [GO]: "sendReceiveOneThread" },
    open(held) {
      const channel = open();
      held.push(() => channel[Symbol.dispose]());
      return [contestant("try", (ops) => sendReceiveTry(channel, ops))];
    },
  };
}

/** A channel from one thread to another, used in the way that is called `form`. */
function threadsMatch(
  name: string,
  form: string,
  factor: number,
  pass: (pool: Pool, capacity: number, ops: number) => Promise<number>,
): Match {
  return {
    name,
    hasThreads: true,
    rows: [{
      row: `thread to thread, capacity 1024, 1 → 1, ${form}`,
      ours: form,
      rivals: [than(factor), { name: LOCKED }],
    }],
    go: { [GO]: "threadToThread1024", [LOCKED]: "threadToThread1024Locked" },
    async open(held) {
      const pool = await usePool(held, 2);
      return [contestant(form, (ops) => pass(pool, 1_024, ops))];
    },
  };
}

/** Rounds before those that count where each thread has much to compile: eight of them on two cores, or what is reached by waiting only. */
const MANY_WARMUPS = 10;

const MAP = "Map";

/** What each mix of operations on a map is called. */
const mixes: Readonly<Record<Mix, string>> = {
  reads: "reads mostly",
  writes: "writes",
  mixed: "inserts and deletes, too",
};

/** A map with keys of `kind`, used as `mix` says, by one thread and by two. */
function mapMatch(kind: "i32" | "text", mix: Mix): Match {
  const what = `SyncMap, ${kind} keys, ${mixes[mix]}`;
  const name = `${kind === "i32" ? "Int" : "Text"}${mix[0]!.toUpperCase()}${mix.slice(1)}` as const;
  const TWO = "Go, two threads";
  return {
    name: `map-${kind}-${mix}`,
    hasThreads: true,
    rows: [
      { row: `${what}, one thread`, ours: "one", rivals: [{ name: GO }, { name: MAP }] },
      { row: `${what}, two threads`, ours: "two", rivals: [{ name: TWO }] },
    ],
    go: { [GO]: `mapOne${name}` as GoRow, [TWO]: `mapTwo${name}` as GoRow },
    async open(held) {
      const keys = keyList(kind);
      const pool = await usePool(held, 2);
      const map = filled(kind === "i32" ? new SyncMap(i32, i32) : new SyncMap(text, i32), keys);
      const plain = filled(new PlainTable(), keys);
      held.push(() => map[Symbol.dispose]());
      return [
        contestant("one", (ops) => useMap(map, keys, mix, ops)),
        contestant("two", (ops) => useMapOnTwo(pool, map, kind, mix, ops), { unit: 2 }),
        contestant(MAP, (ops) => useMap(plain, keys, mix, ops)),
      ];
    },
  };
}

/** All matches, in the order of the table of goals. */
export const matches: readonly Match[] = [
  tryMatch("try", "", () => new Channel(i32, 1_024)),
  tryMatch("try-f64", " (f64)", () => new Channel(f64, 1_024)),
  tryMatch("try-reference", " (by reference)", () => new Channel<number>(1_024)),
  {
    name: "try-kinds",
    rows: ["i32", "f64", "by reference"].map((kind) => ({
      row: `send + receive, one thread, buffered, try form (${kind}, in turn with two other kinds)`,
      ours: kind,
      rivals: [{ name: GO }],
    })),
    go: { [GO]: "sendReceiveOneThread" },
    open(held) {
      const ints = new Channel(i32, 1_024);
      const floats = new Channel(f64, 1_024);
      held.push(() => ints[Symbol.dispose](), () => floats[Symbol.dispose]());
      const local = new Channel<number>(1_024);
      return [
        contestant("i32", (ops) => sendReceiveTry(ints, ops)),
        contestant("f64", (ops) => sendReceiveTry(floats, ops)),
        contestant("by reference", (ops) => sendReceiveTry(local, ops)),
      ];
    },
  },
  threadsMatch("threads", "blocking form", 0.7, passBlocking),
  threadsMatch("threads-batches", "in batches", 0.15, passBatches),
  threadsMatch("threads-awaited", "awaited", 3, passToAwait),
  {
    name: "many",
    warmups: MANY_WARMUPS,
    hasThreads: true,
    rows: [{
      row: "4 producers → 4 consumers, capacity 1024, blocking form",
      ours: "blocking",
      rivals: [than(2)],
    }],
    go: { [GO]: "mpmc4x4" },
    async open(held) {
      const pool = await usePool(held, 8);
      return [contestant("blocking", (ops) => passManyToMany(pool, 4, 1_024, ops), { unit: 4 })];
    },
  },
  {
    name: "kib",
    hasThreads: true,
    rows: [{
      row: "1 KiB messages, thread to thread",
      ours: "bytes",
      rivals: [than(1.5), { name: SLICE }],
    }],
    go: { [GO]: "kib1ThreadToThread", [SLICE]: "kib1SliceThreadToThread" },
    async open(held) {
      const pool = await usePool(held, 2);
      return [contestant("bytes", (ops) => passKib(pool, 1_024, ops))];
    },
  },
  {
    name: "rendezvous",
    rows: [{
      row: "rendezvous between two goroutines of one thread, awaited",
      ours: "rendezvous",
      rivals: [than(1.3), { name: PROMISE }],
    }],
    go: { [GO]: "rendezvousOneThread" },
    open: () => [
      contestant("rendezvous", (ops) => passAwaited(new Channel<number>(), ops)),
      contestant(PROMISE, pingPong),
    ],
  },
  {
    name: "buffered",
    rows: [{
      row: "buffered 1024, two goroutines of one thread, awaited",
      ours: "buffered",
      rivals: [
        { name: GO },
        { name: PROMISE },
        { name: THI_NG },
        { name: EFFECT },
      ],
      best: { rivals: [THI_NG, EFFECT], goal: { factor: 0.3, rival: "JS" } },
    }],
    go: { [GO]: "buffered1024OneThread" },
    open: () => [
      contestant("buffered", (ops) => passAwaited(new Channel<number>(1_024), ops)),
      contestant(PROMISE, pingPong),
      contestant(THI_NG, (ops) => thiNgChannel(1_024, ops)),
      contestant(EFFECT, (ops) => effectQueue(1_024, ops)),
    ],
  },
  {
    name: "select",
    rows: [
      { row: "select of two ready", ours: "awaited", rivals: [than(1.5)] },
      { row: "select of two ready, try form", ours: "try", rivals: [{ name: GO }] },
    ],
    go: { [GO]: "selectTwoReady" },
    open() {
      const a = new Channel<number>(2);
      const b = new Channel<number>(2);
      return [
        contestant("awaited", (ops) => selectReady(a, b, ops)),
        contestant("try", (ops) => trySelectReady(a, b, ops)),
      ];
    },
  },
  {
    name: "select-waiting",
    rows: [{ row: "select of two, waiting", ours: "awaited", rivals: [than(1.5)] }],
    go: { [GO]: "selectTwoWaiting" },
    open: () => [contestant("awaited", selectWaiting)],
  },
  {
    name: "mutex",
    rows: [
      {
        row: "Mutex, lock + unlock, free, blocking form",
        ours: "blocking",
        rivals: [than(2)],
      },
      {
        row: "Mutex, lock + unlock, free, promise form",
        ours: "promise",
        rivals: [
          { name: GO },
          { name: ASYNC_FUNCTION },
          { name: ASYNC_MUTEX, goal: { factor: 1, rival: "JS" } },
        ],
      },
    ],
    go: { [GO]: "mutexFree" },
    open(held) {
      const mutex = new Mutex();
      held.push(() => mutex[Symbol.dispose]());
      return [
        contestant("blocking", (ops) => lockSyncFree(mutex, ops)),
        contestant("promise", (ops) => lockFree(mutex, ops)),
        contestant(ASYNC_FUNCTION, asyncFunction),
        contestant(ASYNC_MUTEX, asyncMutexFree),
      ];
    },
  },
  {
    name: "semaphore",
    rows: [
      {
        row: "Semaphore, acquire + release, free, blocking form",
        ours: "blocking",
        rivals: [{ name: CHANNEL }],
      },
      {
        row: "Semaphore, acquire + release, free, promise form",
        ours: "promise",
        rivals: [{ name: CHANNEL }, { name: ASYNC_FUNCTION }],
      },
    ],
    go: { [CHANNEL]: "semaphoreFree" },
    open(held) {
      const semaphore = new Semaphore(2);
      held.push(() => semaphore[Symbol.dispose]());
      return [
        contestant("blocking", (ops) => acquireSyncFree(semaphore, ops)),
        contestant("promise", (ops) => acquireFree(semaphore, ops)),
        contestant(ASYNC_FUNCTION, asyncFunction),
      ];
    },
  },
  {
    name: "semaphore-contended",
    hasThreads: true,
    rows: [{
      row: "Semaphore of one unit, two threads, acquire + release, blocking form",
      ours: "blocking",
      rivals: [{ name: CHANNEL }],
    }],
    go: { [CHANNEL]: "semaphoreContended" },
    async open(held) {
      const pool = await usePool(held, 2);
      return [contestant("blocking", (ops) => acquireContended(pool, ops), { unit: 2 })];
    },
  },
  {
    name: "atomic",
    rows: [{ row: "AtomicI32, add, free", ours: "add", rivals: [{ name: GO }, { name: ATOMICS }] }],
    go: { [GO]: "atomicFree" },
    open(held) {
      const value = new AtomicI32();
      held.push(() => value[Symbol.dispose]());
      const values = sharedArray(i32, 1);
      return [
        contestant("add", (ops) => addFree(value, ops)),
        contestant(ATOMICS, (ops) => addByAtomics(values, ops)),
      ];
    },
  },
  {
    name: "atomic-contended",
    hasThreads: true,
    rows: [{ row: "AtomicI32, add, two threads", ours: "add", rivals: [{ name: GO }] }],
    go: { [GO]: "atomicContended" },
    async open(held) {
      const pool = await usePool(held, 2);
      return [contestant("add", (ops) => addContended(pool, ops), { unit: 2 })];
    },
  },
  {
    name: "wait-group",
    rows: [{
      row: "WaitGroup, add + done + wait, free, blocking form",
      ours: "blocking",
      rivals: [{ name: GO }],
    }],
    go: { [GO]: "waitGroupFree" },
    open(held) {
      const group = new WaitGroup();
      held.push(() => group[Symbol.dispose]());
      return [contestant("blocking", (ops) => waitFree(group, ops))];
    },
  },
  {
    name: "barrier",
    warmups: MANY_WARMUPS,
    hasThreads: true,
    rows: [{
      row: "CyclicBarrier, a round of two threads, blocking form",
      ours: "blocking",
      rivals: [{ name: CONDITION }],
    }],
    go: { [CONDITION]: "barrierTwo" },
    async open(held) {
      const pool = await usePool(held, 2);
      return [contestant("blocking", (ops) => meetAtBarrier(pool, ops))];
    },
  },
  {
    name: "mutex-contended",
    hasThreads: true,
    rows: [{
      row: "Mutex, contended: 2 threads, blocking form",
      ours: "blocking",
      rivals: [{ name: GO }],
    }],
    go: { [GO]: "mutexContended" },
    async open(held) {
      const pool = await usePool(held, 2);
      return [contestant("blocking", (ops) => lockSyncContended(pool, 0, ops), { unit: 2 })];
    },
  },
  {
    name: "mutex-work",
    hasThreads: true,
    rows: [{
      row: "Mutex, contended, with work: 2 threads, blocking form",
      ours: "blocking",
      rivals: [{ name: GO }],
    }],
    go: { [GO]: "mutexWork" },
    async open(held) {
      const pool = await usePool(held, 2);
      return [contestant("blocking", (ops) => lockSyncContended(pool, WORK, ops), { unit: 2 })];
    },
  },
  {
    name: "mutex-oversubscribed",
    warmups: MANY_WARMUPS,
    hasThreads: true,
    rows: [{
      row: "Mutex, oversubscribed: 64 goroutines on 2 threads, promise form",
      ours: "promise",
      rivals: [{ name: GO }],
    }],
    go: { [GO]: "mutexOversubscribed" },
    async open(held) {
      const pool = await usePool(held, 2);
      return [contestant("promise", (ops) => lockOversubscribed(pool, ops), { unit: CROWD })];
    },
  },
  {
    name: "mutex-crowd",
    rows: [{
      row: "Mutex, 64 goroutines of one thread, held while suspended, promise form",
      ours: "promise",
      rivals: [{ name: GO }, { name: ASYNC_MUTEX, goal: { factor: 1, rival: "JS" } }],
    }],
    go: { [GO]: "mutexCrowd" },
    open: () => [
      contestant("promise", lockCrowd, { unit: CROWD }),
      contestant(ASYNC_MUTEX, (ops) => asyncMutexCrowd(CROWD, ops), { unit: CROWD }),
    ],
  },
  ...[0, 10, 19].map((power): Match => ({
    name: `rwmutex-${power}`,
    rows: [{
      row: `RWMutex, 1 writer and 2^${power} readers, per reader, promise form`,
      ours: "promise",
      rivals: [{ name: GO }],
    }],
    go: { [GO]: `rwMutex${power}` as GoRow },
    open(held) {
      const mutex = new RWMutex();
      held.push(() => mutex[Symbol.dispose]());
      const readers = 2 ** power;
      const body = (ops: number) => readersAndWriter(mutex, mutex.rLocker(), readers, ops);
      return [contestant("promise", body, { unit: readers })];
    },
  })),
  {
    name: "spawn",
    rows: [{
      row: "goroutine, spawned and joined, same thread",
      ours: "go",
      rivals: [than(0.5), { name: ASYNC_FUNCTION }],
    }],
    go: { [GO]: "goSpawnJoin" },
    open: () => [contestant("go", spawnHere), contestant(ASYNC_FUNCTION, asyncFunction)],
  },
  ...poolMatches,
  ...parkMatches,
  ...startUpMatches,
  ...scaleMatches,
  mapMatch("i32", "reads"),
  mapMatch("i32", "writes"),
  mapMatch("i32", "mixed"),
  mapMatch("text", "reads"),
  mapMatch("text", "writes"),
  mapMatch("text", "mixed"),
  {
    name: "pipeline",
    rows: [{
      row: "pipeline of four stages with done, per value that comes out",
      ours: "stages",
      rivals: [{ name: GO }, { name: "async generators" }],
    }],
    go: { [GO]: "pipeline" },
    open: () => [
      contestant("stages", throughStages),
      contestant("async generators", throughGenerators),
    ],
  },
  contextMatch(
    "context-cancel",
    "context, made and cancelled, nobody waits",
    "contextCancel",
    (ops, parent) => cancelChild(parent, ops),
  ),
  contextMatch(
    "context-wait",
    "context, made and cancelled, a goroutine waits",
    "contextCancelWaiting",
    (ops, parent) => cancelWaiting(parent, ops),
  ),
  contextMatch(
    "context-value",
    "context, value ten contexts up",
    "contextValue",
    (ops, _, chain) => lookUp(chain, ops),
  ),
  contextMatch(
    "context-select",
    "select of a job and a context's done, `try` form",
    "contextSelect",
    (ops, parent) => trySelectJob(parent, ops),
  ),
];

/** A situation of contexts, against Go's. */
function contextMatch(
  name: string,
  row: string,
  goRow: GoRow,
  body: (ops: number, parent: Context, chain: Context) => number | Promise<number>,
): Match {
  return {
    name,
    rows: [{ row, ours: "context", rivals: [{ name: GO }] }],
    go: { [GO]: goRow },
    open(held) {
      const [parent, cancel] = withCancel(background());
      held.push(cancel);
      const chain = chainOfValues();
      return [contestant("context", (ops) => body(ops, parent, chain))];
    },
  };
}

/** Makes the contestants of a match, Go's among them where Go is there. */
export async function openMatch(
  match: Match,
  go: GoRival | undefined,
  held: Held,
): Promise<Contestant[]> {
  const here = await match.open(held);
  if (go === undefined) return here;
  return [...here, ...Object.entries(match.go).map(([name, row]) => go.contestant(row, name))];
}

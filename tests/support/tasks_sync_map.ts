/**
 * Tasks that the tests of the map run on threads.
 *
 * @module
 */
import { type Channel, type Mutex, type SyncMap, task } from "../../mod.ts";
import { seeded } from "../conformance/waiting.ts";

/** Adds 1 to the values of the keys 0 … `keys - 1`, in a random order, `count` times in all. */
export function countUp(
  map: SyncMap<number, number>,
  keys: number,
  count: number,
  seed: number,
): void {
  const next = seeded(seed);
  for (let i = 0; i < count; i++) {
    const key = next(keys);
    let { value, loaded } = map.loadOrStore(key, 1);
    while (loaded && !map.compareAndSwap(key, value, value + 1)) value = map.load(key)!;
  }
}

/** See {@linkcode countUp}. */
export const countUpThere = task(import.meta.url, "countUpThere", countUp);

/** The same with texts as keys and values, which are no numbers in place. */
export function countTextUp(
  map: SyncMap<string, string>,
  keys: number,
  count: number,
  seed: number,
): void {
  const next = seeded(seed);
  for (let i = 0; i < count; i++) {
    const key = `key ${next(keys)}`;
    let { value, loaded } = map.loadOrStore(key, "1");
    while (loaded && !map.compareAndSwap(key, value, String(Number(value) + 1))) {
      value = map.load(key)!;
    }
  }
}

/** See {@linkcode countTextUp}. */
export const countTextUpThere = task(import.meta.url, "countTextUpThere", countTextUp);

/**
 * Stores and deletes keys of its own, `first`, `first + stride`, …, and checks each step: nobody else touches them.
 *
 * @throws {Error} if one is not as it was left
 */
export function keepOwn(
  map: SyncMap<number, string>,
  first: number,
  stride: number,
  count: number,
): void {
  const expect = (what: string, got: unknown, wanted: unknown): void => {
    if (got !== wanted) throw new Error(`${what}: got ${got}, not ${wanted}`);
  };
  for (let i = 0; i < count; i++) {
    const key = first + i * stride;
    expect("a new key", map.load(key), undefined);
    map.store(key, `value of ${key}`);
    expect("a stored key", map.load(key), `value of ${key}`);
    if (i % 3 === 0) {
      expect("a deleted key", map.loadAndDelete(key).value, `value of ${key}`);
      expect("after that", map.load(key), undefined);
    } else if (i % 3 === 1) {
      expect("a swapped key", map.swap(key, "other").value, `value of ${key}`);
    }
  }
}

/** See {@linkcode keepOwn}. */
export const keepOwnThere = task(import.meta.url, "keepOwnThere", keepOwn);

/** One operation on a key, as a thread has seen it: when it began and ended, by a clock that all threads share. */
export interface Event {
  readonly name: "load" | "store" | "storeNew" | "delete" | "storeIf" | "deleteIf";
  readonly key: number;
  /** What it was to store. */
  readonly value: number;
  /** What it compared with. */
  readonly old: number;
  /** The value that it found, 0 for none; or whether it succeeded. */
  readonly result: number;
  readonly begin: number;
  readonly end: number;
}

/** Advances a clock, which is a number in a map of its own, and returns the time. No two calls get the same. */
function tick(clock: SyncMap<number, number>): number {
  for (;;) {
    const now = clock.load(0)!;
    if (clock.compareAndSwap(0, now, now + 1)) return now;
  }
}

/** Does `count` operations at random on the keys 0 … `keys - 1`, and writes down what came of them. */
export function record(
  map: SyncMap<number, number>,
  clock: SyncMap<number, number>,
  keys: number,
  count: number,
  seed: number,
): Event[] {
  const next = seeded(seed);
  const names = ["load", "store", "storeNew", "delete", "storeIf", "deleteIf"] as const;
  const seen = new Map<number, number>();
  const events: Event[] = [];
  for (let i = 0; i < count; i++) {
    const name = names[next(names.length)]!;
    const [key, value] = [next(keys), seed * 1_000_000 + i];
    // What is compared is what this thread saw last: often right, often not.
    const old = seen.get(key) ?? value;
    const run: Record<typeof name, () => number> = {
      load: () => map.load(key) ?? 0,
      store: () => map.swap(key, value).value ?? 0,
      storeNew: () => {
        const got = map.loadOrStore(key, value);
        return got.loaded ? got.value : 0;
      },
      delete: () => map.loadAndDelete(key).value ?? 0,
      storeIf: () => Number(map.compareAndSwap(key, old, value)),
      deleteIf: () => Number(map.compareAndDelete(key, old)),
    };
    const begin = tick(clock);
    const result = run[name]();
    const end = tick(clock);
    events.push({ name, key, value, old, result, begin, end });
    if (name === "store") seen.set(key, value);
    else if (result > 1) seen.set(key, result);
  }
  return events;
}

/** See {@linkcode record}. */
export const recordThere = task(import.meta.url, "recordThere", record);

/** Loads what is never deleted, until `end` is closed, and returns how often. */
export const loadSteady = task(
  import.meta.url,
  "loadSteady",
  (
    map: SyncMap<number, string>,
    keys: number,
    started: Channel<number>,
    end: Channel<number>,
  ): number => {
    started.sendSync(1);
    let loads = 0;
    while (!end.closed) {
      for (let key = 0; key < keys; key++, loads++) {
        const value = map.load(key);
        if (value !== `steady ${key}`) throw new Error(`key ${key} is ${value}`);
      }
    }
    return loads;
  },
);

/** Goes over the map until `end` is closed; checks that no key comes twice and those below `keys` come each time. */
export const rangeSteady = task(
  import.meta.url,
  "rangeSteady",
  (
    map: SyncMap<number, string>,
    keys: number,
    started: Channel<number>,
    end: Channel<number>,
  ): number => {
    started.sendSync(1);
    let walks = 0;
    while (!end.closed) {
      walks++;
      const seen = new Set<number>();
      let steady = 0;
      map.range((key) => {
        if (seen.has(key)) throw new Error(`key ${key} came twice`);
        seen.add(key);
        if (key < keys) steady++;
      });
      if (steady !== keys) throw new Error(`a walk has met ${steady} of ${keys} keys`);
    }
    return walks;
  },
);

/** Changes a map in every way, step by step. */
function* stirring(map: SyncMap<string, string>, seed: number): Generator<void, never> {
  const next = seeded(seed);
  for (let i = 0;; i++) {
    const key = `key ${next(300)}`;
    const ways = [
      () => map.store(key, `stored ${key}`),
      () => map.delete(key),
      () => map.loadOrStore(key, `new ${key}`),
      () => map.swap(key, `swapped ${key}`),
      () => map.compareAndSwap(key, `stored ${key}`, `compared ${key}`),
      () => map.load(key),
      () => map.range(() => next(4) > 0),
      () => map.store(`more ${i % 5000}`, `grown more ${i % 5000}`),
    ];
    ways[next(ways.length)]!();
    if (next(5000) === 0) map.clear();
    yield;
  }
}

/** Changes the map for ever: its thread is to be killed in the middle of it. */
export const hammer = task(
  import.meta.url,
  "hammer",
  (map: SyncMap<string, string>, started: Channel<number>, seed: number): void => {
    started.sendSync(1);
    for (const _ of stirring(map, seed));
  },
);

/** Changes the map for a while, and ends its thread within a walk over it. */
export const hammerAndDie = task(
  import.meta.url,
  "hammerAndDie",
  (map: SyncMap<string, string>, steps: number, seed: number): void => {
    const changes = stirring(map, seed);
    for (let i = 0; i < steps; i++) changes.next();
    map.store("last", "stored last");
    map.range(() => process.exit(3));
  },
);

/** Loads a lock again and again while others delete and store it, and uses it each time. */
export const useLocks = task(
  import.meta.url,
  "useLocks",
  (map: SyncMap<number, Mutex>, started: Channel<number>, end: Channel<number>): number => {
    started.sendSync(1);
    let used = 0;
    while (!end.closed) {
      const mutex = map.load(used % 3);
      if (mutex === undefined) continue;
      mutex.lockSync();
      mutex.unlock();
      used++;
      mutex[Symbol.dispose]();
    }
    return used;
  },
);

/** Stores `value` there, and reports what was there before. */
export const swapThere = task(
  import.meta.url,
  "swapThere",
  (map: SyncMap<unknown, unknown>, key: unknown, value: unknown): unknown =>
    map.swap(key, value).value,
);

/** Fills a map, and returns how many of those it had not met. */
export const fill = task(
  import.meta.url,
  "fill",
  (map: SyncMap<number, number>, first: number, count: number): number => {
    let fresh = 0;
    for (let key = first; key < first + count; key++) {
      if (!map.loadOrStore(key, -key).loaded) fresh++;
    }
    return fresh;
  },
);

/** Gives up the handle that it was sent. */
export const disposeMap = task(import.meta.url, "disposeMap", (map: Disposable): void => {
  map[Symbol.dispose]();
});

/** Situations of a map that one or two threads use: mostly read, only written, or with keys that come and go. */

import { type Pool, type SyncMap, WaitGroup } from "../../mod.ts";
import { check } from "../support/measure.ts";
import { useMapThere } from "../tasks.ts";

/** Keys that are always in the map; their values are their indexes. */
export const KEYS = 1_024;

/** What is done to a map: of 16 operations one is a store; or all are; or a load, a store, an insert and a delete take turns. */
export type Mix = "reads" | "writes" | "mixed";

/** Keys by their index, those that come and go after the others. */
export type KeyList = readonly number[] | readonly string[];

/** What the situations need of a map. */
export interface Table {
  load(key: unknown): number | undefined;
  store(key: unknown, value: number): void;
  loadOrStore(key: unknown, value: number): unknown;
  delete(key: unknown): void;
}

/** A plain `Map`, for one thread. */
export class PlainTable implements Table {
  readonly #map = new Map<unknown, number>();

  load(key: unknown): number | undefined {
    return this.#map.get(key);
  }

  store(key: unknown, value: number): void {
    this.#map.set(key, value);
  }

  loadOrStore(key: unknown, value: number): number {
    const there = this.#map.get(key);
    if (there !== undefined) return there;
    this.#map.set(key, value);
    return value;
  }

  delete(key: unknown): void {
    this.#map.delete(key);
  }
}

/** Keys that are numbers, or texts of some 15 characters. */
export function keyList(kind: "i32" | "text"): KeyList {
  const indexes = Array.from({ length: 2 * KEYS }, (_, index) => index);
  return kind === "i32" ? indexes : indexes.map((index) => `key number ${index}`);
}

/** A map with the keys that are always there. */
export function filled<T extends Table>(table: T, keys: KeyList): T {
  for (let index = 0; index < KEYS; index++) table.store(keys[index], index);
  return table;
}

/** Does `ops` operations, and checks what was loaded. */
export function useMap(table: Table, keys: KeyList, mix: Mix, ops: number): number {
  let sum = 0;
  let want = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) {
    const index = (i * 5) % KEYS;
    const turn = mix === "reads" ? (i % 16 === 0 ? 1 : 0) : mix === "writes" ? 1 : i % 4;
    if (turn === 0) {
      sum += table.load(keys[index])!;
      want += index;
    } else if (turn === 1) {
      table.store(keys[index], index);
    } else if (turn === 2) {
      table.loadOrStore(keys[KEYS + index], index);
    } else {
      // What the operation before has put in.
      table.delete(keys[KEYS + (index + KEYS - 5) % KEYS]);
    }
  }
  const elapsedMs = performance.now() - start;
  check("The sum of what was loaded", sum, want);
  return elapsedMs;
}

/** Two threads of a pool do half of the operations each, beginning together. */
export async function useMapOnTwo(
  pool: Pool,
  map: SyncMap<number, number> | SyncMap<string, number>,
  kind: "i32" | "text",
  mix: Mix,
  ops: number,
): Promise<number> {
  using start = new WaitGroup();
  start.add(2);
  const times = [1, 2].map(() => pool.go(useMapThere, map, kind, mix, ops / 2, start));
  return Math.max(...await Promise.all(times));
}

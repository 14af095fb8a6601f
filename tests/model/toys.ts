/** The toys of `assembly/toy`, and scenarios with them, that the checker is checked with. */
import { assertEquals } from "../support/assert.ts";
import { buildModel, type Patch } from "./build.ts";
import type { Body, Scenario, VirtualThread } from "./loom.ts";

/** The toys' entry file. */
export const ENTRY = "tests/model/assembly/toy/index.ts";
export const toys: WebAssembly.Module = await buildModel(ENTRY);

/** The toys' exports. */
export interface Toys {
  incrementRacy(ptr: number): void;
  increment(ptr: number): void;
  incrementCas(ptr: number): void;
  incrementPlain(ptr: number): void;
  read(ptr: number): number;
  trap(): void;
  lock(ptr: number): void;
  unlock(ptr: number): void;
  incrementLocked(ptr: number, counter: number): void;
  lockNapping(ptr: number): void;
  waitFor(ptr: number, expected: number, timeoutMs: number): number;
  wakeAll(ptr: number): number;
  spinLock(ptr: number): void;
  spinUnlock(ptr: number): void;
  incrementSpinning(ptr: number, counter: number): void;
  addLooping(ptr: number, counter: number, times: number): void;
  push(head: number, node: number): void;
  pop(head: number): number;
  publish(flag: number, value: number): void;
  receive(flag: number): number;
}
/** What a thread does with toys. */
export type ToyBody = Body<Toys, null>;
/** A model of toys without parameters. */
export type ToyScenario = Scenario<Toys, null>;

export const COUNTER = 64;
export const LOCK = 128;
export const FLAG = 192;
export const HEAD = 256;
export const NODES = [512, 528, 544];

/** A scenario that starts from zeroed memory. */
export function scenario(
  threads: readonly ToyBody[],
  rest: Partial<Omit<ToyScenario, "threads">> = {},
): ToyScenario {
  return { name: "toy", setup: () => null, threads, ...rest };
}

/** A check that the counter holds `count`. */
export function counts(count: number): Pick<ToyScenario, "check"> {
  return { check: ({ words }) => words[COUNTER >>> 2] === count };
}

export function twice<T>(value: T): T[] {
  return [value, value];
}

/** A scenario over a stack that holds all nodes; at the end each node must be somewhere, once. */
export function stackScenario(threads: readonly Body<Toys, null>[]): ToyScenario {
  return {
    name: "stack",
    setup(wasm) {
      for (const node of NODES.toReversed()) wasm.push(HEAD, node);
      return null;
    },
    threads,
    // A pop may read the link of a node that another thread has popped meanwhile.
    racy: (ptr) => ptr >= NODES[0]!,
    check({ wasm, results }) {
      const found = (results as number[][]).flat().filter((node) => node !== 0);
      for (let left = 2 * NODES.length; left > 0; left--) {
        const node = wasm.pop(HEAD);
        if (node !== 0) found.push(node);
      }
      assertEquals(found.toSorted(), NODES);
    },
  };
}

/** Pops a node and keeps it. */
export async function popOne({ wasm }: VirtualThread<Toys>): Promise<number[]> {
  return [await wasm.pop(HEAD)];
}

/** Pops two nodes, pushes the first back, and keeps the second. */
export async function popTwoPushOne({ wasm }: VirtualThread<Toys>): Promise<number[]> {
  const [first, second] = [await wasm.pop(HEAD), await wasm.pop(HEAD)];
  if (first !== 0) await wasm.push(HEAD, first);
  return [second];
}

/** Seeds the stack with ABA. */
export const untagged: Patch = {
  file: "tests/model/assembly/toy/stack.ts",
  find: "(seen >> 32) + 1",
  replace: "seen >> 32",
};

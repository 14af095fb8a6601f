/** Models of `wasm/assembly/map.ts` and its parts. */
import { assert, assertEquals } from "../support/assert.ts";
import {
  HEAP_START,
  KEY_NARROW,
  MAP_ABSENT,
  MAP_MISMATCH,
  MAP_TABLE,
  PAIR_VALUE,
  TABLE_COUNT,
  TABLE_NEXT,
  VALUE_BLOCK,
  VALUE_LONG,
  VALUE_NARROW,
} from "../../src/memory/layout.ts";
import { buildModel } from "./build.ts";
import { assertLinearizable, type Specification } from "./linearizable.ts";
import { assertHolds, explore, type Options, type Outcome, type Scenario } from "./loom.ts";
import { testMistakes } from "./mistakes.ts";

const ENTRY = "tests/model/assembly/map.ts";

interface Maps {
  heapInit(): void;
  allocate(byteLength: number): number;
  agentRegister(): number;
  liveBytes(): number;
  free(ptr: number): void;
  mapNew(
    kind: number,
    element: number,
    keyForm: number,
    valueForm: number,
    valueBytes: number,
    isPlain: number,
    seed: number,
    buckets: number,
  ): number;
  mapLoad(map: number, key: number, into: number, self: number): number;
  mapStore(
    map: number,
    key: number,
    payload: number,
    from: number,
    into: number,
    self: number,
  ): number;
  mapStoreNew(
    map: number,
    key: number,
    payload: number,
    from: number,
    into: number,
    self: number,
  ): number;
  mapStoreIf(
    map: number,
    key: number,
    payload: number,
    from: number,
    expected: number,
    into: number,
    self: number,
  ): number;
  mapDelete(map: number, key: number, into: number, self: number): number;
  mapDeleteIf(map: number, key: number, expected: number, into: number, self: number): number;
  mapClear(map: number): void;
  mapSize(map: number): number;
  mapTakeAll(map: number): number;
  mapFree(map: number): void;
  loadLong(map: number, key: number, scratch: number, self: number): number;
  storeLong(map: number, key: number, value: number, scratch: number, self: number): number;
  deleteLong(map: number, key: number, scratch: number, self: number): number;
  loadBlock(map: number, key: number, self: number): number;
  storeBlock(map: number, key: number, value: number, self: number): number;
  deleteBlock(map: number, key: number, self: number): number;
  sumAll(map: number, scratch: number, self: number): number;
}

const maps = await buildModel(ENTRY);

/** Keys whose hashes, with a secret of zeros, are the smallest and the largest: they share a bucket until there are many. */
const LOW = keysWith(0);
const HIGH = keysWith(7);

/** Small keys whose hash begins with these three bits. */
function keysWith(bits: number): number[] {
  const hash = (key: number): number => {
    let x = key;
    x ^= x >>> 16;
    x = Math.imul(x, 0x85ebca6b);
    x ^= x >>> 13;
    x = Math.imul(x, 0xc2b2ae35);
    return (x ^ (x >>> 16)) >>> 0;
  };
  return Array.from({ length: 256 }, (_, key) => key).filter((key) => hash(key) >>> 29 === bits);
}

/** The keys of scripts: `a`, `b` and `c` have small hashes, `x`, `y` and `z` large ones. */
const KEYS: Readonly<Record<string, number>> = {
  a: LOW[0]!,
  b: LOW[1]!,
  c: LOW[2]!,
  x: HIGH[0]!,
  y: HIGH[1]!,
  z: HIGH[2]!,
};

/** Where the parts of a model lie. */
interface State {
  readonly map: number;
  readonly agents: readonly number[];
  readonly scratch: readonly number[];
  /** The first address of a pair or a table made by a thread. */
  readonly pairs: number;
  /** Bytes in use before the map was made. */
  readonly before: number;
}

/** How a model begins. */
interface Start {
  /** A `VALUE_…` form; narrow if absent. */
  readonly form?: number;
  /** Keys in the map, in this order: the last one stands first. Their values are 1, 2, … */
  readonly filled?: string;
  /** Buckets; one if absent. A map of more pairs than that grows. */
  readonly buckets?: number;
  /** Pairs that are free to be used again. */
  readonly free?: number;
  /** Thread that may die. */
  readonly mortal?: number;
}

/** What a map is to do. */
type Contents = Readonly<Record<string, number>>;

const specification = (initial: Contents): Specification<Contents> => ({
  initial,
  apply(contents, { name, input, output, end }) {
    const [key, value, expected] = input as [string, number, number];
    const there = contents[key];
    const gives = (result: number, after: Contents): Contents[] =>
      end === Infinity || output === result ? [after] : [];
    const put = () => ({ ...contents, [key]: value });
    const without = () => Object.fromEntries(Object.entries(contents).filter(([k]) => k !== key));
    const before = there ?? MAP_ABSENT;
    switch (name) {
      case "load":
        return gives(before, contents);
      case "store":
        return gives(before, put());
      case "storeNew":
        return gives(before, there === undefined ? put() : contents);
      case "delete":
        return gives(before, without());
      case "storeIf":
      case "deleteIf": {
        const isRight = there === expected;
        const result = there === undefined ? MAP_ABSENT : isRight ? there : MAP_MISMATCH;
        const after = name === "storeIf" ? put() : without();
        return gives(result, isRight ? after : contents);
      }
      case "clear":
        return gives(0, {});
      default:
        return [];
    }
  },
  name: (contents) => JSON.stringify(Object.entries(contents).sort()),
});

/**
 * Threads at a map. A word for each, of steps of two or three letters: what to do and with which key.
 *
 * `l` loads, `s` stores, `n` stores where there is nothing, `i` stores if the value is the one that the map began with, `d` deletes,
 * `e` deletes if it is that value; `C.` clears, `R.` adds up all values.
 */
function scenario(start: Start, ...scripts: readonly string[]): Scenario<Maps, State> {
  const { form = VALUE_NARROW, filled = "", buckets = 1, free = 0, mortal } = start;
  const initial: Record<string, number> = {};
  [...filled].forEach((key, at) => initial[key] = at + 1);
  return {
    name: `${filled || "nothing"} in ${buckets}: ${scripts.join(" | ")}`,
    setup(wasm) {
      wasm.heapInit();
      const agents = scripts.map(() => wasm.agentRegister());
      const scratch = scripts.map(() => wasm.allocate(64));
      const own = wasm.allocate(64);
      const before = wasm.liveBytes();
      const isPlain = form === VALUE_BLOCK ? 0 : 1;
      const map = wasm.mapNew(0, 0, KEY_NARROW, form, 8, isPlain, own, buckets);
      const unused = Array.from({ length: free }, () => wasm.allocate(PAIR_VALUE + 8));
      const pairs = unused[0] ?? wasm.allocate(PAIR_VALUE + 8);
      if (unused.length === 0) wasm.free(pairs);
      for (const [key, value] of Object.entries(initial)) {
        if (form === VALUE_LONG) wasm.storeLong(map, KEYS[key]!, value, own, agents[0]!);
        else wasm.mapStore(map, KEYS[key]!, value, 0, own, agents[0]!);
      }
      for (const pair of unused) wasm.free(pair);
      return { map, agents, scratch, pairs, before };
    },
    threads: scripts.map((script, id) => async ({ wasm, record }, { map, agents, scratch }) => {
      const self = agents[id]!;
      const into = scratch[id]!;
      const results: number[] = [];
      for (const [at, step] of script.split(" ").entries()) {
        const [what, name] = [step[0]!, step[1]!];
        const key = KEYS[name] ?? 0;
        const value = 10 * (id + 1) + at;
        const expected = initial[name] ?? 0;
        const run: Record<string, [string, () => Promise<number | void>]> = {
          l: [
            "load",
            () =>
              form === VALUE_BLOCK
                ? wasm.loadBlock(map, key, self)
                : form === VALUE_LONG
                ? wasm.loadLong(map, key, into, self)
                : wasm.mapLoad(map, key, into, self),
          ],
          s: [
            "store",
            () =>
              form === VALUE_BLOCK
                ? wasm.storeBlock(map, key, value, self)
              : form === VALUE_LONG
              ? wasm.storeLong(map, key, value, into, self)
                : wasm.mapStore(map, key, value, 0, into, self),
          ],
          n: ["storeNew", () => wasm.mapStoreNew(map, key, value, 0, into, self)],
          i: ["storeIf", () => wasm.mapStoreIf(map, key, value, 0, expected, into, self)],
          d: [
            "delete",
            () =>
              form === VALUE_BLOCK
                ? wasm.deleteBlock(map, key, self)
              : form === VALUE_LONG
              ? wasm.deleteLong(map, key, into, self)
                : wasm.mapDelete(map, key, into, self),
          ],
          e: ["deleteIf", () => wasm.mapDeleteIf(map, key, expected, into, self)],
          C: ["clear", async () => (await wasm.mapClear(map), 0)],
          R: ["sum", () => wasm.sumAll(map, into, self)],
        };
        const [operation, call] = run[what]!;
        const result = operation === "sum"
          ? await call()
          : await record(operation, [name, value, expected], call);
        results.push(result as number);
      }
      return results;
    }),
    // Searches read what may have been freed, by design; the value of a block is only read by who may.
    racy: (ptr, { pairs }) =>
      ptr >= pairs && (form !== VALUE_BLOCK || (ptr - pairs) % 32 < PAIR_VALUE),
    ...(mortal === undefined ? {} : { kill: { thread: mortal } }),
    check: (outcome) => check(outcome, initial, form),
  };
}

/** What happened is linearizable, what is in the map is what that leads to, and no byte is lost. */
function check(outcome: Outcome<Maps, State>, initial: Contents, form: number): void {
  const { wasm, words, history, killed, state: { map, agents, scratch, before } } = outcome;
  const [self, into] = [agents.at(-1)!, scratch.at(-1)!];
  const word = (ptr: number) => words[ptr >>> 2]!;
  // Nobody runs any more: what is loaded now comes after all that has ended.
  const afterwards = Object.keys(KEYS).map((name, at) => ({
    thread: -1,
    index: at,
    name: "load",
    input: [name, 0, 0],
    output: form === VALUE_BLOCK
      ? wasm.loadBlock(map, KEYS[name]!, self)
      : form === VALUE_LONG
      ? wasm.loadLong(map, KEYS[name]!, into, self)
      : wasm.mapLoad(map, KEYS[name]!, into, self),
    begin: 1e9 + at,
    end: 1e9 + at,
  }));
  assertLinearizable([...history, ...afterwards], specification(initial));
  const present = afterwards.filter(({ output }) => output !== MAP_ABSENT);
  assertEquals(wasm.mapSize(map), present.length, "the size is wrong");
  assertEquals(
    form === VALUE_LONG ? 0 : wasm.sumAll(map, into, self),
    form === VALUE_LONG ? 0 : present.reduce((sum, { output }) => sum + output, 0),
    "a walk finds something else",
  );
  for (let pair = wasm.mapTakeAll(map); pair !== 0;) {
    const next = word(pair);
    wasm.free(pair);
    pair = next;
  }
  wasm.mapFree(map);
  const left = wasm.liveBytes() - before;
  // Who dies takes with it what it had in its hands.
  if (killed.length === 0) assertEquals(left, 0, "memory was lost");
}

/** Registers a test that explores each scenario. */
function holds(
  name: string,
  scenarios: readonly Scenario<Maps, State>[],
  options: Options = {},
): void {
  for (const each of scenarios) {
    Deno.test(`map: ${name}: ${each.name}`, async () => {
      const report = await explore(maps, each, { maxDepth: 3000, ...options });
      console.log(
        each.name,
        report.states,
        report.schedules,
        report.pruned,
        report.cut,
        report.throttled,
        report.steps,
        Math.round(report.milliseconds),
      );
      assertHolds(report);
      if (options.bound === undefined) assert(report.exhaustive);
    });
  }
}


const BLOCK = { form: VALUE_BLOCK };
const T = (Deno.env.get("B") ?? "3") | 0;
holds("one key", [
  scenario({}, "sa", "sa"),
  scenario({}, "na", "na la"),
  scenario({ filled: "a" }, "sa", "da", "la"),
  scenario({ filled: "a" }, "ia", "ia la"),
  scenario({ filled: "a" }, "ea", "sa"),
  scenario({ filled: "a" }, "ea", "ia", "la"),
  scenario({ filled: "a" }, "da sa", "la la"),
], { bound: T });
holds("one bucket", [
  scenario({ filled: "abc", buckets: 4 }, "db", "la sa"),
  scenario({ filled: "abc", buckets: 4 }, "db", "dc", "la"),
  scenario({ filled: "abc", buckets: 4 }, "db", "da", "lc"),
  scenario({ filled: "ab", buckets: 4 }, "db sc", "la"),
  scenario({ filled: "ab", buckets: 4 }, "db sb", "lb sa"),
  scenario({ filled: "abc", buckets: 4 }, "eb sx", "sb", "la"),
  scenario({ filled: "abc", buckets: 4 }, "db sx db", "la la"),
], { bound: T });
holds("growth", [
  scenario({ filled: "ax" }, "sa", "lx la"),
  scenario({ filled: "ax" }, "sa", "dx", "la"),
  scenario({ filled: "ax" }, "sb", "sb", "lx"),
  scenario({ filled: "axb" }, "sa", "lb lx"),
  scenario({ filled: "axb" }, "sc", "dx", "lb"),
  scenario({ filled: "a" }, "sb sc", "la lb"),
  scenario({ filled: "a" }, "sx", "sy", "la"),
  scenario({ filled: "ax" , mortal: 0}, "sa", "sb lx"),
  scenario({ filled: "ax" , mortal: 0}, "sa", "lx la"),
  scenario({ filled: "a" , mortal: 0}, "sb sc", "sx lb"),
], { bound: T - 1 });
holds("clear", [
  scenario({ filled: "ab", buckets: 4 }, "C.", "la lb"),
  scenario({ filled: "ab", buckets: 4 }, "C.", "sa lb la"),
  scenario({ filled: "ab", buckets: 4 }, "C.", "na", "lb"),
  scenario({ filled: "a", buckets: 4 }, "C.", "da", "na"),
  scenario({ filled: "a", buckets: 4 }, "C.", "ia", "C. na"),
  scenario({ filled: "ax" }, "C.", "sx lx", "la"),
  scenario({ filled: "ab", buckets: 4, mortal: 0 }, "C.", "na lb"),
], { bound: T - 1 });
holds("walk", [
  scenario({ filled: "ax" , buckets: 4}, "R.", "sa dx"),
  scenario({ filled: "ax" }, "R.", "sb"),
  scenario({ filled: "abc", buckets: 4 }, "R.", "db"),
], { bound: T - 1 });
holds("blocks", [
  scenario({ ...BLOCK, filled: "a" }, "la", "sa"),
  scenario({ ...BLOCK, filled: "a" }, "la", "da"),
  scenario({ ...BLOCK, filled: "a" }, "la la", "sa da"),
  scenario({ ...BLOCK, filled: "a" }, "la", "da sb", "la"),
  scenario({ ...BLOCK, filled: "ab", buckets: 4 }, "lb la", "db sa", "sb"),
  scenario({ ...BLOCK, filled: "a", buckets: 4, mortal: 0 }, "la", "da sa"),
  scenario({ ...BLOCK, filled: "a", buckets: 4 }, "la", "C.", "sa"),
], { bound: T - 1 });
holds("long", [
  scenario({ form: VALUE_LONG, filled: "ab", buckets: 4 }, "la", "db"),
], { bound: T });

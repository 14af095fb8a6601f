/** Models of `wasm/assembly/map.ts` and its parts. */
import { assert, assertEquals } from "../support/assert.ts";
import {
  KEY_NARROW,
  KEY_RECORD,
  MAP_ABSENT,
  MAP_MISMATCH,
  MAP_RETIRED,
  PAIR_VALUE,
  VALUE_BLOCK,
  VALUE_LONG,
  VALUE_NARROW,
} from "../../src/memory/layout.ts";
import { buildModel, mutant } from "./build.ts";
import { assertLinearizable, type Specification } from "./linearizable.ts";
import { assertHolds, explore, type Outcome, type Scenario } from "./loom.ts";
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
  scribble(map: number, key: number): void;
  reclaim(map: number): void;
  sumAll(map: number, isBlock: number, scratch: number, self: number): number;
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
  /** What stands for each key in a call: itself, or the address of its record. */
  readonly keys: Readonly<Record<string, number>>;
  /** The first address of a pair or a table made by a thread. */
  readonly pairs: number;
  /** Bytes in use before the map was made. */
  readonly before: number;
}

/** How a model begins. */
interface Start {
  /** A `VALUE_…` form; narrow if absent. */
  readonly form?: number;
  /** A `KEY_…` form; narrow if absent. */
  readonly keyForm?: number;
  /** Keys in the map, in this order: the last one stands first. Their values are 1, 2, 4, … */
  readonly filled?: string;
  /** Buckets; one if absent. A map of more pairs than that grows. */
  readonly buckets?: number;
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

/** Writes each key as a record of 8 bytes, which no search has to fill up. */
function writeRecords(wasm: Maps, words: Int32Array): Record<string, number> {
  return Object.fromEntries(
    Object.keys(KEYS).map((name) => {
      const ptr = wasm.allocate(16);
      words.set([8, 0, name.charCodeAt(0), 1], ptr >>> 2);
      return [name, ptr];
    }),
  );
}

/**
 * Threads at a map. A word for each, of steps of two or three letters: what to do and with which key.
 *
 * `l` loads, `s` stores, `n` stores where there is nothing, `i` stores if the value is the one that the map began with, `d` deletes,
 * `e` deletes if it is that value; `C.` clears, `R.` adds up all values, `X` uses freed memory for something that looks like a pair of
 * that key.
 */
function scenario(start: Start, ...scripts: readonly string[]): Scenario<Maps, State> {
  const { form = VALUE_NARROW, keyForm = KEY_NARROW, filled = "", buckets = 1, mortal } = start;
  const initial: Record<string, number> = {};
  [...filled].forEach((key, at) => initial[key] = 2 ** at);
  return {
    name: `${filled || "nothing"} in ${buckets}: ${scripts.join(" | ")}`,
    setup(wasm, words) {
      wasm.heapInit();
      const agents = scripts.map(() => wasm.agentRegister());
      const scratch = scripts.map(() => wasm.allocate(64));
      const own = wasm.allocate(64);
      const keys = keyForm === KEY_NARROW ? KEYS : writeRecords(wasm, words);
      const before = wasm.liveBytes();
      const isPlain = form === VALUE_BLOCK ? 0 : 1;
      const map = wasm.mapNew(0, 0, keyForm, form, 8, isPlain, own, buckets);
      const pairs = wasm.allocate(PAIR_VALUE + 8);
      wasm.free(pairs);
      for (const [key, value] of Object.entries(initial)) {
        if (form === VALUE_LONG) wasm.storeLong(map, keys[key]!, value, own, agents[0]!);
        else wasm.mapStore(map, keys[key]!, value, 0, own, agents[0]!);
      }
      return { map, agents, scratch, keys, pairs, before };
    },
    threads: scripts.map(
      (script, id) => async ({ wasm, record }, { map, agents, scratch, keys }) => {
        const self = agents[id]!;
        const into = scratch[id]!;
        const results: number[] = [];
        for (const [at, step] of script.split(" ").entries()) {
          const [what, name] = [step[0]!, step[1]!];
          const key = keys[name] ?? 0;
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
            C: ["clear", async () => {
              await wasm.mapClear(map);
              if (form === VALUE_BLOCK) await wasm.reclaim(map);
              return 0;
            }],
            R: ["", () => wasm.sumAll(map, form === VALUE_BLOCK ? 1 : 0, into, self)],
            X: ["", () => wasm.scribble(map, key)],
          };
          const [operation, call] = run[what]!;
          const result = operation === ""
            ? await call()
            : await record(operation, [name, value, expected], call);
          results.push(result as number);
        }
        return results;
      },
    ),
    // Searches read what may have been freed, by design; the value of a block is only read by who may.
    racy: (ptr, { pairs }) =>
      ptr >= pairs && (form !== VALUE_BLOCK || (ptr - pairs) % 32 < PAIR_VALUE),
    ...(mortal === undefined ? {} : { kill: { thread: mortal } }),
    check: (outcome) => {
      checkSums(outcome, initial, scripts);
      check(outcome, initial, form);
    },
  };
}

/** A walk adds each key's value once, if it was there all the time; otherwise at most once, as it was at some moment. */
function checkSums(
  { results }: Outcome<Maps, State>,
  initial: Contents,
  scripts: readonly string[],
): void {
  const choices = new Map(Object.entries(initial).map(([name, value]) => [name, [value]]));
  for (const [id, script] of scripts.entries()) {
    for (const [at, step] of script.split(" ").entries()) {
      if (!"snied".includes(step[0]!)) continue;
      const some = choices.get(step[1]!) ?? [0];
      choices.set(step[1]!, [...some, 0, 10 * (id + 1) + at]);
    }
  }
  if (scripts.some((script) => script.includes("C"))) {
    for (const [name, some] of choices) choices.set(name, [...some, 0]);
  }
  const possible = [...choices.values()].reduce(
    (sums, values) => sums.flatMap((sum) => values.map((value) => sum + value)),
    [0],
  );
  for (const [id, script] of scripts.entries()) {
    for (const [at, step] of script.split(" ").entries()) {
      const sum = (results[id] as number[] | undefined)?.[at];
      if (step[0] !== "R" || sum === undefined) continue;
      assert(possible.includes(sum), `a walk has found ${sum}`);
    }
  }
}

/** What happened is linearizable, what is in the map is what that leads to, and no byte is lost. */
function check(outcome: Outcome<Maps, State>, initial: Contents, form: number): void {
  const { wasm, words, history, killed, state: { map, agents, scratch, keys, before } } = outcome;
  const [self, into] = [agents.at(-1)!, scratch.at(-1)!];
  const word = (ptr: number) => words[ptr >>> 2]!;
  if (killed.length === 0) assertEquals(word(map + MAP_RETIRED), 0, "a pair was left behind");
  // Nobody runs any more: what is loaded now comes after all that has ended.
  const afterwards = Object.keys(KEYS).map((name, at) => ({
    thread: -1,
    index: at,
    name: "load",
    input: [name, 0, 0],
    output: form === VALUE_BLOCK
      ? wasm.loadBlock(map, keys[name]!, self)
      : form === VALUE_LONG
      ? wasm.loadLong(map, keys[name]!, into, self)
      : wasm.mapLoad(map, keys[name]!, into, self),
    begin: 1e9 + at,
    end: 1e9 + at,
  }));
  assertLinearizable([...history, ...afterwards], specification(initial));
  const present = afterwards.filter(({ output }) => output !== MAP_ABSENT);
  assertEquals(wasm.mapSize(map), present.length, "the size is wrong");
  assertEquals(
    form === VALUE_LONG ? 0 : wasm.sumAll(map, form === VALUE_BLOCK ? 1 : 0, into, self),
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

/** A part of a test, and how far it looks. */
type Case = readonly [model: Scenario<Maps, State>, bound?: number];

/** Registers a test of `module` that explores each case, in full if it has no bound. */
function testAll(name: string, module: WebAssembly.Module, cases: readonly Case[]): void {
  Deno.test(`map: ${name}`, async () => {
    for (const [model, bound] of cases) {
      const options = bound === undefined ? {} : { bound };
      const report = await explore(module, model, { maxDepth: 3000, ...options });
      assertHolds(report);
      if (bound === undefined) assert(report.exhaustive, `${model.name} is cut`);
    }
  });
}

const BLOCK = { form: VALUE_BLOCK };
/** Three pairs of one bucket; the last one stands first. */
const CHAIN = { filled: "abc", buckets: 4 };
const PAIR = { filled: "ab", buckets: 4 };

testAll("a key has one pair when threads put and delete it", maps, [
  [scenario({}, "sa", "sa")],
  [scenario({}, "na", "na la")],
  [scenario({ filled: "a" }, "sa", "da", "la"), 3],
  [scenario({ filled: "a" }, "da sa", "la la")],
  [scenario({ filled: "a" }, "da sb", "na la"), 4],
]);

const swaps = scenario({ filled: "a" }, "ia", "ia la");
const swapOrDelete = scenario({ filled: "a" }, "ea", "sa");
testAll("a value is compared and changed in one step", maps, [
  [swaps],
  [swapOrDelete],
  [scenario({ filled: "a" }, "ea", "ia", "la"), 3],
]);

const unlinked = scenario(CHAIN, "db", "dc", "la");
const used = scenario(PAIR, "db Xa", "la");
const replaced = scenario(PAIR, "db sb", "lb sa");
testAll("a search finds what is there when others take pairs out beside it", maps, [
  [scenario(CHAIN, "db", "la sa"), 4],
  [unlinked, 2],
  [scenario(CHAIN, "db", "da", "lc"), 2],
  [scenario(CHAIN, "eb sx", "sb", "la"), 2],
  [scenario(CHAIN, "db sx db", "la la"), 4],
  [replaced, 4],
]);

const RECORDS = { keyForm: KEY_RECORD };
const walkedAndScribbled = scenario(PAIR, "db Xa", "R.");
const scribbled = scenario({ filled: "a" }, "da Xa", "la");
testAll("a search makes nothing of memory that was freed under it", maps, [
  [scribbled],
  [used],
  [scenario(CHAIN, "dc Xa db Xc", "la"), 4],
  [scenario(PAIR, "db Xa", "sa la"), 4],
  [scenario({ form: VALUE_LONG, ...PAIR }, "db Xa", "la sa")],
  [walkedAndScribbled, 4],
  [scenario({ ...RECORDS, filled: "a" }, "da Xa", "la")],
  [scenario({ ...RECORDS, filled: "ab", buckets: 2 }, "db Xa sa", "la sb"), 3],
  [scenario({ ...RECORDS, filled: "ax" }, "da sa", "la lx"), 3],
]);

/** Few buckets are moved at a time, so that all stages of growth are met in a small table. */
const FEW = {
  file: "wasm/assembly/map_table.ts",
  find: "const SWEEP: u32 = 8;",
  replace: "const SWEEP: u32 = 1;",
};
const slow = await mutant(FEW, ENTRY);

const growing = scenario({ filled: "ax" }, "sa", "lx la");
const growingMore = scenario({ filled: "axb" }, "sa", "lb lx");
const growingTogether = scenario({ filled: "ax" }, "sb", "sb", "lx");
const outgrown = scenario({ filled: "ax" }, "sb sa", "lx");
const growths: readonly Case[] = [
  [outgrown, 4],
  [growing],
  [growingMore, 4],
  [growingTogether, 1],
  [scenario({ filled: "ax" }, "sa", "dx", "la"), 2],
  [scenario({ filled: "axb" }, "sc", "dx", "lb"), 2],
  [scenario({ filled: "a" }, "sb sc", "la lb"), 3],
  [scenario({ filled: "a" }, "sx", "sy", "la"), 1],
  [scenario({ filled: "axby" }, "sz", "lx sa ly"), 3],
];
testAll("nothing is lost when the table grows", maps, growths);
testAll("nothing is lost when the table grows bucket by bucket", slow, growths);

const dyingInGrowth = scenario({ filled: "axb", mortal: 0 }, "sa", "sb lx");
const deaths: readonly Case[] = [
  [scenario({ filled: "a", mortal: 0 }, "sa da", "sa la")],
  [scenario({ ...CHAIN, mortal: 0 }, "db", "sb la")],
  [scenario({ filled: "ax", mortal: 0 }, "sa", "lx la")],
  [dyingInGrowth, 2],
  [scenario({ filled: "a", mortal: 0 }, "sb sc", "sx lb"), 2],
  [scenario({ ...PAIR, mortal: 0 }, "C.", "na lb"), 3],
  [scenario({ ...BLOCK, filled: "a", mortal: 0 }, "la", "da sa")],
  [scenario({ ...BLOCK, filled: "a", mortal: 0 }, "sa", "sa la"), 3],
];
testAll("the others go on when a thread dies, and the size stays right", slow, deaths);

const cleared = scenario(PAIR, "C.", "sa lb la");
const late = scenario({ filled: "a", buckets: 4 }, "C.", "da", "na");
testAll("a clear takes place at one moment", maps, [
  [scenario(PAIR, "C.", "la lb")],
  [cleared, 3],
  [late, 2],
  [scenario(PAIR, "C.", "na", "lb"), 2],
  [scenario({ filled: "a", buckets: 4 }, "C.", "ia", "C. na"), 2],
  [scenario({ filled: "ax" }, "C.", "sx lx", "la"), 1],
]);

const walked = scenario({ filled: "ax" }, "R.", "sb");
testAll("a walk meets each key once", maps, [
  [scenario({ filled: "ax", buckets: 4 }, "R.", "sa dx"), 3],
  [walked, 2],
  [scenario(CHAIN, "R.", "db"), 3],
  [scenario(CHAIN, "R.", "C."), 2],
]);

const overwritten = scenario({ ...BLOCK, filled: "a" }, "la", "sa");
const retired = scenario({ ...BLOCK, filled: "a" }, "la la", "sa da");
const contended = scenario({ ...BLOCK, filled: "a" }, "la", "da sb", "la");
const walkedBlocks = scenario({ ...BLOCK, ...PAIR }, "R.", "db");
testAll("nobody frees a block that is being read", maps, [
  [walkedBlocks, 4],
  [overwritten],
  [scenario({ ...BLOCK, filled: "a" }, "la", "da")],
  [retired],
  [contended, 3],
  [scenario({ ...BLOCK, ...PAIR }, "lb la", "db sa", "sb"), 2],
  [scenario({ ...BLOCK, filled: "a", buckets: 4 }, "la", "C.", "sa"), 2],
]);

testMistakes("map_table", ENTRY, [
  {
    when: "a bucket is compared by its head alone",
    find: "((load64(bucket) ^ word) & ~(<u64>LOCKED)) == 0",
    replace: "((<u32>load64(bucket) ^ <u32>word) & ~LOCKED) == 0",
    model: scenario({ filled: "a" }, "da Xa sa", "la"),
  },
  {
    when: "the tag does not grow",
    find: "(((word >> 32) + 1) << 32)",
    replace: "((word >> 32) << 32)",
    model: replaced,
  },
  {
    when: "a pair leaves its old bucket before it is in the new one",
    find:
      "    store64(target, wordAfter(there, pair, 0));\n    store64(bucket, wordAfter(word, rest, DRAINING));",
    replace:
      "    store64(bucket, wordAfter(word, rest, DRAINING));\n    store64(target, wordAfter(there, pair, 0));",
    model: growing,
  },
  {
    when: "a bucket that is being drained does not say so",
    find: "wordAfter(word, rest, DRAINING)",
    replace: "wordAfter(word, rest, 0)",
    model: growing,
  },
  {
    when: "both tables chain pairs by the same link",
    find: "load<u32>(older + TABLE_LINK) ^ 4",
    replace: "load<u32>(older + TABLE_LINK)",
    also: { find: "PAIR_NEXT + (link ^ 4)", replace: "PAIR_NEXT + link" },
    model: scenario({ filled: "axb" }, "sc", "la lx"),
  },
  {
    when: "buckets count as moved before they have moved",
    find: "  for (let index = start; index < end; index++) {\n    drain(table + TABLE_BUCKETS",
    replace:
      "  if (start < end) cas32(table + TABLE_SWEPT, start, end);\n  for (let index = start; index < end; index++) {\n    drain(table + TABLE_BUCKETS",
    model: scenario({ filled: "axb" }, "sa", "sb lx"),
    options: { bound: 2 },
  },
  {
    when: "who changes a key does not see to its own bucket",
    find: "    drain(bucketOf(table, hash), table, next);\n",
    replace: "",
    also: FEW,
    model: scenario({ filled: "axb" }, "sx lx"),
  },
  {
    when: "a growth cannot be finished by others",
    find: "  const start = load32(table + TABLE_SWEPT);\n",
    replace: "  const start = add32(table + TABLE_SWEPT, SWEEP);\n",
    also: [FEW, { find: "import { cas32,", replace: "import { add32, cas32," }],
    model: dyingInGrowth,
  },
]);
testMistakes("map", ENTRY, [
  {
    when: "a locked bucket is locked once more",
    find: "    if ((<u32>word & LOCKED) != 0) {",
    replace: "    if (false) {",
    model: swaps,
  },
  {
    when: "the era is read before the bucket",
    find: "    const table = settle(map, hash);\n",
    replace: "    const era = load32(map + MAP_ERA);\n    const table = settle(map, hash);\n",
    also: {
      find: "    const era = load32(map + MAP_ERA);\n    const pair",
      replace: "    const pair",
    },
    model: cleared,
  },
  {
    when: "who is late for a clear does not count its litter",
    find: "      if (load32(map + MAP_ERA) != era) add32(map + MAP_LITTERED, 1);\n",
    replace: "",
    model: late,
    options: { bound: 2 },
  },
  {
    when: "the value is not compared again under the lock",
    find: "const isRight = mode != STORE_IF || isSame(form, old, wanted);",
    replace: "const isRight = true;",
    model: swaps,
  },
  {
    when: "the value is not compared again before the pair is taken out",
    find:
      "      const isRight = isSame(form, load64(pair + PAIR_VALUE), wanted);\n      if (isRight) {",
    replace: "      const isRight = true;\n      if (isRight) {",
    model: swapOrDelete,
  },
  {
    when: "a link is changed without the lock",
    find: "  if (cas64(bucket, word, word | LOCKED) != word) return false;\n  store32(previous",
    replace: "  if (load64(bucket) != word) return false;\n  store32(previous",
    model: unlinked,
    options: { bound: 2 },
  },
  {
    when: "there is a loop between lock and unlock",
    find: "  store32(previous + PAIR_NEXT + link, <u32>heir);\n",
    replace:
      "  while (load32(previous + PAIR_HASH) == 0) {}\n  store32(previous + PAIR_NEXT + link, <u32>heir);\n",
    model: scenario({ ...CHAIN, mortal: 0 }, "db", "sb la"),
  },
  {
    when: "what was read of a pair taken out is older than its end",
    find: "      result = inPlace(form, load64(pair + PAIR_VALUE), into);",
    replace: "      result = inPlace(form, early, into);",
    also: {
      find: "    const rest: usize = load32(pair + PAIR_NEXT + link);\n    if (puts) {",
      replace:
        "    const early = load64(pair + PAIR_VALUE);\n    const rest: usize = load32(pair + PAIR_NEXT + link);\n    if (puts) {",
    },
    model: scenario({ filled: "a" }, "da", "sa"),
  },
]);
testMistakes("map_load", ENTRY, [
  {
    when: "a value is not compared with its bucket",
    find: "      if (holds(bucket, word)) return result;",
    replace: "      return result;",
    model: scribbled,
  },
  {
    when: "a block is read without looking at its bucket again",
    find: "      if (holds(bucket, word)) return <f64>pair;\n      isReading = true;",
    replace: "      return <f64>pair;",
    model: overwritten,
  },
  {
    when: "a link is followed without looking at the bucket again",
    find: "    if (!holds(bucket, word)) return CHANGED;\n    pair = next;",
    replace: "    pair = next;",
    model: used,
  },
  {
    when: "a search in the next table does not look at the old bucket again",
    find: "        if (holds(bucket, word)) break;\n        continue;",
    replace: "        break;",
    model: outgrown,
    options: { bound: 2 },
  },
  {
    when: "dead pairs are taken for live ones",
    find: "    if (load32(pair + PAIR_ERA) != load32(map + MAP_ERA)) {",
    replace: "    if (false) {",
    model: scenario(PAIR, "C.", "lb la"),
  },
]);
testMistakes("map_walk", ENTRY, [
  {
    when: "a walk goes on in a bucket that has changed",
    find: "  if (<u32>(word >> 32) != tag) return MAP_CHANGED;\n",
    replace: "",
    model: scenario(CHAIN, "R.", "dc"),
  },
  {
    when: "a pair is visited without looking at the bucket again",
    find: "      if (!holds(bucket, word)) break;\n",
    replace: "",
    model: walkedBlocks,
  },
  {
    when: "the litter is counted after the walk",
    find: "  const littered = load32(map + MAP_LITTERED);\n",
    replace: "",
    also: {
      find: "store32(map + MAP_PURGED, littered);",
      replace: "store32(map + MAP_PURGED, load32(map + MAP_LITTERED));",
    },
    model: late,
    options: { bound: 2 },
  },
]);
testMistakes("map_retire", ENTRY, [
  {
    when: "a pair is freed though it is read",
    find: "  if (!isRead(pair)) return true;",
    replace: "  return true;",
    model: overwritten,
  },
  {
    when: "what goes back to the list is not looked at again",
    find: "        if (!isRead(pair)) isOver = false;\n",
    replace: "",
    model: overwritten,
  },
  {
    when: "a retired pair is freed though it is read",
    find: "      if (isRead(pair)) {",
    replace: "    if (false) {",
    model: overwritten,
  },
  {
    when: "a reader looks for retired pairs before it has finished",
    find: "  store32(self + AGENT_HAZARD, 0);\n  return load32(map + MAP_RETIRED) != 0;",
    replace:
      "  const isLeft = load32(map + MAP_RETIRED) != 0;\n  store32(self + AGENT_HAZARD, 0);\n  return isLeft;",
    model: overwritten,
  },
]);

/**
 * Tests of `examples/compile_queue.ts`: the program as a process of its own, its queue and its back end by themselves.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { compileFunctions } from "../../examples/compile_queue/back_end.ts";
import { generate, parseProgram } from "../../examples/compile_queue/program.ts";
import { openQueue } from "../../examples/compile_queue/queue.ts";
import { Channel } from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/test.ts";

const PROGRAM = fileURLToPath(new URL("../../examples/compile_queue.ts", import.meta.url));

/** 12 functions with closures in closures. */
const SHAPE = { functions: 12, depth: 2, seed: 5 };
const SHAPE_ARGS = ["--functions", "12", "--depth", "2", "--seed", "5"];

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What `--json` prints. */
interface Totals {
  readonly functions: number;
  readonly closures: number;
  readonly instructions: number;
  readonly digest: string;
  readonly workers: number;
  readonly seconds: number;
  readonly order: readonly string[];
}

/** Runs the program until it ends by itself. */
async function run(...args: string[]): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-read", PROGRAM, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

/** Runs the program with `--json`, and checks that it has nothing to complain of. */
async function totalsOf(...args: string[]): Promise<Totals> {
  const { code, out, err } = await run("--json", ...args);
  assertEquals([code, err], [0, ""]);
  return JSON.parse(out);
}

/** Runs the program on a text. */
async function runOn(text: string, ...args: string[]): Promise<Ended> {
  const path = await Deno.makeTempFile({ prefix: "millrace-compile-queue-" });
  try {
    await Deno.writeTextFile(path, text);
    return await run(...args, path);
  } finally {
    await Deno.remove(path);
  }
}

/** Work that says when it begins, and ends when it is told to. */
class Gates {
  readonly begun = new Channel<string>(Infinity);
  readonly #gates = new Map<string, Channel<never>>();
  atOnce = 0;
  most = 0;
  readonly workers = new Map<string, number>();

  /** Work by this name. */
  work(name: string): (worker: number) => Promise<void> {
    const gate = new Channel<never>();
    this.#gates.set(name, gate);
    return async (worker) => {
      this.workers.set(name, worker);
      this.most = Math.max(this.most, ++this.atOnce);
      await this.begun.send(name);
      await gate.receive();
      this.atOnce--;
    };
  }

  /** Lets the work by this name come to its end. */
  open(name: string): void {
    this.#gates.get(name)!.close();
  }
}

// The queue.

test("openQueue(1) does the work at once, as worker 0", async () => {
  await using works = openQueue(1);
  const done: number[] = [];
  await works.queue(async (worker) => {
    await works.queue((worker) => Promise.resolve(void done.push(worker)));
    done.push(worker);
  });
  assertEquals(done, [0, 0]);
});

test("openQueue(2) takes any amount of work, and begins the latest first", async () => {
  const gates = new Gates();
  await using works = openQueue(2);
  const names = Array.from({ length: 100 }, (_, index) => `${index}`);
  for (const name of names) await works.queue(gates.work(name));
  assertEquals([await gates.begun.receive(), await gates.begun.receive()], ["0", "1"]);
  let last = "1";
  for (const expected of names.slice(2).reverse()) {
    assertEquals(gates.begun.tryReceive().state, "empty");
    gates.open(last);
    last = (await gates.begun.receive())!;
    assertEquals(last, expected);
  }
  gates.open("0");
  gates.open(last);
});

test("openQueue(3) does three at once and no more, each as another worker", async () => {
  const gates = new Gates();
  {
    await using works = openQueue(3);
    const names = Array.from({ length: 12 }, (_, index) => `${index}`);
    for (const name of names) await works.queue(gates.work(name));
    for (let begun = 0; begun < names.length; begun++) {
      const name = (await gates.begun.receive())!;
      if (begun < 2) continue;
      if (begun === 2) {
        assertEquals(new Set(gates.workers.values()), new Set([0, 1, 2]));
        for (const each of gates.workers.keys()) gates.open(each);
      } else {
        gates.open(name);
      }
    }
  }
  assertEquals([gates.most, gates.atOnce], [3, 0]);
  assertEquals(new Set(gates.workers.values()), new Set([0, 1, 2]));
});

test("openQueue(2) is disposed once all work is done and the coordinator has ended", async () => {
  const gates = new Gates();
  const works = openQueue(2);
  for (const name of ["a", "b", "c"]) await works.queue(gates.work(name));
  let isDisposed = false;
  const disposed = works[Symbol.asyncDispose]().then(() => isDisposed = true);
  for (let i = 0; i < 3; i++) {
    const name = (await gates.begun.receive())!;
    assert(!isDisposed);
    if (i === 0) continue;
    for (const each of i === 1 ? ["a", "b"] : [name]) gates.open(each);
  }
  await disposed;
  assertEquals(gates.atOnce, 0);
  await assertRejects(() => works.queue(gates.work("d")), Error, "send on closed channel");
});

// The back end.

test("compileFunctions() compiles the longest first, what it has inside right after it, when there is one worker", async () => {
  const functions = generate(SHAPE);
  const compiled = await compileFunctions(functions, { workers: 1 });
  const roots = compiled.filter(({ name }) => !name.includes("."));
  const lengths = roots.map(({ statements }) => statements);
  assertEquals(lengths, lengths.toSorted((a, b) => b - a));
  assertEquals(roots.length, functions.length);
  let root = "";
  for (const { name, worker } of compiled) {
    assertEquals(worker, 0);
    root = name.includes(".") ? root : name;
    assert(name === root || name.startsWith(`${root}.`), `${name} comes after ${root}`);
  }
});

test("compileFunctions() comes to the same code, of each function once, whatever the order and the workers", async () => {
  const functions = generate(SHAPE);
  const codeOf = async (plan: { workers: number; race?: number }) =>
    (await compileFunctions(functions, plan)).map(({ name, hash, instructions, statements }) =>
      `${name} ${statements} ${instructions} ${hash}`
    ).sort();
  const expected = await codeOf({ workers: 1 });
  const names = expected.map((line) => line.split(" ")[0]);
  assertEquals(new Set(names).size, names.length);
  // As many as the program has, closures of closures among them.
  assertEquals(names.length, countFunctions(functions));
  assert(names.some((name) => name!.split(".").length === 3));
  for (const workers of [2, 5]) {
    assertEquals(await codeOf({ workers }), expected);
    assertEquals(await codeOf({ workers, race: workers }), expected);
  }
});

function countFunctions(functions: readonly { readonly body: readonly unknown[] }[]): number {
  return functions.reduce((sum, { body }) => {
    const closures = body.filter((statement) => typeof statement === "object");
    return sum + 1 + countFunctions(closures as { readonly body: readonly unknown[] }[]);
  }, 0);
}

test("compileFunctions() uses all workers when there is enough to do", async () => {
  const functions = generate({ functions: 60, depth: 1, seed: 1 });
  const compiled = await compileFunctions(functions, { workers: 3 });
  const workers = new Set(compiled.map(({ worker }) => worker));
  assertEquals(workers, new Set([0, 1, 2]));
});

test("compileFunctions() has an order of its own for each seed, and the same each time", async () => {
  const functions = generate(SHAPE);
  const orderOf = async (race?: number) =>
    (await compileFunctions(functions, { workers: 1, race })).map(({ name }) => name).join();
  const [longestFirst, one, again, two] = [
    await orderOf(),
    await orderOf(1),
    await orderOf(1),
    await orderOf(2),
  ];
  assertEquals(one, again);
  assertNotEquals(one, longestFirst);
  assertNotEquals(one, two);
});

for (const workers of [1, 2]) {
  test(`compileFunctions() rejects with the failure when one of ${workers} workers fails`, async () => {
    const bad = { name: "bad", body: Array.from({ length: 50 }, () => "a = *") };
    const functions = [...generate({ functions: 200, depth: 2, seed: 3 }), bad];
    await assertRejects(
      () => compileFunctions(functions, { workers }),
      SyntaxError,
      'bad, statement 1: unexpected * in "a = *"',
    );
  });
}

test("compileFunctions() begins no other function when one has failed", async () => {
  const begun: string[] = [];
  const functions = ["a = 1", "a = 1; 2", "a = *"].map((statement, index) => ({
    // Read when it is compiled, and not before.
    get name(): string {
      begun.push(statement);
      return "f";
    },
    body: Array.from({ length: 9 - index }, () => statement),
  }));
  await assertRejects(
    () => compileFunctions(functions, { workers: 1 }),
    SyntaxError,
    "f, statement 1",
  );
  assertEquals(new Set(begun), new Set(["a = 1", "a = 1; 2"]));
});

test("compileFunctions() compiles nothing when there is nothing", async () => {
  for (const workers of [1, 2]) assertEquals(await compileFunctions([], { workers }), []);
});

// The text.

test("parseProgram() reads functions, closures and statements", () => {
  const text = "\nfunc a {\n  x = 1\n  func {\n    y = 2\n  }\n  return x\n}\nfunc b {\n}\n";
  assertEquals(parseProgram(text), [
    { name: "a", body: ["x = 1", { body: ["y = 2"] }, "return x"] },
    { name: "b", body: [] },
  ]);
});

test("parseProgram() throws SyntaxError, naming the line, when the braces or names are wrong", () => {
  const table: readonly (readonly [string, string])[] = [
    ["}", "line 1: unexpected }"],
    ["x = 1", "line 1: expected func NAME {"],
    ["func {\n}", "line 1: a function needs a name"],
    ["func a {\nfunc b {\n}\n}", "line 2: a closure has no name"],
    ["func a {\n}\nfunc a {\n}", "line 3: a is declared twice"],
    ["func a {", "expected } at the end"],
  ];
  for (const [text, message] of table) {
    assertThrows(() => parseProgram(text), SyntaxError, message);
  }
});

// The program.

test("compile_queue prints one object with exactly these keys, and ends by itself, when --json is given", async () => {
  const expected = await compileFunctions(generate(SHAPE), { workers: 1 });
  const serial = await totalsOf(...SHAPE_ARGS);
  assertEquals(Object.keys(serial), [
    "functions",
    "closures",
    "instructions",
    "digest",
    "workers",
    "seconds",
    "order",
  ]);
  assertEquals(serial.order, expected.map(({ name }) => name));
  assertEquals([serial.functions, serial.functions + serial.closures], [12, expected.length]);
  assertMatch(serial.digest, /^[0-9a-f]{64}$/);

  const { seconds: _, order, ...threads } = await totalsOf(...SHAPE_ARGS, "--workers", "3");
  const { seconds: _serial, order: serialOrder, ...rest } = serial;
  assertEquals(threads, { ...rest, workers: 3 });
  assertEquals(order.toSorted(), serialOrder.toSorted());

  const race = await totalsOf(...SHAPE_ARGS, "--race", "7");
  assertEquals(race.digest, serial.digest);
  assertNotEquals(race.order, serial.order);
});

test("compile_queue prints a table and totals", async () => {
  const text =
    "func one {\n  a = b * (3 + c)\n  func {\n    return 1\n  }\n}\nfunc two {\n  x = 1\n}\n";
  const { code, out, err } = await runOn(text);
  assertEquals([code, err], [0, ""]);
  assertMatch(out, /^worker +statements +instructions +hash +function\n/);
  assertMatch(out, /^ +0 +2 +7 +[0-9a-f]{8} +one\n +0 +1 +2 +[0-9a-f]{8} +one\.func1\n/m);
  assertStringIncludes(out, "2 functions and 1 closure, longest first, 1 worker: 11 instructions");
  assertMatch(out, /\nsha256 [0-9a-f]{64}\n$/);
});

test("compile_queue says what cannot be compiled, prints nothing else, and ends by itself with 1", async () => {
  const good = Array.from({ length: 50 }, (_, index) => `func f${index} {\n  a = ${index}\n}\n`);
  const bad = "func bad {\n  a = 1\n  b = (a + \n}\n";
  for (const workers of ["1", "2"]) {
    const { code, out, err } = await runOn(bad + good.join(""), "--workers", workers, "--json");
    assertEquals([code, out, err], [
      1,
      "",
      'compile_queue: bad, statement 2: unexpected end of "b = (a +"\n',
    ]);
  }
  assertEquals((await run("/nowhere\n/at/all")).code, 1);
  assertStringIncludes((await run("nowhere")).err, "compile_queue: cannot read nowhere: ENOENT");
});

test("compile_queue prints one line and exits with 2 when an argument is wrong", async () => {
  const table: readonly (readonly [string, ...string[]])[] = [
    ["--nope", "--nope"],
    ["--json", "--json=yes"],
    ["--workers 0", "--workers", "0"],
    ["--workers 257", "--workers", "257"],
    ["--workers two", "--workers", "two"],
    ["--workers 1.5", "--workers=1.5"],
    ["--workers", "--workers"],
    ["--race -1", "--race=-1"],
    ["--race 4294967296", "--race", "4294967296"],
    ["--functions 100001", "--functions", "100001"],
    ["--depth 9", "--depth", "9"],
    ["--seed \\u{a}", "--seed", "\n"],
    ["other: there can be one FILE", "one", "other"],
    ["do not go with a FILE", "--depth", "1", "file"],
  ];
  await Promise.all(table.map(async ([named, ...args]) => {
    const { code, out, err } = await run(...args);
    assertEquals([args, code, out], [args, 2, ""]);
    assertMatch(err, /^compile_queue: [^\n]+\n$/);
    assertStringIncludes(err, named);
  }));
});

test("compile_queue prints its usage when asked to", async () => {
  const { code, out, err } = await run("--help");
  assertEquals([code, err], [0, ""]);
  assertMatch(out, /^Usage: compile_queue \[OPTION\]\.\.\. \[FILE\]/);
  for (const line of out.split("\n")) assertLessOrEqual(line.length, 80);
});

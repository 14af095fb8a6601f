/** Tests of `examples/shutdown.ts`: the shutdown in virtual time, and signals to a process. */
import { EventEmitter } from "node:events";
import { notify, run, type Times } from "../../examples/shutdown.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { Example, runExample } from "../support/example.ts";
import { test } from "../support/test.ts";
import { virtualTime } from "../support/virtual_time.ts";

const TIMES: Times = { startMs: 500, workMs: 1000, cleanMs: 500, limitMs: 5000 };
const CLEAN = ["orders saved", "files closed", "temporary files removed"];

/** A run in virtual time. */
function start(times: Partial<Times> = {}) {
  const source = new EventEmitter();
  const lines: string[] = [];
  let code: number | undefined;
  const running = run(notify(source), { ...TIMES, ...times }, (line) => lines.push(line));
  running.then((result) => code = result);
  return {
    lines,
    /** The exit code; `undefined` while it runs. */
    get code() {
      return code;
    },
    signal: (name: "SIGINT" | "SIGTERM") => source.emit(name, name),
  };
}

test("run() finishes the order under way, cleans up and gives 0 after a signal", async () => {
  using time = virtualTime();
  const program = start();
  await time.pass(500 + 2000 + 300);
  program.signal("SIGTERM");
  await time.pass(700 - 1);
  assertEquals(program.lines, [
    "starting",
    "ready",
    "order 1 filled",
    "order 2 filled",
    "SIGTERM: stopping",
  ]);
  program.lines.length = 0;
  await time.pass(1 + 1500 - 1);
  assertEquals([program.lines, program.code], [
    ["order 3 filled", ...CLEAN.slice(0, 2)],
    undefined,
  ]);
  await time.pass(1);
  assertEquals([program.lines.slice(-2), program.code], [[CLEAN[2], "stopped"], 0]);
  assertEquals(time.timers, 0);
});

// The program of the book listens on a channel without a buffer.
test("run() hears a signal that comes while nobody receives, and a second one", async () => {
  using time = virtualTime();
  const program = start();
  await time.pass(100);
  program.signal("SIGINT");
  await time.pass(399);
  assertEquals(program.lines, ["starting"]);
  await time.pass(1);
  assertEquals(program.lines, ["starting", "ready", "SIGINT: stopping"]);
  await time.pass(10_000);
  assertEquals([program.code, time.timers], [0, 0]);

  const hurried = start();
  await time.pass(100);
  for (const signal of ["SIGINT", "SIGTERM", "SIGINT"] as const) hurried.signal(signal);
  await time.pass(400);
  assertEquals(hurried.lines, [
    "starting",
    "ready",
    "SIGINT: stopping",
    "SIGTERM: stopped at once",
  ]);
  assertEquals(hurried.code, 143);
});

test("run() gives 2 when work and clean-up take longer than the limit, and neither goes on", async () => {
  using time = virtualTime();
  const slow = start({ cleanMs: 60_000 });
  await time.pass(500);
  slow.signal("SIGINT");
  await time.pass(4999);
  assertEquals(slow.code, undefined);
  await time.pass(1);
  assertEquals(slow.code, 2);
  assertEquals(slow.lines.slice(-2), ["order 1 filled", "not cleaned up within 5000 ms"]);
  assertEquals(time.timers, 0);

  const stuck = start({ workMs: 3_600_000 });
  await time.pass(500);
  stuck.signal("SIGINT");
  await time.pass(5000);
  assertEquals(stuck.code, 2);
  // What it could not wait for finds out, if there is still a process, and cleans up nothing.
  await time.pass(3_600_000);
  assertEquals(stuck.lines.slice(-2), ["not cleaned up within 5000 ms", "order 1 filled"]);
  assertEquals(time.timers, 0);
});

for (const [second, expected] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(`run() gives ${expected} at once when ${second} is the second signal`, async () => {
    using time = virtualTime();
    const program = start();
    await time.pass(500);
    program.signal("SIGTERM");
    await time.pass(1200);
    program.signal(second);
    await time.pass(0);
    assertEquals([program.lines.at(-1), program.code], [`${second}: stopped at once`, expected]);
    await time.pass(10_000);
    assertEquals([program.lines.at(-1), time.timers], [`${second}: stopped at once`, 0]);
  });
}

const QUICK = ["--start", 0, "--work", 1, "--clean", 1] as const;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`shutdown cleans up and ends with 0 at ${signal}`, async () => {
    await using program = new Example(["shutdown", ...QUICK]);
    assertEquals([await program.line(), await program.line()], ["starting", "ready"]);
    assertEquals(await program.line(), "order 1 filled");
    program.kill(signal);
    const { code, lines, err } = await program.end();
    const at = lines.indexOf(`${signal}: stopping`);
    assertEquals([code, err], [0, ""]);
    // At the most the order that was under way.
    const after = lines.slice(at + 1).filter((line) => !line.startsWith("order "));
    assertEquals([after, lines.length - at <= 6], [[...CLEAN, "stopped"], true]);
  });
}

test("shutdown hears a signal that comes while it starts", async () => {
  await using program = new Example(["shutdown", "--start", 300, "--work", 1, "--clean", 0]);
  assertEquals(await program.line(), "starting");
  program.kill("SIGTERM");
  const { code, lines } = await program.end();
  assertEquals([code, lines.slice(1, 3)], [0, ["ready", "SIGTERM: stopping"]]);
});

test("shutdown ends with 2 when the limit is over, whatever is still under way", async () => {
  const args = ["--start", 0, "--work", 3_600_000, "--limit", 1];
  await using program = new Example(["shutdown", ...args]);
  assertEquals([await program.line(), await program.line()], ["starting", "ready"]);
  program.kill("SIGTERM");
  assertEquals(await program.end(), {
    code: 2,
    lines: ["starting", "ready", "SIGTERM: stopping", "not cleaned up within 1 ms"],
    err: "",
  });
});

test("shutdown ends with 130 when a second signal is SIGINT", async () => {
  const args = ["--start", 0, "--work", 1, "--clean", 3_600_000, "--limit", 3_600_000];
  await using program = new Example(["shutdown", ...args]);
  assertEquals([await program.line(), await program.line()], ["starting", "ready"]);
  program.kill("SIGTERM");
  await program.until(/^SIGTERM: stopping$/);
  program.kill("SIGINT");
  const { code, lines } = await program.end();
  assertEquals([code, lines.at(-1)], [130, "SIGINT: stopped at once"]);
});

test("shutdown ends with 64 when its arguments are wrong", async () => {
  const { code, lines, err } = await runExample("shutdown", "--work", 0);
  assertEquals([code, lines], [64, []]);
  assertMatch(err, /^shutdown: --work 0: expected a whole number from 1 to 3600000\n$/);
});

/**
 * Tests of `examples/runner.ts`: what it does in virtual time, and the program as a process of its own.
 *
 * @module
 */
import { runAll } from "../../examples/runner.ts";
import { background, withCancel } from "../../src/context/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { checkUsage, Example, runExample } from "../support/example.ts";
import { test } from "../support/test.ts";
import { virtualTime } from "../support/virtual_time.ts";

/** Tasks of 0, 1, 2, … seconds, and what they print. */
function job(tasks: number, timeoutMs: number) {
  const lines: string[] = [];
  const print = (line: string) => void lines.push(line);
  return { lines, job: { tasks, timeoutMs, secondMs: 1000, print } };
}

test("runAll() runs the tasks one after the other, and returns 0", async () => {
  using time = virtualTime();
  const { lines, job: three } = job(3, 5000);
  const running = runAll(background(), three);
  await time.pass(999);
  assertEquals(lines, ["starting", "task 0", "task 1"]);
  await time.pass(2001);
  assertEquals([await running, lines.slice(3), time.timers], [0, ["task 2", "done"], 0]);
});

test("runAll() returns 1 at once when the time is over, and leaves no task running", async () => {
  using time = virtualTime();
  const { lines, job: three } = job(100, 2500);
  const running = runAll(background(), three);
  await time.pass(2500);
  assertEquals(await running, 1);
  assertEquals(lines.slice(3), ["task 2", "not done within 2500 ms"]);
  assertEquals(time.timers, 0);
  await time.pass(10_000);
  assertEquals(lines.length, 5);
});

test("runAll() ends with its context, and leaves no task running", async () => {
  using time = virtualTime();
  const { lines, job: three } = job(3, 5000);
  const [ctx, cancel] = withCancel(background());
  const running = runAll(ctx, three);
  await time.pass(500);
  cancel();
  assertEquals([await running, lines.at(-1), time.timers], [0, "told to stop", 0]);
});

test("runner ends with 0 when all tasks are done", async () => {
  const { code, lines, err } = await runExample("runner", "--second", "10");
  assertEquals([code, err], [0, ""]);
  assertEquals(lines, ["starting", "task 0", "task 1", "task 2", "done"]);
});

test("runner ends with 1 when the time is over, without waiting for the task that runs", async () => {
  const options = ["--second", "1000000", "--timeout", "50"];
  const { code, lines, err } = await runExample("runner", ...options);
  assertEquals([code, err], [1, ""]);
  assertEquals(lines, ["starting", "task 0", "task 1", "not done within 50 ms"]);
});

test("runner ends with 2 at SIGINT, when the task that runs has come to its end", async () => {
  // Task 1 takes half a second, task 2 would take a whole one.
  await using example = new Example(["runner", "--second", "500"]);
  await example.until(/^task 1$/);
  example.kill("SIGINT");
  const { code, lines, err } = await example.end();
  assertEquals([code, err], [2, ""]);
  assertEquals(lines, ["starting", "task 0", "task 1", "interrupted"]);
});

test("runner ends with 143 at SIGTERM, without waiting for the task that runs", async () => {
  await using example = new Example(["runner", "--second", "1000000", "--timeout", "600000"]);
  await example.until(/^task 1$/);
  example.kill("SIGTERM");
  const { code, lines, err } = await example.end();
  assertEquals([code, lines.at(-1), err], [143, "told to stop", ""]);
});

test("runner ends with 64 when its arguments are wrong", () =>
  checkUsage("runner", [["--timeout 0", "--timeout", "0"], ["--tasks x", "--tasks", "x"]]));

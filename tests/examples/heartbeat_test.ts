/** Tests of `examples/heartbeat.ts`: its scenes in virtual time, and the program, faster than it is. */
import { SCENES } from "../../examples/heartbeat.ts";
import { numbersWard } from "../../examples/heartbeat/ward.ts";
import { hangingWorker, listen, steadyWorker } from "../../examples/heartbeat/worker.ts";
import { background, withCancel } from "../../src/context/mod.ts";
import { take } from "../../src/patterns/mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { Example, runExample } from "../support/example.ts";
import { test } from "../support/test.ts";
import { virtualTime } from "../support/virtual_time.ts";

const PROGRAM = "heartbeat";
const SECOND = 1000;

/** Plays a scene in virtual time, and gives its lines, each with the second in which it came. */
async function play(name: string, seconds: number): Promise<string[]> {
  using time = virtualTime();
  const lines: string[] = [];
  const startedAt = performance.now();
  let isOver = false;
  const playing = SCENES.get(name)!(background(), SECOND, (line) => {
    lines.push(`${Math.floor((performance.now() - startedAt) / SECOND)} ${line}`);
  }).then(() => isOver = true);
  for (let passed = 0; passed < seconds && !isOver; passed += 0.5) await time.pass(SECOND / 2);
  await playing;
  assertEquals(time.timers, 0);
  return lines;
}

/** The seconds in which a line came. */
function secondsOf(lines: readonly string[], text: string): string[] {
  return lines.filter((line) => line.endsWith(` ${text}`)).map((line) => line.split(" ")[0]!);
}

test("the worker of the interval scene gives a pulse every second and a result every two, and is not found wanting", async () => {
  const lines = await play("interval", 11);
  assertEquals(secondsOf(lines, "pulse"), ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
  const results = [1, 2, 3, 4, 5].map((n) => secondsOf(lines, `result ${n}`));
  assertEquals(results, [["2"], ["4"], ["6"], ["8"], ["10"]]);
  assertEquals([lines.at(-1), lines.length], ["10 the worker has ended", 16]);
});

test("steadyWorker() closes its channels when its context ends", async () => {
  using time = virtualTime();
  const [ctx, cancel] = withCancel(background());
  const { pulse, results } = steadyWorker(ctx, SECOND);
  await time.pass(3 * SECOND);
  cancel();
  // What the seed's first worker does not.
  assertEquals([pulse.closed, results.closed], [true, true]);
  await time.pass(10 * SECOND);
  assertEquals(time.timers, 0);
});

test("steadyWorker() goes on when nobody takes its pulses", async () => {
  using time = virtualTime();
  const [ctx, cancel] = withCancel(background());
  const { pulse, results } = steadyWorker(ctx, SECOND);
  for (let n = 1; n <= 3; n++) {
    const result = results.receive();
    await time.pass(2 * SECOND);
    assertEquals(await result, n);
  }
  assertEquals(pulse.size, 1);
  cancel();
});

test("the worker of the unit scene begins each unit of work with a pulse, if the one before was taken", async () => {
  const lines = await play("unit", 1);
  assertEquals(lines.filter((line) => line.includes("result")), [
    "0 result 1",
    "0 result 2",
    "0 result 3",
  ]);
  const pulses = secondsOf(lines, "pulse").length;
  assert(pulses >= 1 && pulses <= 3, String(pulses));
  assertEquals(lines.at(-1), "0 the worker has ended");
});

test("the listener of the unhealthy scene knows after two seconds without a sign", async () => {
  assertEquals(await play("unhealthy", 5), ["1 pulse", "2 pulse", "4 the worker is not healthy"]);
});

test("listen() does not take the end of a worker for a hanging one", async () => {
  using time = virtualTime();
  const [ctx, cancel] = withCancel(background());
  const lines: string[] = [];
  const verdict = listen(hangingWorker(ctx, SECOND), 2 * SECOND, (line) => lines.push(line));
  await time.pass(SECOND);
  cancel();
  assertEquals([await verdict, lines], ["ended", ["pulse", "the worker has ended"]]);
});

test("the steward of the irresponsible scene starts the ward again every four seconds, until both end in the ninth", async () => {
  const lines = await play("irresponsible", 10);
  assertEquals(secondsOf(lines, "ward: hello, I am irresponsible"), ["0", "4", "8"]);
  assertEquals(secondsOf(lines, "ward: stopping"), ["4", "8", "9"]);
  assertEquals(secondsOf(lines, "steward: pulse"), ["4", "8"]);
  assertEquals(lines.at(-1), "9 steward: ended");
});

test("the steward of the numbers scene starts the ward again at each negative number: 1 2 1 2 1 2", async () => {
  assertEquals(await play("numbers", 5), [
    ...["0 received 1", "0 received 2"],
    ...["1 received 1", "1 received 2"],
    ...["2 received 1", "2 received 2"],
    "2 1 2 1 2 1 2, after 3 starts",
  ]);
});

test("numbersWard() goes around when no number is negative, and ends with its done", async () => {
  const [ctx, cancel] = withCancel(background());
  let starts = 0;
  const { ward, values } = numbersWard(ctx.done, [1, 2, 3], () => starts++);
  const pulse = ward(ctx.done, SECOND)!;
  const taken: number[] = [];
  for await (const number of take(ctx.done, values, 7)) taken.push(number);
  assertEquals([taken.join(""), starts], ["1231231", 1]);
  cancel();
  assertEquals([pulse.closed, values.closed], [true, true]);
});

test("heartbeat plays the scenes that it is told to, and says when each line came", async () => {
  const { code, lines, err } = await runExample(PROGRAM, "--speed", "100", "numbers", "unit");
  assertEquals([code, err], [0, ""]);
  const timed = /^ +\d+\.\d s {2}/;
  assertEquals(lines.filter((line) => !timed.test(line)), ["numbers:", "unit:"]);
  const texts = lines.map((line) => line.replace(timed, "")).filter((line) => line !== "pulse");
  const unit = texts.indexOf("unit:");
  // A steward, or a listener, that the machine makes wait for ten milliseconds has heard nothing for too long: then there is
  // one start more, or a worker that is not healthy. What comes when nobody is late is tested in virtual time, above.
  const numbers = texts.slice(1, unit).map((line) => line.replace(/[12]/g, "N"));
  assertEquals(numbers.slice(0, -1), Array(6).fill("received N"));
  assertMatch(numbers.at(-1)!, /^N( N){5}, after \w+ starts$/);
  assertMatch(texts.at(-1)!, /^the worker (has ended|is not healthy)$/);
});

for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(`heartbeat ends with ${status} at ${signal}`, async () => {
    await using example = new Example([PROGRAM, "irresponsible"]);
    assertEquals(await example.line(), "irresponsible:");
    await example.line();
    example.kill(signal);
    const { code, lines, err } = await example.end();
    assertEquals([code, err], [status, ""]);
    assertMatch(lines.at(-2)!, /ward: stopping$/);
    assertMatch(lines.at(-1)!, /steward: ended$/);
  });
}

for (const args of [["--speed", "0"], ["--speed", "101"], ["nothing"], ["unit", "nothing"]]) {
  test(`heartbeat ends with 64 when its arguments are wrong: ${args.join(" ")}`, async () => {
    const { code, lines, err } = await runExample(PROGRAM, ...args);
    assertEquals([code, lines], [64, []]);
    assertMatch(err, /^heartbeat: [^\n]+\n$/);
  });
}

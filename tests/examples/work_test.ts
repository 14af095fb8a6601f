/**
 * Tests of `examples/work.ts`: its workers in virtual time, and the program as a process of its own.
 *
 * @module
 */
import { callTheRoll } from "../../examples/work.ts";
import { background, withCancel } from "../../src/context/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { checkUsage, Example, runExample } from "../support/example.ts";
import { test } from "../support/test.ts";
import { virtualTime } from "../support/virtual_time.ts";

/** Three names, twice, two at once, one a second, and what is said. */
function roll() {
  const lines: string[] = [];
  const print = (line: string) => void lines.push(line);
  return {
    lines,
    roll: { names: ["a", "b", "c"], times: 2, workers: 2, pauseMs: 1000, print },
  };
}

test("callTheRoll() says as many names at once as there are workers, in order", async () => {
  using time = virtualTime();
  const { lines, roll: twice } = roll();
  const calling = callTheRoll(background(), twice);
  await time.pass(999);
  assertEquals(lines, ["a", "b"]);
  await time.pass(1);
  assertEquals(lines, ["a", "b", "c", "a"]);
  await time.pass(2000);
  assertEquals([await calling, lines, time.timers], [6, ["a", "b", "c", "a", "b", "c"], 0]);
});

test("callTheRoll() lets what has begun end when its context does, and begins nothing more", async () => {
  using time = virtualTime();
  const { lines, roll: twice } = roll();
  const [ctx, cancel] = withCancel(background());
  const calling = callTheRoll(ctx, twice);
  await time.pass(1500);
  cancel();
  await time.pass(499);
  assertEquals(time.timers, 2);
  await time.pass(1);
  assertEquals([await calling, lines, time.timers], [4, ["a", "b", "c", "a"], 0]);
});

test("work says every name", async () => {
  const { code, lines, err } = await runExample("work", "--pause", "2", "--times", "20");
  assertEquals([code, err], [0, ""]);
  assertEquals(lines.slice(0, 5), ["steve", "bob", "mary", "therese", "jason"]);
  assertEquals([lines.length, lines.at(-1)], [101, "100 of 100 names said"]);
});

for (const [signal, expected] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(`work ends with ${expected} at ${signal}, when what has begun is over`, async () => {
    await using example = new Example(["work", "--pause", "300", "--times", "1000"]);
    await example.until(/^bob$/);
    example.kill(signal);
    const { code, lines, err } = await example.end();
    assertEquals([code, err], [expected, ""]);
    const said = lines.length - 1;
    assertEquals(lines.at(-1), `${said} of 5000 names said`);
  });
}

test("work ends with 64 when its arguments are wrong", () =>
  checkUsage("work", [["--workers 0", "--workers", "0"], ["--pause x", "--pause", "x"]]));

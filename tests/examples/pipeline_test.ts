/** Tests of `examples/pipeline.ts`: its scenes by themselves, and the program. */
import { scenesFor } from "../../examples/pipeline.ts";
import { checkStatus } from "../../examples/pipeline/checks.ts";
import { serveSite } from "../../examples/crawl/site.ts";
import { squares } from "../../examples/pipeline/squares.ts";
import { background, CanceledError, withCancel } from "../../src/context/mod.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { Example, runExample } from "../support/example.ts";
import { test } from "../support/test.ts";

const PROGRAM = ["--allow-net", "pipeline"];

/** What a scene prints. */
async function play(name: string, count = 10): Promise<string[]> {
  const lines: string[] = [];
  await scenesFor(count).get(name)!(background(), (line) => lines.push(line));
  return lines;
}

/** Scenes that print the same whenever they are played. */
const STEADY: Readonly<Record<string, readonly string[]>> = {
  "squares": ["0", "1", "4", "9", "16", "25", "36", "49", "64", "81"],
  "arithmetic": ["6 10 14 18"],
  "choose": ["without the first five: 6 7 8", "even: 2 4 6 8", "even, from the third: 6 8"],
  "reduce": ["31 letters"],
  "chain": ["2 3 5 7 11 13 17 19 23 29"],
  "or-done": ["ended after 3; the channel is open"],
  "tee": ["one: 1, two: 1", "one: 2, two: 2", "one: 1, two: 1", "one: 2, two: 2"],
  "bridge": ["0 1 2 3 4 5 6 7 8 9"],
  "fan-in": ["9 values, 666 together"],
  "fan-out": [
    ...["reader 1: one two three", "reader 2: one two three", "reader 3: one two three"],
    ...["fast: one two three", "slow, only now: one two three"],
  ],
  "workers": ["6 squares, 91 together"],
  "results": [
    ...["/: 200", "nobody: cannot be reached", "/missing: 404"],
    ...["nobody: cannot be reached", "nobody: cannot be reached", "too many errors"],
  ],
  "first": ["nobody cannot be reached; 4 of 4 checks have ended"],
};

for (const [name, lines] of Object.entries(STEADY)) {
  test(`the scene ${name} shows what it should`, async () => {
    assertEquals(await play(name), lines);
  });
}

test("the scene repeat takes from what has no end, and makes nothing up where there is one", async () => {
  const [ones, dice, message, two] = await play("repeat");
  assertEquals([ones, message], [
    "ten ones: 1 1 1 1 1 1 1 1 1 1",
    "a message: I am. I am. I",
  ]);
  assertMatch(dice!, /^five dice:( [1-6]){5}$/);
  // The seed's `take` goes on with zero values.
  assertEquals(two, "five of two: one two");
});

test("the scene leave ends the source", async () => {
  const lines = await play("leave");
  assertEquals(lines.length, 4);
  for (const [at, line] of lines.slice(0, 3).entries()) {
    assertMatch(line, /^\d: 0\.\d{3}$/, `${at}`);
  }
  assertEquals(lines[3], "the source is closed");
});

test("every scene ends when its context has ended", async () => {
  const [ctx, cancel] = withCancel(background());
  cancel();
  for (const [name, scene] of scenesFor(Infinity)) {
    // One that cannot go on without what it would have received may say so.
    const ended = await scene(ctx, () => {}).then(() => undefined, (error: Error) => error);
    assert(ended === undefined || ended instanceof CanceledError, `${name}: ${ended?.stack}`);
  }
});

test("squares() ends, with the counter and the squarer, when the printer fails", async () => {
  const printed: string[] = [];
  await assertRejects(
    () =>
      squares(background(), Infinity, (line) => {
        if (printed.push(line) === 3) throw new Error("out of paper");
      }),
    Error,
    "out of paper",
  );
  assertEquals(printed, ["0", "1", "4"]);
});

test("checkStatus() gives a result for each URL, in order, whatever becomes of it", async () => {
  await using site = await serveSite({ port: 0, pages: 1, delayMs: 0 });
  const urls = [`${site.url}missing`, "http://127.0.0.1:1/", site.url];
  const got: unknown[] = [];
  for await (const { url, status, error } of checkStatus(background(), ...urls)) {
    got.push([url, status ?? error instanceof Error]);
  }
  assertEquals(got, [[urls[0], 404], [urls[1], true], [urls[2], 200]]);
});

test("pipeline plays the scenes that it is told to, in that order", async () => {
  const { code, lines, err } = await runExample(
    ...PROGRAM,
    ...["--count", "3", "tee", "squares"],
  );
  assertEquals([code, err], [0, ""]);
  assertEquals(lines, [
    ...["tee:", ...STEADY["tee"]!.map((line) => `  ${line}`)],
    ...["squares:", "  0", "  1", "  4"],
  ]);
});

test("pipeline plays all scenes without a name, and ends with 0", async () => {
  const { code, lines, err } = await runExample(...PROGRAM);
  assertEquals([code, err], [0, ""]);
  assertEquals(
    lines.filter((line) => !line.startsWith(" ")),
    [...scenesFor(1).keys()].map((name) => `${name}:`),
  );
});

for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(`pipeline ends with ${status}, in the middle of numbers without end, at ${signal}`, async () => {
    await using example = new Example([...PROGRAM, "--count", "0", "squares"]);
    while (await example.line() !== "  10000");
    example.kill(signal);
    const { code, err } = await example.end();
    assertEquals([code, err], [status, ""]);
  });
}

test("pipeline ends with 141, and without a word, when nobody reads what it prints any more", async () => {
  await using example = new Example([...PROGRAM, "--count", "0", "squares"]);
  while (await example.line() !== "  100");
  await example.stopReading();
  const { code, err } = await example.end();
  assertEquals([code, err], [141, ""]);
});

for (const args of [["--count", "x"], ["--count", "-1"], ["nothing"], ["tee", "nothing"]]) {
  test(`pipeline ends with 64 when its arguments are wrong: ${args.join(" ")}`, async () => {
    const { code, lines, err } = await runExample(...PROGRAM, ...args);
    assertEquals([code, lines], [64, []]);
    assertMatch(err, /^pipeline: [^\n]+\n$/);
  });
}

/**
 * Tests of `examples/countdown.ts`: the countdown in virtual time, and the program as a process of its own.
 *
 * @module
 */
import { type Countdown, countDown } from "../../examples/countdown.ts";
import { Channel } from "../../mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { checkUsage, Example, runExample } from "../support/example.ts";
import { HAS_TERMINAL, showExample } from "../support/terminal.ts";
import { test } from "../support/test.ts";
import { virtualTime } from "../support/virtual_time.ts";

/** A countdown from three, by the second, and what it prints. */
function fromThree(): { lines: string[]; abort: Channel<string>; countdown: Countdown } {
  const lines: string[] = [];
  const abort = new Channel<string>(1);
  const print = (line: string) => void lines.push(line);
  return { lines, abort, countdown: { from: 3, tickMs: 1000, abort, print } };
}

test("countDown() prints a number each second, and launches after the last", async () => {
  using time = virtualTime();
  const { lines, countdown } = fromThree();
  const launching = countDown(countdown);
  assertEquals(lines, ["3"]);
  await time.pass(999);
  assertEquals(lines, ["3"]);
  await time.pass(1001);
  assertEquals(lines, ["3", "2", "1"]);
  await time.pass(1000);
  assertEquals([await launching, lines.at(-1), time.timers], [true, "Lift-off!", 0]);
});

test("countDown() stops at an abort, and its ticker with it", async () => {
  using time = virtualTime();
  const { lines, abort, countdown } = fromThree();
  const launching = countDown(countdown);
  await time.pass(1500);
  abort.trySend("Houston");
  assertEquals(await launching, false);
  assertEquals([lines, time.timers], [["3", "2", "Launch aborted by Houston!"], 0]);
  await time.pass(10_000);
  assertEquals(lines.length, 3);
});

test("countDown() does not launch when the abort comes with the last tick", async () => {
  // Of two ready cases select takes either: that it takes the abort twenty times is a chance of one in a million.
  for (let round = 0; round < 20; round++) {
    const abort = new Channel<string>(1);
    const lines: string[] = [];
    const print = (line: string): void => {
      lines.push(line);
      abort.trySend("Houston");
      // Printing takes longer than a tick: both are there before anybody looks.
      const end = performance.now() + 2;
      while (performance.now() < end);
    };
    assert(!await countDown({ from: 1, tickMs: 1, abort, print }));
    assertEquals(lines, ["1", "Launch aborted by Houston!"]);
  }
});

test("countdown launches, with 0, when nobody aborts it", async () => {
  const { code, lines, err } = await runExample("countdown", "--from", "3", "--tick", "5");
  assertEquals([code, err], [0, ""]);
  assertEquals(lines.slice(1), ["3", "2", "1", "Lift-off!"]);
});

test("countdown ends with 1 when its time for an abort comes", async () => {
  const { code, lines, err } = await runExample("countdown", "--abort-after", "20");
  assertEquals([code, err], [1, ""]);
  assertEquals(lines.slice(1), ["10", "Launch aborted by --abort-after 20!"]);
});

test("countdown ends with 1 when something is typed, even if the input stays open", async () => {
  await using example = new Example(["countdown"], { input: true });
  await example.until(/^10$/);
  await example.type("\n");
  const { code, lines, err } = await example.end();
  assertEquals([code, lines.at(-1), err], [1, "Launch aborted by a key!", ""]);
});

for (const [key, keys] of [["any key", "x"], ["Enter", "\r"], ["Ctrl-C", "\x03"]] as const) {
  Deno.test({
    name: `countdown ends with 1 at ${key} on a terminal, and leaves that as it was`,
    ignore: !HAS_TERMINAL,
    async fn() {
      const mode = "stty -a | grep -ow -e '-\\?icanon'";
      const { code, screen } = await showExample(["countdown"], { keys, at: /^10\r$/m }, mode);
      assertEquals(code, 1);
      assertMatch(screen, /Launch aborted by a key!\s+icanon\s*$/);
    },
  });
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`countdown ends with 1 at ${signal}`, async () => {
    await using example = new Example(["countdown"]);
    await example.until(/^10$/);
    example.kill(signal);
    const { code, lines, err } = await example.end();
    assertEquals([code, lines.at(-1), err], [1, `Launch aborted by ${signal}!`, ""]);
  });
}

test("countdown ends with 64 when its arguments are wrong", () =>
  checkUsage("countdown", [["--from x", "--from", "x"], ["--tick 0", "--tick", "0"]]));

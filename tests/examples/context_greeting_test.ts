/** Tests of `examples/context_greeting.ts`, in virtual time. */
import { greetAndPart } from "../../examples/context_greeting.ts";
import { background, withCancelCause, withTimeout } from "../../src/context/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { test } from "../support/test.ts";
import { virtualTime } from "../support/virtual_time.ts";

const GAVE_UP = "Cannot print the greeting: context deadline exceeded";

test("the greeting gives up after its second, and cancels the farewell", async () => {
  using time = virtualTime();
  const lines: string[] = [];
  const running = greetAndPart(background(), {
    localeMs: 60_000,
    print: (line) => lines.push(line),
  });
  await time.pass(999);
  assertEquals(lines, []);
  await time.pass(1);
  await running;
  assertEquals(lines, [GAVE_UP, "Cannot print the farewell: context canceled"]);
  assertEquals(time.timers, 0);
});

test("both are printed when the locale is there in time", async () => {
  using time = virtualTime();
  const lines: string[] = [];
  const running = greetAndPart(background(), { localeMs: 500, print: (line) => lines.push(line) });
  await time.pass(500);
  await running;
  assertEquals([lines, time.timers], [["hello world!", "goodbye world!"], 0]);
});

test("a deadline of the caller's ends both, and so does its cancellation", async () => {
  using time = virtualTime();
  const late: string[] = [];
  const [timed] = withTimeout(background(), 100);
  const running = greetAndPart(timed, { localeMs: 60_000, print: (line) => late.push(line) });
  await time.pass(100);
  await running;
  assertEquals(late, [GAVE_UP, "Cannot print the farewell: context deadline exceeded"]);

  const cancelled: string[] = [];
  const [parent, cancel] = withCancelCause(background());
  const stopping = greetAndPart(parent, {
    localeMs: 60_000,
    print: (line) => cancelled.push(line),
  });
  await time.pass(100);
  cancel("no more");
  await stopping;
  assertEquals(cancelled, [
    "Cannot print the greeting: context canceled",
    "Cannot print the farewell: context canceled",
  ]);
});

test("the program itself prints what it should", async () => {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-check",
      new URL("../../examples/context_greeting.ts", import.meta.url).href,
    ],
  }).output();
  assertEquals(
    [success, new TextDecoder().decode(stdout)],
    [true, `${GAVE_UP}\nCannot print the farewell: context canceled\n`],
  );
});

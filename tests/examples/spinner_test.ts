/** Tests of `examples/spinner.ts`: the spinner in virtual time and beside a thread, and the program as a process. */
import { fib, spin, spinWhile } from "../../examples/spinner.ts";
import { Channel, go, i32, Pool } from "../../mod.ts";
import { background, withCancel, withCancelCause } from "../../src/context/mod.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { checkUsage, runExample } from "../support/example.ts";
import { computeUntil, failTask } from "../support/program_tasks.ts";
import { HAS_TERMINAL, showExample } from "../support/terminal.ts";
import { test } from "../support/test.ts";
import { virtualTime } from "../support/virtual_time.ts";

const CLEARED = "\r\x1b[K";

test("spin() turns every 100 ms until its context ends, and leaves an empty line", async () => {
  using time = virtualTime();
  const written: string[] = [];
  const [ctx, cancel] = withCancel(background());
  const spinning = spin(ctx, (text) => written.push(text), 100);
  await time.pass(499);
  assertEquals(written, ["\r-", "\r\\", "\r|", "\r/", "\r-"]);
  cancel();
  await spinning;
  assertEquals([written.slice(5), time.timers], [[CLEARED], 0]);
});

test("spinWhile() has the spinner turn while a thread computes, and stop before it returns", async () => {
  await using pool = new Pool({ threads: 1 });
  using enough = new Channel(i32, 1);
  const written: string[] = [];
  // The thread is blocked until the spinner has turned: if they shared one, neither would go on.
  const slow = pool.go(computeUntil, enough);
  const result = await spinWhile(background(), slow, (text) => {
    if (written.push(text) === 7) enough.trySend(7);
  }, 1);
  assertEquals(result, 7);
  assertEquals(written.slice(0, 7), ["\r-", "\r\\", "\r|", "\r/", "\r-", "\r\\", "\r|"]);
  assertEquals(written.indexOf(CLEARED), written.length - 1);
});

test("spinWhile() stops the spinner when the work fails, and when the context ends", async () => {
  await using pool = new Pool({ threads: 1 });
  const written: string[] = [];
  const write = (text: string) => written.push(text);
  await assertRejects(
    () => spinWhile(background(), pool.go(failTask), write, 1),
    RangeError,
    "too slow",
  );
  assertEquals(written.at(-1), CLEARED);

  const [ctx, cancel] = withCancelCause(background());
  using never = new Channel<never>();
  const slow = go(() => never.receive());
  const spinning = spinWhile(ctx, slow, write, 1);
  cancel(new Error("enough"));
  await assertRejects(() => spinning, Error, "enough");
  assertEquals(written.at(-1), CLEARED);
  const { length } = written;
  never.close();
  await slow;
  assertEquals(written.length, length);
});

test("fib() gives the Fibonacci numbers", () => {
  assertEquals([0, 1, 2, 3, 10, 20].map((n) => fib(n)), [0, 1, 1, 2, 55, 6765]);
});

test("spinner prints the number, and nothing else where there is no terminal", async () => {
  assertEquals(await runExample("--allow-read", "spinner", 20), {
    code: 0,
    lines: ["fib(20) = 6765"],
    err: "",
  });
});

test("spinner ends with 64 and one line when its arguments are wrong", () =>
  checkUsage("spinner", [
    ["79: expected a whole number from 0 to 78", "79"],
    ["-1", "-1"],
    ["1.5", "1.5"],
    ["2: expected no more", "1", "2"],
  ]));

for (const [keys, expected] of [["\x03", 130], ["", 0]] as const) {
  Deno.test({
    name: `spinner turns on a terminal, and ends with ${expected} ${
      keys ? "at Ctrl-C" : "by itself"
    }`,
    ignore: !HAS_TERMINAL,
    fn: async () => {
      const command = ["--allow-read", "spinner", keys ? 70 : 27];
      const { code, screen } = await showExample(command, { keys, at: /^\r-\r\\\r\|/ });
      assertEquals([code, screen.startsWith("\r-"), screen.includes(CLEARED)], [
        expected,
        true,
        true,
      ]);
      assertEquals(screen.includes("fib(27) = 196418"), expected === 0);
    },
  });
}

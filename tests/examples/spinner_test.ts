/** Tests of `examples/spinner.ts`: the spinner in virtual time and beside a thread, and the program as a process. */
import { fib, spin, spinWhile } from "../../examples/spinner.ts";
import { Channel, go, i32, Pool } from "../../mod.ts";
import { background, withCancel, withCancelCause } from "../../src/context/mod.ts";
import { assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { Program } from "../support/program.ts";
import { computeUntil, failTask } from "../support/program_tasks.ts";
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
  await using program = new Program("spinner", ["--allow-read"], [20]);
  assertEquals(await program.end(), { code: 0, lines: ["fib(20) = 6765"], err: "" });
});

for (const args of [["79"], ["-1"], ["1.5"], ["x"], ["1", "2"], ["--other"]]) {
  test(`spinner ends with 64 and one line when its arguments are wrong: ${args.join(" ")}`, async () => {
    await using program = new Program("spinner", ["--allow-read"], args);
    const { code, lines, err } = await program.end();
    assertEquals([code, lines], [64, []]);
    assertMatch(err, /^spinner: .+\n$/);
  });
}

const isInstalled = Deno.build.os === "linux" &&
  (await new Deno.Command("sh", { args: ["-c", "command -v script"] }).output()).success;

for (const [key, expected] of [["\x03", 130], ["", 0]] as const) {
  Deno.test({
    name: `spinner turns on a terminal, and ends with ${expected} ${
      key ? "at Ctrl-C" : "by itself"
    }`,
    ignore: !isInstalled,
    fn: async () => {
      const n = key ? 70 : 27;
      const command = `'${Deno.execPath()}' run --quiet --no-prompt --no-check --allow-read ` +
        `'${new URL("../../examples/spinner.ts", import.meta.url).pathname}' ${n}`;
      // `script` gives the command a terminal; what is written to `script` is typed there.
      const process = new Deno.Command("script", {
        args: ["-qec", command, "/dev/null"],
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const keyboard = process.stdin.getWriter();
      let screen = "";
      let hasTyped = false;
      for await (const chunk of process.stdout.pipeThrough(new TextDecoderStream())) {
        screen += chunk;
        if (key && !hasTyped && screen.includes("\r-\r\\\r|")) {
          hasTyped = true;
          await keyboard.write(new TextEncoder().encode(key));
        }
      }
      const { code } = await process.status;
      await keyboard.close();
      await process.stderr.cancel();
      assertEquals([code, screen.startsWith("\r-"), screen.includes(CLEARED)], [
        expected,
        true,
        true,
      ]);
      assertEquals(screen.includes("fib(27) = 196418"), expected === 0);
    },
  });
}

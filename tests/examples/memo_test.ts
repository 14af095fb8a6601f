/**
 * Tests of `examples/memo.ts`: its two caches by themselves, and the program as a process of its own.
 *
 * @module
 */
import type { Fetch, Memo } from "../../examples/memo/entry.ts";
import { LockMemo } from "../../examples/memo/lock.ts";
import { MonitorMemo } from "../../examples/memo/monitor.ts";
import { Channel, select } from "../../mod.ts";
import { fromSignal } from "../../src/context/mod.ts";
import { assertEquals, assertMatch, assertRejects, assertStrictEquals } from "../support/assert.ts";
import { checkUsage, Example, runExample } from "../support/example.ts";
import { test } from "../support/test.ts";

const CACHES: Record<string, (fetch: Fetch<string>) => Memo<string>> = {
  LockMemo: (fetch) => new LockMemo(fetch),
  MonitorMemo: (fetch) => new MonitorMemo(fetch),
};

/** A function to remember, which returns what it is told to, when it is. */
class Source {
  /** What it has been called with, each time. */
  readonly calls: string[] = [];
  /** Calls whose signal has been aborted. */
  cancelled = 0;
  /** Says when it has been called. */
  readonly called = new Channel<string>(Infinity);
  /** Lets the next call return this, or fail with it. */
  readonly answers = new Channel<string | Error>();

  readonly fetch: Fetch<string> = async (key, signal) => {
    this.calls.push(key);
    this.called.trySend(key);
    const got = await select({ answer: this.answers, stop: fromSignal(signal).done });
    if (got.case === "stop") {
      this.cancelled++;
      throw signal.reason;
    }
    if (got.value instanceof Error) throw got.value;
    return `${key}: ${got.value}`;
  };
}

for (const [name, make] of Object.entries(CACHES)) {
  test(`${name}.get() calls the function once for all who ask at the same time, and for none who ask later`, async () => {
    const source = new Source();
    await using memo = make(source.fetch);
    const asking = Array.from({ length: 10 }, () => memo.get("a"));
    await source.answers.send("first");
    assertEquals(await Promise.all(asking), Array(10).fill("a: first"));
    assertEquals([await memo.get("a"), source.calls], ["a: first", ["a"]]);
  });

  test(`${name}.get() does not wait for another key`, async () => {
    const source = new Source();
    await using memo = make(source.fetch);
    const slow = memo.get("slow");
    await source.called.receive();
    const quick = memo.get("quick");
    // Both functions are at work.
    assertEquals(await source.called.receive(), "quick");
    await source.answers.send("1");
    await source.answers.send("2");
    assertEquals([await slow, await quick], ["slow: 1", "quick: 2"]);
  });

  test(`${name}.get() gives up alone when it is aborted, and the others get their value`, async () => {
    const source = new Source();
    await using memo = make(source.fetch);
    const abort = new AbortController();
    const reason = new Error("no more");
    const first = memo.get("a", { signal: abort.signal });
    const second = memo.get("a");
    await source.called.receive();
    abort.abort(reason);
    assertStrictEquals(await assertRejects(() => first), reason);
    await source.answers.send("value");
    assertEquals([await second, source.calls, source.cancelled], ["a: value", ["a"], 0]);
  });

  test(`${name}.get() keeps nothing of a call that was cancelled: the next one begins anew`, async () => {
    const source = new Source();
    await using memo = make(source.fetch);
    const abort = new AbortController();
    const first = memo.get("a", { signal: abort.signal });
    const second = memo.get("a", { signal: abort.signal });
    await source.called.receive();
    abort.abort(new Error("no more"));
    await Promise.all([first, second].map((each) => assertRejects(() => each, Error, "no more")));
    assertEquals(source.cancelled, 1);
    const next = memo.get("a");
    await source.called.receive();
    await source.answers.send("fresh");
    assertEquals([await next, await memo.get("a")], ["a: fresh", "a: fresh"]);
    assertEquals(source.calls, ["a", "a"]);
  });

  test(`${name}.get() asks for nothing when its signal is aborted already`, async () => {
    const source = new Source();
    await using memo = make(source.fetch);
    const reason = new Error("no more");
    const signal = AbortSignal.abort(reason);
    assertStrictEquals(await assertRejects(() => memo.get("a", { signal })), reason);
    assertEquals(source.calls, []);
  });

  test(`${name}.get() gives a failure to all who wait, and does not keep it`, async () => {
    const source = new Source();
    await using memo = make(source.fetch);
    const asking = [memo.get("a"), memo.get("a")];
    const failure = new Error("broken");
    await source.answers.send(failure);
    for (const each of asking) assertStrictEquals(await assertRejects(() => each), failure);
    const again = memo.get("a");
    await source.answers.send("mended");
    assertEquals([await again, source.calls], ["a: mended", ["a", "a"]]);
  });

  test(`${name} ends what is under way when it is disposed`, async () => {
    const source = new Source();
    let asking: Promise<unknown>;
    {
      await using memo = make(source.fetch);
      asking = assertRejects(() => memo.get("a"), DOMException, "aborted");
      await source.called.receive();
    }
    await asking;
    assertEquals(source.cancelled, 1);
  });
}

for (const cache of ["lock", "monitor"]) {
  test(`memo --cache ${cache} asks its server once for each page`, async () => {
    const { code, lines, err } = await runExample(
      "--allow-net=127.0.0.1",
      "memo",
      ...["--cache", cache, "--delay", "20"],
    );
    assertEquals([code, err], [0, ""]);
    assertMatch(lines[0]!, /^serving on http:\/\/127\.0\.0\.1:\d+$/);
    assertEquals(
      lines.filter((line) => /^reader \d: .*\/\d, 16 characters, \d+ ms$/.test(line)).length,
      12,
    );
    assertEquals(lines.filter((line) => line.startsWith("somebody gave up")).length, 1);
    assertEquals(lines.at(-1), "12 pages read, 3 requests to the server");
  });

  for (const [signal, expected] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    test(`memo --cache ${cache} ends at ${signal}, and with it all requests`, async () => {
      const options = ["--cache", cache, "--delay", "600000"];
      await using example = new Example(["--allow-net=127.0.0.1", "memo", ...options]);
      // The server has begun to wait: it once went on with that, and kept the process.
      await example.until(/^asked for page 1$/);
      example.kill(signal);
      const { code, err } = await example.end();
      assertEquals([code, err], [expected, ""]);
    });
  }
}

test("memo ends with 1 when its port is in use", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = String((listener.addr as Deno.NetAddr).port);
  const { code, lines, err } = await runExample("--allow-net=127.0.0.1", "memo", "--port", port);
  assertEquals([code, lines], [1, []]);
  assertMatch(err, /^memo: .*(EADDRINUSE|address (already )?in use).*\n$/i);
});

test("memo ends with 64 when its arguments are wrong", () =>
  checkUsage("memo", [["--cache none", "--cache", "none"], ["--port 65536", "--port", "65536"]]));

/**
 * Tests of `examples/http_group.ts`: each runs it as a process of its own, asks it over a real port, and looks at what it prints, in which
 * order, and how it ends.
 *
 * @module
 */
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { assertEquals, assertMatch, assertStrictEquals } from "../support/assert.ts";
import { test } from "../support/test.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The example as its doc comment says to run it. */
const EXAMPLE = ["run", "--no-prompt", "--no-check", "--allow-net", "examples/http_group.ts"];

/** The example, running. */
class Example implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #stderr: Promise<string>;
  /** The lines that it has printed and that {@linkcode line} has returned. */
  readonly lines: string[] = [];
  #rest = "";
  /** Where it listens. */
  #url = "";

  constructor(...args: string[]) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: [...EXAMPLE, ...args],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#reader = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#stderr = new Response(this.#process.stderr).text();
  }

  /** Starts it on a free port, and waits until it listens. */
  static async listening(...args: string[]): Promise<Example> {
    const example = new Example("--port", "0", ...args);
    const [, url] = /^listening on (http:\/\/127\.0\.0\.1:\d+)$/.exec(await example.line())!;
    example.#url = url!;
    example.lines.length = 0;
    return example;
  }

  /** The next line that it prints; "" at the end. */
  async line(): Promise<string> {
    while (!this.#rest.includes("\n")) {
      const { done, value } = await this.#reader.read();
      if (done) return "";
      this.#rest += value;
    }
    const end = this.#rest.indexOf("\n");
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    this.lines.push(line);
    return line;
  }

  /** Asks for `path`, and waits until the server has got the request. */
  async ask(path: string): Promise<{ readonly answer: Promise<string> }> {
    const answer = fetch(this.#url + path).then(
      async (response) => `${response.status} ${(await response.text()).trimEnd()}`,
      () => "no answer",
    );
    assertStrictEquals(await this.line(), `asked for ${path}`);
    return { answer };
  }

  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  /** How it ended, with every line that it has printed but those of requests. */
  async end(): Promise<[code: number | string, lines: string[], err: string]> {
    while (await this.line() !== "");
    const { code, signal } = await this.#process.status;
    const lines = this.lines.filter((line) => !line.startsWith("asked for"));
    return [signal ?? code, lines, await this.#stderr];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch (error) {
      // It has ended, as it should.
      if (!(error instanceof TypeError)) throw error;
    }
    await this.#process.status;
    await this.#reader.cancel();
    await this.#stderr;
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`http_group answers requests, and at ${signal} all end in order, with 0`, async () => {
    await using example = await Example.listening();
    assertEquals(await (await example.ask("/square/7")).answer, "200 49");
    assertEquals(await (await example.ask("/other")).answer, "200 ask for /square/N or /sleep/MS");
    example.kill(signal);
    assertEquals(await example.end(), [
      0,
      [`${signal}: stopping`, "server closed", "worker ended after 2 jobs"],
      "",
    ]);
  });
}

test("http_group answers what it has been asked when a signal comes, those in the queue too", async () => {
  await using example = await Example.listening("--limit", "30000");
  const slow = await example.ask("/sleep/300");
  const queued = [await example.ask("/square/2"), await example.ask("/square/3")];
  example.kill("SIGTERM");
  assertEquals(await slow.answer, "200 slept for 300 ms");
  assertEquals(await Promise.all(queued.map(({ answer }) => answer)), ["200 4", "200 9"]);
  assertEquals(await example.end(), [
    0,
    ["SIGTERM: stopping", "server closed", "worker ended after 3 jobs"],
    "",
  ]);
});

test("http_group ends with 1 when the worker fails, and whoever waits for it gets 503", async () => {
  await using example = await Example.listening();
  const first = await example.ask("/sleep/200");
  const failing = await example.ask("/fail");
  const queued = await example.ask("/square/2");
  assertEquals(await first.answer, "200 slept for 200 ms");
  for (const { answer } of [failing, queued]) assertEquals(await answer, "503 the worker is gone");
  assertEquals(await example.end(), [
    1,
    ["worker ended after 1 jobs", "server closed"],
    "failed: the worker cannot do /fail\n",
  ]);
});

test("http_group ends with 1 when its port is in use", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as { port: number };
  try {
    await using example = new Example("--port", String(port));
    const [code, lines, err] = await example.end();
    assertEquals([code, lines], [1, ["server closed", "worker ended after 0 jobs"]]);
    assertMatch(err, /^failed: .*(EADDRINUSE|address (already )?in use).*\n$/i);
  } finally {
    await new Promise((resolve) => other.close(resolve));
  }
});

test("http_group ends with 2 when the clean-up takes longer than its limit", async () => {
  await using example = await Example.listening("--limit", "100");
  const hanging = await example.ask("/hang");
  example.kill("SIGTERM");
  assertEquals(await example.end(), [
    2,
    ["SIGTERM: stopping"],
    "not cleaned up within 100 ms\n",
  ]);
  assertEquals(await hanging.answer, "no answer");
});

test("http_group ends at once when a second signal comes during the clean-up", async () => {
  await using example = await Example.listening("--limit", "600000");
  const hanging = await example.ask("/hang");
  example.kill("SIGTERM");
  assertStrictEquals(await example.line(), "SIGTERM: stopping");
  example.kill("SIGINT");
  const [signal] = await example.end();
  assertStrictEquals(signal, "SIGINT");
  assertEquals(await hanging.answer, "no answer");
});

for (const args of [["--port"], ["--port", "x"], ["--limit", "-1"], ["--other"], ["more"]]) {
  test(`http_group ends with 64 when its arguments are wrong: ${args.join(" ")}`, async () => {
    await using example = new Example(...args);
    const [code, lines, err] = await example.end();
    assertEquals([code, lines], [64, []]);
    assertMatch(err, /^TypeError.*\n/);
  });
}

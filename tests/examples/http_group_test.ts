/**
 * Tests of `examples/http_group.ts`: each runs it as a process of its own, asks it over a real port, and looks at what it prints, in which
 * order, and how it ends.
 *
 * @module
 */
import { createServer } from "node:net";
import { assertEquals, assertMatch, assertStrictEquals } from "../support/assert.ts";
import { Example, runExample } from "../support/example.ts";
import { test } from "../support/test.ts";

/** Whoever asks the example something. */
class Asker {
  readonly #server: Example;
  readonly #port: number;

  constructor(server: Example, port: number) {
    this.#server = server;
    this.#port = port;
  }

  /** Asks for `path`, and waits until the server has got the request. */
  async ask(path: string): Promise<{ readonly answer: Promise<string> }> {
    const answer = fetch(`http://127.0.0.1:${this.#port}${path}`).then(
      async (response) => `${response.status} ${(await response.text()).trimEnd()}`,
      () => "no answer",
    );
    assertStrictEquals(await this.#server.line(), `asked for ${path}`);
    return { answer };
  }
}

/** How the example has ended, with what it has printed since it listened, but for requests. */
async function endOf(server: Example): Promise<[code: number | string, string[], err: string]> {
  const { code, lines, err } = await server.end();
  return [code, lines.slice(1).filter((line) => !line.startsWith("asked for")), err];
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`http_group answers requests, and at ${signal} all end in order, with 0`, async () => {
    const { server, port } = await Example.listening("http_group");
    await using _ = server;
    const example = new Asker(server, port);
    assertEquals(await (await example.ask("/square/7")).answer, "200 49");
    assertEquals(await (await example.ask("/other")).answer, "200 ask for /square/N or /sleep/MS");
    server.kill(signal);
    assertEquals(await endOf(server), [
      0,
      [`${signal}: stopping`, "server closed", "worker ended after 2 jobs"],
      "",
    ]);
  });
}

test("http_group answers what it has been asked when a signal comes, those in the queue too", async () => {
  const { server, port } = await Example.listening("http_group", "--limit", "30000");
  await using _ = server;
  const example = new Asker(server, port);
  const slow = await example.ask("/sleep/300");
  const queued = [await example.ask("/square/2"), await example.ask("/square/3")];
  server.kill("SIGTERM");
  assertEquals(await slow.answer, "200 slept for 300 ms");
  assertEquals(await Promise.all(queued.map(({ answer }) => answer)), ["200 4", "200 9"]);
  assertEquals(await endOf(server), [
    0,
    ["SIGTERM: stopping", "server closed", "worker ended after 3 jobs"],
    "",
  ]);
});

test("http_group ends with 1 when the worker fails, and whoever waits for it gets 503", async () => {
  const { server, port } = await Example.listening("http_group");
  await using _ = server;
  const example = new Asker(server, port);
  const first = await example.ask("/sleep/200");
  const failing = await example.ask("/fail");
  const queued = await example.ask("/square/2");
  assertEquals(await first.answer, "200 slept for 200 ms");
  for (const { answer } of [failing, queued]) assertEquals(await answer, "503 the worker is gone");
  assertEquals(await endOf(server), [
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
    const command = ["--allow-net=127.0.0.1", "http_group", "--port", port];
    const { code, lines, err } = await runExample(...command);
    assertEquals([code, lines], [1, ["server closed", "worker ended after 0 jobs"]]);
    assertMatch(err, /^failed: .*(EADDRINUSE|address (already )?in use).*\n$/i);
  } finally {
    await new Promise((resolve) => other.close(resolve));
  }
});

test("http_group ends with 2 when the clean-up takes longer than its limit", async () => {
  const { server, port } = await Example.listening("http_group", "--limit", "100");
  await using _ = server;
  const example = new Asker(server, port);
  const hanging = await example.ask("/hang");
  server.kill("SIGTERM");
  assertEquals(await endOf(server), [
    2,
    ["SIGTERM: stopping"],
    "not cleaned up within 100 ms\n",
  ]);
  assertEquals(await hanging.answer, "no answer");
});

test("http_group ends at once when a second signal comes during the clean-up", async () => {
  const { server, port } = await Example.listening("http_group", "--limit", "600000");
  await using _ = server;
  const example = new Asker(server, port);
  const hanging = await example.ask("/hang");
  server.kill("SIGTERM");
  assertStrictEquals(await server.line(), "SIGTERM: stopping");
  server.kill("SIGINT");
  const [signal] = await endOf(server);
  assertStrictEquals(signal, "SIGINT");
  assertEquals(await hanging.answer, "no answer");
});

for (const args of [["--port"], ["--port", "x"], ["--limit", "-1"], ["--other"], ["more"]]) {
  test(`http_group ends with 64 when its arguments are wrong: ${args.join(" ")}`, async () => {
    const { code, lines, err } = await runExample("http_group", ...args);
    assertEquals([code, lines], [64, []]);
    assertMatch(err, /^TypeError.*\n/);
  });
}

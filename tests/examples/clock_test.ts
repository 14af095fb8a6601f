/** Tests of `examples/clock.ts`: the clock in virtual time, the server and its client as processes. */
import { tellTime } from "../../examples/clock.ts";
import { StreamError } from "../../examples/support/lines.ts";
import { background, withCancel } from "../../src/context/mod.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { checkUsage, Example, runExample } from "../support/example.ts";
import { FakeConnection } from "../support/fake_connection.ts";
import { Peer } from "../support/peer.ts";
import { test } from "../support/test.ts";
import { virtualTime } from "../support/virtual_time.ts";

const TIME = /^([01]\d|2[0-3])(:[0-5]\d){2}$/;

function at(text: string): number {
  return new Date(2024, 1, 29, ...text.split(":").map(Number) as [number, number, number])
    .getTime();
}

test("tellTime() tells the time at once and then every second until the context ends", async () => {
  using time = virtualTime();
  time.setDate(at("23:59:58"));
  using connection = new FakeConnection("a");
  const [ctx, cancel] = withCancel(background());
  const telling = tellTime(ctx, connection);
  await time.pass(0);
  assertEquals(connection.take(), ["23:59:58"]);
  await time.pass(999);
  assertEquals(connection.take(), []);
  await time.pass(1);
  assertEquals(connection.take(), ["23:59:59"]);
  await time.pass(2000);
  assertEquals(connection.take(), ["00:00:00", "00:00:01"]);
  cancel();
  await telling;
  assertEquals([connection.take(), time.timers], [[], 0]);
});

test("tellTime() drops the ticks that pass while nobody reads", async () => {
  using time = virtualTime();
  time.setDate(at("12:00:00"));
  using connection = new FakeConnection("a", false);
  const [ctx, cancel] = withCancel(background());
  const telling = tellTime(ctx, connection);
  await time.pass(10_000);
  connection.read();
  await time.pass(1000);
  // What was begun, the tick that waited, and the next.
  assertEquals(connection.take(), ["12:00:00", "12:00:10", "12:00:11"]);
  cancel();
  await telling;
});

test("tellTime() ends when the connection breaks, and when the context ends while nobody reads", async () => {
  using time = virtualTime();
  using broken = new FakeConnection("a");
  const [ctx, cancel] = withCancel(background());
  const telling = tellTime(ctx, broken);
  await time.pass(0);
  broken.break();
  const rejected = assertRejects(() => telling, StreamError, "broken pipe");
  await time.pass(1000);
  await rejected;

  using unread = new FakeConnection("b", false);
  const waiting = tellTime(ctx, unread);
  await time.pass(5000);
  cancel();
  await assertRejects(() => waiting, Error, "context canceled");
  assertEquals(time.timers, 0);
});

test("clock tells several clients the time at once, and goes on when one of them has gone", async () => {
  const { server, port } = await Example.listening("clock");
  await using _ = server;
  // The first stays: a server that serves one after the other never gets to the others.
  await using first = await Peer.connect(port);
  assertMatch(await first.line() ?? "", TIME);
  {
    await using second = await Peer.connect(port);
    assertMatch(await second.line() ?? "", TIME);
  }
  await using third = await Peer.connect(port);
  assertMatch(await third.line() ?? "", TIME);
  server.kill("SIGTERM");
  for (const each of [first, third]) for (const line of await each.rest()) assertMatch(line, TIME);
  const { code, lines } = await server.end();
  assertEquals([code, lines], [0, [`listening on 127.0.0.1:${port}`, "SIGTERM: closed"]]);
});

test("clock --connect prints the time, and ends with 0 when the server does", async () => {
  const { server, port } = await Example.listening("clock");
  await using _ = server;
  await using client = new Example(["--allow-net=127.0.0.1", "clock", "--connect", port]);
  assertMatch(await client.line() ?? "", TIME);
  server.kill("SIGINT");
  assertEquals(await server.end(), {
    code: 0,
    lines: [`listening on 127.0.0.1:${port}`, "SIGINT: closed"],
    err: "",
  });
  const { code, lines, err } = await client.end();
  assertEquals([code, err], [0, ""]);
  assert(lines.every((line) => TIME.test(line)));
});

for (const [signal, expected] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(`clock --connect ends with ${expected} at ${signal}, and the server goes on`, async () => {
    const { server, port } = await Example.listening("clock");
    await using _ = server;
    await using client = new Example(["--allow-net=127.0.0.1", "clock", "--connect", port]);
    assertMatch(await client.line() ?? "", TIME);
    client.kill(signal);
    const { code, err } = await client.end();
    assertEquals([code, err], [expected, ""]);
    await using other = await Peer.connect(port);
    assertMatch(await other.line() ?? "", TIME);
  });
}

test("clock ends with 1 when its port is in use, and its client when nobody listens", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = listener.addr.port;
  {
    const { code, lines, err } = await runExample("--allow-net=127.0.0.1", "clock", "--port", port);
    assertEquals([code, lines], [1, []]);
    assertMatch(err, /^clock: .*(EADDRINUSE|in use).*\n$/i);
  }
  listener.close();
  const { code, lines, err } = await runExample(
    "--allow-net=127.0.0.1",
    "clock",
    "--connect",
    port,
  );
  assertEquals([code, lines], [1, []]);
  assertMatch(err, /^clock: .*(ECONNREFUSED|refused).*\n$/i);
});

const WRONG: readonly (readonly [args: string[], err: string])[] = [
  [["--port", "65536"], "clock: --port 65536: expected a whole number from 0 to 65535\n"],
  [["--connect", "0"], "clock: --connect 0: expected a whole number from 1 to 65535\n"],
  [["--port", "1e3\n"], "clock: --port 1e3\\u{a}: expected a whole number from 0 to 65535\n"],
];
for (const [args, expected] of WRONG) {
  test(`clock ends with 64 when its arguments are wrong: ${JSON.stringify(args)}`, async () => {
    assertEquals(await runExample("clock", ...args), { code: 64, lines: [], err: expected });
  });
}

test("clock ends with 64 and one line when its arguments are wrong", () =>
  checkUsage("clock", [["--port", "--port"]]));

/** Tests of `examples/echo.ts`: the echo in virtual time, the server and its client as processes. */
import { echo, MAX_ECHOES } from "../../examples/echo.ts";
import { listen } from "../../examples/support/connection.ts";
import { MAX_LINE, StreamError } from "../../examples/support/lines.ts";
import { serve } from "../../examples/support/serve.ts";
import { background, withCancel } from "../../src/context/mod.ts";
import { assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { Example, runExample } from "../support/example.ts";
import { FakeConnection } from "../support/fake_connection.ts";
import { Peer } from "../support/peer.ts";
import { test } from "../support/test.ts";
import { virtualTime } from "../support/virtual_time.ts";

const DELAY_MS = 1000;

test("echo() echoes a line three times, and several lines at once", async () => {
  using time = virtualTime();
  using connection = new FakeConnection("a");
  const echoing = echo(background(), connection, DELAY_MS);
  connection.lines.trySend("Hello");
  await time.pass(500);
  connection.lines.trySend("Anybody");
  await time.pass(499);
  assertEquals(connection.take(), ["\tHELLO", "\tANYBODY"]);
  await time.pass(1);
  assertEquals(connection.take(), ["\tHello"]);
  await time.pass(1000);
  assertEquals(connection.take(), ["\tAnybody", "\thello"]);
  connection.lines.close();
  await time.pass(500);
  await echoing;
  assertEquals([connection.take(), time.timers], [["\tanybody"], 0]);
});

// The server of the book closes the connection as soon as the input ends, and cuts off what still echoes.
test("echo() returns only when the last echo has faded after the client has said all", async () => {
  using time = virtualTime();
  using connection = new FakeConnection("a");
  let hasReturned = false;
  const echoing = echo(background(), connection, DELAY_MS).then(() => hasReturned = true);
  connection.lines.trySend("Hello");
  connection.lines.close();
  await time.pass(2 * DELAY_MS - 1);
  assertEquals([hasReturned, connection.take()], [false, ["\tHELLO", "\tHello"]]);
  await time.pass(1);
  await echoing;
  assertEquals(connection.take(), ["\thello"]);
});

test("echo() reads no more than MAX_ECHOES lines ahead of the echoes", async () => {
  using time = virtualTime();
  using connection = new FakeConnection("a");
  const echoing = echo(background(), connection, DELAY_MS);
  const lines = Array.from({ length: MAX_ECHOES + 10 }, (_, index) => `${index}`);
  for (const line of lines) connection.lines.trySend(line);
  connection.lines.close();
  await time.pass(0);
  assertEquals(connection.take(), lines.slice(0, MAX_ECHOES).map((line) => `\t${line}`));
  await time.pass(2 * DELAY_MS);
  assertEquals(connection.take().length, 2 * MAX_ECHOES + 10);
  await time.pass(2 * DELAY_MS);
  await echoing;
  assertEquals([connection.take().length, time.timers], [20, 0]);
});

test("echo() stops all echoes when the connection breaks, and when the context ends", async () => {
  using time = virtualTime();
  using broken = new FakeConnection("a");
  const failing = assertRejects(
    () => echo(background(), broken, DELAY_MS),
    StreamError,
    "broken pipe",
  );
  for (const line of ["one", "two"]) broken.lines.trySend(line);
  await time.pass(0);
  broken.break();
  await time.pass(DELAY_MS);
  await failing;
  assertEquals(time.timers, 0);

  const [ctx, cancel] = withCancel(background());
  using connection = new FakeConnection("b");
  const stopping = assertRejects(() => echo(ctx, connection, DELAY_MS), Error, "context canceled");
  for (const line of ["one", "two"]) connection.lines.trySend(line);
  await time.pass(0);
  cancel();
  await stopping;
  assertEquals([connection.take(), time.timers], [["\tONE", "\tTWO"], 0]);
});

test("echo answers a client that has closed its direction of the connection", async () => {
  const { server, port } = await Example.listening("echo", "--delay", 20);
  await using _ = server;
  await using client = await Peer.connect(port);
  await client.say("Grüße\r");
  await client.say("");
  await client.endInput();
  const lines = await client.rest();
  assertEquals(lines.sort(), ["\t", "\t", "\t", "\tGRÜSSE", "\tGrüße", "\tgrüße"]);
  server.kill("SIGTERM");
  assertEquals(await server.end(), {
    code: 0,
    lines: [`listening on 127.0.0.1:${port}`, "SIGTERM: closed"],
    err: "",
  });
});

test("echo takes what comes after the last newline for a line, and several at once", async () => {
  const { server, port } = await Example.listening("echo", "--delay", 0);
  await using _ = server;
  await using client = await Peer.connect(port);
  await using other = await Peer.connect(port);
  await other.say("Other");
  assertEquals(await other.line(), "\tOTHER");
  await client.say("One\nTwo");
  await client.endInput();
  const lines = await client.rest();
  assertEquals(lines.sort(), ["\tONE", "\tOne", "\tTWO", "\tTwo", "\tone", "\ttwo"]);
});

test("echo --connect sends what is typed, and prints what still comes when that has ended", async () => {
  const { server, port } = await Example.listening("echo", "--delay", 20);
  await using _ = server;
  await using client = new Example(["--allow-net=127.0.0.1", "echo", "--connect", port], {
    input: true,
  });
  await client.type("Hello\n");
  assertEquals(await client.line(), "\tHELLO");
  await client.endInput();
  assertEquals(await client.end(), {
    code: 0,
    lines: ["\tHELLO", "\tHello", "\thello"],
    err: "",
  });
});

test("echo --connect ends with 0 when the server closes, and with 130 at SIGINT, whatever is typed", async () => {
  const { server, port } = await Example.listening("echo", "--delay", 60_000);
  await using _ = server;
  const command = ["--allow-net=127.0.0.1", "echo", "--connect", port];
  await using first = new Example(command, { input: true });
  await using second = new Example(command, { input: true });
  for (const each of [first, second]) {
    await each.type("Hello\n");
    assertEquals(await each.line(), "\tHELLO");
  }
  first.kill("SIGINT");
  assertEquals(await first.end(), { code: 130, lines: ["\tHELLO"], err: "" });
  // An echo is under way: it does not hold up the server.
  server.kill("SIGINT");
  assertEquals((await server.end()).code, 0);
  assertEquals(await second.end(), { code: 0, lines: ["\tHELLO"], err: "" });
});

test("serve() complains of a connection that breaks, and goes on with the others", async () => {
  const [ctx, cancel] = withCancel(background());
  using listener = await listen(0);
  const complaints: string[] = [];
  const serving = serve(
    ctx,
    listener,
    (ctx, connection) => echo(ctx, connection, 0),
    (message) => complaints.push(message),
  );
  await using good = await Peer.connect(listener.port);
  {
    // Whoever sends no newline does not fill the memory of the server.
    await using bad = await Peer.connect(listener.port);
    await bad.say("x".repeat(MAX_LINE + 1)).catch(ignoreBrokenPipe);
    assertEquals(await bad.rest().catch(ignoreBrokenPipe), []);
  }
  await good.say("Hello");
  assertEquals(await good.line(), "\tHELLO");
  cancel();
  await serving;
  assertEquals(complaints.length, 1);
  assertMatch(complaints[0]!, /^127\.0\.0\.1:\d+: a line is longer than 65536 characters$/);
  await assertRejects(() => Peer.connect(listener.port), Deno.errors.ConnectionRefused);
});

/** A server that hangs up before it has read all breaks the connection. */
function ignoreBrokenPipe(error: unknown): string[] {
  if (error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe) {
    return [];
  }
  throw error;
}

test("echo ends with 64 when its delay is none", async () => {
  assertEquals(await runExample("echo", "--delay", "soon"), {
    code: 64,
    lines: [],
    err: "echo: --delay soon: expected a whole number from 0 to 60000\n",
  });
});

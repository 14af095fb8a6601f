/** Tests of what the programs of `examples/` share. */
import process from "node:process";
import { PassThrough } from "node:stream";
import { connect, listen } from "../../examples/support/connection.ts";
import { linesOf, MAX_LINE, StreamError } from "../../examples/support/lines.ts";
import {
  exitCodeOf,
  notifyContext,
  type Signal,
  SIGNALS,
  untilSignal,
} from "../../examples/support/program.ts";
import { Channel, sleep } from "../../mod.ts";
import { background, cause, withCancel } from "../../src/context/mod.ts";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "../support/assert.ts";
import { test } from "../support/test.ts";

async function linesOfPieces(...pieces: Uint8Array[]): Promise<string[]> {
  const input = new PassThrough();
  const reading = Array.fromAsync(linesOf(input));
  for (const piece of pieces) input.write(piece);
  input.end();
  return await reading;
}

test("linesOf() gives the lines, however they are cut into pieces", async () => {
  const bytes = new TextEncoder().encode("one\r\n\nzwölf €\nlast");
  const expected = ["one", "", "zwölf €", "last"];
  assertEquals(await linesOfPieces(bytes), expected);
  assertEquals(
    await linesOfPieces(...Array.from(bytes, (_, index) => bytes.subarray(index, index + 1))),
    expected,
  );
  assertEquals(await linesOfPieces(), []);
  assertEquals(await linesOfPieces(new TextEncoder().encode("one\n")), ["one"]);
});

test("linesOf() reads no more than is received", async () => {
  const input = new PassThrough({ highWaterMark: 16 });
  using lines = linesOf(input);
  let taken = 0;
  for (let i = 0; i < 1000; i++) input.write("0123456789\n", () => taken++);
  for (let i = 0; i < 10; i++) assertEquals(await lines.receive(), "0123456789");
  assert(taken < 100, `${taken} taken`);
});

test("linesOf() fails when a line is too long, with or without an end, and when its input fails", async () => {
  const long = "x".repeat(MAX_LINE);
  assertEquals(await linesOfPieces(new TextEncoder().encode(`${long}\n${long}`)), [long, long]);
  for (const end of ["", "\n"]) {
    await assertRejects(
      () => linesOfPieces(new TextEncoder().encode(`${long}x${end}`)),
      StreamError,
      "a line is longer than 65536 characters",
    );
  }
  const input = new PassThrough();
  using lines = linesOf(input);
  const reason = new Error("no more");
  input.destroy(reason);
  const error = await assertRejects(() => lines.receive(), StreamError, "no more");
  assertStrictEquals(error.cause, reason);
});

function listeners(): number[] {
  return SIGNALS.map((signal) => process.listenerCount(signal));
}

for (const [signal, expected] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(`notifyContext() ends at ${signal}, and the next one is not heard`, () => {
    const before = listeners();
    const [ctx, stop] = notifyContext(background(), ...SIGNALS);
    assertEquals(listeners(), before.map((count) => count + 1));
    assertEquals([ctx.err, exitCodeOf(ctx)], [undefined, 0]);
    process.emit(signal, signal);
    assertEquals([cause(ctx), exitCodeOf(ctx)], [signal, expected]);
    assertEquals(listeners(), before);
    stop();
    assertEquals([cause(ctx), exitCodeOf(ctx)], [signal, expected]);
  });

  test(`untilSignal() has a context that ends at ${signal}, and gives what its function gives`, async () => {
    const before = listeners();
    const main = untilSignal<Signal>(async (heard, ctx) => {
      process.emit(heard, heard);
      await ctx.done!.receive();
      return exitCodeOf(ctx);
    });
    assertEquals([await main(signal), listeners()], [expected, before]);
  });
}

test("notifyContext() listens no more when it is stopped, and ends with its parent", () => {
  const before = listeners();
  const [parent, cancel] = withCancel(background());
  const [ctx, stop] = notifyContext(parent, "SIGTERM");
  stop();
  assertEquals([ctx.err?.message, exitCodeOf(ctx)], ["context canceled", 0]);
  const [other, stopOther] = notifyContext(parent, "SIGTERM");
  cancel();
  assertEquals([other.err?.message, exitCodeOf(other)], ["context canceled", 0]);
  stopOther();
  assertEquals(listeners(), before);
});

test("untilSignal() listens no more when its function fails", async () => {
  const before = listeners();
  const main = untilSignal(() => {
    throw new RangeError("no");
  });
  await assertRejects(() => main(undefined), RangeError, "no");
  assertEquals(listeners(), before);
});

test("Connection.write() waits for an end that does not read, until it is aborted or closed", async () => {
  using listener = await listen(0);
  using client = await connect(listener.port);
  using server = (await listener.connections.receive())!;
  // More than the system keeps for a connection that nobody reads.
  const piece = "x".repeat(1 << 20);
  const stop = new AbortController();
  const writing = new Channel<never>();
  (async () => {
    for (let i = 0; i < 64; i++) await server.write(piece, { signal: stop.signal });
  })().then(() => writing.close(new Error("all taken")), (error) => writing.close(error));
  // Nothing of the connection happens any more when a write takes longer than others on it.
  using other = await connect(listener.port);
  using answering = (await listener.connections.receive())!;
  for (let i = 0; i < 100; i++) {
    await answering.write("ping\n");
    assertEquals(await other.lines.receive(), "ping");
  }
  assert(!writing.closed);
  stop.abort(new Error("enough"));
  await assertRejects(() => writing.receive(), Error, "enough");
  const blocked = assertRejects(() => server.write("more"), StreamError, "closed");
  server[Symbol.dispose]();
  await blocked;
  await assertRejects(() => server.write("more"), StreamError, "closed");
  assert(client.peer.startsWith("127.0.0.1:"));
});

test("Connection.closeWrite() ends one direction only", async () => {
  using listener = await listen(0);
  using client = await connect(listener.port);
  using server = (await listener.connections.receive())!;
  await client.write("question\n");
  client.closeWrite();
  for (const line of ["question", undefined]) assertEquals(await server.lines.receive(), line);
  await server.write("answer\n");
  assertEquals(await client.lines.receive(), "answer");
  server[Symbol.dispose]();
  assertEquals(await client.lines.receive(), undefined);
});

test("Listener closes the connections that nobody has received when it is disposed", async () => {
  const listener = await listen(0);
  using client = await connect(listener.port);
  while (listener.connections.size === 0) await sleep(1);
  listener[Symbol.dispose]();
  listener[Symbol.dispose]();
  assertEquals(await client.lines.receive(), undefined);
  assertEquals(await listener.connections.receive(), undefined);
  await assertRejects(() => connect(listener.port), StreamError);
});

test("connect() gives up when its signal is aborted", async () => {
  using listener = await listen(0);
  await assertRejects(
    () => connect(listener.port, { signal: AbortSignal.abort(new Error("no")) }),
    Error,
    "no",
  );
});

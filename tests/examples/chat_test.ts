/** Tests of `examples/chat.ts`: the room and its clients in virtual time, the server and its client as processes. */
import { attend, GRACE_MS, type Limits } from "../../examples/chat/client.ts";
import { Outbox } from "../../examples/chat/outbox.ts";
import { broadcast, Room } from "../../examples/chat/room.ts";
import { StreamError } from "../../examples/support/lines.ts";
import { background, type CancelFunc, withCancel } from "../../src/context/mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { Example, runExample } from "../support/example.ts";
import { FakeConnection } from "../support/fake_connection.ts";
import { Peer } from "../support/peer.ts";
import { test } from "../support/test.ts";
import { type VirtualTime, virtualTime } from "../support/virtual_time.ts";

const LIMITS: Limits = { idleMs: 60_000, outboxSize: 8 };

/** A chat in virtual time, with connections that the test speaks for. */
class Chat implements AsyncDisposable {
  readonly time: VirtualTime = virtualTime();
  readonly #room = new Room();
  readonly #limits: Limits;
  readonly #attending = new Map<FakeConnection, Promise<string>>();
  readonly #ctx = withCancel(background());
  readonly #close: CancelFunc;
  readonly #broadcasting: Promise<void>;

  constructor(limits: Partial<Limits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
    const [ctx, close] = withCancel(background());
    this.#close = close;
    this.#broadcasting = broadcast(ctx, this.#room);
  }

  /** Somebody connects. */
  connect(peer: string, reads = true): FakeConnection {
    const connection = new FakeConnection(peer, reads);
    const attending = attend(this.#ctx[0], connection, this.#room, this.#limits).then(
      () => "well",
      (error) => error instanceof StreamError ? error.message : `not well: ${error}`,
    );
    this.#attending.set(connection, attending);
    return connection;
  }

  /** Somebody connects and gives a name. */
  async enter(name: string, reads = true): Promise<FakeConnection> {
    const connection = this.connect(name, reads);
    await this.say(connection, name);
    connection.take();
    return connection;
  }

  /** Somebody says something, and everything that comes of it happens. */
  async say(connection: FakeConnection, line: string): Promise<void> {
    connection.lines.trySend(line);
    await this.time.pass(0);
  }

  /** How the server's work for a client has ended. */
  end(connection: FakeConnection): Promise<string> {
    return this.#attending.get(connection)!;
  }

  /** The server closes. */
  async close(): Promise<void> {
    this.#ctx[1]();
    await this.time.pass(GRACE_MS);
    await Promise.all(this.#attending.values());
    this.#close();
    await this.#broadcasting;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.close();
      assertEquals(this.time.timers, 0);
    } finally {
      this.time[Symbol.dispose]();
    }
  }
}

test("chat tells everybody who comes, what they say and who leaves", async () => {
  await using chat = new Chat();
  const ann = chat.connect("1");
  await chat.time.pass(0);
  assertEquals(ann.take(), ["* your name?"]);
  await chat.say(ann, "ann");
  assertEquals(ann.take(), ["* you are ann; here: nobody else"]);
  const bob = await chat.enter("bob");
  const cy = chat.connect("3");
  await chat.say(cy, "cy");
  assertEquals(cy.take(), ["* your name?", "* you are cy; here: ann, bob"]);
  assertEquals(ann.take(), ["* bob has come", "* cy has come"]);
  assertEquals(bob.take(), ["* cy has come"]);

  await chat.say(bob, "  hello\tthere\x1b[2J ");
  await chat.say(bob, "   ");
  for (const each of [ann, bob, cy]) assertEquals(each.take(), ["bob: hello there [2J"]);

  bob.lines.close();
  await chat.time.pass(0);
  assertEquals(await chat.end(bob), "well");
  assert(bob.isClosed);
  for (const each of [ann, cy]) assertEquals(each.take(), ["* bob has left"]);
  assertEquals(bob.take(), []);
});

test("chat asks again for a name that is none or taken, and a name is free when its owner has left", async () => {
  await using chat = new Chat();
  const ann = await chat.enter("ann");
  const other = chat.connect("2");
  for (const bad of ["", "a b", "x".repeat(21), "ann"]) await chat.say(other, bad);
  const rule = "* a name has 1 to 20 letters, digits, - and _";
  assertEquals(other.take(), [
    "* your name?",
    rule,
    rule,
    rule,
    "* there is a ann here: another name?",
  ]);
  ann.lines.close();
  await chat.say(other, "ann");
  assertEquals(other.take(), ["* you are ann; here: nobody else"]);
});

test("chat tells nobody of a client that has not given a name", async () => {
  await using chat = new Chat();
  const ann = await chat.enter("ann");
  const nobody = chat.connect("2");
  nobody.lines.close();
  await chat.time.pass(0);
  assertEquals([await chat.end(nobody), nobody.isClosed, ann.take()], ["well", true, []]);
});

// The chat server of the book sends to one client after the other, and waits for whichever does not read.
test("chat goes on for the others when a client does not read, and tells that one later how many lines it has missed", async () => {
  await using chat = new Chat();
  const ann = await chat.enter("ann");
  const slow = await chat.enter("slow", false);
  const bob = await chat.enter("bob");
  ann.take();
  const said: string[] = [];
  for (let i = 0; i < 100; i++) {
    await chat.say(ann, `no. ${i}`);
    said.push(`ann: no. ${i}`);
  }
  for (const each of [ann, bob]) assertEquals(each.take(), said);

  // It reads what it was sent and what is in its outbox; the next line shows that there was more.
  slow.read();
  await chat.time.pass(0);
  const read = slow.take();
  await chat.say(bob, "still here?");
  assertEquals(read.slice(0, 3), [
    "* your name?",
    "* you are slow; here: ann",
    "* bob has come",
  ]);
  const kept = read.slice(3);
  assertEquals(kept, said.slice(0, kept.length));
  assertEquals(read.length, LIMITS.outboxSize + 1);
  assertEquals(slow.take(), [
    `* ${said.length - kept.length} lost: you read too slowly`,
    "bob: still here?",
  ]);
});

test("Outbox.put() never waits, and counts what is lost until there is room to say so", async () => {
  const outbox = new Outbox(2);
  for (const line of ["a", "b", "c", "d"]) outbox.put(line);
  assertEquals(await outbox.lines.receive(), "a");
  // There is room for the count, and then none for the line.
  outbox.put("e");
  for (const line of ["b", "* 2 lost: you read too slowly"]) {
    assertEquals(await outbox.lines.receive(), line);
  }
  outbox.put("f");
  outbox.close();
  for (const line of ["* 1 lost: you read too slowly", "f", undefined]) {
    assertEquals(await outbox.lines.receive(), line);
  }
});

test("chat sends away who says nothing for too long, with a name or without", async () => {
  await using chat = new Chat({ idleMs: 10_000 });
  const ann = await chat.enter("ann");
  const bob = await chat.enter("bob");
  const nobody = chat.connect("3");
  await chat.time.pass(9999);
  await chat.say(ann, "hello");
  assertEquals(bob.take(), ["ann: hello"]);
  await chat.time.pass(1);
  assertEquals(bob.take(), ["* nothing heard from you for 10000 ms: goodbye"]);
  assertEquals(nobody.take(), ["* your name?", "* nothing heard from you for 10000 ms: goodbye"]);
  for (const each of [bob, nobody]) {
    assertEquals([await chat.end(each), each.isClosed], ["well", true]);
  }
  assertEquals(ann.take(), [
    "* bob has come",
    "ann: hello",
    "* bob has left, after 10000 ms of silence",
  ]);
  await chat.time.pass(9999);
  assert(ann.isClosed);
});

test("chat does not wait for ever for a client that is sent away and does not read", async () => {
  await using chat = new Chat({ idleMs: 10_000 });
  const ann = await chat.enter("ann");
  const slow = await chat.enter("slow", false);
  ann.take();
  await chat.time.pass(9_000);
  await chat.say(ann, "hello");
  await chat.time.pass(1000);
  assertEquals(ann.take(), ["ann: hello", "* slow has left, after 10000 ms of silence"]);
  await chat.time.pass(GRACE_MS - 1);
  assert(!slow.isClosed);
  await chat.time.pass(1);
  assert(slow.isClosed);
  assertEquals(await chat.end(slow), "the connection is closed");
});

test("chat lets a client that has to go read what is in its outbox", async () => {
  await using chat = new Chat({ idleMs: 10_000 });
  const slow = await chat.enter("slow", false);
  await chat.time.pass(10_000 + GRACE_MS - 1);
  slow.read();
  await chat.time.pass(0);
  assertEquals(slow.take(), [
    "* your name?",
    "* you are slow; here: nobody else",
    "* nothing heard from you for 10000 ms: goodbye",
  ]);
  assertEquals([await chat.end(slow), slow.isClosed], ["well", true]);
});

test("chat tells the others that a client has left whose connection breaks, by a write or a read", async () => {
  await using chat = new Chat();
  const ann = await chat.enter("ann");
  const bob = await chat.enter("bob");
  const cy = await chat.enter("cy");
  ann.take();
  bob.break();
  await chat.say(ann, "hello");
  await chat.time.pass(0);
  assertEquals(ann.take(), ["ann: hello", "* bob has left"]);
  assertEquals(await chat.end(bob), "broken pipe");
  cy.lines.close(new StreamError("reset"));
  await chat.time.pass(0);
  assertEquals(ann.take(), ["* cy has left"]);
  assertEquals(await chat.end(cy), "reset");
});

test("chat tells its clients that it closes, and nothing else", async () => {
  await using chat = new Chat();
  const ann = await chat.enter("ann");
  const bob = await chat.enter("bob");
  const nobody = chat.connect("3");
  await chat.time.pass(0);
  ann.take();
  nobody.take();
  await chat.close();
  for (const each of [ann, bob, nobody]) {
    assertEquals(each.take(), ["* the server closes: goodbye"]);
    assertEquals([await chat.end(each), each.isClosed], ["well", true]);
  }
});

test("chat serves its own clients, and all end when it gets SIGTERM", async () => {
  const { server, port } = await Example.listening("chat");
  await using _ = server;
  const command = ["--allow-net=127.0.0.1", "chat", "--connect", port];
  await using ann = new Example(command, { input: true });
  await using bob = new Example(command, { input: true });
  await ann.type("ann\n");
  assertEquals(await ann.line(), "* your name?");
  assertEquals(await ann.line(), "* you are ann; here: nobody else");
  await bob.type("bob\n");
  assertEquals(await bob.line(), "* your name?");
  assertEquals(await bob.line(), "* you are bob; here: ann");
  assertEquals(await ann.line(), "* bob has come");
  await ann.type("Hello, Bob\n");
  for (const each of [ann, bob]) assertEquals(await each.line(), "ann: Hello, Bob");
  await ann.endInput();
  const left = await ann.end();
  assertEquals([left.code, left.lines.slice(3), left.err], [0, ["ann: Hello, Bob"], ""]);
  assertEquals(await bob.line(), "* ann has left");
  server.kill("SIGTERM");
  const sent = await bob.end();
  const farewell = ["* ann has left", "* the server closes: goodbye"];
  assertEquals([sent.code, sent.lines.slice(3), sent.err], [0, farewell, ""]);
  assertEquals(await server.end(), {
    code: 0,
    lines: [`listening on 127.0.0.1:${port}`, "SIGTERM: closed"],
    err: "",
  });
});

test("chat sends away an idle client, over the network", async () => {
  const { server, port } = await Example.listening("chat", "--idle", 1);
  await using _ = server;
  await using client = await Peer.connect(port);
  assertEquals(await client.rest(), [
    "* your name?",
    "* nothing heard from you for 1 ms: goodbye",
  ]);
});

test("chat goes on for the others when a client does not read, over the network", async () => {
  const { server, port } = await Example.listening("chat", "--outbox", 4);
  await using _ = server;
  await using slow = await Peer.connect(port);
  await slow.say("slow");
  await using ann = await Peer.connect(port);
  await using bob = await Peer.connect(port);
  for (const [peer, name] of [[ann, "ann"], [bob, "bob"]] as const) {
    assertEquals(await peer.line(), "* your name?");
    await peer.say(name);
    assertMatch(await peer.line() ?? "", new RegExp(`^\\* you are ${name}`));
  }
  assertEquals(await ann.line(), "* bob has come");

  // More than the system keeps for a connection that nobody reads.
  const text = "x".repeat(60_000);
  const count = 400;
  for (let i = 0; i < count; i++) {
    await ann.say(`${i} ${text}`);
    for (const each of [ann, bob]) assertEquals(await each.line(), `ann: ${i} ${text}`);
  }

  // For each line that it reads now somebody says another, so that there comes one that fits into its outbox.
  let byes = 0;
  let last = -1;
  let received = 0;
  let lost = 0;
  for (;;) {
    const line = await slow.line();
    assert(line !== undefined);
    const [, kind, number] = /^(ann: |ann: bye |\* )(\d+) /.exec(`${line} `) ?? [];
    if (kind === "ann: bye ") {
      // Each line has come or is counted.
      assertEquals(received + lost, count + Number(number));
      break;
    }
    if (kind === "* ") lost += Number(number);
    if (kind === "ann: ") {
      assert(Number(number) > last);
      last = Number(number);
      received++;
    }
    await ann.say(`bye ${byes++}`);
  }
  assert(lost > 0);
});

test("chat ends with 64 when its arguments are wrong", async () => {
  assertEquals(await runExample("chat", "--outbox", 0), {
    code: 64,
    lines: [],
    err: "chat: --outbox 0: expected a whole number from 1 to 1000000\n",
  });
});

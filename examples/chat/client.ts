/**
 * What the chat server does for one client.
 *
 * @module
 */
import { after, Channel, type ReceiveChannel, select } from "../../mod.ts";
import { cause, type Context } from "../../src/context/mod.ts";
import { ErrGroup } from "../../src/group/mod.ts";
import type { Connection } from "../support/connection.ts";
import { StreamError } from "../support/lines.ts";
import { Outbox } from "./outbox.ts";
import type { Room } from "./room.ts";

/** How long a client that has to go may take to read what is in its outbox. */
export const GRACE_MS = 2000;
const NAME = /^[\p{L}\p{N}_-]{1,20}$/u;

/** What the server allows a client. */
export interface Limits {
  /** After so long without a line from it, a client has to go. */
  readonly idleMs: number;
  /** Lines that wait for a client that does not read. */
  readonly outboxSize: number;
}

/** What a client is to those goroutines that listen to it. */
interface Guest {
  readonly lines: ReceiveChannel<string>;
  readonly outbox: Outbox;
  readonly idleMs: number;
}

/** What comes from a client: a line, or the end of the conversation. */
type Heard = { readonly line: string } | { readonly line?: undefined; readonly end: End };
type End = "gone" | "idle" | "closing";

/** Attends to one client, until it leaves, is idle for too long, or `ctx` ends. */
export async function attend(
  ctx: Context,
  connection: Connection,
  room: Room,
  { idleMs, outboxSize }: Limits,
): Promise<void> {
  const outbox = new Outbox(outboxSize);
  const guest: Guest = { lines: connection.lines, outbox, idleMs };
  const written = new Channel<never>();
  // If nothing can be written any more, there is nobody to listen to.
  const [group, own] = ErrGroup.withContext(ctx);
  group.go(async () => {
    try {
      for await (const line of outbox.lines) await connection.write(`${line}\n`);
    } finally {
      written.close();
    }
  });
  group.go(async () => {
    try {
      await converse(own, guest, room);
    } finally {
      outbox.close();
      await select({ written, late: after(GRACE_MS) });
      // A write that has not come to its end does so now.
      connection[Symbol.dispose]();
    }
  });
  await group.wait();
}

/** Lets the client in, and passes on what it says until the conversation ends. */
async function converse(ctx: Context, guest: Guest, room: Room): Promise<void> {
  const { outbox, idleMs } = guest;
  const name = await introduce(ctx, guest, room);
  if (name === undefined) return;
  let end: End = "gone";
  try {
    for (;;) {
      const heard = await hear(ctx, guest);
      if (heard.line === undefined) {
        end = heard.end;
        break;
      }
      // Nothing of what one types does anything to the terminals of the others.
      const said = heard.line.replace(/\p{Cc}/gu, " ").trim();
      if (said !== "") await room.messages.send(`${name}: ${said}`);
    }
  } finally {
    const notices = {
      gone: `* ${name} has left`,
      idle: `* ${name} has left, after ${idleMs} ms of silence`,
      closing: undefined,
    };
    await room.leaving.send({ name, notice: notices[end] });
    // From here on the outbox is not the broadcaster's any more.
  }
  sayFarewell(outbox, end, idleMs);
}

/** Asks for a name until there is one that nobody else has; `undefined` if the conversation ends before. */
async function introduce(ctx: Context, guest: Guest, room: Room): Promise<string | undefined> {
  const { outbox, idleMs } = guest;
  outbox.put("* your name?");
  for (;;) {
    const heard = await hear(ctx, guest);
    if (heard.line === undefined) {
      sayFarewell(outbox, heard.end, idleMs);
      return undefined;
    }
    const name = heard.line.trim();
    if (!NAME.test(name)) {
      outbox.put("* a name has 1 to 20 letters, digits, - and _");
      continue;
    }
    const answer = new Channel<boolean>(1);
    await room.entering.send({ name, outbox, answer });
    if (await answer.receive()) return name;
    outbox.put(`* there is a ${name} here: another name?`);
  }
}

/** Waits for what comes from the client next. */
async function hear(ctx: Context, { lines, idleMs }: Guest): Promise<Heard> {
  const got = await select({ line: lines, idle: after(idleMs), over: ctx.done });
  switch (got.case) {
    case "line":
      return got.ok ? { line: got.value } : { end: "gone" };
    case "idle":
      return { end: "idle" };
    case "over":
      return { end: cause(ctx) instanceof StreamError ? "gone" : "closing" };
  }
}

function sayFarewell(outbox: Outbox, end: End, idleMs: number): void {
  if (end === "idle") outbox.put(`* nothing heard from you for ${idleMs} ms: goodbye`);
  if (end === "closing") outbox.put("* the server closes: goodbye");
}

/**
 * The room of the chat: one goroutine knows who is there, and tells everybody what happens.
 *
 * @module
 */
import { Channel, select } from "../../mod.ts";
import type { Context } from "../../src/context/mod.ts";
import type { Outbox } from "./outbox.ts";

/** A client that wants to enter. */
export interface Entry {
  readonly name: string;
  /** Where the client is told what happens. It is the broadcaster's if the answer is `true`, until the client leaves. */
  readonly outbox: Outbox;
  /** Gets `false` if there is somebody of that name; it has room for the answer. */
  readonly answer: Channel<boolean>;
}

/** A client that leaves. */
export interface Exit {
  readonly name: string;
  /** What the others are told, if anything. */
  readonly notice: string | undefined;
}

/** The ways to the broadcaster. None of them is ever closed. */
export class Room {
  readonly entering = new Channel<Entry>();
  readonly leaving = new Channel<Exit>();
  readonly messages = new Channel<string>();
}

/**
 * Runs the room until `ctx` ends, which is after the last client has left. It waits for nobody but those who bring something: each client
 * has an outbox, and one that is full does not hold up the others.
 */
export async function broadcast(ctx: Context, room: Room): Promise<void> {
  const present = new Map<string, Outbox>();
  const tellAll = (line: string): void => {
    for (const outbox of present.values()) outbox.put(line);
  };
  for (;;) {
    const got = await select({
      entry: room.entering,
      exit: room.leaving,
      message: room.messages,
      over: ctx.done,
    });
    if (!got.ok) return;
    switch (got.case) {
      case "entry": {
        const { name, outbox, answer } = got.value;
        const isFree = !present.has(name);
        if (isFree) {
          const others = [...present.keys()].sort().join(", ");
          outbox.put(`* you are ${name}; here: ${others || "nobody else"}`);
          tellAll(`* ${name} has come`);
          present.set(name, outbox);
        }
        await answer.send(isFree);
        break;
      }
      case "exit":
        present.delete(got.value.name);
        if (got.value.notice !== undefined) tellAll(got.value.notice);
        break;
      case "message":
        tellAll(got.value);
    }
  }
}

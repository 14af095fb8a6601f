/**
 * A chat server: whatever one of the clients says is sent to all, and one that does not read holds up nobody.
 *
 * ```
 *                    entering, leaving, messages           an outbox each
 *   client ─▶ attend ─────────┐                    ┌─────▶ ▢▢▢▢ ─▶ attend ─▶ client
 *   client ─▶ attend ─────────┼───▶ broadcast ─────┼─────▶ ▢▢▢▢ ─▶ attend ─▶ client
 *   client ─▶ attend ─────────┘   (who is there)   └─────▶ ▢▢▢▢ ─▶ attend ─▶ client
 * ```
 *
 * - Only the broadcaster knows who is there: no lock is needed. To enter, a client sends it a name, its outbox, and a channel for
 *   the answer.
 * - A client that does not read fills its outbox, and no more. The broadcaster never waits for room in one: what does not fit is lost,
 *   for this client alone, and when it reads again it is told how many lines that were.
 * - A client that says nothing for a while has to go. It may read what is in its outbox, but not for ever.
 *
 * Run the server as `deno run --allow-net=127.0.0.1 examples/chat.ts [--port N] [--idle MS] [--outbox LINES]`, by default 8000 (0 for any port that is free),
 * 300000 and 64; and a client as the same with `--connect PORT`: the first line that is typed is its name.
 *
 * | exit code | server                            | client                                       |
 * | --------- | --------------------------------- | -------------------------------------------- |
 * | 0         | SIGINT or SIGTERM: all are closed | the server has closed the connection         |
 * | 1         | it cannot listen at the port      | it cannot connect, or the connection breaks  |
 * | 64        | the arguments are wrong           | the arguments are wrong                      |
 * | 130, 143  | a second signal ended it at once  | SIGINT, SIGTERM                              |
 *
 * @module
 */
import process from "node:process";
import { go } from "../mod.ts";
import { background, type Context, withCancel } from "../src/context/mod.ts";
import { attend, type Limits } from "./chat/client.ts";
import { broadcast, Room } from "./chat/room.ts";
import { runClient } from "./support/client.ts";
import { program, untilSignal, whole } from "./support/program.ts";
import { runServer } from "./support/serve.ts";

/** Runs the room for as long as there may be clients in it. */
async function serveChat(ctx: Context, port: number, limits: Limits): Promise<number> {
  const room = new Room();
  const [open, close] = withCancel(background());
  const broadcaster = go(broadcast, open, room);
  const code = await runServer(ctx, "chat", port, (ctx, connection) => {
    return attend(ctx, connection, room, limits);
  });
  close();
  await broadcaster;
  return code;
}

await program(
  import.meta,
  {
    port: whole(8000, 0, 65535),
    connect: whole(undefined, 1, 65535),
    idle: whole(300_000, 1, 86_400_000),
    outbox: whole(64, 1, 1_000_000),
  },
  untilSignal(async ({ port, connect, idle: idleMs, outbox: outboxSize }, ctx) => {
    if (connect === undefined) return await serveChat(ctx, port, { idleMs, outboxSize });
    // Whatever is still to be typed.
    process.exit(await runClient(ctx, "chat", connect, true));
  }),
);

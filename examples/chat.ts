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
import { fileURLToPath } from "node:url";
import { go } from "../mod.ts";
import { background, withCancel } from "../src/context/mod.ts";
import { attend, type Limits } from "./chat/client.ts";
import { broadcast, Room } from "./chat/room.ts";
import { parseNumbers, run } from "./support/arguments.ts";
import { runClient } from "./support/client.ts";
import { runServer } from "./support/serve.ts";

/** Runs the room for as long as there may be clients in it. */
async function serveChat(port: number, limits: Limits): Promise<number> {
  const room = new Room();
  const [ctx, close] = withCancel(background());
  const broadcaster = go(broadcast, ctx, room);
  const code = await runServer("chat", port, (ctx, connection) => {
    return attend(ctx, connection, room, limits);
  });
  close();
  await broadcaster;
  return code;
}

function main(args: string[]): Promise<number> {
  const { port, connect, idle, outbox } = parseNumbers(args, {
    port: { from: 0, to: 65535, default: 8000 },
    connect: { from: 1, to: 65535 },
    idle: { from: 1, to: 86_400_000, default: 300_000 },
    outbox: { from: 1, to: 1_000_000, default: 64 },
  });
  return connect === undefined
    ? serveChat(port, { idleMs: idle, outboxSize: outbox })
    : runClient("chat", connect, true);
}

// Node 20 does not know `import.meta.main`.
if (import.meta.main ?? process.argv[1] === fileURLToPath(import.meta.url)) {
  await run("chat", main);
}

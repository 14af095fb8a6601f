/**
 * An echo server, as in the mountains: each line comes back loud, as it was, and softly.
 *
 * ```
 *   connection ─▶ lines ─▶ echo ─── go ──▶ reverb "HELLO"  "Hello"  "hello" ─▶ connection
 *                               └── go ──▶ reverb     "IS ANYBODY THERE?"  … ─▶
 * ```
 *
 * - The echoes of several lines overlap: each line has a goroutine of its own. There are {@linkcode MAX_ECHOES} of a connection at the most; whoever
 *   calls faster than that is not read from until some have faded.
 * - A client that has said all closes its direction of the connection. The server lets the echoes fade before it closes the other:
 *   closing at once would cut them off.
 * - If the connection breaks, all of its echoes stop.
 *
 * Run the server as `deno run --allow-net=127.0.0.1 examples/echo.ts [--port N] [--delay MS]`, by default 8000 (0 for any port that is free) and 1000;
 * and a client as the same with `--connect PORT`: it sends what comes on standard input.
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
import { sleep } from "../mod.ts";
import type { Context } from "../src/context/mod.ts";
import { ErrGroup } from "../src/group/mod.ts";
import { orDone } from "../src/patterns/mod.ts";
import { runClient } from "./support/client.ts";
import type { Connection } from "./support/connection.ts";
import { program, untilSignal, whole } from "./support/program.ts";
import { runServer } from "./support/serve.ts";

/** Lines of one connection that echo at the same time. */
export const MAX_ECHOES = 64;

/** Echoes what comes until the client has said all and the last echo has faded, or `ctx` ends. */
export async function echo(ctx: Context, connection: Connection, delayMs: number): Promise<void> {
  // One more is the goroutine that reads.
  const [group, own] = ErrGroup.withContext(ctx, { limit: MAX_ECHOES + 1 });
  group.go(async () => {
    for await (const line of orDone(own.done, connection.lines)) {
      await group.go(() => reverb(own, connection, line, delayMs), { signal: own.signal });
    }
  });
  await group.wait();
}

async function reverb(
  { signal }: Context,
  connection: Connection,
  line: string,
  delayMs: number,
): Promise<void> {
  await connection.write(`\t${line.toUpperCase()}\n`, { signal });
  await sleep(delayMs, { signal });
  await connection.write(`\t${line}\n`, { signal });
  await sleep(delayMs, { signal });
  await connection.write(`\t${line.toLowerCase()}\n`, { signal });
}

await program(
  import.meta,
  {
    port: whole(8000, 0, 65535),
    connect: whole(undefined, 1, 65535),
    delay: whole(1000, 0, 60_000),
  },
  untilSignal(async ({ port, connect, delay }, ctx) => {
    if (connect === undefined) {
      return await runServer(ctx, "echo", port, (ctx, connection) => echo(ctx, connection, delay));
    }
    // Whatever is still to be typed.
    process.exit(await runClient(ctx, "echo", connect, true));
  }),
);

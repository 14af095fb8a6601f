/**
 * A clock server: it tells everybody who connects the time, every second, and all of them at once.
 *
 * ```
 *   connections ─▶ serve ─── go ──▶ tellTime ◀── a ticker each
 *                          ├──────▶ tellTime
 *                          └──────▶ tellTime
 * ```
 *
 * A goroutine for each connection is all that it takes: a server that calls `tellTime` instead serves the first to come, for ever, and lets the
 * others wait. One that does not read holds up its own goroutine: the ticks that pass meanwhile are dropped, and what it reads then is not
 * the time of long ago. That one has gone is noticed when the next time is written; it is a line on standard error.
 *
 * Run the server as `deno run --allow-net=127.0.0.1 examples/clock.ts [--port N]`, by default 8000, 0 for any port that is free; and a client
 * as the same with `--connect PORT`.
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
import { select, Ticker } from "../mod.ts";
import type { Context } from "../src/context/mod.ts";
import { runClient } from "./support/client.ts";
import type { Connection } from "./support/connection.ts";
import { program, untilSignal, whole } from "./support/program.ts";
import { runServer } from "./support/serve.ts";

const PERIOD_MS = 1000;

/** Tells the time until `ctx` ends, or the connection breaks since the other end has gone. */
export async function tellTime(ctx: Context, connection: Connection): Promise<void> {
  using ticker = new Ticker(PERIOD_MS);
  do {
    await connection.write(`${timeOf(new Date())}\n`, { signal: ctx.signal });
  } while ((await select({ tick: ticker.channel, over: ctx.done })).case === "tick");
}

/** The local time, `15:04:05`. */
function timeOf(date: Date): string {
  return date.toTimeString().slice(0, "15:04:05".length);
}

await program(
  import.meta,
  { port: whole(8000, 0, 65535), connect: whole(undefined, 1, 65535) },
  untilSignal(({ port, connect }, ctx) =>
    connect === undefined
      ? runServer(ctx, "clock", port, tellTime)
      : runClient(ctx, "clock", connect, false)
  ),
);

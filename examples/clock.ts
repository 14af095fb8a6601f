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
import process from "node:process";
import { fileURLToPath } from "node:url";
import { select, Ticker } from "../mod.ts";
import type { Context } from "../src/context/mod.ts";
import { parseNumbers, run } from "./support/arguments.ts";
import { runClient } from "./support/client.ts";
import type { Connection } from "./support/connection.ts";
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

function main(args: string[]): Promise<number> {
  const { port, connect } = parseNumbers(args, {
    port: { from: 0, to: 65535, default: 8000 },
    connect: { from: 1, to: 65535 },
  });
  return connect === undefined
    ? runServer("clock", port, tellTime)
    : runClient("clock", connect, false);
}

// Node 20 does not know `import.meta.main`.
if (import.meta.main ?? process.argv[1] === fileURLToPath(import.meta.url)) {
  await run("clock", main);
}

/**
 * An HTTP server, a worker and the signals in one group: the first of them that fails ends all.
 *
 * ```
 *   requests ───▶ server ─── jobs ───▶ worker
 *                   ▲ ctx                │ gone
 *   SIGINT, ───▶ signals                 ▼
 *   SIGTERM                     requests in flight: 503
 * ```
 *
 * They end in this order, within the time limit: whoever was first; the server, which answers what it has been asked; the worker, when
 * the server has closed the jobs and it has done the last of them.
 *
 * Run it as `deno run --allow-net examples/http_group.ts [--port N] [--limit MS]`, port 0 for any that is free. Ask it for `/square/7` or
 * `/sleep/1000`; `/fail` makes the worker fail, and `/hang` keeps it busy for ever.
 *
 * | exit code | when                                                  |
 * | --------- | ----------------------------------------------------- |
 * | 0         | a signal asked it to stop, and it did                 |
 * | 1         | the server or the worker failed, and all have stopped |
 * | 2         | the clean-up took longer than the limit               |
 * | 64        | the arguments are wrong                               |
 *
 * A second signal, during the clean-up, ends it at once.
 *
 * @module
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { parseArgs } from "node:util";
import { after, Channel, go, never, type ReceiveChannel, select, send, sleep } from "../mod.ts";
import { background, type Context, withCancel } from "../src/context/mod.ts";
import { ErrGroup } from "../src/group/mod.ts";

/** Jobs that may wait for the worker. */
const QUEUE = 16;

const EXIT_FAILED = 1;
const EXIT_LATE = 2;
const EXIT_USAGE = 64;

/** One request, as the worker sees it. */
interface Job {
  readonly path: string;
  /** Gets the answer. */
  readonly answer: Channel<string>;
}

/** The way to the worker, as the server sees it. */
interface Work {
  readonly jobs: Channel<Job>;
  /** Closed when the worker has ended, for whatever reason. */
  readonly gone: ReceiveChannel<never> | null;
}

/** Somebody has asked the program to stop: the error that is none. */
class Interrupted extends Error {}

/** Runs until a signal comes, or `ctx` ends. */
async function listenToSignals(ctx: Context): Promise<void> {
  const signal = await nextSignal(ctx);
  if (signal === undefined) return;
  console.log(`${signal}: stopping`);
  throw new Interrupted(signal);
}

/** The next signal; `undefined` if `ctx` ends before one comes. */
async function nextSignal(ctx: Context): Promise<string | undefined> {
  const signals = new Channel<string>(1);
  const tell = (signal: string): void => {
    signals.trySend(signal);
  };
  process.on("SIGINT", tell).on("SIGTERM", tell);
  try {
    return (await select({ signals, done: ctx.done })).value;
  } finally {
    // From here on a signal ends the process, as it does by default.
    process.off("SIGINT", tell).off("SIGTERM", tell);
  }
}

/** Serves until `ctx` ends, and then answers those who have asked. Closes the jobs when no more can come. */
async function serve(ctx: Context, port: number, work: Work): Promise<void> {
  const failed = new Channel<never>();
  const server = createServer((request, response) => {
    // A goroutine for each request. It fails if the program is wrong, and then the process ends with an uncaught error.
    go(answer, request, response, work);
  });
  server.once("error", (error) => failed.close(error));
  try {
    server.listen(port, "127.0.0.1", () => {
      console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    });
    await select({ failed, done: ctx.done });
    await close(server);
  } finally {
    work.jobs.close();
    console.log("server closed");
  }
}

/** Takes no more connections, and waits until those that are open have been answered. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}

/** Has the worker answer a request. */
async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { jobs, gone }: Work,
): Promise<void> {
  const job: Job = { path: request.url ?? "/", answer: new Channel(1) };
  console.log(`asked for ${job.path}`);
  const sent = await select({ jobs: send(jobs, job), gone });
  const got = sent.case === "gone" ? sent : await select({ answer: job.answer, gone });
  // The connection ends with the answer: an idle one would keep the server from closing.
  const headers = { "content-type": "text/plain", "connection": "close" };
  if (got.case === "answer") response.writeHead(200, headers).end(`${got.value}\n`);
  else response.writeHead(503, headers).end("the worker is gone\n");
}

/** Does jobs until there are no more. */
async function work(jobs: ReceiveChannel<Job>): Promise<void> {
  let done = 0;
  try {
    for await (const { path, answer } of jobs) {
      await answer.send(await resultOf(path));
      done++;
    }
  } finally {
    console.log(`worker ended after ${done} jobs`);
  }
}

async function resultOf(path: string): Promise<string> {
  const [, verb, digits] = /^\/([a-z]+)(?:\/(\d{1,9}))?$/.exec(path) ?? [];
  const n = Number(digits ?? 0);
  switch (verb) {
    case "square":
      return String(n * n);
    case "sleep":
      await sleep(n);
      return `slept for ${n} ms`;
    case "fail":
      throw new Error(`the worker cannot do ${path}`);
    case "hang":
      return String(await never().receive());
    default:
      return "ask for /square/N or /sleep/MS";
  }
}

/** Runs all until one of them fails and the others have ended, but no longer than that plus `limitMs`. */
async function main(port: number, limitMs: number): Promise<number> {
  const [group, ctx] = ErrGroup.withContext(background());
  const jobs = new Channel<Job>(QUEUE);
  const [working, stopWorking] = withCancel(background());
  group.go(listenToSignals);
  group.go((ctx) => serve(ctx, port, { jobs, gone: working.done }));
  group.go(() => work(jobs).finally(stopWorking));

  const exitCodes = new Channel<number>(1);
  go(async () => exitCodes.send(await group.wait().then(() => 0, exitCodeOf)));
  await ctx.done!.receive();
  const got = await select({ exitCode: exitCodes, late: after(limitMs) });
  if (got.case === "exitCode") return got.value!;
  console.error(`not cleaned up within ${limitMs} ms`);
  return EXIT_LATE;
}

function exitCodeOf(error: Error): number {
  if (error instanceof Interrupted) return 0;
  console.error(`failed: ${error.message}`);
  return EXIT_FAILED;
}

function parse(args: string[]): [port: number, limitMs: number] {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: "string", default: "8080" },
      limit: { type: "string", default: "5000" },
    },
  });
  const numbers = [values.port, values.limit].map((text) => {
    if (/^\d{1,9}$/.test(text)) return Number(text);
    throw new TypeError(`Cannot use ${JSON.stringify(text)}: expected a number`);
  });
  return numbers as [number, number];
}

function usage(error: unknown): number {
  console.error(String(error));
  return EXIT_USAGE;
}

let args;
try {
  args = parse(process.argv.slice(2));
} catch (error) {
  process.exit(usage(error));
}
process.exit(await main(...args));

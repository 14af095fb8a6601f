/**
 * Uploads files with a fixed number of workers and a bounded queue: a `Dispatcher`, which gives each job to a worker that has said that it is free.
 *
 * ```
 *   submit ──▶ queue ──▶ dispatcher ──▶ own channel ──▶ worker ── PUT ──▶ server
 *   waits when it is full    ▲                            │
 *                            └────── channel of channels ◀┘ "I am free"
 * ```
 *
 * However many jobs there are, as many goroutines exist as workers, and one more; jobs that find no room wait where they come from, which is
 * here a loop that makes them. A dispatcher that starts a goroutine for each job has none of that: its queue is the memory.
 *
 * Run it as `deno run --allow-net=127.0.0.1 examples/dispatch.ts [--jobs N] [--workers N] [--queue N] [--delay MS] [--port N]`. It uploads to a server
 * of its own, on a port that is free unless another is given, which takes `--delay` milliseconds for each.
 *
 * | exit code | when                                                   |
 * | --------- | ------------------------------------------------------ |
 * | 0         | all is uploaded                                        |
 * | 1         | the server could not be started                        |
 * | 64        | the arguments are wrong                                |
 * | 130, 143  | SIGINT or SIGTERM came; what was submitted is uploaded |
 *
 * @module
 */
import { sleep } from "../mod.ts";
import type { Context } from "../src/context/mod.ts";
import { Dispatcher } from "../src/patterns/mod.ts";
import { serveHttp } from "./support/local_server.ts";
import { EXIT_FAILED, exitCodeOf, program, untilSignal, whole } from "./support/program.ts";
import { Screen } from "./support/screen.ts";

/** How it is done. */
export interface Plan {
  readonly workers: number;
  /** How many jobs may wait for a worker. */
  readonly queue: number;
}

/**
 * Does all jobs, and takes none from `jobs` that there is no room for; resolves with how many were taken, when all of these are done. It takes no
 * more when `ctx` ends.
 */
export async function dispatchAll<J>(
  ctx: Context,
  jobs: Iterable<J>,
  handle: (job: J) => unknown,
  { workers, queue }: Plan,
): Promise<number> {
  const { signal } = ctx;
  await using dispatcher = new Dispatcher(workers, handle, { queue });
  let submitted = 0;
  for (const job of jobs) {
    try {
      await dispatcher.submit(job, { signal });
    } catch (reason) {
      if (reason !== signal.reason) throw reason;
      break;
    }
    submitted++;
  }
  return submitted;
}

/** Something to upload. */
interface Payload {
  readonly name: string;
  readonly body: string;
}

/** Makes so many, each when it is asked for. */
function* payloads(count: number): Iterable<Payload> {
  for (let number = 1; number <= count; number++) {
    yield { name: `file-${number}.txt`, body: `This is file ${number}.\n` };
  }
}

await program(
  import.meta,
  {
    jobs: whole(40, 0, 1e6),
    workers: whole(4, 1, 1000),
    queue: whole(8, 0, 1e6),
    delay: whole(100, 0, 1e6),
    port: whole(0, 0, 65535),
  },
  untilSignal(async ({ jobs, workers, queue, delay, port }, ctx) => {
    const { complain, print } = new Screen("dispatch");
    let bytes = 0;
    let atOnce = 0;
    let most = 0;
    try {
      await using server = await serveHttp(port, async (request, response) => {
        most = Math.max(most, ++atOnce);
        for await (const chunk of request) bytes += chunk.length;
        await sleep(delay);
        atOnce--;
        response.writeHead(204).end();
      });
      print(`uploading to ${server.url}`);
      const upload = async ({ name, body }: Payload): Promise<void> => {
        const response = await fetch(`${server.url}/${name}`, { method: "PUT", body });
        await response.body?.cancel();
        print(`${name}: ${response.status}`);
      };
      const uploaded = await dispatchAll(ctx, payloads(jobs), upload, { workers, queue });
      print(`${uploaded} files, ${bytes} bytes, at most ${most} at once`);
      return exitCodeOf(ctx);
    } catch (error) {
      complain(error instanceof Error ? error.message : String(error));
      return EXIT_FAILED;
    }
  }),
);

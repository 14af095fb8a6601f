/**
 * Fetches pages through a cache that asks for each of them once, however many goroutines want it at the same time.
 *
 * ```
 *   get(page) ──▶ cache ── first ──▶ GET ──▶ server
 *   get(page) ──▶   │                 │
 *   get(page) ──▶   └ others wait ◀───┘ ready is closed: all hear of it
 * ```
 *
 * - A call that gives up ends alone. When all who waited have given up, so does the request, and what comes of that is not kept: whoever asks
 *   next gets a page, and not somebody else's cancellation.
 * - A failure goes to all who waited, and is not kept either.
 * - There are two caches that do the same: one that everybody may touch who holds its lock, and one that belongs to a goroutine.
 *
 * Run it as `deno run --allow-net=127.0.0.1 examples/memo.ts [--cache lock|monitor] [--pages N] [--readers N] [--delay MS] [--port N]`. It serves
 * the pages itself, on a port that is free unless another is given, and takes `--delay` milliseconds for each.
 *
 * | exit code | when                                |
 * | --------- | ----------------------------------- |
 * | 0         | all readers have their pages        |
 * | 1         | the pages could not be served       |
 * | 64        | the arguments are wrong             |
 * | 130, 143  | SIGINT or SIGTERM came before that  |
 *
 * @module
 */
import { after, select } from "../mod.ts";
import type { Context } from "../src/context/mod.ts";
import { ErrGroup } from "../src/group/mod.ts";
import type { Fetch, Memo } from "./memo/entry.ts";
import { LockMemo } from "./memo/lock.ts";
import { MonitorMemo } from "./memo/monitor.ts";
import { serveHttp } from "./support/local_server.ts";
import { EXIT_FAILED, exitCodeOf, oneOf, program, untilSignal, whole } from "./support/program.ts";
import { Screen } from "./support/screen.ts";

/** Caches by their names. */
const CACHES = {
  lock: <V>(fetch: Fetch<V>): Memo<V> => new LockMemo(fetch),
  monitor: <V>(fetch: Fetch<V>): Memo<V> => new MonitorMemo(fetch),
};

/** Fetches a page. */
async function fetchPage(url: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, { signal });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return text;
}

/** What is asked for. */
interface Visit {
  readonly pages: number;
  readonly readers: number;
  readonly cache: keyof typeof CACHES;
}

/** Each reader reads all pages, all of them at once. One more, who comes last, loses patience and holds up nobody. */
async function read(
  parent: Context,
  base: string,
  { pages, readers, cache }: Visit,
  print: (line: string) => void,
): Promise<void> {
  await using memo = CACHES[cache](fetchPage);
  const [group, ctx] = ErrGroup.withContext(parent);
  const { signal } = ctx;
  for (let page = 1; page <= pages; page++) {
    for (let reader = 1; reader <= readers; reader++) {
      group.go(async () => {
        const startedAt = performance.now();
        const text = await memo.get(`${base}/${page}`, { signal });
        const ms = Math.round(performance.now() - startedAt);
        print(`reader ${reader}: ${base}/${page}, ${text.length} characters, ${ms} ms`);
      });
    }
  }
  group.go(async () => {
    const impatient = new AbortController();
    const reading = memo.get(`${base}/1`, { signal: impatient.signal });
    impatient.abort();
    await reading.catch(() => print(`somebody gave up waiting for ${base}/1`));
  });
  await group.wait();
}

await program(
  import.meta,
  {
    cache: oneOf("lock", "monitor"),
    pages: whole(3, 1, 1000),
    readers: whole(4, 1, 1000),
    delay: whole(200, 0, 1e9),
    port: whole(0, 0, 65535),
  },
  untilSignal(async ({ delay, port, ...visit }, ctx) => {
    const { complain, print } = new Screen("memo");
    try {
      let requests = 0;
      await using server = await serveHttp(port, async (request, response) => {
        requests++;
        const page = request.url?.slice(1);
        print(`asked for page ${page}`);
        // At the end it does not wait any longer: nobody does.
        const got = await select({ due: after(delay), over: ctx.done });
        if (got.case === "due") response.end(`This is page ${page}.\n`);
      });
      print(`serving on ${server.url}`);
      await read(ctx, server.url, visit, print);
      print(`${visit.pages * visit.readers} pages read, ${requests} requests to the server`);
      return 0;
    } catch (error) {
      if (ctx.err !== undefined) return exitCodeOf(ctx);
      complain(error instanceof Error ? error.message : String(error));
      return EXIT_FAILED;
    }
  }),
);

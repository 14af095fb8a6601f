/**
 * A web crawler that fetches 20 pages at once, and ends.
 *
 * ```
 *   roots ─▶ crawl, which knows what has been seen ── go ──▶ visit, one for each page
 *              ▲                                              │ 1 of 20 tokens while it fetches
 *              └──────────────── links of a page ─────────────┘
 * ```
 *
 * - It ends when no page is under way any more: it counts those that it has sent somebody for and has not heard of. Without the count it
 *   would wait for ever for one more page.
 * - Tokens: a semaphore. There may be any number of goroutines, but 20 that fetch.
 * - Depth: pages that more than so many links lead to are not fetched, whichever way was found first.
 * - It stays on the sites that it starts from. Without a URL it serves a site of its own, and crawls that.
 *
 * Run it as `deno run --allow-net examples/crawl.ts [--depth N] [--tokens N] [URL...]`. Of its own site one can choose `[--pages N]
 * [--delay MS]`; `--serve [--port N]` serves it and does nothing else. SIGINT and SIGTERM stop it.
 *
 * | exit code | when                                                                    |
 * | --------- | ----------------------------------------------------------------------- |
 * | 0         | everything was crawled; some links may have led nowhere                 |
 * | 1         | a URL that it was given could not be fetched, or its site not be served |
 * | 64        | the arguments are wrong                                                 |
 * | 130, 143  | SIGINT, SIGTERM stopped it: what it has found until then is shown       |
 *
 * @module
 */
import type { Context } from "../src/context/mod.ts";
import { crawl, type Page } from "./crawl/crawl.ts";
import { fetchLinks } from "./crawl/links.ts";
import { serveSite } from "./crawl/site.ts";
import {
  EXIT_FAILED,
  exitCodeOf,
  flag,
  type Format,
  operands,
  program,
  untilSignal,
  whole,
} from "./support/program.ts";
import { count, Screen } from "./support/screen.ts";

/** The URL of a page, without the part of it that is meant. */
const PAGE: Format<string> = {
  read(text) {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol)) return undefined;
    url.hash = "";
    return url.href;
  },
  expected: "a URL that starts with http: or https:",
};

/** Crawls, and shows what there is. */
async function run(
  ctx: Context,
  screen: Screen,
  urls: readonly string[],
  depth: number,
  tokens: number,
): Promise<number> {
  const roots = new Set(urls);
  let [pages, links, errors, mostAtOnce] = [0, 0, 0, 0];
  let hasFailed = false;
  const visited = ({ url, links: found, error }: Page): void => {
    // What the end of the context has cut short is no finding.
    if (error !== undefined && ctx.err !== undefined) return;
    if (error !== undefined) {
      errors++;
      hasFailed ||= roots.has(url);
      screen.complain(`${url}: ${error.message}`);
      return;
    }
    pages++;
    links += found.length;
    screen.print(`${url}  ${count(found.length, "link")}`);
  };
  const startedAt = performance.now();
  await crawl(ctx, urls, {
    depth,
    tokens,
    fetchLinks,
    visited,
    progress: ({ done, busy, waiting }) => {
      mostAtOnce = Math.max(mostAtOnce, busy);
      screen.showProgress(`${count(done, "page")}, ${busy} being fetched, ${waiting} to come`);
    },
  });
  screen.showProgress("");
  const seconds = (performance.now() - startedAt) / 1000;
  screen.print(
    `${ctx.err === undefined ? "" : "Stopped after "}${count(pages, "page")}, ${
      count(links, "link")
    }, ${count(errors, "error")}, ${mostAtOnce} at once, ${seconds.toFixed(2)} s`,
  );
  if (ctx.err !== undefined) return exitCodeOf(ctx);
  return hasFailed ? EXIT_FAILED : 0;
}

await program(
  import.meta,
  {
    serve: flag,
    depth: whole(100, 0, 1_000_000),
    tokens: whole(20, 1, 1000),
    port: whole(0, 0, 65_535),
    pages: whole(200, 1, 1_000_000),
    delay: whole(20, 0, 60_000),
    urls: operands(PAGE),
  },
  untilSignal(async ({ serve, depth, tokens, port, pages, delay: delayMs, urls }, ctx) => {
    const screen = new Screen("crawl");
    if (urls.length > 0 && !serve) return await run(ctx, screen, urls, depth, tokens);
    let served;
    try {
      served = await serveSite({ port, pages, delayMs });
    } catch (error) {
      screen.complain((error as Error).message);
      return EXIT_FAILED;
    }
    await using site = served;
    screen.print(`serving ${count(pages, "page")} on ${site.url}`);
    if (!serve) return await run(ctx, screen, [site.url], depth, tokens);
    await ctx.done!.receive();
    return exitCodeOf(ctx);
  }),
);

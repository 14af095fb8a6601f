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
 * | exit code | when                                                      |
 * | --------- | --------------------------------------------------------- |
 * | 0         | everything was crawled; some links may have led nowhere   |
 * | 1         | a URL that it was given could not be fetched, or its site not be served              |
 * | 64        | the arguments are wrong                                   |
 * | 130, 143 | SIGINT, SIGTERM stopped it: what it has found until then is shown |
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { Context } from "../src/context/mod.ts";
import { crawl, type Page } from "./crawl/crawl.ts";
import { fetchLinks } from "./crawl/links.ts";
import { serveSite, type SiteOptions } from "./crawl/site.ts";
import { onOneLine, split, toNumber, UsageError } from "./support/arguments.ts";
import { count, EXIT_FAILED, runProgram, type Screen } from "./support/command.ts";

/** What the command line asks for. */
interface Options {
  readonly serve: boolean;
  readonly depth: number;
  readonly tokens: number;
  readonly site: SiteOptions;
  readonly urls: readonly string[];
}

function parse(args: string[]): Options {
  const { values, positionals } = split(() =>
    parseArgs({
      args,
      allowPositionals: true,
      options: {
        serve: { type: "boolean", default: false },
        depth: { type: "string", default: "100" },
        tokens: { type: "string", default: "20" },
        port: { type: "string", default: "0" },
        pages: { type: "string", default: "200" },
        delay: { type: "string", default: "20" },
      },
    })
  );
  return {
    serve: values.serve,
    depth: toNumber("--depth", values.depth, { from: 0, to: 1_000_000 }),
    tokens: toNumber("--tokens", values.tokens, { from: 1, to: 1000 }),
    site: {
      port: toNumber("--port", values.port, { from: 0, to: 65_535 }),
      pages: toNumber("--pages", values.pages, { from: 1, to: 1_000_000 }),
      delayMs: toNumber("--delay", values.delay, { from: 0, to: 60_000 }),
    },
    urls: positionals.map(urlOf),
  };
}

function urlOf(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`${onOneLine(given)}: expected a URL that starts with http: or https:`);
  }
  url.hash = "";
  return url.href;
}

async function main(args: string[], ctx: Context, screen: Screen): Promise<number> {
  const { serve, depth, tokens, site: siteOptions, urls } = parse(args);
  if (urls.length > 0 && !serve) return await run(ctx, screen, urls, depth, tokens);
  let served;
  try {
    served = await serveSite(siteOptions);
  } catch (error) {
    screen.complain(onOneLine((error as Error).message));
    return EXIT_FAILED;
  }
  await using site = served;
  screen.print(`serving ${count(siteOptions.pages, "page")} on ${site.url}`);
  if (!serve) return await run(ctx, screen, [site.url], depth, tokens);
  await ctx.done!.receive();
  return 0;
}

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
      screen.complain(`${url}: ${onOneLine(error.message)}`);
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
  if (ctx.err !== undefined) return 0;
  return hasFailed ? EXIT_FAILED : 0;
}

await runProgram(import.meta, main);

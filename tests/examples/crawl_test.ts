/** Tests of `examples/crawl.ts`: its crawler by itself, over links that are made up, and the program over its own site. */
import { crawl, type Page, type Progress } from "../../examples/crawl/crawl.ts";
import { linksIn } from "../../examples/crawl/links.ts";
import { linksOf } from "../../examples/crawl/site.ts";
import { Channel } from "../../mod.ts";
import { background, type Context, withCancel } from "../../src/context/mod.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { Example, runExample } from "../support/example.ts";
import { HAS_TERMINAL, progressIn, showExample } from "../support/terminal.ts";
import { test } from "../support/test.ts";

const PROGRAM = ["--allow-net", "crawl"];

/** Which page leads to which. */
type Web = Readonly<Record<string, readonly string[]>>;

/** What a crawl has come to. */
interface Outcome {
  readonly pages: Page[];
  readonly last: Progress;
}

async function crawlAll(
  roots: readonly string[],
  depth: number,
  fetchLinks: (ctx: Context, url: string) => Promise<readonly string[]>,
  { ctx = background(), tokens = 20 }: { ctx?: Context; tokens?: number } = {},
): Promise<Outcome> {
  const pages: Page[] = [];
  let last: Progress = { done: 0, busy: 0, waiting: 0 };
  await crawl(ctx, roots, {
    depth,
    tokens,
    fetchLinks,
    visited: (page) => pages.push(page),
    progress: (state) => last = state,
  });
  return { pages, last };
}

function over(web: Web): (ctx: Context, url: string) => Promise<readonly string[]> {
  return (_ctx, url) => {
    const links = web[url];
    return links === undefined ? Promise.reject(new Error("not found")) : Promise.resolve(links);
  };
}

function names(pages: readonly Page[]): string {
  return pages.map(({ url }) => url).sort().join("");
}

test("crawl() ends when every page has been visited, each once, though they lead to each other", async () => {
  const web = { a: ["b", "c", "a"], b: ["a", "c"], c: ["d"], d: ["a"] };
  const { pages, last } = await crawlAll(["a", "b", "a"], 100, over(web));
  assertEquals(names(pages), "abcd");
  assertEquals(last, { done: 4, busy: 0, waiting: 0 });
});

test("crawl() ends when there is nothing to visit, and when nothing can be", async () => {
  assertEquals((await crawlAll([], 100, over({}))).pages, []);
  const { pages } = await crawlAll(["x"], 100, over({}));
  assertEquals(pages.map(({ url, error }) => [url, error?.message]), [["x", "not found"]]);
});

test("crawl() follows no more links than the depth says", async () => {
  const web = { a: ["b"], b: ["c"], c: ["d"], d: [] };
  assertEquals(names((await crawlAll(["a"], 0, over(web))).pages), "a");
  assertEquals(names((await crawlAll(["a"], 2, over(web))).pages), "abc");
});

test("crawl() finds what is within the depth also when a longer way there was found first", async () => {
  // Over b and c it is too far to e. The short way, over s, comes last.
  const web: Web = { a: ["b", "s"], b: ["c"], c: ["d"], s: ["d"], d: ["e"], e: ["f"], f: [] };
  const late = new Channel<never>();
  const seen: string[] = [];
  const { pages } = await crawlAll(["a"], 3, async (_ctx, url) => {
    seen.push(url);
    if (url === "s") await late.receive();
    // By now d has been fetched at depth 3, where its links are not followed.
    if (url === "d") setTimeout(() => late.close());
    return web[url]!;
  });
  assertEquals(names(pages), "abcdes");
  assertEquals([...seen].sort().join(""), "abcdes");
});

test("crawl() fetches as many pages at once as there are tokens, and no more", async () => {
  const leaves = Array.from({ length: 50 }, (_, n) => `${n}`);
  const open = new Channel<never>();
  let [busy, most] = [0, 0];
  const { pages } = await crawlAll(["root"], 1, async (_ctx, url) => {
    if (url === "root") return leaves;
    most = Math.max(most, ++busy);
    // With fewer than 20 tokens this never opens.
    if (busy === 20) setTimeout(() => open.close());
    await open.receive();
    busy--;
    return [];
  });
  assertEquals([pages.length, most], [51, 20]);
});

test("crawl() leaves nobody behind when its context ends", async () => {
  const [ctx, cancel] = withCancel(background());
  let busy = 0;
  const { pages } = await crawlAll(["root"], 1, async (ctx, url) => {
    if (url === "root") return Array.from({ length: 50 }, (_, n) => `${n}`);
    if (++busy === 20) cancel();
    await ctx.done!.receive();
    busy--;
    throw ctx.err!;
  }, { ctx });
  assertEquals([names(pages), busy], ["root", 0]);
});

test("linksIn() finds the pages of the same site, each once", () => {
  const html =
    `<a href="/one">1</a> <A class=x HREF='two?a=1&amp;b=2'>2</A> <a href="/one#part">1</a>
    <a href="https://site.example/three">3</a> <a href="http://site.example/other">scheme</a>
    <a href="//else.example/">else</a> <a href="mailto:a@site.example">mail</a> <a name="href">no</a>
    <link href="/style.css"> <a data-href="/no">no</a> <a href="http://[">bad</a>`;
  assertEquals(linksIn(html, new URL("https://site.example/dir/page")), [
    "https://site.example/one",
    "https://site.example/dir/two?a=1&b=2",
    "https://site.example/three",
  ]);
});

test("linksOf() leads to every page of the site, and to one that there is not", () => {
  const seen = new Set(["/"]);
  for (const path of seen) {
    const own = (linksOf(path, 10) ?? []).filter((link) => link.startsWith("/"));
    for (const link of own) seen.add(link.replace(/#.*/, ""));
  }
  assertEquals(seen.size, 11);
  assertEquals(["/missing", "/page/11", "/page/x"].map((path) => linksOf(path, 10)), [
    undefined,
    undefined,
    undefined,
  ]);
});

test("crawl visits every page of its own site, tells of the link that leads nowhere, and ends with 0", async () => {
  const { code, lines, err } = await runExample(...PROGRAM, "--pages", "30", "--delay", "1");
  assertEquals(code, 0);
  const [, url] = /^serving 30 pages on (http:\/\/127\.0\.0\.1:\d+\/)$/.exec(lines[0]!)!;
  assertEquals(lines.length, 32);
  assertEquals(
    new Set(lines.slice(1, -1).map((line) => line.split("  ")[0])),
    new Set(Array.from({ length: 30 }, (_, at) => at === 0 ? url : `${url}page/${at + 1}`)),
  );
  assertMatch(lines.at(-1)!, /^30 pages, \d+ links, 1 error, \d+ at once, [\d.]+ s$/);
  assertEquals(err, `crawl: ${url}missing: 404 Not Found\n`);
});

test("crawl goes no deeper than it is told", async () => {
  const { code, lines } = await runExample(...PROGRAM, "--delay", "0", "--depth", "2");
  assertEquals(code, 0);
  assertMatch(lines.at(-1)!, /^7 pages, /);
});

test("crawl crawls a site that another process serves with --serve, which ends at a signal", async () => {
  await using server = new Example([...PROGRAM, "--serve", "--pages", "5", "--delay", "0"]);
  const url = (await server.line())!.split(" ").at(-1)!;
  const { code, lines } = await runExample(...PROGRAM, url, `${url}page/2#part`);
  assertEquals(code, 0);
  assertMatch(lines.at(-1)!, /^5 pages, .*, 1 error, /);
  server.kill("SIGTERM");
  assertEquals((await server.end()).code, 143);
});

test("crawl ends with 1 when a URL that it was given cannot be fetched", async () => {
  await using server = new Example([...PROGRAM, "--serve", "--pages", "1", "--delay", "0"]);
  const url = (await server.line())!.split(" ").at(-1)!;
  const { code, lines, err } = await runExample(...PROGRAM, `${url}nowhere`);
  assertEquals([code, err], [1, `crawl: ${url}nowhere: 404 Not Found\n`]);
  assertMatch(lines.at(-1)!, /^0 pages, 0 links, 1 error, /);
});

test("crawl ends with 1 when its port is in use", async () => {
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { code, lines, err } = await runExample(...PROGRAM, "--port", `${other.addr.port}`);
  assertEquals([code, lines], [1, []]);
  assertMatch(err, /^crawl: [^\n]*in use[^\n]*\n$/i);
});

for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(`crawl says what it has until then, and ends with ${status}, at ${signal}`, async () => {
    // The answers would come after a minute; the site is gone before.
    await using example = new Example([...PROGRAM, "--delay", "60000"]);
    await example.line();
    example.kill(signal);
    const { code, lines, err } = await example.end();
    assertEquals([code, err], [status, ""]);
    assertMatch(lines.at(-1)!, /^Stopped after 0 pages, 0 links, 0 errors, \d at once, /);
  });
}

Deno.test({
  name: "crawl shows its progress on a terminal",
  ignore: !HAS_TERMINAL,
  async fn() {
    const shown = await showExample([...PROGRAM, "--pages", 3, "--delay", 0]);
    const progress = progressIn(shown);
    for (const line of progress) assertMatch(line, /^\d pages?, \d being fetched, \d to come$/);
    // The link that leads nowhere counts as well.
    assertEquals(progress.at(-1), "4 pages, 0 being fetched, 0 to come");
  },
});

for (
  const args of [
    ["--depth", "x"],
    ["--tokens", "0"],
    ["--port", "65536"],
    ["--pages", "0"],
    ["--delay"],
    ["nowhere"],
    ["file:///etc/passwd"],
  ]
) {
  test(`crawl ends with 64 when its arguments are wrong: ${args.join(" ")}`, async () => {
    const { code, lines, err } = await runExample(...PROGRAM, ...args);
    assertEquals([code, lines], [64, []]);
    assertMatch(err, /^crawl: [^\n]+\n$/);
  });
}

/**
 * A site to crawl: pages that lead to each other, some of them nowhere.
 *
 * @module
 */
import type { ServerResponse } from "node:http";
import { after, go, select } from "../../mod.ts";
import { background, withCancel } from "../../src/context/mod.ts";
import { serveHttp } from "../support/local_server.ts";

/** What a site is like. */
export interface SiteOptions {
  /** Where it listens; 0: any port that is free. */
  readonly port: number;
  /** How many pages it has. */
  readonly pages: number;
  /** How long it takes to answer. */
  readonly delayMs: number;
}

/** A site that is served until it is disposed. */
export interface Site extends AsyncDisposable {
  /** Its first page. */
  readonly url: string;
}

/** Serves a site on this machine. */
export async function serveSite({ port, pages, delayMs }: SiteOptions): Promise<Site> {
  const [open, close] = withCancel(background());
  const server = await serveHttp(port, (request, response) => {
    // A goroutine for each request. At the end, those that have not answered yet do not wait any longer.
    go(async () => {
      const got = await select({ due: after(delayMs), closed: open.done });
      if (got.case === "due") answer(request.url ?? "/", pages, response);
    });
  });
  return {
    url: `${server.url}/`,
    async [Symbol.asyncDispose]() {
      close();
      await server[Symbol.asyncDispose]();
    },
  };
}

function answer(path: string, pages: number, response: ServerResponse): void {
  const links = linksOf(path, pages);
  if (links === undefined) {
    response.writeHead(404, { "content-type": "text/plain" }).end("not found\n");
    return;
  }
  const items = links.map((link) => `<li><a href="${link}">${link}</a></li>`).join("");
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" })
    .end(`<!doctype html><title>${path}</title><ul>${items}</ul>\n`);
}

/**
 * Where a page of a site with `pages` pages leads: to the two that are below it in a tree, back to the one above, to itself, and to
 * another site. The last page has a link to one that there is not.
 *
 * @returns `undefined` if there is no such page
 */
export function linksOf(path: string, pages: number): string[] | undefined {
  const number = path === "/" ? 1 : Number(/^\/page\/([1-9]\d{0,8})$/.exec(path)?.[1]);
  if (!(number <= pages)) return undefined;
  const near = [2 * number, 2 * number + 1, number >> 1].filter((each) =>
    each > 0 && each <= pages
  );
  return [
    ...near.map(pathOf),
    `${pathOf(number)}#top`,
    "http://elsewhere.example/",
    ...number === pages ? ["/missing"] : [],
  ];
}

function pathOf(number: number): string {
  return number === 1 ? "/" : `/page/${number}`;
}

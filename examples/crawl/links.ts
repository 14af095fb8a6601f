/**
 * The links of a page on the web.
 *
 * @module
 */
import type { Context } from "../../src/context/mod.ts";

/** An anchor, with what it leads to in double or in single quotes. */
const ANCHOR = /<a\s(?:[^>]*?\s)?href\s*=\s*(?:"([^"]*)"|'([^']*)')/gi;

/**
 * Fetches a page, and gives the pages of the same site that it leads to, each once.
 *
 * @throws {Error} if it cannot be fetched; the message says why
 */
export async function fetchLinks(ctx: Context, url: string): Promise<string[]> {
  const response = await fetch(url, { signal: ctx.signal });
  const isPage = response.headers.get("content-type")?.startsWith("text/html") ?? false;
  if (!response.ok || !isPage) {
    await response.body?.cancel();
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    return [];
  }
  // Where the answer comes from, after what redirects there were.
  return linksIn(await response.text(), new URL(response.url)).filter((link) =>
    new URL(link).origin === new URL(url).origin
  );
}

/** What the page at `base` leads to on its own site, without the parts of pages, each once. */
export function linksIn(html: string, base: URL): string[] {
  const links = new Set<string>();
  for (const [, double, single] of html.matchAll(ANCHOR)) {
    const written = (double ?? single)!.replaceAll("&amp;", "&");
    if (!URL.canParse(written, base.href)) continue;
    const link = new URL(written, base.href);
    link.hash = "";
    if (link.origin === base.origin) links.add(link.href);
  }
  return [...links];
}

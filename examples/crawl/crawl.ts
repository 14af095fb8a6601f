/**
 * The crawler of `../crawl.ts`, whatever it crawls.
 *
 * @module
 */
import { Channel, type ReceiveChannel, select, Semaphore, send, WaitGroup } from "../../mod.ts";
import { type Context, withCancel } from "../../src/context/mod.ts";

/** How to crawl. */
export interface Crawl {
  /** How many links lead from where it starts to the last pages that it fetches. */
  readonly depth: number;
  /** How many pages it fetches at once, at most. */
  readonly tokens: number;
  /** Fetches a page and gives its links, each once; it gives up when the context ends. */
  fetchLinks(ctx: Context, url: string): Promise<readonly string[]>;
  /** Called with each page, once it is fetched or has failed. */
  visited(page: Page): void;
  /** Called when something has changed. */
  progress(state: Progress): void;
}

/** A page that has been fetched, or has failed. */
export interface Page {
  readonly url: string;
  readonly links: readonly string[];
  /** Why it could not be fetched. */
  readonly error?: Error;
}

/** How far the work has come. */
export interface Progress {
  /** Pages that have been fetched, or have failed. */
  readonly done: number;
  /** Pages that are being fetched. */
  readonly busy: number;
  /** Pages that wait for a token. */
  readonly waiting: number;
}

/** What is known of a page. */
interface Known {
  /** How many links lead here, over the shortest way found so far. */
  depth: number;
  /** Where it leads; `undefined` until it has been fetched. */
  links?: readonly string[];
}

/**
 * Crawls from `roots` until everything within the depth has been fetched, or `parent` ends. Then no goroutine of it is left.
 *
 * One goroutine, this one, knows which pages have been seen. Each page has a goroutine that fetches it and sends here what it has found.
 */
export async function crawl(
  parent: Context,
  roots: readonly string[],
  { depth: maxDepth, tokens: limit, fetchLinks, visited, progress }: Crawl,
): Promise<void> {
  const [ctx, cancel] = withCancel(parent);
  using tokens = new Semaphore(limit);
  using visits = new WaitGroup();
  const pages = new Channel<Page>();
  const seen = new Map<string, Known>();
  // Pages that are still to come from `pages`. Who waits for more than these waits for ever.
  let pending = 0;
  let [busy, done] = [0, 0];
  const report = (): void => progress({ done, busy, waiting: pending - busy });

  const visit = async (url: string): Promise<void> => {
    // In Go a token is often taken by sending to a channel with room for 20, which is the same.
    using token = await acquire(tokens, ctx);
    if (token === undefined) return;
    busy++;
    report();
    const page = await fetchPage(ctx, url, fetchLinks);
    busy--;
    await select({ page: send(pages, page), stop: ctx.done });
  };
  /** Has pages visited, unless they have been seen, and those that they lead to, if this is a shorter way to them. */
  const follow = (urls: readonly string[], depth: number): void => {
    const found = urls.map((url) => ({ url, depth }));
    for (const { url, depth } of found) {
      const known = seen.get(url);
      if (depth > maxDepth || (known !== undefined && known.depth <= depth)) continue;
      if (known !== undefined) {
        known.depth = depth;
        for (const link of known.links ?? []) found.push({ url: link, depth: depth + 1 });
        continue;
      }
      seen.set(url, { depth });
      pending++;
      visits.go(() => visit(url));
    }
  };

  follow(roots, 0);
  report();
  while (pending > 0) {
    const page = await nextPage(pages, ctx);
    if (page === undefined) break;
    pending--;
    done++;
    visited(page);
    const known = seen.get(page.url)!;
    known.links = page.links;
    follow(page.links, known.depth + 1);
    report();
  }
  cancel();
  await visits.wait();
}

/** A token; `undefined` if the context ends first. */
async function acquire(tokens: Semaphore, ctx: Context): Promise<Disposable | undefined> {
  try {
    return await tokens.acquire(1, { signal: ctx.signal });
  } catch (error) {
    if (ctx.err === undefined) throw error;
    return undefined;
  }
}

/** The next page; `undefined` if the context ends first. */
async function nextPage(pages: ReceiveChannel<Page>, ctx: Context): Promise<Page | undefined> {
  const got = await select({ page: pages, stop: ctx.done });
  return got.case === "page" ? got.value : undefined;
}

async function fetchPage(
  ctx: Context,
  url: string,
  fetchLinks: Crawl["fetchLinks"],
): Promise<Page> {
  try {
    return { url, links: await fetchLinks(ctx, url) };
  } catch (error) {
    return { url, links: [], error: error as Error };
  }
}

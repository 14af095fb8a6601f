/**
 * Scenes with errors: as results, and as the end of all.
 *
 * @module
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { ReceiveChannel } from "../../mod.ts";
import { type Context, withCancel } from "../../src/context/mod.ts";
import { ErrGroup } from "../../src/group/mod.ts";
import { generate, map } from "../../src/patterns/mod.ts";
import { serveSite } from "../crawl/site.ts";
import type { Print } from "./scene.ts";

/** What has become of a check: one of the two. */
export type Result =
  | { readonly url: string; readonly status: number; readonly error?: undefined }
  | { readonly url: string; readonly error: Error; readonly status?: undefined };

/** Asks each URL for its status. Who asks does not know what to do about an error: it sends it on, like any result. */
export function checkStatus(ctx: Context, ...urls: string[]): ReceiveChannel<Result> {
  return map(ctx.done, generate(ctx.done, ...urls), async (url): Promise<Result> => {
    try {
      return { url, status: await statusOf(ctx, url) };
    } catch (error) {
      return { url, error: error as Error };
    }
  });
}

async function statusOf(ctx: Context, url: string): Promise<number> {
  const response = await fetch(url, { signal: ctx.signal });
  await response.body?.cancel();
  return response.status;
}

/** Errors as results: it goes on after the first, and gives up after the third. */
export async function results(parent: Context, print: Print): Promise<void> {
  const [ctx, cancel] = withCancel(parent);
  await using site = await serveSite({ port: 0, pages: 1, delayMs: 0 });
  const nobody = await unusedUrl();
  const urls = [site.url, nobody, `${site.url}missing`, nobody, nobody, site.url];
  let errors = 0;
  for await (const { url, status, error } of checkStatus(ctx, ...urls)) {
    const name = url === nobody ? "nobody" : new URL(url).pathname;
    print(`${name}: ${error === undefined ? status : "cannot be reached"}`);
    if (error === undefined || ++errors < 3) continue;
    print("too many errors");
    break;
  }
  // Whoever still has something to send ends, too.
  cancel();
}

/** The first error ends all: the checks that would take a minute are called off, and the error is returned when they have ended. */
export async function firstError(parent: Context, print: Print): Promise<void> {
  const [group] = ErrGroup.withContext(parent);
  await using slow = await serveSite({ port: 0, pages: 1, delayMs: 60_000 });
  const urls = [slow.url, slow.url, slow.url, await unusedUrl()];
  let ended = 0;
  for (const url of urls) {
    group.go(async (ctx) => {
      try {
        await statusOf(ctx, url);
      } catch (error) {
        throw new Error(`${url === slow.url ? "slow" : "nobody"} cannot be reached`, {
          cause: error,
        });
      } finally {
        ended++;
      }
    });
  }
  const error = await group.wait().then(() => undefined, (error: Error) => error);
  print(`${error?.message}; ${ended} of ${urls.length} checks have ended`);
}

/** A URL of this machine that nobody listens to. */
async function unusedUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}/`;
}

/**
 * The static file server of the browser test: `dist/` and two pages that differ in their headers alone.
 *
 * - `/isolated`: with COOP and COEP, so that the page may share memory with workers;
 * - `/plain`: without, so that it may not.
 *
 * @module
 */

const DIST = new URL("../../dist/", import.meta.url);

/** An empty page; its icon keeps the browser from asking for `/favicon.ico`. */
const PAGE = `<!doctype html>
<html lang="en">
<title>millrace</title>
<link rel="icon" href="data:,">
`;

/** What isolates a page, and a worker script that a page in isolation may start. */
const ISOLATION = {
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-opener-policy": "same-origin",
};

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  map: "application/json",
};

/** A running server. Disposing it closes it. */
export interface SmokeServer extends AsyncDisposable {
  /** Address without a path: `http://127.0.0.1:<port>`. */
  readonly origin: string;
}

/** Serves on a free port of the loopback interface. */
export function serve(): SmokeServer {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    respond,
  );
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function respond(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/isolated" || pathname === "/plain") {
    const headers = { "content-type": "text/html; charset=utf-8" };
    return new Response(PAGE, {
      headers: pathname === "/isolated" ? { ...headers, ...ISOLATION } : headers,
    });
  }
  if (!pathname.startsWith("/dist/")) return new Response(null, { status: 404 });
  try {
    // A URL has no ".." left, so the path stays below dist/.
    const body = await Deno.readFile(new URL(pathname.slice("/dist/".length), DIST));
    const type = CONTENT_TYPES[pathname.slice(pathname.lastIndexOf(".") + 1)];
    return new Response(body, {
      headers: { "content-type": type ?? "application/octet-stream", ...ISOLATION },
    });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Response(null, { status: 404 });
    throw error;
  }
}

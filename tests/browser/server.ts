/**
 * The static file server of the browser test: `dist/` and pages that differ in their headers alone.
 *
 * - `/isolated`: with COOP and COEP, so that the page may share memory with workers;
 * - `/strict`: isolated, and with a content security policy that allows the server's own files only;
 * - `/plain`: without any of it, so that it may not share memory.
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

/** The pages, and their headers. */
const PAGES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "/isolated": ISOLATION,
  "/strict": {
    ...ISOLATION,
    "content-security-policy": "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'",
  },
  "/plain": {},
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
  const headers = PAGES[pathname];
  if (headers !== undefined) {
    return new Response(PAGE, {
      headers: { "content-type": "text/html; charset=utf-8", ...headers },
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

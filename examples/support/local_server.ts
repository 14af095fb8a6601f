/**
 * HTTP servers for the programs of this folder that need somebody to talk to.
 *
 * @module
 */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

/** A server that listens; disposing it ends it, and all its connections. */
export interface LocalServer extends AsyncDisposable {
  /** Where it is, without a slash at the end. */
  readonly url: string;
}

/**
 * Serves on the loopback interface.
 *
 * @param port 0: one that is free.
 * @throws what listening fails with
 */
export function serveHttp(port: number, answer: RequestListener): Promise<LocalServer> {
  const server = createServer(answer);
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const { port: own } = server.address() as AddressInfo;
      resolve({ url: `http://127.0.0.1:${own}`, [Symbol.asyncDispose]: close });
    });
  });
}

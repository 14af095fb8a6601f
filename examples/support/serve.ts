/**
 * Servers, from their first connection to their last.
 *
 * @module
 */
import { select, WaitGroup } from "../../mod.ts";
import { cause, type Context } from "../../src/context/mod.ts";
import { type Connection, HOST, listen, type Listener } from "./connection.ts";
import { StreamError } from "./lines.ts";
import { EXIT_FAILED } from "./program.ts";
import { Screen } from "./screen.ts";

/**
 * What a server does with a connection, in a goroutine of its own; the connection is closed when it returns. It returns soon after `ctx`
 * has ended, if need be by rejecting with the cause.
 */
export type Handler = (ctx: Context, connection: Connection) => Promise<void>;

/**
 * Has `handle` attend to each connection, all at the same time. When `ctx` ends, no more are taken, and this returns when the last one is
 * closed.
 *
 * @param complain Is told of connections that break; the others go on.
 */
export async function serve(
  ctx: Context,
  listener: Listener,
  handle: Handler,
  complain: (message: string) => void,
): Promise<void> {
  using handlers = new WaitGroup();
  for (;;) {
    const got = await select({ connection: listener.connections, done: ctx.done });
    if (!got.ok) break;
    const connection = got.value;
    handlers.go(async () => {
      using _connection = connection;
      try {
        await handle(ctx, connection);
      } catch (error) {
        if (error instanceof StreamError) complain(`${connection.peer}: ${error.message}`);
        // What is wrong with the program ends it, as a panic does.
        else if (error !== cause(ctx)) throw error;
      }
    });
  }
  listener[Symbol.dispose]();
  await handlers.wait();
}

/** Serves at `port` until a signal ends `ctx`. Returns the exit code: 0, or 1 if it cannot listen there. */
export async function runServer(
  ctx: Context,
  name: string,
  port: number,
  handle: Handler,
): Promise<number> {
  const { complain, print } = new Screen(name);
  try {
    using listener = await listen(port);
    print(`listening on ${HOST}:${listener.port}`);
    await serve(ctx, listener, handle, complain);
    print(`${cause(ctx)}: closed`);
    return 0;
  } catch (error) {
    if (!(error instanceof StreamError)) throw error;
    complain(error.message);
    return EXIT_FAILED;
  }
}

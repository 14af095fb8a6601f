/**
 * A client for servers that talk in lines.
 *
 * @module
 */
import process from "node:process";
import type { ReceiveChannel } from "../../mod.ts";
import { cause, type Context, withCancel } from "../../src/context/mod.ts";
import { ErrGroup } from "../../src/group/mod.ts";
import { orDone } from "../../src/patterns/mod.ts";
import { connect, type Connection } from "./connection.ts";
import { linesOf, StreamError } from "./lines.ts";
import { EXIT_FAILED, exitCodeOf } from "./program.ts";
import { Screen } from "./screen.ts";

/**
 * Sends each line of `input`, and prints each that comes. The end of the input closes one direction only: what the server has still to say
 * is printed. Returns when the server has said all.
 *
 * @param input What to send; `null`: nothing, and the direction stays open.
 */
export async function talk(
  ctx: Context,
  connection: Connection,
  input: ReceiveChannel<string> | null,
  print: (line: string) => void,
): Promise<void> {
  const [group, own] = ErrGroup.withContext(ctx);
  const [talking, stopTalking] = withCancel(own);
  group.go(async () => {
    if (input === null) return;
    try {
      for await (const line of orDone(talking.done, input)) {
        await connection.write(`${line}\n`, { signal: talking.signal });
      }
    } catch (error) {
      if (error !== cause(talking)) throw error;
    }
    if (talking.err === undefined) connection.closeWrite();
  });
  group.go(async () => {
    try {
      for (;;) {
        const { done, value } = await connection.lines.next({ signal: own.signal });
        if (done) return;
        print(value);
      }
    } finally {
      // A server that says no more does not listen either.
      stopTalking();
    }
  });
  await group.wait();
}

/**
 * Talks with the server at `port` of this machine: what is typed goes there, and what comes is printed.
 *
 * @param ctx Ends at a signal.
 * @param isTalkative Whether standard input is read at all. It may still be when this returns.
 * @returns The exit code: 0 when the server has closed the connection, 1 if there is none or it breaks, 130 or 143 after a signal.
 */
export async function runClient(
  ctx: Context,
  name: string,
  port: number,
  isTalkative: boolean,
): Promise<number> {
  const { complain, print } = new Screen(name);
  try {
    using connection = await connect(port, { signal: ctx.signal });
    using input = isTalkative ? linesOf(process.stdin) : null;
    await talk(ctx, connection, input, print);
    return 0;
  } catch (error) {
    if (ctx.err !== undefined && error === cause(ctx)) return exitCodeOf(ctx);
    if (!(error instanceof StreamError)) throw error;
    complain(error.message);
    return EXIT_FAILED;
  }
}

/**
 * A pipeline by hand: what the stages of `src/patterns` save one from writing.
 *
 * @module
 */
import { Channel, go, type ReceiveChannel, select, send, type SendChannel } from "../../mod.ts";
import { type Context, withCancel } from "../../src/context/mod.ts";
import type { Print } from "./scene.ts";

/**
 * Counts, squares and prints, each in a goroutine of its own; the printer is this one.
 *
 * @param count How many numbers; `Infinity`: until the context ends.
 */
export async function squares(
  parent: Context,
  count: number,
  print: Print,
): Promise<void> {
  const [ctx, cancel] = withCancel(parent);
  const naturals = new Channel<number>();
  const squared = new Channel<number>();
  const counting = go(counter, ctx, count, naturals);
  const squaring = go(squarer, ctx, naturals, squared);
  try {
    for await (const square of squared) print(String(square));
  } finally {
    // Also if the printer fails: the others would wait for ever to be received from.
    cancel();
    await Promise.all([counting, squaring]);
  }
}

/** Sends the first `count` natural numbers. It closes its output, as everybody does who alone sends to a channel. */
async function counter(ctx: Context, count: number, out: SendChannel<number>): Promise<void> {
  try {
    for (let n = 0; n < count; n++) {
      const got = await select({ sent: send(out, n), stop: ctx.done });
      if (got.case === "stop") return;
    }
  } finally {
    out.close();
  }
}

/** Sends the square of each number that comes. */
async function squarer(
  ctx: Context,
  numbers: ReceiveChannel<number>,
  out: SendChannel<number>,
): Promise<void> {
  try {
    for await (const n of numbers) {
      const got = await select({ sent: send(out, n * n), stop: ctx.done });
      if (got.case === "stop") return;
    }
  } finally {
    out.close();
  }
}

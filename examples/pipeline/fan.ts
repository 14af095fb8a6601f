/**
 * Scenes with several streams made of one, and one made of several.
 *
 * @module
 */
import { Channel, go, select, send } from "../../mod.ts";
import { type Context, withCancel } from "../../src/context/mod.ts";
import {
  bridge,
  fanIn,
  fanOut,
  generate,
  map,
  orDone,
  repeat,
  take,
  tee,
} from "../../src/patterns/mod.ts";
import type { Print } from "./scene.ts";
import { joined } from "./stages.ts";

/** `tee`: each value goes both ways before the next comes. */
export async function teed(parent: Context, print: Print): Promise<void> {
  const [{ done }, cancel] = withCancel(parent);
  const [one, two] = tee(done, take(done, repeat(done, 1, 2), 4));
  for await (const value of one) print(`one: ${value}, two: ${await two.receive()}`);
  cancel();
}

/** `bridge`: a stream of streams is one stream. */
export async function bridged({ done }: Context, print: Print): Promise<void> {
  const streams = Array.from({ length: 10 }, (_, n) => generate(done, n));
  print(await joined(bridge(done, generate(done, ...streams))));
}

/** `fanIn`: what comes from any of three, in whatever order. */
export async function fannedIn({ done }: Context, print: Print): Promise<void> {
  const values: number[] = [];
  const inputs = [[1, 2, 3], [10, 20, 30], [100, 200, 300]].map((each) => generate(done, ...each));
  for await (const value of fanIn(done, ...inputs)) values.push(value);
  print(`${values.length} values, ${values.reduce((sum, n) => sum + n, 0)} together`);
}

/** `fanOut`: every value to each of three; and so that one who is slow does not hold up the others. */
export async function fannedOut(parent: Context, print: Print): Promise<void> {
  const [{ done }, cancel] = withCancel(parent);
  const news = fanOut(done, generate(done, "one", "two", "three"), 3);
  const heard = await Promise.all(news.map(joined));
  for (const [at, each] of heard.entries()) print(`reader ${at + 1}: ${each}`);

  const [fast, slow] = fanOut(done, generate(done, "one", "two", "three"), 2, { async: true });
  print(`fast: ${await joined(fast!)}`);
  print(`slow, only now: ${await joined(slow!)}`);
  cancel();
}

/** Fan-out to workers: three receive from one channel, and each value goes to one of them. */
export async function shared({ done }: Context, print: Print): Promise<void> {
  const numbers = generate(done, 1, 2, 3, 4, 5, 6);
  const workers = Array.from({ length: 3 }, () => map(done, numbers, (n) => n * n));
  let [count, sum] = [0, 0];
  for await (const square of fanIn(done, ...workers)) {
    count++;
    sum += square;
  }
  print(`${count} squares, ${sum} together`);
}

/** `orDone`: a loop over a channel that nobody closes ends all the same. */
export async function ended(parent: Context, print: Print): Promise<void> {
  const [ctx, cancel] = withCancel(parent);
  const numbers = new Channel<number>();
  const sending = go(async () => {
    for (let n = 1;; n++) {
      const got = await select({ sent: send(numbers, n), stop: ctx.done });
      if (got.case === "stop") return;
    }
  });
  let last = 0;
  for await (const n of orDone(ctx.done, numbers)) {
    last = n;
    if (n === 3) cancel();
  }
  await sending;
  print(`ended after ${last}; the channel is ${numbers.closed ? "closed" : "open"}`);
}

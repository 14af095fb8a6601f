/**
 * Six ways to do the same to many files, from one after the other to all at once with everything that belongs to it.
 *
 * They are about what happens to the results, to the errors and to those who are still working when somebody has failed; what is done to a
 * file is `make`'s business. Nothing of theirs is left when they return, but for the second, whose caller gets the goroutines, and the fifth.
 *
 * @module
 */
import {
  Channel,
  go,
  type Goroutine,
  type ReceiveChannel,
  select,
  send,
  WaitGroup,
} from "../../mod.ts";
import { type Context, withCancel } from "../../src/context/mod.ts";
import type { ImagePath, Thumbnail } from "./image.ts";

/** Makes a thumbnail of a file; what has not begun when the context ends does not begin. The message of an error names the file. */
export type Make = (ctx: Context, file: ImagePath) => PromiseLike<Thumbnail>;

/** Hears why there is no thumbnail of a file. */
export type Complain = (error: Error) => void;

/** One: one after the other. A file that fails does not keep the others from their turns. */
export async function oneAfterTheOther(
  ctx: Context,
  files: readonly ImagePath[],
  make: Make,
  complain: Complain,
): Promise<void> {
  for (const file of files) {
    if (ctx.err !== undefined) return;
    try {
      await make(ctx, file);
    } catch (error) {
      complain(error as Error);
    }
  }
}

/**
 * Two: all at once, and back before any is done. In Go, that loses the errors, and all the work if the program ends; so this one hands over
 * the goroutines. Who wants to know joins them.
 */
export function startAll(
  ctx: Context,
  files: readonly ImagePath[],
  make: Make,
): Goroutine<Thumbnail>[] {
  return files.map((file) => go(make, ctx, file));
}

/** Three: all at once, and back when as many have said that they are done as there are files. */
export async function startAndCount(
  ctx: Context,
  files: readonly ImagePath[],
  make: Make,
  complain: Complain,
): Promise<void> {
  const done = new Channel<void>();
  for (const file of files) {
    go(async () => {
      try {
        await make(ctx, file);
      } catch (error) {
        complain(error as Error);
      }
      await done.send();
    });
  }
  for (const _ of files) await done.receive();
}

/**
 * Four: the first error is the result.
 *
 * In Go's first try at this nobody receives from `errors` any more after that, and who has something to send there is stuck. Here the first
 * error ends a context. It calls off those that have not begun, and with it as a second way out no send holds up the others.
 *
 * @throws the first error
 */
export async function untilFirstError(
  parent: Context,
  files: readonly ImagePath[],
  make: Make,
): Promise<void> {
  const [ctx, cancel] = withCancel(parent);
  const errors = new Channel<Error | undefined>();
  using makers = new WaitGroup();
  for (const file of files) {
    makers.go(async () => {
      const { error } = await itemOf(make(ctx, file));
      await select({ told: send(errors, error), stop: ctx.done });
    });
  }
  try {
    for (const _ of files) {
      const got = await select({ error: errors, stop: ctx.done });
      if (got.case === "stop") return;
      if (got.value !== undefined) throw got.value;
    }
  } finally {
    cancel();
    await makers.wait();
  }
}

/** What has become of a file. */
interface Item {
  readonly thumbnail?: Thumbnail;
  readonly error?: Error;
}

/**
 * Five: results and errors through one channel, with room for all. So nobody ever waits to send, whoever still receives: after the first
 * error the others come to their ends by themselves.
 *
 * @returns What was made, as it came.
 * @throws the first error
 */
export async function buffered(
  ctx: Context,
  files: readonly ImagePath[],
  make: Make,
): Promise<Thumbnail[]> {
  const items = new Channel<Item>(files.length);
  for (const file of files) {
    go(async () => items.send(await itemOf(make(ctx, file))));
  }
  const thumbnails: Thumbnail[] = [];
  for (const _ of files) {
    const { thumbnail, error } = (await items.receive())!;
    if (error !== undefined) throw error;
    thumbnails.push(thumbnail!);
  }
  return thumbnails;
}

async function itemOf(making: PromiseLike<Thumbnail>): Promise<Item> {
  try {
    return { thumbnail: await making };
  } catch (error) {
    return { error: error as Error };
  }
}

/**
 * Six: of files that come from a channel, nobody knows how many. A wait group counts those at work; the closer waits for it and closes the
 * channel of the sizes, and that ends the sum.
 *
 * @returns How many bytes the thumbnails have together.
 */
export async function sumOfSizes(
  ctx: Context,
  files: ReceiveChannel<ImagePath>,
  make: Make,
  complain: Complain,
): Promise<number> {
  const sizes = new Channel<number>();
  using makers = new WaitGroup();
  const starter = go(async () => {
    try {
      for await (const file of files) {
        makers.go(async () => {
          const { thumbnail, error } = await itemOf(make(ctx, file));
          if (error !== undefined) complain(error);
          else await sizes.send(thumbnail!.bytes);
        });
      }
    } finally {
      // The closer. It waits once nothing more can be added: before, the count may come to 0 between two files.
      await makers.wait();
      sizes.close();
    }
  });
  let total = 0;
  for await (const size of sizes) total += size;
  await starter;
  return total;
}

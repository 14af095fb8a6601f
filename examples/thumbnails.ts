/**
 * Thumbnails of image files, on all cores: six forms of a parallel loop.
 *
 * ```
 *   files ─▶ a goroutine for each ── pool.go ──▶ decode, scale, encode, on N threads
 *               ▲                                   │
 *               └──── thumbnail, or an error ───────┘
 * ```
 *
 * | form | which                  | what it teaches                                                                 |
 * | ---- | ---------------------- | ------------------------------------------------------------------------------- |
 * | 1    | one after the other    | what the others are measured against; it uses no other thread                   |
 * | 2    | start all              | is back before anything is done, and hands over the goroutines                  |
 * | 3    | start and count        | waits for as many signs of completion as there are files                        |
 * | 4    | until the first error  | the others are called off, and nobody is stuck with something to say            |
 * | 5    | buffered               | results and errors in one channel with room for all                             |
 * | 6    | sum of sizes           | any number of files, from a channel; a wait group, and a closer for the results |
 *
 * Run it as `deno run --allow-read --allow-write --allow-env examples/thumbnails.ts [--form 1-6|all] [--side PIXELS] [--threads N] [--out DIR] PATH...`,
 * where a PATH is an image (JPEG, PNG) or a directory with images. The thumbnail of `sun.jpg` is `sun.thumb.jpg`, in the same
 * directory or in DIR. For images to try it with: `--make DIR [--count N] [--width PIXELS]`. SIGINT and SIGTERM stop it: thumbnails that
 * have been begun are finished.
 *
 * | exit code | when                                      |
 * | --------- | ----------------------------------------- |
 * | 0         | there is a thumbnail of each image        |
 * | 1         | some images could not be read, or written |
 * | 64        | the arguments are wrong                   |
 * | 130, 143  | SIGINT, SIGTERM stopped it                |
 *
 * @module
 */
import { mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { GOMAXPROCS, Pool } from "../mod.ts";
import { afterFunc, type Context } from "../src/context/mod.ts";
import { generate, map } from "../src/patterns/mod.ts";
import {
  EXIT_FAILED,
  exitCodeOf,
  operands,
  type Option,
  path,
  program,
  untilSignal,
  UsageError,
  whole,
} from "./support/program.ts";
import { count, Screen } from "./support/screen.ts";
import {
  buffered,
  type Complain,
  type Make,
  oneAfterTheOther,
  startAll,
  startAndCount,
  sumOfSizes,
  untilFirstError,
} from "./thumbnails/forms.ts";
import {
  drawSample,
  type ImagePath,
  isImage,
  makeThumbnail,
  type Sample,
  type Thumbnail,
  thumbnailPath,
} from "./thumbnails/image.ts";

/** A form, as it is run here: it returns when everything it has started has ended. */
type Form = (
  ctx: Context,
  files: readonly ImagePath[],
  make: Make,
  complain: Complain,
) => Promise<unknown>;

const FORMS: readonly (readonly [name: string, run: Form])[] = [
  ["one after the other", oneAfterTheOther],
  ["start all", async (ctx, files, make, complain) => {
    const started = startAll(ctx, files, make);
    for (const each of await Promise.allSettled(started)) {
      if (each.status === "rejected") complain(each.reason);
    }
  }],
  ["start and count", startAndCount],
  ["until the first error", untilFirstError],
  ["buffered", buffered],
  ["sum of sizes", (ctx, files, make, complain) => {
    return sumOfSizes(ctx, generate(ctx.done, ...files), make, complain);
  }],
];

/** How thumbnails are made. */
interface Manner {
  readonly side: number;
  readonly threads: number;
}

/** Images to try this with. */
interface SampleOptions {
  readonly count: number;
  readonly width: number;
  readonly threads: number;
}

const ONE_FORM = whole(FORMS.length, 1, FORMS.length);

/** Indexes of the forms to run, one after the other. */
const CHOICE: Option<readonly number[]> = {
  default: [FORMS.length - 1],
  read(text) {
    if (text === "all") return [...FORMS.keys()];
    const number = ONE_FORM.read(text);
    return number === undefined ? undefined : [number - 1];
  },
  expected: `${ONE_FORM.expected}, or all`,
};

/** The images at `paths`, each once. */
async function findImages(paths: readonly string[]): Promise<ImagePath[]> {
  const found = new Set<ImagePath>();
  for (const path of paths) {
    let candidates = [path];
    try {
      if ((await stat(path)).isDirectory()) {
        candidates = (await readdir(path)).sort().map((name) => join(path, name));
      }
    } catch (error) {
      throw new UsageError(`${path}: ${reasonOf(error)}`);
    }
    const images = candidates.filter(isImage);
    if (images.length === 0) throw new UsageError(`${path}: no image to be seen`);
    for (const image of images) found.add(image);
  }
  return [...found];
}

/** Where the thumbnail of each image goes. */
function planThumbnails(
  images: readonly ImagePath[],
  out: string | undefined,
): ReadonlyMap<ImagePath, ImagePath> {
  const plan = new Map(images.map((image) => [image, thumbnailPath(image, out)]));
  const owners = new Map<ImagePath, ImagePath>();
  for (const [image, thumbnail] of plan) {
    const other = owners.get(thumbnail);
    if (other !== undefined) {
      throw new UsageError(`${other} and ${image}: the same thumbnail`);
    }
    owners.set(thumbnail, image);
  }
  return plan;
}

/** Makes the directory that the thumbnails go to. */
async function makeOutput(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
  } catch (error) {
    throw new UsageError(`${directory}: ${reasonOf(error)}`);
  }
}

/** Why something failed: of `ENOENT: no such file or directory, open '/x'` the part before the comma. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error ? error.message.split(", ", 1)[0]! : error.message;
}

/** Makes the thumbnails in one of the forms, and tells how that went. */
async function runForm(
  form: number,
  ctx: Context,
  plan: ReadonlyMap<ImagePath, ImagePath>,
  { side, threads }: Manner,
  screen: Screen,
): Promise<number> {
  const [name, run] = FORMS[form]!;
  let [made, bytes, failures] = [0, 0, 0];
  const succeed = (image: ImagePath, { path, width, height, bytes: size }: Thumbnail): void => {
    made++;
    bytes += size;
    screen.showProgress(`${made} of ${count(plan.size, "thumbnail")}`);
    screen.print(`${image} -> ${path}, ${width} x ${height}, ${count(size, "byte")}`);
  };
  const complain = (error: Error): void => {
    // What a signal has called off is no failure.
    if (ctx.err !== undefined) return;
    failures++;
    screen.complain(error.message);
  };
  const startedAt = performance.now();
  screen.showProgress(`0 of ${count(plan.size, "thumbnail")}`);
  {
    // At the end of the block: all that the threads have been given is done.
    await using pool = new Pool({ threads });
    const make: Make = async (ctx, image) => {
      const args: Parameters<typeof makeThumbnail> = [image, plan.get(image)!, side];
      try {
        const thumbnail = await (form === 0 ? makeThumbnail(...args) : onPool(ctx, pool, args));
        succeed(image, thumbnail);
        return thumbnail;
      } catch (error) {
        throw new Error(`${image}: ${reasonOf(error)}`, { cause: error });
      }
    };
    try {
      await run(ctx, [...plan.keys()], make, complain);
    } catch (error) {
      complain(error as Error);
    }
  }
  screen.showProgress("");
  const seconds = (performance.now() - startedAt) / 1000;
  screen.print(
    `${ctx.err === undefined ? "" : "Stopped: "}${name}: ${count(made, "thumbnail")}, ${
      count(bytes, "byte")
    }, ${count(failures, "error")}, ${seconds.toFixed(2)} s`,
  );
  return failures;
}

/** Makes a thumbnail on a thread, unless the context ends before one is free. */
async function onPool(
  ctx: Context,
  pool: Pool,
  args: Parameters<typeof makeThumbnail>,
): Promise<Thumbnail> {
  const making = pool.go(makeThumbnail, ...args);
  const forget = afterFunc(ctx, () => making.cancel());
  try {
    return await making;
  } finally {
    forget();
  }
}

/** Draws images to try this with, every third a PNG and the others JPEG, and returns the exit code for that. */
async function drawSamples(
  ctx: Context,
  directory: string,
  { count: wanted, width, threads }: SampleOptions,
  screen: Screen,
): Promise<number> {
  const samples = Array.from({ length: wanted }, (_, at): Sample => {
    const number = String(at + 1).padStart(String(wanted).length, "0");
    const ending = at % 3 === 2 ? "png" : "jpg";
    return { path: `${join(directory, `sample-${number}`)}.${ending}`, index: at, width };
  });
  try {
    await mkdir(directory, { recursive: true });
    await using pool = new Pool({ threads });
    let drawn = 0;
    for await (
      const path of map(ctx.done, generate(ctx.done, ...samples), drawSample, { pool })
    ) {
      screen.showProgress(`${++drawn} of ${count(wanted, "image")}`);
      screen.print(path);
    }
  } catch (error) {
    screen.complain(reasonOf(error));
    return EXIT_FAILED;
  } finally {
    screen.showProgress("");
  }
  return exitCodeOf(ctx);
}

await program(
  import.meta,
  {
    make: path,
    count: whole(12, 1, 10_000),
    width: whole(1600, 1, 10_000),
    form: CHOICE,
    side: whole(160, 1, 10_000),
    threads: whole(GOMAXPROCS(), 1, 256),
    out: path,
    paths: operands(path),
  },
  untilSignal(async ({ make, count, width, form: forms, side, threads, out, paths }, ctx) => {
    const screen = new Screen("thumbnails");
    if (paths.length === 0 && make === undefined) {
      throw new UsageError("missing PATH, or --make DIR");
    }
    if (make !== undefined) {
      const exitCode = await drawSamples(ctx, make, { count, width, threads }, screen);
      if (exitCode !== 0 || paths.length === 0) return exitCode;
    }
    const plan = planThumbnails(await findImages(paths), out);
    if (out !== undefined) await makeOutput(out);
    let failures = 0;
    for (const form of forms) {
      failures += await runForm(form, ctx, plan, { side, threads }, screen);
    }
    if (ctx.err !== undefined) return exitCodeOf(ctx);
    return failures > 0 ? EXIT_FAILED : 0;
  }),
);

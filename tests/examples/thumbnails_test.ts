/**
 * Tests of `examples/thumbnails.ts`: its forms by themselves, with work that ends when a test says so, and the program, on real images.
 *
 * @module
 */
import {
  buffered,
  type Make,
  oneAfterTheOther,
  startAll,
  startAndCount,
  sumOfSizes,
  untilFirstError,
} from "../../examples/thumbnails/forms.ts";
import {
  drawSample,
  type ImagePath,
  isImage,
  Jimp,
  type Thumbnail,
  thumbnailPath,
} from "../../examples/thumbnails/image.ts";
import { Channel } from "../../mod.ts";
import { background, type Context, withCancel } from "../../src/context/mod.ts";
import { generate } from "../../src/patterns/mod.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { Example, runExample } from "../support/example.ts";
import { HAS_TERMINAL, progressIn, showExample } from "../support/terminal.ts";
import { test } from "../support/test.ts";

const PROGRAM = ["--allow-read", "--allow-write", "--allow-env", "thumbnails"];
const FILES: readonly ImagePath[] = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"];

/** Work that says when it begins, and ends when it is told to. */
class Desk {
  readonly begun: ImagePath[] = [];
  readonly ended: ImagePath[] = [];
  readonly #gates = new Map(FILES.map((file) => [file, new Channel<Error | undefined>(1)]));

  /** Makes a thumbnail of as many bytes as the name has letters, when it may; like the program it gives up when the context ends. */
  readonly make: Make = async (ctx: Context, file: ImagePath): Promise<Thumbnail> => {
    this.begun.push(file);
    try {
      const error = await this.#gates.get(file)!.receive({ signal: ctx.signal });
      if (error !== undefined) throw error;
      return { path: file, width: 1, height: 1, bytes: file.length };
    } finally {
      this.ended.push(file);
    }
  };

  /** Lets the work on some files come to its end. */
  open(...files: readonly ImagePath[]): void {
    for (const file of files) this.#gates.get(file)!.trySend(undefined);
  }

  /** Lets the work on a file fail. */
  fail(file: ImagePath): void {
    this.#gates.get(file)!.trySend(new Error(`${file}: spilled`));
  }
}

/** Lets everything go on that can. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** What a form complains of. */
function complaints(): [messages: string[], complain: (error: Error) => void] {
  const messages: string[] = [];
  return [messages, (error) => messages.push(error.message)];
}

test("oneAfterTheOther() begins a file when the one before has ended, also after an error", async () => {
  const desk = new Desk();
  const [messages, complain] = complaints();
  const running = oneAfterTheOther(background(), FILES, desk.make, complain);
  await settle();
  assertEquals(desk.begun, ["a.jpg"]);
  desk.fail("a.jpg");
  desk.open("c.jpg", "d.jpg");
  await settle();
  assertEquals(desk.begun, ["a.jpg", "b.jpg"]);
  desk.open("b.jpg");
  await running;
  assertEquals([desk.ended, messages], [[...FILES], ["a.jpg: spilled"]]);
});

test("startAll() returns before anything has begun, and hands over who does it", async () => {
  const desk = new Desk();
  const started = startAll(background(), FILES, desk.make);
  assertEquals(desk.begun, []);
  desk.open("a.jpg", "b.jpg", "c.jpg");
  desk.fail("d.jpg");
  const settled = await Promise.allSettled(started);
  assertEquals(settled.map((each) => each.status === "fulfilled" ? each.value.path : "failed"), [
    ...["a.jpg", "b.jpg", "c.jpg", "failed"],
  ]);
});

test("startAndCount() has all at work at once, and returns when the last has ended", async () => {
  const desk = new Desk();
  const [messages, complain] = complaints();
  let isOver = false;
  const running = startAndCount(background(), FILES, desk.make, complain).then(() => isOver = true);
  await settle();
  assertEquals(desk.begun, [...FILES]);
  desk.open("a.jpg", "c.jpg", "d.jpg");
  await settle();
  assertEquals([desk.ended.length, isOver], [3, false]);
  desk.fail("b.jpg");
  await running;
  assertEquals(messages, ["b.jpg: spilled"]);
});

test("untilFirstError() fails with the first error, and nobody is left working or waiting to be heard", async () => {
  const desk = new Desk();
  const running = untilFirstError(background(), FILES, desk.make);
  await settle();
  // Also those who fail after nobody receives any more, where the seed's leaks them.
  desk.fail("b.jpg");
  desk.fail("c.jpg");
  await assertRejects(() => running, Error, "b.jpg: spilled");
  assertEquals([...desk.ended].sort(), [...FILES]);
});

test("untilFirstError() returns when all are done, if none fails", async () => {
  const desk = new Desk();
  desk.open(...FILES);
  await untilFirstError(background(), FILES, desk.make);
  assertEquals([...desk.ended].sort(), [...FILES]);
});

test("untilFirstError() ends with its context", async () => {
  const desk = new Desk();
  const [ctx, cancel] = withCancel(background());
  const running = untilFirstError(ctx, FILES, desk.make);
  await settle();
  cancel();
  await running;
  assertEquals([...desk.ended].sort(), [...FILES]);
});

test("buffered() gives the results as they come", async () => {
  const desk = new Desk();
  const running = buffered(background(), FILES, desk.make);
  for (const file of [...FILES].reverse()) {
    desk.open(file);
    await settle();
  }
  assertEquals((await running).map(({ path }) => path), ["d.jpg", "c.jpg", "b.jpg", "a.jpg"]);
});

test("buffered() fails with the first error, and the others come to their ends", async () => {
  const desk = new Desk();
  const running = buffered(background(), FILES, desk.make);
  desk.fail("c.jpg");
  await assertRejects(() => running, Error, "c.jpg: spilled");
  assertEquals(desk.ended, ["c.jpg"]);
  desk.open("a.jpg", "b.jpg");
  desk.fail("d.jpg");
  await settle();
  assertEquals([...desk.ended].sort(), [...FILES]);
});

test("sumOfSizes() adds up the sizes of as many files as come, without those that fail", async () => {
  const desk = new Desk();
  const [messages, complain] = complaints();
  desk.open("a.jpg", "b.jpg", "d.jpg");
  desk.fail("c.jpg");
  const total = await sumOfSizes(background(), generate(null, ...FILES), desk.make, complain);
  assertEquals([total, messages], [15, ["c.jpg: spilled"]]);
});

test("sumOfSizes() waits for the last file when all before have been done", async () => {
  const desk = new Desk();
  const files = new Channel<ImagePath>();
  const running = sumOfSizes(background(), files, desk.make, () => {});
  desk.open(...FILES);
  await files.send("a.jpg");
  await settle();
  // The count of those at work is 0 here, and that is not the end.
  await files.send("b.jpg");
  files.close();
  assertEquals(await running, 10);
});

test("sumOfSizes() of no files is 0", async () => {
  assertEquals(await sumOfSizes(background(), generate(null), new Desk().make, () => {}), 0);
});

test("thumbnailPath() puts the mark before the ending, and isImage() knows it", () => {
  assertEquals(thumbnailPath("dir/sun.set.JPG", undefined), "dir/sun.set.thumb.JPG");
  assertEquals(thumbnailPath("sun.png", undefined), "sun.thumb.png");
  assertEquals(thumbnailPath("dir/sun.png", "out"), "out/sun.thumb.png");
  const names = ["sun.jpg", "sun.JPEG", "sun.thumb.jpg", "sun.txt", "jpg", "thumb.jpg"];
  assertEquals(names.filter(isImage), ["sun.jpg", "sun.JPEG", "thumb.jpg"]);
});

/** A directory that is gone at the end of the test. */
class TemporaryDirectory implements AsyncDisposable {
  readonly path = Deno.makeTempDirSync({ prefix: "millrace-thumbnails-" });

  /** The names in it, sorted. */
  get names(): string[] {
    return [...Deno.readDirSync(this.path)].map(({ name }) => name).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** Draws an image of 96 by 72 pixels. */
async function draw(directory: string, name: string): Promise<string> {
  return await drawSample({ path: `${directory}/${name}` as ImagePath, index: 0, width: 96 });
}

test("thumbnails draws images, makes thumbnails of them in every form, and takes none of another", async () => {
  await using directory = new TemporaryDirectory();
  const drawn = await runExample(
    ...PROGRAM,
    ...["--make", directory.path, "--count", "3", "--width", "96"],
  );
  assertEquals([drawn.code, drawn.lines.length, drawn.err], [0, 3, ""]);
  const images = ["sample-1.jpg", "sample-2.jpg", "sample-3.png"];
  const thumbnails = ["sample-1.thumb.jpg", "sample-2.thumb.jpg", "sample-3.thumb.png"];
  assertEquals(directory.names, images);
  const { code, lines, err } = await runExample(
    ...PROGRAM,
    ...["--form", "all", "--side", "24", "--threads", "2", directory.path],
  );
  assertEquals([code, err], [0, ""]);
  assertEquals(directory.names, [...images, ...thumbnails].sort());
  const summaries = lines.filter((line) => / s$/.test(line));
  assertEquals(summaries.map((line) => line.split(": ")[0]), [
    ...["one after the other", "start all", "start and count"],
    ...["until the first error", "buffered", "sum of sizes"],
  ]);
  for (const line of summaries) assertMatch(line, /: 3 thumbnails, [\d,]+ bytes, 0 errors, /);
  for (const name of thumbnails) {
    const thumbnail = await Jimp.read(`${directory.path}/${name}`);
    const image = await Jimp.read(`${directory.path}/${name.replace(".thumb", "")}`);
    assertEquals([thumbnail.width, thumbnail.height], [24, 18]);
    // The same picture: sky above, and sea below, on the right of the sun.
    for (const [x, y] of [[22, 1], [12, 16]] as const) {
      const [small, large] = [thumbnail.getPixelColor(x, y), image.getPixelColor(4 * x, 4 * y)];
      for (const shift of [8, 16, 24]) {
        const difference = ((small >>> shift) & 255) - ((large >>> shift) & 255);
        assert(Math.abs(difference) < 48, `${name}: ${small.toString(16)}, ${large.toString(16)}`);
      }
    }
  }
});

test("thumbnails puts them where it is told to, and leaves an image that is small as it is", async () => {
  await using directory = new TemporaryDirectory();
  const image = await draw(directory.path, "sample-1.jpg");
  const out = `${directory.path}/new/out`;
  const { code, lines } = await runExample(...PROGRAM, "--out", out, image, image);
  assertEquals([code, lines.length], [0, 2]);
  assertMatch(
    lines[0]!,
    /sample-1\.jpg -> .*new\/out\/sample-1\.thumb\.jpg, 96 x 72, [\d,]+ bytes$/,
  );
  assertMatch(lines[1]!, /^sum of sizes: 1 thumbnail, /);
});

test("thumbnails ends with 1 when images are broken, and names them, but no more than the first in forms 4 and 5", async () => {
  await using directory = new TemporaryDirectory();
  for (const name of ["one.jpg", "two.png"]) await draw(directory.path, name);
  Deno.writeTextFileSync(`${directory.path}/broken.jpg`, "no image");
  Deno.writeTextFileSync(`${directory.path}/empty.png`, "");
  const { code, lines, err } = await runExample(...PROGRAM, "--form", "all", directory.path);
  assertEquals(code, 1);
  const complaints = err.trimEnd().split("\n");
  assertEquals(complaints.length, 2 + 2 + 2 + 1 + 1 + 2);
  for (const line of complaints) {
    assertMatch(line, /^thumbnails: .*\/(broken\.jpg|empty\.png): .+$/);
  }
  const summaries = lines.filter((line) => / s$/.test(line)).map((line) =>
    line.replace(/, [\d,]+ bytes?,/, ",").replace(/, [\d.]+ s$/, "")
  );
  // Those that had begun by the time of the first error are finished.
  summaries[3] = summaries[3]!.replace(/: [0-2] thumbnails?/, ": some");
  assertEquals(summaries, [
    "one after the other: 2 thumbnails, 2 errors",
    "start all: 2 thumbnails, 2 errors",
    "start and count: 2 thumbnails, 2 errors",
    "until the first error: some, 1 error",
    "buffered: 2 thumbnails, 1 error",
    "sum of sizes: 2 thumbnails, 2 errors",
  ]);
});

for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(`thumbnails finishes what it has begun, and ends with ${status}, at ${signal}`, async () => {
    await using directory = new TemporaryDirectory();
    const image = await draw(directory.path, "sample-1.jpg");
    for (let n = 0; n < 500; n++) await Deno.copyFile(image, `${directory.path}/${n}.jpg`);
    await using example = new Example([...PROGRAM, "--threads", "1", directory.path]);
    await example.line();
    example.kill(signal);
    const { code, lines, err } = await example.end();
    assertEquals([code, err], [status, ""]);
    assertMatch(lines.at(-1)!, /^Stopped: sum of sizes: \d+ thumbnails?, .*, 0 errors, /);
    const made = directory.names.filter((name) => name.includes(".thumb."));
    assertEquals(made.length, lines.length - 1);
    assert(made.length < 501, `${made.length} were made`);
    for (const name of made) await Jimp.read(`${directory.path}/${name}`);
  });
}

Deno.test({
  name: "thumbnails shows its progress on a terminal",
  ignore: !HAS_TERMINAL,
  async fn() {
    await using directory = new TemporaryDirectory();
    const options = ["--make", directory.path, "--count", "2", "--width", "40", directory.path];
    const shown = await showExample([...PROGRAM, ...options]);
    assertEquals([...new Set(progressIn(shown))], [
      ...["1 of 2 images", "2 of 2 images"],
      ...["0 of 2 thumbnails", "1 of 2 thumbnails", "2 of 2 thumbnails"],
    ]);
  },
});

test("thumbnails ends with 64 when its arguments are wrong, and has made nothing", async () => {
  await using directory = new TemporaryDirectory();
  const { path } = directory;
  for (const name of ["one", "two"]) {
    Deno.mkdirSync(`${path}/${name}`);
    Deno.writeTextFileSync(`${path}/${name}/x.jpg`, "");
  }
  Deno.mkdirSync(`${path}/none`);
  const table: readonly (readonly [named: string, ...args: string[]])[] = [
    ["missing PATH"],
    ["--form 7", "--form", "7", path],
    ["--side 0", "--side", "0", path],
    ["--threads 257", "--threads", "257", path],
    ["--other", "--other", path],
    ["missing: ENOENT", `${path}/missing`],
    ["none: no image", `${path}/none`],
    ["x.jpg/out: ", "--out", `${path}/one/x.jpg/out`, `${path}/two`],
    ["the same thumbnail", "--out", `${path}/out`, `${path}/one`, `${path}/two`],
  ];
  for (const [named, ...args] of table) {
    const { code, lines, err } = await runExample(...PROGRAM, ...args);
    assertEquals([named, code, lines], [named, 64, []]);
    assertMatch(err, /^thumbnails: [^\n]+\n$/);
    assert(err.includes(named), err);
  }
  assertEquals(directory.names, ["none", "one", "two"]);
});

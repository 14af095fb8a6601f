/**
 * Tests of `examples/icons.ts`: its albums by themselves, and the program as a process of its own.
 *
 * @module
 */
import { type Album, type Icons, OnceAlbum, RWMutexAlbum } from "../../examples/icons.ts";
import { Channel } from "../../mod.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { checkUsage, runExample } from "../support/example.ts";
import { test } from "../support/test.ts";

/** Loads when it is let, and counts how often. */
class Loader {
  calls = 0;
  readonly gate = new Channel<Error | undefined>();

  readonly load = async (): Promise<Icons> => {
    this.calls++;
    const failure = await this.gate.receive();
    if (failure !== undefined) throw failure;
    return new Map([["spades", "♠"], ["hearts", "♥"]]);
  };
}

const ALBUMS: Record<string, (loader: Loader) => Album> = {
  RWMutexAlbum: ({ load }) => new RWMutexAlbum(load),
  OnceAlbum: ({ load }) => new OnceAlbum(load),
};

for (const [name, make] of Object.entries(ALBUMS)) {
  test(`${name}.icon() loads once for all who come at the same time, and for none who come later`, async () => {
    const loader = new Loader();
    const album = make(loader);
    const asking = Array.from({ length: 50 }, (_, n) => album.icon(n % 2 ? "hearts" : "spades"));
    await loader.gate.send(undefined);
    assertEquals((await Promise.all(asking)).join(""), "♠♥".repeat(25));
    assertEquals([await album.icon("hearts"), loader.calls], ["♥", 1]);
  });

  // The first call finds nothing under its read lock. Were it to give back another lock than that, it would fail, or the write lock would never be had.
  test(`${name}.icon() gives back the locks that it takes: one caller after the other gets in`, async () => {
    const loader = new Loader();
    const album = make(loader);
    loader.gate.close();
    for (let call = 0; call < 10; call++) assertEquals(await album.icon("spades"), "♠");
    assertEquals(loader.calls, 1);
  });

  test(`${name}.icon() rejects when there is no such icon, and others are still to be had`, async () => {
    const loader = new Loader();
    const album = make(loader);
    loader.gate.close();
    await assertRejects(() => album.icon("stars"), RangeError, 'no icon "stars"');
    assertEquals([await album.icon("spades"), loader.calls], ["♠", 1]);
  });
}

test("RWMutexAlbum.icon() loads again when loading has failed", async () => {
  const loader = new Loader();
  const album = new RWMutexAlbum(loader.load);
  const first = assertRejects(() => album.icon("spades"), Error, "no disk");
  await loader.gate.send(new Error("no disk"));
  await first;
  loader.gate.close();
  assertEquals([await album.icon("spades"), loader.calls], ["♠", 2]);
});

test("OnceAlbum.icon() does not load again when loading has failed", async () => {
  const loader = new Loader();
  const album = new OnceAlbum(loader.load);
  const first = assertRejects(() => album.icon("spades"), Error, "no disk");
  await loader.gate.send(new Error("no disk"));
  await first;
  await assertRejects(() => album.icon("spades"), RangeError, "no icon");
  assertEquals(loader.calls, 1);
});

for (const form of ["rwmutex", "once"]) {
  test(`icons --form ${form} loads its files once for all readers`, async () => {
    const command = ["--allow-read=examples/icons", "icons", "--form", form, "--readers", "20"];
    const { code, lines, err } = await runExample(...command);
    assertEquals([code, err], [0, ""]);
    assertEquals(lines.filter((line) => line === "loading").length, 1);
    assertEquals(
      lines.filter((line) => /^reader \d+: spades \d+, .* characters$/.test(line)).length,
      20,
    );
  });
}

test("icons ends with 1 when it may not read its files", async () => {
  const { code, err } = await runExample("icons", "--readers", "1");
  assertEquals(code, 1);
  assertEquals(/^icons: .*read access.*\n/i.test(err), true);
});

test("icons ends with 64 when its arguments are wrong", () =>
  checkUsage("icons", [["--form x", "--form", "x"], ["--readers 0", "--readers", "0"]]));

/**
 * Programs that are bundled: one file is the program, and what its threads load.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assertEquals, assertNotEquals, assertStringIncludes } from "../support/assert.ts";
import { bundle, type Outcome, run } from "../support/bundle.ts";
import { test } from "../support/test.ts";

const RUNTIMES = ["deno", "node"] as const;
const PROGRAM = new URL("../support/bundle/main.ts", import.meta.url);

/** Runs `body` with a directory of its own. */
async function withDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await body(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** The program ran once, and its tasks where they should. */
function assertRan({ code, stdout, stderr }: Outcome): void {
  assertEquals([code, stdout, stderr], [0, "main: 25,5,2\n", ""]);
}

for (const runtime of RUNTIMES) {
  test(`Pool runs the tasks of several modules in one file of esbuild's, minified, on ${runtime}`, async () => {
    await withDirectory(async (directory) => {
      await bundle(directory, ["main.ts"], { minify: true });
      assertRan(await run(runtime, join(directory, "main.mjs")));
    });
  });

  test(`Pool runs tasks that stand in a chunk which programs share, on ${runtime}`, async () => {
    await withDirectory(async (directory) => {
      await bundle(directory, ["main.ts", "lengths.ts"], { splitting: true });
      assertRan(await run(runtime, join(directory, "main.mjs")));
    });
  });

  test(`Pool starts its threads from a worker file that is bundled apart, on ${runtime}`, async () => {
    await withDirectory(async (directory) => {
      await bundle(directory, ["main.ts", "own_worker.ts"]);
      assertRan(await run(runtime, join(directory, "main.mjs"), ["./own_worker.mjs"]));
    });
  });

  test(`Pool.go() refuses to run the program of a bundle on its threads, on ${runtime}`, async () => {
    await withDirectory(async (directory) => {
      await bundle(
        directory,
        `import { Pool } from "../../../mod.ts";
        import { area } from "./areas.ts";
        await new Pool({ threads: 1 }).go(area, 5);`,
      );
      const { code, stderr } = await run(runtime, join(directory, "main.mjs"));
      assertNotEquals(code, 0);
      assertStringIncludes(stderr, "run it where Pool.current is undefined");
    });
  });

  test(`task() refuses a name that another module of the bundle has, on ${runtime}`, async () => {
    await withDirectory(async (directory) => {
      await bundle(
        directory,
        `import { task } from "../../../mod.ts";
        import "./areas.ts";
        task(import.meta.url, "area", (radius: number) => Math.PI * radius ** 2);`,
      );
      const { code, stderr } = await run(runtime, join(directory, "main.mjs"));
      assertNotEquals(code, 0);
      assertStringIncludes(stderr, "Cannot declare the task area: ");
      assertStringIncludes(stderr, "names must differ, in a bundle throughout its modules");
    });
  });

  test(`task() says that a bundle has to be an ES module, on ${runtime}`, async () => {
    await withDirectory(async (directory) => {
      await bundle(directory, `import "./areas.ts";`, {
        format: "iife",
        logOverride: { "empty-import-meta": "silent" },
      });
      const { code, stderr } = await run(runtime, join(directory, "main.mjs"));
      assertNotEquals(code, 0);
      assertStringIncludes(stderr, "expected import.meta.url, which only an ES module has");
    });
  });
}

test("Pool runs the tasks of several modules in one file of deno bundle's", async () => {
  await withDirectory(async (directory) => {
    const output = join(directory, "main.mjs");
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["bundle", "--quiet", "--output", output, fileURLToPath(PROGRAM)],
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    for (const runtime of RUNTIMES) assertRan(await run(runtime, output));
  });
});

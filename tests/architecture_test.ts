import { fileURLToPath } from "node:url";
import { assertEquals, assertGreater } from "./support/assert.ts";
import {
  findViolations,
  LAYERS,
  MAX_LINES,
  parseModule,
  readSourceTree,
  type SourceModule,
} from "./support/architecture.ts";
import { test } from "./support/test.ts";

/** A made-up module: nothing but what a case is about. */
function module(
  path: string,
  imports: readonly string[] = [],
  rest: Partial<SourceModule> = {},
): SourceModule {
  return { path, imports, generated: false, namesWebAssembly: false, lineCount: 1, ...rest };
}

test("the source tree keeps every rule", () => {
  const modules = readSourceTree(fileURLToPath(new URL("..", import.meta.url)));
  assertGreater(modules.length, 1);
  assertEquals(findViolations(modules), []);
});

test("findViolations() is silent when each layer imports all below it and its peers", () => {
  const modules: SourceModule[] = [];
  for (const room of LAYERS.flat()) {
    const path = room.endsWith("/") ? `${room}a.ts` : room;
    modules.push(module(path, modules.map((below) => below.path)));
  }
  assertEquals(findViolations(modules), []);
});

test("findViolations() reports an import when it goes up by one layer", () => {
  const paths = LAYERS.map(([room = ""]) => room.endsWith("/") ? `${room}a.ts` : room);
  for (const [index, path] of paths.entries()) {
    const above = paths[index + 1];
    if (above === undefined) continue;
    assertEquals(
      findViolations([module(path, [above]), module(above)]),
      [`${path} imports ${above}, which lies above it`],
    );
  }
});

test("findViolations() keeps select from the flavors and the flavors from the channel", () => {
  const select = "src/select/select.ts";
  const flavor = "src/channel/flavors/local_buffer.ts";
  const channel = "src/channel/channel.ts";
  const modules = [module(select, [flavor, channel]), module(flavor, [channel]), module(channel)];
  assertEquals(findViolations(modules), [
    `${select} imports ${flavor}, which lies above it`,
    `${select} imports ${channel}, which lies above it`,
    `${flavor} imports ${channel}, which lies above it`,
  ]);
});

test("findViolations() reports a cycle when modules of one room import each other", () => {
  const [a, b, c] = ["src/park/a.ts", "src/park/b.ts", "src/park/c.ts"] as const;
  const tail = module("src/park/tail.ts", [a]);
  assertEquals(
    findViolations([tail, module(a, [b]), module(b, [c]), module(c, [a])]),
    [`Import cycle: ${a} → ${b} → ${c} → ${a}`],
  );
  assertEquals(findViolations([module(a, [a])]), [`Import cycle: ${a} → ${a}`]);
});

test("findViolations() reports both cycles when two share a module", () => {
  const [a, b, c] = ["src/park/a.ts", "src/park/b.ts", "src/park/c.ts"] as const;
  assertEquals(findViolations([module(a, [b, c]), module(b, [a]), module(c, [a])]), [
    `Import cycle: ${a} → ${b} → ${a}`,
    `Import cycle: ${a} → ${c} → ${a}`,
  ]);
});

test("findViolations() reports a module when it lies in no known room", () => {
  assertEquals(findViolations([module("src/utils/a.ts")]), [
    "src/utils/a.ts lies in no known room",
  ]);
});

test("findViolations() lets only memory import the binary or name WebAssembly", () => {
  const binary = module("src/memory/binary.ts", [], { generated: true });
  const inner = module("src/memory/core.ts", [binary.path], { namesWebAssembly: true });
  const outer = module("src/pool/pool.ts", [binary.path], { namesWebAssembly: true });
  assertEquals(findViolations([binary, inner]), []);
  assertEquals(findViolations([binary, outer]), [
    `${outer.path} imports ${binary.path}: only src/memory/ may import the binary`,
    `${outer.path} names WebAssembly: only src/memory/ may`,
  ]);
});

test("findViolations() reports a file when it is too long and not generated", () => {
  const path = "src/memory/a.ts";
  assertEquals(findViolations([module(path, [], { lineCount: MAX_LINES })]), []);
  const long = { lineCount: MAX_LINES + 1 };
  assertEquals(findViolations([module(path, [], { ...long, generated: true })]), []);
  assertEquals(findViolations([module(path, [], long)]), [
    `${path} has ${MAX_LINES + 1} lines, more than ${MAX_LINES}`,
  ]);
});

test("parseModule() finds an import when it is written in any form", () => {
  const text = `
    import { a } from "./a.ts";
    import type { B } from "../park/b.ts";
    import "./effect.ts";
    export * from "./c.ts";
    export type { D } from "./d.ts";
    const e = await import("./e.ts");
    let f: import("./f.ts").F;
    import again from "./a.ts";
    import process from "node:process";
    import { Packr } from "msgpackr";
    // import { no } from "./comment.ts";
    const no = 'import { no } from "./string.ts"';
  `;
  assertEquals(parseModule("src/select/x.ts", text).imports, [
    "src/select/a.ts",
    "src/park/b.ts",
    "src/select/effect.ts",
    "src/select/c.ts",
    "src/select/d.ts",
    "src/select/e.ts",
    "src/select/f.ts",
  ]);
});

test("parseModule() sees WebAssembly when code or a type names it, not when a comment does", () => {
  const names = (text: string) => parseModule("src/pool/x.ts", text).namesWebAssembly;
  assertEquals(names("const m = new WebAssembly.Module(bytes);"), true);
  assertEquals(names("const m = globalThis.WebAssembly;"), true);
  assertEquals(names("export let memory: WebAssembly.Memory;"), true);
  assertEquals(names('// WebAssembly\nexport const text = "WebAssembly";'), false);
});

test("parseModule() takes a file for generated when its first words say so, and counts its lines", () => {
  const generated = parseModule("src/memory/layout.ts", "// Generated by wasm/build.ts.\nlet a;\n");
  assertEquals([generated.generated, generated.lineCount], [true, 2]);
  const written = parseModule("src/memory/core.ts", "// What is generated by a build.\nlet a;");
  assertEquals([written.generated, written.lineCount], [false, 2]);
});

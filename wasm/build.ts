/**
 * Builds the core: compiles `wasm/assembly`, checks the rules of `wasm/README.md`, and generates
 * `src/memory/layout.ts` (the constants) and `src/memory/binary.ts` (the module, inlined as base64).
 *
 * `deno task build` writes both; `deno task build --check` writes nothing and fails when a committed file differs by a
 * byte from what a fresh build gives.
 *
 * @module
 */
import asc from "assemblyscript/asc";

const assemblyDir = new URL("./assembly/", import.meta.url);
const layoutFile = new URL("../src/memory/layout.ts", import.meta.url);
const binaryFile = new URL("../src/memory/binary.ts", import.meta.url);

/** What to compile. */
export interface CompileOptions {
  /** Whether every atomic access calls the model checker's scheduler first. */
  model: boolean;
  /** Folder of the sources; the entry is `index.ts` in it. Default: `wasm/assembly`. */
  sourceDir?: URL;
}

/**
 * Compiles the core.
 *
 * @returns the bytes of the module
 * @throws {Error} with the compiler's own messages when it does not compile
 */
export async function compile(
  { model, sourceDir = assemblyDir }: CompileOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  const stderr = asc.createMemoryStream();
  const { error } = await asc.main([
    "index.ts",
    ...["--outFile", "core.wasm"],
    ...["-O3", "--runtime", "stub", "--noAssert", "--enable", "threads"],
    ...["--importMemory", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", "65536"],
    ...["--use", `MODEL=${model ? 1 : 0}`, "--use", "abort="],
  ], {
    stderr,
    readFile: async (name) => {
      try {
        return await Deno.readTextFile(new URL(name, sourceDir));
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return null;
        throw error;
      }
    },
    writeFile: (_name, contents) => {
      if (typeof contents !== "string") bytes = new Uint8Array(contents);
    },
    listFiles: () => [],
  });
  const messages = stderr.toString();
  if (error !== null || bytes === undefined || /\b(WARNING|ERROR)\b/.test(messages)) {
    throw new Error(`Cannot compile the core: ${messages || String(error)}`);
  }
  return bytes;
}

/** Names of sections that the core may not have, by their number in the binary format. */
const forbiddenSections: ReadonlyMap<number, string> = new Map([
  [4, "a table"],
  [6, "a global of its own"],
  [8, "a start function"],
  [9, "an element segment"],
  [11, "a data segment"],
]);

/** What the rules find wrong with the compiled module: each thread instantiates it anew over the same memory (law 8). */
export function checkBinary(bytes: Uint8Array<ArrayBuffer>): string[] {
  const faults: string[] = [];
  let at = 8;
  while (at < bytes.length) {
    const id = bytes[at++]!;
    let byteLength = 0;
    for (let shift = 0, byte = 0x80; byte & 0x80; shift += 7) {
      byte = bytes[at++]!;
      byteLength |= (byte & 0x7f) << shift;
    }
    const name = forbiddenSections.get(id);
    if (name !== undefined) faults.push(`the core has ${name}`);
    at += byteLength;
  }
  const allowed = [
    "env.memory memory",
    "env.spinLimit global",
    "env.canBlock global",
    "env.wait function",
  ];
  for (const { module, name, kind } of WebAssembly.Module.imports(new WebAssembly.Module(bytes))) {
    const text = `${module}.${name} ${kind}`;
    if (!allowed.includes(text)) faults.push(`the core imports ${text}`);
  }
  return faults;
}

/** Words that look like a call in AssemblyScript and are instructions or keywords. */
const instructions = ["if", "load", "store", "copy", "size", "fill", "unreachable", "max", "min"];

/** What the rules find wrong with the sources, given as name → text. */
export function checkSources(sources: ReadonlyMap<string, string>): string[] {
  const faults: string[] = [];
  const inlined = new Set(instructions);
  for (const text of sources.values()) {
    for (const [, name] of text.matchAll(/@inline\n(?:export )?function (\w+)/g)) {
      inlined.add(name!);
    }
  }
  for (const [file, text] of sources) {
    const code = text.replaceAll(
      /\/\*[\s\S]*?\*\/|\/\/.*/g,
      (comment) => comment.replaceAll(/[^\n]/g, " "),
    );
    const lineOf = (index: number) => `${file}:${code.slice(0, index).split("\n").length}`;
    if (file !== "atomics.ts") {
      for (const { index } of code.matchAll(/\batomic\./g)) {
        faults.push(`${lineOf(index)}: atomic instructions stand in atomics.ts alone (law 9)`);
      }
    }
    // Law 10: from acquire to release neither a loop nor a call that is not inlined.
    for (const section of code.matchAll(/\bacquire\(([^;]*)\);([\s\S]*?)\brelease\(\1\);/g)) {
      for (
        const { 0: word, 1: name, index } of section[2]!.matchAll(
          /\b(\w+)(?:<[^>()]*>)?\(|\b(?:for|while|do)\b/g,
        )
      ) {
        if (name !== undefined && inlined.has(name)) continue;
        faults.push(`${lineOf(section.index + index)}: "${word}" in a critical section (law 10)`);
      }
    }
    const acquires = [...code.matchAll(/(?<!function )\bacquire\(/g)].length;
    const releases = [...code.matchAll(/(?<!function )\brelease\(/g)].length;
    if (acquires !== releases) faults.push(`${file}: ${acquires} acquire, ${releases} release`);
  }
  return faults;
}

/** Reads the sources of the core: name → text. */
export async function readSources(): Promise<Map<string, string>> {
  const sources = new Map<string, string>();
  for await (const entry of Deno.readDir(assemblyDir)) {
    if (entry.name.endsWith(".ts")) {
      sources.set(entry.name, await Deno.readTextFile(new URL(entry.name, assemblyDir)));
    }
  }
  return sources;
}

const generatedHead = "// Generated by wasm/build.ts (deno task build). Do not edit.\n";

/** The text of `src/memory/layout.ts`: every constant of the core's layout, with its comment. */
function generateLayout(source: string): string {
  const lines = [
    generatedHead,
    "/** Offsets, sizes and codes of the core's structures; see `wasm/assembly/layout.ts`. @module */\n",
  ];
  for (const line of source.split("\n")) {
    const constant = line.match(/^export const (\w+): (\w+) = (-?[\w.]+);$/);
    if (constant !== null) lines.push(`export const ${constant[1]} = ${constant[3]};`);
    else if (/^\/\*\* .* \*\/$|^\/\/ ----/.test(line)) {
      lines.push(line.replace(/(^\/\/ ---- .*?) -+$/, "\n$1"));
    }
  }
  return lines.join("\n") + "\n";
}

/** The text of `src/memory/binary.ts`. */
function generateBinary(bytes: Uint8Array): string {
  const base64 = bytes.toBase64();
  return `${generatedHead}
/** The core, compiled: ${bytes.length} bytes of WebAssembly as base64. @module */

/** The module's bytes as base64. */
export const coreBase64: string =
  "${base64}";
`;
}

if (import.meta.main) {
  const unknown = Deno.args.filter((argument) => argument !== "--check");
  if (unknown.length > 0) {
    console.error(`Cannot build: unknown argument ${unknown[0]} (expected --check or nothing)`);
    Deno.exit(2);
  }
  const sources = await readSources();
  const bytes = await compile({ model: false });
  const faults = [...checkSources(sources), ...checkBinary(bytes)];
  const generated: [URL, string][] = [
    [layoutFile, generateLayout(sources.get("layout.ts")!)],
    [binaryFile, generateBinary(bytes)],
  ];
  for (const [file, text] of generated) {
    const name = file.pathname.slice(new URL("../", import.meta.url).pathname.length);
    if (!Deno.args.includes("--check")) await Deno.writeTextFile(file, text);
    else if (await Deno.readTextFile(file) !== text) {
      faults.push(`${name} differs from a fresh build: run deno task build`);
    }
  }
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) Deno.exit(1);
  console.log(`core: ${bytes.length} bytes, ${sources.size} sources, rules hold`);
}

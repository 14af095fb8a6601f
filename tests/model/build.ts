/**
 * Builds models: the shipped AssemblyScript compiled with `MODEL=1`, whole or with one seeded mistake.
 *
 * Sources are patched in memory, so the shipped source has no switches for mutants. A build is kept under
 * the system's temporary directory, by the hash of its sources and flags.
 */
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

/** A mistake to seed: `find` occurs exactly once in `file` and is replaced by `replace`. */
export interface Patch {
  /** Path from the root of the project, as `wasm/assembly/ring.ts`. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** The shipped core. */
export const CORE_ENTRY = "wasm/assembly/index.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CACHE = join(tmpdir(), "millrace-model-builds");
const TRAMPOLINE_ENTRY = "tests/model/assembly/trampoline.ts";

const COMMON_FLAGS = ["-O3", "--runtime", "stub", "--noAssert", "--use", "abort="];
const TRAMPOLINE_FLAGS = [...COMMON_FLAGS, "--initialMemory", "1"];
const MODEL_FLAGS = [
  ...[...COMMON_FLAGS, "--enable", "threads", "--use", "MODEL=1"],
  ...["--importMemory", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", "65536"],
  // Binaryen then calls `load_ptr`, `store_val_i32`, … around each plain load and store, and `log_execution` at each
  // entry of a function and head of a loop. It knows no bulk operations: without the feature they compile to loops of
  // loads and stores.
  ...["--runPasses", "instrument-memory,log-execution", "--disable", "bulk-memory"],
];
/** The functions in the text of a module; those of the library are single instructions in the core (bulk memory). */
const FUNCTION = /\n \(func \$(?!~lib\/).*(?:\n {2}.*)*/g;
/** Where `log_execution` is called in one: as the first of it or of a loop, not at a return. */
const KILL_POINT =
  /(?:\n *loop\b.*|\n \(func .*(?:\n *\(local .*)*)\n *i32\.const (\d+)\n *call \$log_execution\b/g;
/** Name of the section of a model that lists them. */
const KILL_SECTION = "killPoints";

const modules = new Map<string, Promise<WebAssembly.Module>>();

/**
 * Compiles a model.
 *
 * @param entry The entry file, from the root of the project; the shipped core if absent.
 */
export function buildModel(entry: string = CORE_ENTRY): Promise<WebAssembly.Module> {
  return build(entry, MODEL_FLAGS);
}

/**
 * Compiles a model with a mistake in it, which may take several patches.
 *
 * @throws {Error} If the text to replace does not occur exactly once, or the result does not compile.
 */
export function mutant(
  patch: Patch | readonly Patch[],
  entry: string = CORE_ENTRY,
): Promise<WebAssembly.Module> {
  return build(entry, MODEL_FLAGS, [patch].flat());
}

/**
 * Where a thread that runs `model` can be terminated: numbers that `log_execution` is called with.
 * Compiled code looks for a termination at function entries and at the heads of loops, and nowhere else.
 */
export function killPoints(model: WebAssembly.Module): ReadonlySet<number> {
  const [section] = WebAssembly.Module.customSections(model, KILL_SECTION);
  return new Set(section && new Uint32Array(section));
}

/** The hooks between a model and the checker, see `assembly/trampoline.ts`. */
export function buildTrampoline(): Promise<WebAssembly.Module> {
  return build(TRAMPOLINE_ENTRY, TRAMPOLINE_FLAGS);
}

function build(entry: string, flags: readonly string[], patches: readonly Patch[] = []) {
  const key = JSON.stringify([entry, flags, patches]);
  let module = modules.get(key);
  if (module === undefined) modules.set(key, module = buildOnce(entry, flags, patches));
  return module;
}

async function buildOnce(entry: string, flags: readonly string[], patches: readonly Patch[]) {
  const sources = readSources(new Set(["wasm/assembly", dirname(entry)]));
  for (const patch of patches) applyPatch(sources, patch);
  const path = join(CACHE, `${await hash([entry, flags, asc.version, [...sources].sort()])}.wasm`);
  let bytes = readIfPresent(path);
  if (bytes === undefined) {
    bytes = await compile(entry, flags, sources);
    Deno.mkdirSync(CACHE, { recursive: true });
    // Renamed into place, so that a process beside this one never reads half a file.
    const unfinished = `${path}.${crypto.randomUUID()}`;
    Deno.writeFileSync(unfinished, bytes);
    Deno.renameSync(unfinished, path);
  }
  return new WebAssembly.Module(bytes);
}

async function compile(
  entry: string,
  flags: readonly string[],
  sources: ReadonlyMap<string, string>,
): Promise<Uint8Array<ArrayBuffer>> {
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  let text = "";
  const { error, stderr } = await asc.main(
    [entry, ...flags, "-o", "model.wasm", "--textFile", "model.wat"],
    {
      readFile: (name) => sources.get(normalize(name).replaceAll("\\", "/")) ?? null,
      writeFile: (_name, contents) => {
        if (typeof contents !== "string") bytes = new Uint8Array(contents);
        else text = contents;
      },
      listFiles: () => [],
    },
  );
  if (error !== null || bytes === undefined) {
    throw new Error(`Cannot compile ${entry}:\n${stderr.toString()}`, { cause: error });
  }
  const points = Array.from(text.matchAll(FUNCTION)).flatMap(([body]) =>
    Array.from(body.matchAll(KILL_POINT), ([, number]) => Number(number))
  );
  return withSection(bytes, KILL_SECTION, new Uint32Array(points));
}

/** A module with a custom section added. */
function withSection(
  module: Uint8Array,
  name: string,
  words: Uint32Array,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(words.buffer);
  const label = new TextEncoder().encode(name);
  const byteLength = 1 + label.length + bytes.length;
  // Four digits of LEB128, whether needed or not.
  const size = [0, 7, 14, 21].map((shift) => byteLength >>> shift & 127 | (shift < 21 ? 128 : 0));
  return Uint8Array.of(...module, 0, ...size, label.length, ...label, ...bytes);
}

/** All sources of the given folders, by their path from the root. */
function readSources(folders: Iterable<string>): Map<string, string> {
  const sources = new Map<string, string>();
  for (const folder of folders) {
    for (const name of listIfPresent(join(ROOT, folder))) {
      if (!name.endsWith(".ts")) continue;
      sources.set(`${folder}/${name}`, Deno.readTextFileSync(join(ROOT, folder, name)));
    }
  }
  return sources;
}

function applyPatch(sources: Map<string, string>, { file, find, replace }: Patch): void {
  const source = sources.get(file);
  if (source === undefined) throw new Error(`Cannot patch ${file}: not a source of this model`);
  const count = source.split(find).length - 1;
  if (count !== 1) {
    throw new Error(`Cannot patch ${file}: the text occurs ${count} times, not once:\n${find}`);
  }
  sources.set(file, source.replace(find, () => replace));
}

async function hash(value: unknown): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function readIfPresent(path: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function listIfPresent(path: string): string[] {
  try {
    return Array.from(Deno.readDirSync(path), (entry) => entry.name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

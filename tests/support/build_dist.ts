/**
 * Builds `dist/`: the module as ECMAScript modules that Node 20 and browsers load as they are, with
 * neither TypeScript nor an import map.
 *
 * - `dist/mod.js`, `dist/sync.js`, …: one entry for each of the `exports` of `deno.json`. What entries
 *   share stands once, in `dist/chunks/`, so a class is the same class whichever entry it came through.
 *   Nothing is minified: stacks and the source of a function sent to a thread stay readable.
 * - With `--tests` also `dist/test/`: the conformance suite and the pages of the browser test. Each file
 *   stays a file of its own, because a task is found again by its module's URL and its exported name;
 *   imports of the module become imports of the entries above. So the suite tests what is shipped, and
 *   it may import nothing but public entry points.
 * - With `--bench` also `dist/bench/`: the comparison with the rivals, likewise, and beside it the
 *   `node_modules` that it needs, in the versions of `deno.lock`.
 *
 * Run it as `deno task dist [--tests] [--bench]`.
 *
 * @module
 */

import { createRequire, isBuiltin } from "node:module";
import { dirname, extname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import config from "../../deno.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DIST = join(ROOT, "dist");

/** Modules that are run against `dist/`. */
interface Tree {
  /** The directory that they stand below. */
  readonly source: string;
  /** The directory that they go to. */
  readonly output: string;
}

const TESTS: Tree = { source: join(ROOT, "tests"), output: join(DIST, "test") };
const BENCH: Tree = { source: join(ROOT, "bench"), output: join(DIST, "bench") };

/** Where the test files that are run against `dist/` stand, below `tests/`. */
const SUITES = ["conformance", "browser/page"];

/** Source file of every public entry point, and its name in `dist/` without the extension. */
const ENTRIES: ReadonlyMap<string, string> = new Map(
  Object.entries(config.exports).map(([specifier, source]) => [
    join(ROOT, source),
    specifier === "." ? "mod" : specifier.slice("./".length),
  ]),
);

/** What both builds have in common. */
export const COMMON: esbuild.BuildOptions = {
  bundle: true,
  charset: "utf8",
  format: "esm",
  logLevel: "warning",
  platform: "neutral",
  sourcemap: "linked",
  // Node 20 and Safari parse no `using`: everything newer than ES2022 is lowered.
  target: "es2022",
};

/** Finds npm packages where Deno keeps them; esbuild by itself only looks into `node_modules`. */
export const npmPackages: esbuild.Plugin = {
  name: "npm packages",
  setup(build) {
    build.onResolve(
      { filter: /^(@[\w.-]+\/)?[\w-][\w.-]*(\/|$)/ },
      async ({ path, kind, importer }) => {
        if (kind === "entry-point") return undefined;
        if (isBuiltin(path)) return { path, namespace: "builtin" };
        // A package finds those that it depends on from where it stands.
        if (kind === "require-call") return { path: createRequire(importer).resolve(path) };
        // Only a package that was loaded once has files that it can be resolved to.
        await import(path);
        return { path: fileURLToPath(import.meta.resolve(path)) };
      },
    );
    // What a package requires of Node itself: a module of ECMAScript has no `require`.
    build.onLoad({ filter: /./, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};

/** Builds the entries of the module and the `package.json` that names them. */
async function buildModule(): Promise<void> {
  await esbuild.build({
    ...COMMON,
    chunkNames: "chunks/[name]-[hash]",
    entryPoints: Array.from(ENTRIES, ([source, name]) => ({ in: source, out: name })),
    outdir: DIST,
    plugins: [npmPackages],
    splitting: true,
  });
  const { name, version, description, license } = config;
  const exports = Object.fromEntries(
    Object.entries(config.exports).map(([specifier, source]) => [
      specifier,
      `./${ENTRIES.get(join(ROOT, source))}.js`,
    ]),
  );
  const manifest = { name, version, description, license, type: "module", exports };
  await Deno.writeTextFile(join(DIST, "package.json"), JSON.stringify(manifest, null, 2) + "\n");
}

/** Transpiles modules of a tree and every other of it that they import, one file to one file. */
async function buildTree(
  tree: Tree,
  modules: Iterable<string>,
  packages: esbuild.Plugin,
): Promise<void> {
  const built = new Set<string>();
  let found = new Set(modules);
  while (found.size > 0) {
    const entryPoints = Array.from(found);
    found = new Set();
    for (const file of entryPoints) built.add(file);
    await esbuild.build({
      ...COMMON,
      entryPoints,
      outbase: tree.source,
      outdir: tree.output,
      plugins: [packages, oneFileEach(tree, (file) => built.has(file) || found.add(file))],
    });
  }
}

/** Keeps every relative import an import, pointed at what the imported file becomes in `dist/`. */
function oneFileEach(tree: Tree, onFile: (file: string) => void): esbuild.Plugin {
  return {
    name: "one file each",
    setup(build) {
      build.onResolve({ filter: /^\.\.?\// }, ({ path, importer, kind }) => {
        if (kind === "entry-point" || !importer.startsWith(tree.source + sep)) return undefined;
        const file = join(dirname(importer), path);
        const entry = ENTRIES.get(file);
        if (entry === undefined && !file.startsWith(tree.source + sep)) {
          const text =
            `Cannot import "${path}": what runs against dist/ may import only files of ` +
            `its own tree and the public entry points`;
          return { errors: [{ text }] };
        }
        if (entry === undefined) onFile(file);
        const target = entry === undefined ? toOutput(tree, file) : join(DIST, `${entry}.js`);
        const specifier = relative(dirname(toOutput(tree, importer)), target).replaceAll(sep, "/");
        return { external: true, path: specifier.startsWith(".") ? specifier : `./${specifier}` };
      });
    },
  };
}

/** File below the output that a file of the tree becomes. */
function toOutput(tree: Tree, file: string): string {
  const path = relative(tree.source, file);
  return join(tree.output, path.slice(0, -extname(path).length) + ".js");
}

/** Transpiles the suites. */
async function buildTests(): Promise<void> {
  const modules = SUITES.flatMap((suite) => Array.from(listModules(join(TESTS.source, suite))));
  await buildTree(TESTS, modules, npmPackages);
}

/**
 * Transpiles the comparison, but not what only `deno bench` runs, nor what bundles the module, and installs the packages that it imports. They are not
 * bundled: pools start threads from files of their own.
 */
async function buildBench(): Promise<void> {
  const modules = Array.from(listModules(BENCH.source)).filter((file) =>
    !file.endsWith("_bench.ts") && file !== join(BENCH.source, "size.ts")
  );
  const packages = new Set<string>();
  await buildTree(BENCH, modules, {
    name: "external packages",
    setup(build) {
      build.onResolve({ filter: /^[^./]/ }, ({ path }) => {
        if (!path.startsWith("node:")) packages.add(packageOf(path));
        return { external: true, path };
      });
    },
  });
  const dependencies = Object.fromEntries(
    Array.from(packages, (name) => [name, versionOf(name)]),
  );
  const manifest = { private: true, type: "module", dependencies };
  await Deno.writeTextFile(join(BENCH.output, "package.json"), JSON.stringify(manifest, null, 2));
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["install", "--quiet", "--no-config", "--node-modules-dir=auto"],
      ...[`--lock=${join(ROOT, "deno.lock")}`, "--frozen"],
    ],
    cwd: BENCH.output,
  }).spawn().status;
  if (!success) throw new Error("Cannot install the packages of the benches");
}

/** The package that a bare specifier names, or a file of. */
function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

/** The version of a package that `deno.json` names. */
function versionOf(name: string): string {
  const version = new Map(Object.entries(config.imports)).get(name)?.split("@").at(-1);
  if (version === undefined) throw new Error(`Cannot find "${name}" in the imports of deno.json`);
  return version;
}

/** The TypeScript modules below a directory. */
function* listModules(directory: string): Generator<string> {
  for (const entry of Deno.readDirSync(directory)) {
    const path = join(directory, entry.name);
    if (entry.isDirectory) yield* listModules(path);
    else if (entry.name.endsWith(".ts") && !entry.name.endsWith(".d.ts")) yield path;
  }
}

if (import.meta.main) {
  await Deno.remove(DIST, { recursive: true }).catch((error: unknown) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  try {
    await buildModule();
    if (Deno.args.includes("--tests")) await buildTests();
    if (Deno.args.includes("--bench")) await buildBench();
  } catch (error) {
    if (!(error instanceof Error && "errors" in error)) throw error;
    Deno.exitCode = 1; // esbuild has printed every error, with its place
  } finally {
    await esbuild.stop();
  }
}

/**
 * What the benches need to know about where they run. Built on `node:` modules, which Deno and Node
 * both have, so that the comparison is one program on either.
 */

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { arch, cpus, totalmem, type } from "node:os";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";

/** The name of the runtime, as the rows of the comparison carry it. */
export const runtimeName: "deno" | "node" = process.versions["deno"] === undefined
  ? "node"
  : "deno";

/** The runtime and its engine, with their versions. */
export const runtimeVersion: string = `${
  runtimeName === "deno" ? `Deno ${process.versions["deno"]}` : `Node ${process.versions.node}`
}, V8 ${process.versions.v8}`;

/** Reports whether the module at `moduleUrl` is the program that was started. */
export function isMain(moduleUrl: string): boolean {
  const started = process.argv[1];
  if (started === undefined || !existsSync(started)) return false;
  return pathToFileURL(realpathSync(started)).href === moduleUrl;
}

/**
 * Returns the folder of the repository as a URL that ends in a slash: the nearest one above this
 * module that holds `deno.json`, wherever a build may have put the module.
 */
export function repositoryRoot(): URL {
  let folder = new URL("./", import.meta.url);
  while (!existsSync(new URL("deno.json", folder))) {
    const above = new URL("../", folder);
    if (above.href === folder.href) throw new Error("Cannot find deno.json above the benches");
    folder = above;
  }
  return folder;
}

/** Returns the version of the library that `deno.json` states. */
export function libraryVersion(): string {
  const { version } = readConfig();
  return typeof version === "string" ? version : "unknown";
}

/** Returns the names of packages with the versions that `deno.json` imports, such as "piscina 5.3.2". */
export function packageVersions(names: readonly string[]): string[] {
  const imports = new Map(Object.entries(readConfig().imports ?? {}));
  return names.map((name) => {
    const specifier: unknown = imports.get(name);
    return typeof specifier === "string" ? `${name} ${specifier.split("@").at(-1)}` : name;
  });
}

function readConfig(): { readonly version?: unknown; readonly imports?: object } {
  const config: unknown = JSON.parse(readFileSync(new URL("deno.json", repositoryRoot()), "utf8"));
  if (typeof config !== "object" || config === null) {
    throw new TypeError("Cannot read deno.json: expected an object");
  }
  return config;
}

/** Describes the machine: processor, number of cores, memory, operating system. */
export function machine(): string {
  const cores = cpus();
  const model = cores[0]?.model.trim() ?? "unknown processor";
  const gib = (totalmem() / 2 ** 30).toFixed(0);
  return `${model}, ${cores.length} cores, ${gib} GiB, ${type()} ${arch()}`;
}

/** What a run writes itself, so that it is no change of the tree. */
const WRITTEN = [":!bench/RESULTS.md", ":!bench/plots"];

/**
 * Returns the short hash of the commit, marked if the tree differs from it; "unknown" without one.
 */
export function commit(): string {
  const git = (...args: string[]) =>
    execFileSync("git", args, {
      cwd: fileURLToPath(repositoryRoot()),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  try {
    const hash = git("rev-parse", "--short", "HEAD");
    const changed = git("status", "--porcelain", "--", ".", ...WRITTEN) !== "";
    return changed ? `${hash} with changes` : hash;
  } catch {
    return "unknown";
  }
}

/**
 * Bundles programs of `bundle/`, by esbuild, and runs them.
 *
 * @module
 */
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { COMMON, npmPackages } from "./build_dist.ts";

const PROGRAMS = fileURLToPath(new URL("./bundle/", import.meta.url));

/**
 * Writes bundles into `directory`, one file for each program and each chunk.
 *
 * @param programs Files of `bundle/`, or one program's text.
 */
export async function bundle(
  directory: string,
  programs: readonly string[] | string,
  options: esbuild.BuildOptions = {},
): Promise<void> {
  const input: esbuild.BuildOptions = typeof programs === "string"
    ? {
      stdin: { contents: programs, loader: "ts", resolveDir: PROGRAMS },
      outfile: join(directory, "main.mjs"),
    }
    : {
      entryPoints: programs.map((file) => join(PROGRAMS, file)),
      outdir: directory,
      outExtension: { ".js": ".mjs" },
    };
  await esbuild.build({
    ...COMMON,
    sourcemap: false,
    plugins: [npmPackages],
    ...input,
    ...options,
  });
  await esbuild.stop();
}

/** How a program has ended. */
export interface Outcome {
  /** Its exit code. */
  readonly code: number;
  /** What it printed. */
  readonly stdout: string;
  /** What it complained about. */
  readonly stderr: string;
}

/** Runs a bundle outside of the project's directory, as Deno and Node run any file. */
export async function run(
  runtime: "deno" | "node",
  file: string,
  args: string[] = [],
): Promise<Outcome> {
  const isDeno = runtime === "deno";
  const { code, stdout, stderr } = await new Deno.Command(isDeno ? Deno.execPath() : "node", {
    args: [...(isDeno ? ["run", "-A", "--no-config"] : []), basename(file), ...args],
    cwd: join(file, ".."),
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

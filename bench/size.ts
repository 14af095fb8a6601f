/**
 * How large the module is for who bundles it: each public entry, and `Channel` alone, with what they do not use left out (tree-shaken)
 * and minified, by esbuild. For Deno: esbuild is no part of what runs on Node.
 */

import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import config from "../deno.json" with { type: "json" };
import { COMMON, npmPackages } from "../tests/support/build_dist.ts";
import { renderAmount } from "./support/table.ts";

const ROOT = new URL("../", import.meta.url);

/** What is bundled. */
export interface Bundled {
  /** What the bundle exports. */
  readonly name: string;
  /** Bytes of the minified bundle. */
  readonly minified: number;
  /** Bytes of that, compressed by gzip as well as it can. */
  readonly gzip: number;
  /** Bytes in the bundle from each file, by its path from the root of the project; of a package's, by its name. */
  readonly inputs: ReadonlyMap<string, number>;
}

/** What exports `Channel` and nothing else. */
export const CHANNEL_MODULE = `export { Channel } from "./src/channel/channel.ts";`;

/** Bundles one line of source, such as `export { Channel } from "./mod.ts";`, in which paths start at the root of the project. */
export async function bundleOf(name: string, source: string): Promise<Bundled> {
  const { outputFiles, metafile } = await esbuild.build({
    ...COMMON,
    minify: true,
    metafile: true,
    plugins: [npmPackages],
    sourcemap: false,
    stdin: { contents: source, loader: "ts", resolveDir: fileURLToPath(ROOT) },
    write: false,
  });
  const [file] = outputFiles;
  const [output] = Object.values(metafile.outputs);
  if (file === undefined || output === undefined) throw new Error(`Cannot bundle ${name}`);
  const inputs = new Map<string, number>();
  for (const [path, { bytesInOutput }] of Object.entries(output.inputs)) {
    if (bytesInOutput > 0) inputs.set(path, bytesInOutput);
  }
  const { contents } = file;
  return {
    name,
    minified: contents.byteLength,
    gzip: gzipSync(contents, { level: 9 }).byteLength,
    inputs,
  };
}

/** Bundles `Channel` alone, the main entry, each of the others, and all of them together. */
export async function measureSizes(): Promise<readonly Bundled[]> {
  const entries = Object.entries(config.exports);
  const all = entries.map(([, path]) => `export * from "${path}";`).join("\n");
  const bundles = [
    await bundleOf("`Channel` alone, of its own module", CHANNEL_MODULE),
    await bundleOf("`Channel` alone, of the main entry", `export { Channel } from "./mod.ts";`),
  ];
  for (const [specifier, path] of entries) {
    const name = specifier === "." ? "all of the main entry" : `\`${specifier}\``;
    bundles.push(await bundleOf(name, `export * from "${path}";`));
  }
  bundles.push(await bundleOf("everything", all));
  await esbuild.stop();
  return bundles;
}

/** Says how much of the last of `bundles` is what weighs most. */
export function renderParts(bundles: readonly Bundled[]): string {
  const inputs = [...bundles.at(-1)!.inputs];
  const weigh = (part: RegExp): string => {
    const parts = inputs.filter(([path]) => part.test(path));
    return renderAmount(parts.reduce((sum, [, bytes]) => sum + bytes, 0), "B");
  };
  return `${weigh(/memory\/binary\.ts$/)} of each are the core, as base64; ${
    weigh(/\/acorn\//)
  } of what has pools are acorn, which checks inline functions.`;
}

/** Renders the sizes as a Markdown table whose columns line up. */
export function renderSizes(bundles: readonly Omit<Bundled, "inputs">[]): string {
  const lines = [
    ["exports", "minified", "gzip"],
    ...bundles.map(({ name, minified, gzip }) => [
      name,
      renderAmount(minified, "B"),
      renderAmount(gzip, "B"),
    ]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...lines.map((line) => line[column]!.length)));
  const render = (line: readonly string[]) =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  const [headings, ...rows] = lines.map(render);
  return [headings, rule, ...rows].join("\n");
}

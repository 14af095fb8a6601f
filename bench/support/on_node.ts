/** The same program on another runtime: Node, for one that Deno runs. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { repositoryRoot } from "./runtime.ts";

/** How a program ended, and what it printed. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
}

/**
 * Runs a program of `dist/bench/` on Node. What it says besides goes where that of this one goes.
 *
 * @param name The program, without its extension.
 * @param args What it is told.
 * @returns `undefined` where Node is not installed
 */
export async function runOnNode(name: string, args: readonly string[]): Promise<Ended | undefined> {
  const file = fileURLToPath(new URL(`dist/bench/${name}.js`, repositoryRoot()));
  const node = spawn("node", [file, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const parts: string[] = [];
  node.stdout.setEncoding("utf8").on("data", (part: string) => parts.push(part));
  try {
    const [code] = await once(node, "close") as [number | null];
    return { code: code ?? 1, stdout: parts.join("") };
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return undefined;
    throw error;
  }
}

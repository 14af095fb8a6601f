/**
 * Lists the programs of this folder, each with the first sentence of what it says about itself.
 *
 * Run it as `deno task examples`, or `deno run --allow-read=examples examples/list.ts`.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { program } from "./support/program.ts";

/**
 * The first sentence of the comment at the head of a program.
 *
 * @throws {SyntaxError} if there is none
 */
export function firstSentence(source: string): string {
  const [, comment] = /^\/\*\*(.*?)\*\//s.exec(source) ?? [];
  const [paragraph] = (comment ?? "").replace(/^\s*\* ?/gm, "").trim().split(/\n\s*\n/);
  const [sentence] = /^[^@].*?[.!?](?=\s|$)/s.exec(paragraph!) ?? [];
  if (sentence !== undefined) return sentence.replace(/\s+/g, " ");
  throw new SyntaxError("expected a comment at its head that begins with a sentence");
}

/** The programs in `folder`, without this one: their names, and what they say. */
export function list(folder: URL): [name: string, sentence: string][] {
  return readdirSync(folder).filter((file) => file.endsWith(".ts") && file !== "list.ts").sort()
    .map((file) => {
      try {
        return [basename(file, ".ts"), firstSentence(readFileSync(new URL(file, folder), "utf8"))];
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        throw new SyntaxError(`${file}: ${error.message}`);
      }
    });
}

await program(import.meta, {}, () => {
  const programs = list(new URL("./", import.meta.url));
  const width = Math.max(...programs.map(([name]) => name.length));
  for (const [name, sentence] of programs) console.log(`${name.padEnd(width)}  ${sentence}`);
  return 0;
});

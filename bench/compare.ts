/**
 * Measures millrace beside its rivals in one run and prints the ratios.
 *
 * `deno task bench:compare [--json] [--write] [--only=NAME,…] [--rounds=N] [--ms=N]`; `deno task bench:node …`: the same on
 * Node, against `dist/`.
 */

import process from "node:process";
import { LIBRARIES } from "./pool/matches.ts";
import { matches, openMatch } from "./rows.ts";
import { buildGo, type GoRival } from "./support/go.ts";
import type { Held, Match } from "./support/match.ts";
import { interleave, type MatchOptions, type Measurement } from "./support/measure.ts";
import { writeResults, writeSizes } from "./support/results.ts";
import {
  commit,
  isMain,
  libraryVersion,
  machine,
  packageVersions,
  runtimeName,
  runtimeVersion,
} from "./support/runtime.ts";
import { compareRow, type MeasuredRow, renderTable, toRow } from "./support/table.ts";

const USAGE = `Usage: compare [--json] [--write] [--only=NAME,…] [--rounds=N] [--ms=N]

  --json      print one JSON object instead of the table
  --write     put the table into bench/RESULTS.md
  --only      measure only these: ${matches.map((match) => match.name).join(" ")}
  --rounds    rounds that count (7)
  --ms        length of one round of one side, in milliseconds (100)`;

interface Options extends MatchOptions {
  readonly json: boolean;
  readonly write: boolean;
  readonly only: readonly string[];
}

class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Reads the command line. */
export function parseOptions(args: readonly string[]): Options {
  let json = false;
  let write = false;
  let only = matches.map((match) => match.name);
  let rounds = 7;
  let targetMs = 100;
  for (const arg of args) {
    const [name, value = ""] = arg.split("=", 2);
    if (arg === "--json") json = true;
    else if (arg === "--write") write = true;
    else if (name === "--only") only = namesOf(value);
    else if (name === "--rounds") rounds = positive(name, value);
    else if (name === "--ms") targetMs = positive(name, value);
    else throw new UsageError(`Cannot read the option ${arg}`);
  }
  if (write && only.length < matches.length) {
    throw new UsageError("Cannot write a part of the table: --write goes without --only");
  }
  return { json, write, only, rounds, targetMs, warmups: 2 };
}

function namesOf(value: string): string[] {
  const names = value.split(",");
  const unknown = names.find((name) => !matches.some((match) => match.name === name));
  if (unknown !== undefined) throw new UsageError(`Cannot measure "${unknown}": no such match`);
  return names;
}

function positive(option: string, value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) {
    throw new UsageError(`Cannot read ${option}=${value}: a positive whole number is needed`);
  }
  return number;
}

/**
 * Runs the comparison.
 *
 * @returns The exit code: 0, or 1 if a match failed.
 */
export async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  const note = (message: string) => console.error(message);
  using go = buildGo(note);
  const rows: MeasuredRow[] = [];
  let failed = 0;
  for (const match of matches) {
    if (!options.only.includes(match.name)) continue;
    note(`measuring ${match.name}`);
    try {
      rows.push(...await play(match, go, options));
    } catch (error) {
      failed++;
      note(`${match.name} failed: ${error instanceof Error ? error.stack : error}`);
    }
  }
  if (options.json) console.log(JSON.stringify({ rows: rows.map(toRow) }));
  else console.log(renderTable(rows));
  if (options.write && failed === 0) {
    writeResults({
      runtime: runtimeName,
      date: new Date().toISOString().slice(0, 10),
      machine: machine(),
      versions: [
        `millrace ${libraryVersion()}`,
        runtimeVersion,
        go === undefined ? "Go not installed" : `Go ${go.version.replace(/^go/, "")}`,
        ...packageVersions([
          "@thi.ng/csp",
          "effect",
          "async-mutex",
          ...LIBRARIES,
        ]),
      ],
      commit: commit(),
      rounds: `${options.rounds} of about ${options.targetMs} ms for each side`,
      rows,
    });
    if (runtimeName === "deno") await writeSizesOfModule();
  } else if (options.write) {
    note("bench/RESULTS.md is left as it was, because a match failed");
  }
  return failed === 0 ? 0 : 1;
}

/** By a module that is not there on Node, as the bundler is not: so its path is no literal, which a build would follow. */
async function writeSizesOfModule(): Promise<void> {
  const { measureSizes, renderSizes }: typeof import("./size.ts") = await import(
    new URL("./size.ts", import.meta.url).href
  );
  writeSizes(renderSizes(await measureSizes()));
}

/** Runs one match and sets the sides against each other. */
async function play(
  match: Match,
  go: GoRival | undefined,
  options: MatchOptions,
): Promise<MeasuredRow[]> {
  const held: Held = [];
  try {
    const { warmups = options.warmups } = match;
    const contestants = await openMatch(match, go, held);
    const measurements = await interleave(contestants, { ...options, warmups });
    const byName = new Map(measurements.map((each) => [each.name, each]));
    return match.rows.flatMap((spec) => {
      const measured = byName.get(spec.ours);
      if (measured === undefined) throw new Error(`The match has no contestant "${spec.ours}"`);
      const best = spec.best === undefined ? undefined : bestOf(spec.best.rivals, byName);
      return spec.rivals.map(({ name, goal = name === best ? spec.best?.goal : undefined }) =>
        compareRow(spec.row, runtimeName, measured, name, byName.get(name), goal, spec.unit)
      );
    });
  } finally {
    for (const giveBack of held.reverse()) await giveBack();
  }
}

/** The name of the one that took least. */
function bestOf(names: readonly string[], byName: ReadonlyMap<string, Measurement>): string {
  const medianOf = (name: string) => byName.get(name)?.median ?? Infinity;
  return names.reduce((best, name) => medianOf(name) < medianOf(best) ? name : best);
}

if (isMain(import.meta.url)) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`compare: ${error.message}\n${USAGE}`);
    process.exitCode = 2;
  }
}

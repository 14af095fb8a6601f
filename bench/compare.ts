/**
 * Measures millrace beside its rivals in one run and prints the ratios. Each match is a process of its own, in which all sides take turns.
 *
 * `deno task bench:compare [--json] [--curves] [--write] [--only=NAME,…] [--passes=N] [--rounds=N] [--ms=N]`, on Deno and then on Node,
 * against `dist/`; `deno task bench:deno …` and `deno task bench:node …`: on one of them.
 */

import process from "node:process";
import { curves } from "./curves/all.ts";
import { LIBRARIES } from "./pool/matches.ts";
import { matches } from "./rows.ts";
import { programCommand, runCommand } from "./support/child.ts";
import { type MeasuredSize, mergeSizes, summarizeCurve, toCurveRow } from "./support/curve.ts";
import { renderCurves } from "./support/curve_table.ts";
import { buildGo, type GoRival } from "./support/go.ts";
import { rowsOf } from "./support/match.ts";
import { type Measurement, mergeRounds } from "./support/measure.ts";
import { type Ended, runOnNode } from "./support/on_node.ts";
import { type Options, parseOptions, UsageError } from "./support/options.ts";
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
import { renderTable, toRow } from "./support/table.ts";

const USAGE =
  `Usage: compare [--json] [--curves] [--write] [--node] [--only=NAME,…] [--passes=N] [--rounds=N] [--ms=N]

  --json      print one JSON object instead of the table
  --curves    measure the curves, too
  --write     measure the curves, too, and put all into bench/RESULTS.md and bench/plots/
  --node      do all of it on Node as well, where dist/ has the build of it
  --only      measure only these: ${matches.map((match) => match.name).join(" ")};
              of the curves: ${curves.map((curve) => curve.name).join(" ")}
  --passes    how often everything is played from the start (1); with more, a slow minute of the machine counts for less
  --rounds    rounds that count, of each pass (7)
  --ms        length of one round of one side, in milliseconds (100); a quarter of that on a curve`;

/**
 * Runs the comparison.
 *
 * @returns The exit code: 0, or 1 if a match failed.
 */
export async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(
    args,
    matches.map((match) => match.name),
    curves.map((curve) => curve.name),
  );
  if (options.onNode && runtimeName === "node") {
    throw new UsageError("Cannot go on to Node from there: --node is for Deno");
  }
  const note = (message: string) => console.error(message);
  using go = buildGo(note);
  const player = new Player(options.rounds, go, note);
  for (let pass = 0; pass < options.passes; pass++) {
    for (const match of matches) {
      if (options.matches.includes(match.name)) await player.play(match.name, options.targetMs);
    }
    for (const curve of curves) {
      if (options.curves.includes(curve.name)) await player.play(curve.name, options.targetMs / 4);
    }
  }
  const rows = matches.flatMap((match) => {
    const passes = player.played<Measurement[]>(match.name);
    return passes.length === 0 ? [] : rowsOf(match, runtimeName, mergeRounds(passes));
  });
  const measuredCurves = curves.flatMap((curve) => {
    const passes = player.played<MeasuredSize[]>(curve.name);
    return passes.length === 0 ? [] : [summarizeCurve(curve, mergeSizes(passes))];
  });
  const shown = options.showsCurves ? measuredCurves : [];
  if (!options.json) {
    if (rows.length > 0) console.log(renderTable(rows));
    if (shown.length > 0) console.log(renderCurves(shown));
  }
  if (options.write && player.failed === 0) {
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
      rounds: roundsOf(options),
      rows,
      curves: measuredCurves,
    });
    if (runtimeName === "deno") await writeSizesOfModule();
  } else if (options.write) {
    note("bench/RESULTS.md is left as it was, because something failed");
  }
  const onNode = options.onNode ? await compareOnNode(args, note) : undefined;
  if (options.json) {
    const own: Report = {
      rows: rows.map(toRow),
      ...options.showsCurves ? { curves: shown.map((each) => toCurveRow(each, runtimeName)) } : {},
    };
    const there = onNode === undefined ? undefined : JSON.parse(onNode.stdout) as Report;
    console.log(JSON.stringify(there === undefined ? own : joined(own, there)));
  } else if (onNode !== undefined) {
    console.log(onNode.stdout);
  }
  return player.failed === 0 && (onNode?.code ?? 0) === 0 ? 0 : 1;
}

/** What is printed as JSON. */
interface Report {
  readonly rows: readonly ReturnType<typeof toRow>[];
  readonly curves?: readonly ReturnType<typeof toCurveRow>[];
}

function joined(left: Report, right: Report): Report {
  const rows = [...left.rows, ...right.rows];
  if (left.curves === undefined || right.curves === undefined) return { rows };
  return { rows, curves: [...left.curves, ...right.curves] };
}

/** Does the same on Node; `undefined` where that is not installed. */
async function compareOnNode(
  args: readonly string[],
  note: (message: string) => void,
): Promise<Ended | undefined> {
  note("on Node");
  const ended = await runOnNode("compare", args.filter((arg) => arg !== "--node"));
  if (ended === undefined) note("Node is not installed: this is of Deno alone");
  return ended;
}

/** By a module that is not there on Node, as the bundler is not: so its path is no literal, which a build would follow. */
async function writeSizesOfModule(): Promise<void> {
  const { measureSizes, renderParts, renderSizes }: typeof import("./size.ts") = await import(
    new URL("./size.ts", import.meta.url).href
  );
  const sizes = await measureSizes();
  writeSizes(renderParts(sizes), renderSizes(sizes));
}

function roundsOf({ passes, rounds, targetMs }: Options): string {
  const each = `${rounds} of about ${targetMs} ms for each side`;
  return passes === 1 ? each : `${each}, ${passes} times, from the first line to the last`;
}

/** Plays matches and curves, each time in a process of its own, and keeps what came of it. */
class Player {
  readonly #rounds: number;
  readonly #go: GoRival | undefined;
  readonly #note: (message: string) => void;
  readonly #played = new Map<string, unknown[]>();
  /** How many have failed. */
  failed = 0;

  constructor(rounds: number, go: GoRival | undefined, note: (message: string) => void) {
    this.#rounds = rounds;
    this.#go = go;
    this.#note = note;
  }

  /** Plays a match or a curve once. */
  async play(name: string, targetMs: number): Promise<void> {
    this.#note(`measuring ${name}`);
    const { binary } = this.#go ?? {};
    const args = [name, String(this.#rounds), String(targetMs), ...binary ? [binary] : []];
    try {
      const result: unknown = JSON.parse(
        await runCommand(programCommand(import.meta.url, "play", args)),
      );
      this.#played.set(name, [...this.#played.get(name) ?? [], result]);
    } catch (error) {
      this.failed++;
      this.#note(`${name} failed: ${error instanceof Error ? error.stack : error}`);
    }
  }

  /** What came of a match or a curve, each time that it was played; `T` is what `play.ts` prints for it. */
  played<T>(name: string): readonly T[] {
    return (this.#played.get(name) ?? []) as T[];
  }
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

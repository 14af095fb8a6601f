/**
 * Measures millrace beside its rivals in one run and prints the ratios.
 *
 * `deno task bench:compare [--json] [--curves] [--write] [--only=NAME,…] [--rounds=N] [--ms=N]`; `deno task bench:node …`: the
 * same on Node, against `dist/`.
 */

import process from "node:process";
import { curves } from "./curves/all.ts";
import { LIBRARIES } from "./pool/matches.ts";
import { matches, openMatch } from "./rows.ts";
import { type MeasuredCurve, playCurve, toCurveRow } from "./support/curve.ts";
import { renderCurves } from "./support/curve_table.ts";
import { buildGo, type GoRival } from "./support/go.ts";
import { giveBackAll, type Held, type Match } from "./support/match.ts";
import { interleave, type MatchOptions, type Measurement } from "./support/measure.ts";
import { parseOptions, UsageError } from "./support/options.ts";
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

const USAGE = `Usage: compare [--json] [--curves] [--write] [--only=NAME,…] [--rounds=N] [--ms=N]

  --json      print one JSON object instead of the table
  --curves    measure the curves, too
  --write     measure the curves, too, and put all into bench/RESULTS.md and bench/plots/
  --only      measure only these: ${matches.map((match) => match.name).join(" ")};
              of the curves: ${curves.map((curve) => curve.name).join(" ")}
  --rounds    rounds that count (7)
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
  const note = (message: string) => console.error(message);
  using go = buildGo(note);
  const rows: MeasuredRow[] = [];
  const measuredCurves: MeasuredCurve[] = [];
  let failed = 0;
  const attempt = async (name: string, measure: () => Promise<void>) => {
    note(`measuring ${name}`);
    try {
      await measure();
    } catch (error) {
      failed++;
      note(`${name} failed: ${error instanceof Error ? error.stack : error}`);
    }
  };
  for (const match of matches) {
    if (!options.matches.includes(match.name)) continue;
    await attempt(match.name, async () => void rows.push(...await play(match, go, options)));
  }
  const onCurves = { rounds: options.rounds, warmups: 1, targetMs: options.targetMs / 4 };
  for (const curve of curves) {
    if (!options.curves.includes(curve.name)) continue;
    await attempt(
      curve.name,
      async () => void measuredCurves.push(await playCurve(curve, go, onCurves)),
    );
  }
  const shown = options.showsCurves ? measuredCurves : [];
  if (options.json) {
    console.log(JSON.stringify({
      rows: rows.map(toRow),
      ...options.showsCurves ? { curves: shown.map((each) => toCurveRow(each, runtimeName)) } : {},
    }));
  } else {
    if (rows.length > 0) console.log(renderTable(rows));
    if (shown.length > 0) console.log(renderCurves(shown));
  }
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
      curves: measuredCurves,
    });
    if (runtimeName === "deno") await writeSizesOfModule();
  } else if (options.write) {
    note("bench/RESULTS.md is left as it was, because something failed");
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
    const { warmups = options.warmups, maxRounds = Infinity } = match;
    const rounds = Math.min(options.rounds, maxRounds);
    const contestants = await openMatch(match, go, held);
    const measurements = await interleave(contestants, { ...options, warmups, rounds });
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
    await giveBackAll(held);
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

/**
 * Keeps `bench/RESULTS.md`: one section per runtime, each replaced as a whole by the run that
 * measured it.
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { MeasuredCurve } from "./curve.ts";
import { renderCurve } from "./curve_table.ts";
import { plotCurve, plotRatios } from "./plot.ts";
import { repositoryRoot } from "./runtime.ts";
import { type MeasuredRow, renderTable } from "./table.ts";

/** What was measured, and under which circumstances. */
export interface Results {
  readonly runtime: string;
  /** The day of the run. */
  readonly date: string;
  readonly machine: string;
  /** Everything that took part, with its version. */
  readonly versions: readonly string[];
  readonly commit: string;
  /** How many rounds of how many milliseconds the medians are taken over. */
  readonly rounds: string;
  readonly rows: readonly MeasuredRow[];
  readonly curves: readonly MeasuredCurve[];
}

const PREFACE = `# Results

Written by \`deno task bench:compare --write\`. What stands between the markers is replaced by the
next run.

Times are per operation, medians over rounds in which all sides take turns; half the distance
between the quartiles stands behind ±. The ratio is ours ÷ rival, so less is better for us; where
a speed-up is the goal it is written as one over that. Only ratios mean anything on another machine.
`;

/** What the markers call the section about the size of the module. */
const SIZE = "size";

const SIZES =
  `What a bundle weighs that exports this and has lost the rest: tree-shaken and minified by esbuild, then compressed by
gzip. How long it takes to start is in the tables of the runtimes, in the rows that begin with "import".`;
const SCALE =
  `What one operation costs against how many or how large the things are that it is about. Its growth
is that of this cost over the last two decades, as a power of the size: at 0 all together cost in
proportion to their number.`;

/** Returns the section of one run. */
export function renderResults(results: Results): string {
  const judged = results.rows.filter((row) => row.met !== null);
  const met = judged.filter((row) => row.met).length;
  return [
    begin(results.runtime),
    "",
    `## ${titleOf(results.runtime)}`,
    "",
    `- Machine: ${results.machine}`,
    `- Versions: ${results.versions.join("; ")}`,
    `- Commit: ${results.commit}, ${results.date}`,
    `- Rounds: ${results.rounds}`,
    `- Goals met: ${met} of ${judged.length}`,
    "",
    renderTable(results.rows),
    "",
    image("Ratios to Go", plotName(results.runtime, "ratios")),
    "",
    `### Scale on ${titleOf(results.runtime)}`,
    "",
    SCALE,
    "",
    ...results.curves.flatMap((curve) => [
      renderCurve(curve),
      "",
      image(`Plot: ${curve.title}`, plotName(results.runtime, curve.name)),
      "",
    ]),
    end(results.runtime),
  ].join("\n");
}

/**
 * Returns `text` with a section replaced, or added at the end.
 *
 * @param name What its markers call it.
 * @param section The section, markers included.
 */
export function replaceSection(text: string, name: string, section: string): string {
  const from = text.indexOf(begin(name));
  const to = text.indexOf(end(name));
  if (from < 0 || to < from) return `${text.trimEnd()}\n\n${section}\n`;
  return text.slice(0, from) + section + text.slice(to + end(name).length);
}

/** Writes the section of this run into `bench/RESULTS.md`, and its plots into `bench/plots/`. */
export function writeResults(results: Results): void {
  const plots = new URL("bench/plots/", repositoryRoot());
  mkdirSync(plots, { recursive: true });
  const save = (name: string, svg: string) =>
    writeFileSync(new URL(plotName(results.runtime, name), plots), svg);
  save("ratios", plotRatios(results.rows, titleOf(results.runtime)));
  for (const curve of results.curves) save(curve.name, plotCurve(curve));
  writeSection(results.runtime, renderResults(results));
}

/** Writes how large the module is into `bench/RESULTS.md`: a sentence and a table, as `bench/size.ts` renders them. */
export function writeSizes(parts: string, table: string): void {
  writeSection(
    SIZE,
    [begin(SIZE), "", "## Size and start-up", "", SIZES, "", parts, "", table, "", end(SIZE)]
      .join("\n"),
  );
}

function writeSection(name: string, section: string): void {
  const file = new URL("bench/RESULTS.md", repositoryRoot());
  const text = existsSync(file) ? readFileSync(file, "utf8") : PREFACE;
  writeFileSync(file, replaceSection(text, name, section));
}

function begin(runtime: string): string {
  return `<!-- compare ${runtime}: begin -->`;
}

function end(runtime: string): string {
  return `<!-- compare ${runtime}: end -->`;
}

function titleOf(runtime: string): string {
  return runtime === "deno" ? "Deno" : "Node";
}

/** The file of a plot, in `bench/plots/`. */
function plotName(runtime: string, name: string): string {
  return `${runtime}-${name}.svg`;
}

function image(text: string, file: string): string {
  return `![${text}](plots/${file})`;
}

/** The rows of the comparison: what one is, and how it is printed. */

import type { Measurement } from "./measure.ts";

/** What a row has to reach: at most `factor` times its rival, or to be `speedUp` times as fast. */
export type Goal =
  | { readonly factor: number; readonly rival: string }
  | { readonly speedUp: number };

/** One row as `--json` prints it. */
export interface Row {
  /** The situation, in the words of the table of goals. */
  readonly row: string;
  readonly runtime: string;
  /** Median over the rounds. */
  readonly ours: number;
  /** Median over the rounds, of the same run; `null` where the rival is not installed. */
  readonly rival: number | null;
  readonly rivalName: string;
  readonly unit: "ns";
  /** Ours ÷ rival. */
  readonly ratio: number | null;
  /** Such as "≤ 0.7 × Go" or "speed-up ≥ 1.7"; `null` where nothing is asked of us against this rival. */
  readonly goal: string | null;
  readonly met: boolean | null;
}

/** A row with the spread of both sides, as the table shows it. */
export interface MeasuredRow extends Row {
  readonly oursSpread: number;
  readonly rivalSpread: number | null;
  /** Reports whether the goal is a speed-up: the table shows the ratio as one over it. */
  readonly isSpeedUp: boolean;
}

/** Sets our measurement against a rival's. */
export function compareRow(
  row: string,
  runtime: string,
  ours: Measurement,
  rivalName: string,
  rival: Measurement | undefined,
  goal: Goal | undefined,
): MeasuredRow {
  const ratio = rival === undefined ? null : round(ours.median / rival.median, 3);
  return {
    row,
    runtime,
    ours: round(ours.median, 2),
    rival: rival === undefined ? null : round(rival.median, 2),
    rivalName,
    unit: "ns",
    ratio,
    goal: goal === undefined ? null : describe(goal),
    met: goal === undefined || ratio === null ? null : ratio <= limitOf(goal),
    oursSpread: ours.spread,
    rivalSpread: rival?.spread ?? null,
    isSpeedUp: goal !== undefined && "speedUp" in goal,
  };
}

/** The largest ratio, of three digits, that meets the goal. */
function limitOf(goal: Goal): number {
  return "factor" in goal ? goal.factor : round(1 / goal.speedUp, 3);
}

function describe(goal: Goal): string {
  return "factor" in goal ? `≤ ${goal.factor} × ${goal.rival}` : `speed-up ≥ ${goal.speedUp}`;
}

/** Returns the row without what only the table shows. */
export function toRow(measured: MeasuredRow): Row {
  const { oursSpread: _ours, rivalSpread: _rival, isSpeedUp: _isSpeedUp, ...row } = measured;
  return row;
}

const HEADINGS = ["situation", "ours", "rival", "", "ratio", "goal", "met"] as const;

/** Renders the rows as a Markdown table whose columns line up. */
export function renderTable(rows: readonly MeasuredRow[]): string {
  const cells = rows.map((row, index) => [
    rows[index - 1]?.row === row.row ? "" : row.row,
    time(row.ours, row.oursSpread),
    row.rivalName,
    row.rival === null || row.rivalSpread === null ? "–" : time(row.rival, row.rivalSpread),
    row.ratio === null
      ? "–"
      : row.isSpeedUp
      ? `1/${(1 / row.ratio).toFixed(2)}`
      : row.ratio.toFixed(2),
    row.goal ?? "",
    row.met === null ? "" : row.met ? "yes" : "no",
  ]);
  return renderCells(HEADINGS, cells);
}

/** Renders a Markdown table whose columns line up. */
export function renderCells(
  headings: readonly string[],
  cells: readonly (readonly string[])[],
): string {
  const widths = headings.map((heading, column) =>
    Math.max(3, heading.length, ...cells.map((line) => line[column]?.length ?? 0))
  );
  const render = (line: readonly string[]) =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [render(headings), rule, ...cells.map(render)].join("\n");
}

/** Renders a time in the unit that suits it, with its spread. */
export function time(ns: number, spread: number): string {
  const value = ns < 1_000
    ? `${ns.toFixed(ns < 100 ? 1 : 0)} ns`
    : ns < 1_000_000
    ? `${(ns / 1_000).toFixed(ns < 100_000 ? 1 : 0)} µs`
    : `${(ns / 1_000_000).toFixed(ns < 100_000_000 ? 1 : 0)} ms`;
  return `${value} ±${(spread * 100).toFixed(0)}%`;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

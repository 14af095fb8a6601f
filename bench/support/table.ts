/** The rows of the comparison: what one is, and how it is printed. */

import type { Measurement } from "./measure.ts";

/**
 * What a row has to reach: at most `factor` times its rival, at most `plusMs` milliseconds more than it, or to be `speedUp` times
 * as fast.
 */
export type Goal =
  | { readonly factor: number; readonly rival: string }
  | { readonly plusMs: number; readonly rival: string }
  | { readonly speedUp: number };

/** What is measured: nanoseconds or bytes. */
export type Unit = "ns" | "B";

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
  readonly unit: Unit;
  /** Ours ÷ rival. */
  readonly ratio: number | null;
  /** Such as "≤ 0.7 × Go", "≤ a raw worker + 10 ms" or "speed-up ≥ 1.7"; `null` where nothing is asked of us against this rival. */
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
  unit: Unit = "ns",
): MeasuredRow {
  const ratio = rival === undefined ? null : round(ours.median / rival.median, 3);
  return {
    row,
    runtime,
    ours: round(ours.median, 2),
    rival: rival === undefined ? null : round(rival.median, 2),
    rivalName,
    unit,
    ratio,
    goal: goal === undefined ? null : describe(goal),
    met: goal === undefined || rival === undefined ? null : meets(goal, ours.median, rival.median),
    oursSpread: ours.spread,
    rivalSpread: rival?.spread ?? null,
    isSpeedUp: goal !== undefined && "speedUp" in goal,
  };
}

/** Reports whether `ours` meets the goal: by the ratio of three digits that the row states, or by the distance in ns. */
function meets(goal: Goal, ours: number, rival: number): boolean {
  if ("plusMs" in goal) return ours <= rival + goal.plusMs * 1e6;
  return round(ours / rival, 3) <= ("factor" in goal ? goal.factor : round(1 / goal.speedUp, 3));
}

function describe(goal: Goal): string {
  if ("plusMs" in goal) return `≤ ${goal.rival} + ${goal.plusMs} ms`;
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
    amount(row.ours, row.unit, row.oursSpread),
    row.rivalName,
    row.rival === null || row.rivalSpread === null
      ? "–"
      : amount(row.rival, row.unit, row.rivalSpread),
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

/** The steps in which each unit is printed, each a thousand times the one before. */
const STEPS: Readonly<Record<Unit, readonly string[]>> = {
  ns: ["ns", "µs", "ms"],
  B: ["B", "KB", "MB"],
};

/** Renders an amount in the step of its unit that suits it, with its spread. */
export function amount(value: number, unit: Unit, spread: number): string {
  return `${renderAmount(value, unit)} ±${(spread * 100).toFixed(0)}%`;
}

/** Renders an amount in the step of its unit that suits it, such as "1.2 KB". */
export function renderAmount(value: number, unit: Unit): string {
  const steps = STEPS[unit];
  const step = value < 1_000 ? 0 : value < 1_000_000 ? 1 : 2;
  const scaled = value / 1_000 ** step;
  return `${scaled.toFixed(scaled < 100 ? 1 : 0)} ${steps[step]}`;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

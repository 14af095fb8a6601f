/**
 * Plots as SVG, by Apache ECharts, which needs no browser for that. The same data gives the same text.
 */

import * as echarts from "echarts";
import type { MeasuredCurve } from "./curve.ts";
import type { MeasuredRow } from "./table.ts";

/** Plots a curve on two logarithmic axes. A size of 0 has no place there: it stands in the table alone. */
export function plotCurve({ title, axis, per, sides }: MeasuredCurve): string {
  const sizes = sides.flatMap(({ points }) => points.map(({ size }) => size)).filter((x) => x > 0);
  const times = sides.flatMap(({ points }) => points.map(({ median }) => median));
  return draw({ width: 760, height: 440 }, {
    title: { text: title, left: "center", top: 8, textStyle: { fontSize: 15 } },
    legend: { bottom: 8, itemGap: 24 },
    grid: { left: 84, right: 32, top: 48, bottom: 88 },
    xAxis: {
      type: "log",
      name: axis,
      nameLocation: "middle",
      nameGap: 28,
      min: Math.min(...sizes),
      max: Math.max(...sizes),
      ...baseOf(sizes),
      axisLabel: { formatter: shortNumber },
    },
    yAxis: {
      type: "log",
      name: `time per ${per}`,
      nameLocation: "middle",
      nameGap: 60,
      min: 10 ** Math.floor(Math.log10(Math.min(...times))),
      max: 10 ** Math.ceil(Math.log10(Math.max(...times))),
      axisLabel: { formatter: shortTime },
    },
    series: sides.map(({ name, points }, index) => ({
      name,
      type: "line",
      symbol: SYMBOLS[index % SYMBOLS.length]!,
      symbolSize: 8,
      data: points.filter(({ size }) => size > 0).map(({ size, median }) => [size, median]),
    })),
  });
}

/** Told apart without their colours. */
const SYMBOLS = ["circle", "rect", "triangle", "diamond", "emptyCircle", "emptyRect"];

/** Powers of two are marked as such, all else as powers of ten. */
function baseOf(sizes: readonly number[]): { logBase: number } {
  return { logBase: sizes.every((size) => Number.isInteger(Math.log2(size))) ? 2 : 10 };
}

/** What one row comes to beside Go. */
interface Ratio {
  readonly row: string;
  readonly ratio: number;
  /** The largest ratio that meets the goal. */
  readonly goal: number | undefined;
}

/** The ratios of the rows that have Go as a rival, its first form of each, in their order. */
export function ratiosToGo(rows: readonly MeasuredRow[]): Ratio[] {
  const seen = new Set<string>();
  return rows.flatMap((row) => {
    if (row.ratio === null || !row.rivalName.startsWith("Go") || seen.has(row.row)) return [];
    seen.add(row.row);
    return [{ row: row.row, ratio: row.ratio, goal: goalOf(row.goal) }];
  });
}

/** The number in a goal such as "≤ 0.7 × Go". */
function goalOf(goal: string | null): number | undefined {
  const factor = goal?.match(/^≤ ([\d.]+) × /)?.[1];
  return factor === undefined ? undefined : Number(factor);
}

/** Plots the ratio of each row to Go, and its goal where there is one. */
export function plotRatios(rows: readonly MeasuredRow[], runtime: string): string {
  const ratios = ratiosToGo(rows);
  const names = ratios.map(({ row }) => row);
  return draw({ width: 960, height: 130 + 20 * names.length }, {
    title: { text: `Ours ÷ Go on ${runtime}`, left: "center", top: 8, textStyle: { fontSize: 15 } },
    legend: { bottom: 8, itemGap: 24 },
    grid: { left: 470, right: 32, top: 44, bottom: 80 },
    xAxis: {
      type: "log",
      name: "time of ours ÷ time of Go (less is better)",
      nameLocation: "middle",
      nameGap: 28,
      axisLabel: { formatter: shortNumber },
    },
    yAxis: {
      type: "category",
      data: names,
      inverse: true,
      axisLabel: { interval: 0, fontSize: 11 },
      splitLine: { show: true },
    },
    series: [
      {
        name: "ratio",
        type: "scatter",
        symbolSize: 9,
        data: ratios.map(({ ratio }, index) => [ratio, index]),
      },
      {
        name: "goal: at most",
        type: "scatter",
        symbol: "rect",
        symbolSize: [3, 16],
        itemStyle: { color: "#c00" },
        data: ratios.flatMap(({ goal }, index) => goal === undefined ? [] : [[goal, index]]),
      },
    ],
  });
}

function draw(
  size: { readonly width: number; readonly height: number },
  option: echarts.EChartsOption,
): string {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, ...size });
  try {
    // White, because text and lines are dark and the page may be, too.
    chart.setOption({ animation: false, backgroundColor: "#fff", ...option });
    return withoutNumbers(chart.renderToSVGString());
  } finally {
    chart.dispose();
  }
}

/** The text of an SVG without the numbers of the charts and classes of this process, which grow from one plot to the next. */
function withoutNumbers(svg: string): string {
  const names = new Map<string, string>();
  return svg.replace(/\bzr\d+-(?:c|cls-|g|p|s)?\d+\b/g, (name) => {
    const given = names.get(name) ?? `id${names.size}`;
    names.set(name, given);
    return given;
  });
}

/** Renders 10,000 as "10k". */
function shortNumber(value: number): string {
  for (const [unit, name] of [[1e6, "M"], [1e3, "k"]] as const) {
    if (value >= unit) return `${Number((value / unit).toPrecision(3))}${name}`;
  }
  return String(Number(value.toPrecision(3)));
}

/** Renders nanoseconds in the unit that suits them. */
function shortTime(ns: number): string {
  for (const [unit, name] of [[1e9, "s"], [1e6, "ms"], [1e3, "µs"]] as const) {
    if (ns >= unit) return `${Number((ns / unit).toPrecision(3))} ${name}`;
  }
  return `${Number(ns.toPrecision(3))} ns`;
}

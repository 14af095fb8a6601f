/** How curves are written in Markdown. */

import { growthOf, type MeasuredCurve } from "./curve.ts";
import { amount, renderCells } from "./table.ts";

/** Renders a curve: a heading, and a table of its sizes against its sides. */
export function renderCurve({ title, axis, per, sides }: MeasuredCurve): string {
  const sizes = new Set(sides.flatMap(({ points }) => points.map(({ size }) => size)));
  const cells = Array.from(sizes).sort((a, b) => a - b).map((size) => [
    size.toLocaleString("en"),
    ...sides.map(({ points }) => {
      const point = points.find((each) => each.size === size);
      return point === undefined ? "–" : amount(point.median, "ns", point.spread);
    }),
  ]);
  const growth = ["growth", ...sides.map((side) => power(growthOf(side)))];
  return [
    `**${title[0]!.toUpperCase()}${title.slice(1)}**, per ${per}`,
    "",
    renderCells([axis, ...sides.map((side) => side.name)], [...cells, growth]),
  ].join("\n");
}

/** Renders several. */
export function renderCurves(curves: readonly MeasuredCurve[]): string {
  return curves.map(renderCurve).join("\n\n");
}

/** A growth as people write it: "n^0.12". */
function power(exponent: number): string {
  // No minus before what is rounded to nothing.
  return `n^${(Math.round(exponent * 100) / 100 || 0).toFixed(2)}`;
}

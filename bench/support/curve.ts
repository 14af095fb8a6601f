/**
 * Curves: what an operation costs, against how many or how large the things are that it is about. At each size all sides take
 * turns, as in a match.
 */

import type { GoCurve, GoRival } from "./go.ts";
import { giveBackAll, type Held } from "./match.ts";
import {
  type Contestant,
  interleave,
  type MatchOptions,
  type Measurement,
  mergeRounds,
} from "./measure.ts";

/** One situation at several sizes. */
export interface Curve {
  readonly name: string;
  /** The situation in words. */
  readonly title: string;
  /** What is counted along the axis, with its unit. */
  readonly axis: string;
  /** What the times are for. */
  readonly per: string;
  /** The sizes at which it is measured, ascending. */
  readonly sizes: readonly number[];
  /** Rounds that do not count, in place of the usual number: more where many threads have code to compile, each its own. */
  readonly warmups?: number;
  /** How long a round lasts at least, in milliseconds: more than usual where it takes long to begin one, on many threads. */
  readonly leastMs?: number;
  /** As of a {@linkcode Match}. */
  readonly hasThreads?: boolean;
  /** The rivals that run in Go, by name; they are told the size. */
  readonly go: Readonly<Record<string, GoCurve>>;
  /** Makes the contestants of one size, as {@linkcode Match.open} does. */
  open(size: number, held: Held): Contestant[] | Promise<Contestant[]>;
}

/** What one side took at one size, in ns per operation. */
export interface Point {
  readonly size: number;
  readonly median: number;
  readonly spread: number;
}

/** One side of a curve. */
export interface Side {
  readonly name: string;
  readonly points: readonly Point[];
}

/** A curve that was measured. */
export interface MeasuredCurve {
  readonly name: string;
  readonly title: string;
  readonly axis: string;
  readonly per: string;
  readonly sides: readonly Side[];
}

/** What was measured at one size. */
export interface MeasuredSize {
  readonly size: number;
  readonly measurements: readonly Measurement[];
}

/** One curve as `--json` prints it. */
export interface CurveRow {
  readonly curve: string;
  readonly runtime: string;
  readonly axis: string;
  readonly unit: "ns";
  readonly sides: readonly Side[];
}

/** How long all rounds of one size may take, as far as that leaves the fewest that a median is taken over. */
const PATIENCE_MS = 3_000;
const FEWEST_ROUNDS = 3;

/** If warming up takes longer than this a round, it stays the only one: a million of something are many enough to be an average by themselves. */
const LONG_MS = 5_000;

/** Measures a curve. */
export async function playCurve(
  curve: Curve,
  go: GoRival | undefined,
  options: MatchOptions,
): Promise<MeasuredSize[]> {
  const measured: MeasuredSize[] = [];
  for (const size of curve.sizes) {
    const held: Held = [];
    try {
      const contestants = await curve.open(size, held);
      if (go !== undefined) {
        for (const [name, row] of Object.entries(curve.go)) {
          contestants.push(go.contestantAt(row, size, name));
        }
      }
      const { warmups = options.warmups, leastMs = 0, hasThreads = false } = curve;
      const targetMs = Math.max(options.targetMs, leastMs);
      const own = { ...options, warmups, targetMs, hasLeadIn: hasThreads };
      measured.push({ size, measurements: await playPoint(contestants, own) });
    } finally {
      await giveBackAll(held);
    }
  }
  return measured;
}

/** Warms up, and then plays as many rounds as there is patience for. */
async function playPoint(
  contestants: readonly Contestant[],
  options: MatchOptions,
): Promise<Measurement[]> {
  const start = performance.now();
  const warmingUp = await interleave(contestants, {
    ...options,
    warmups: 0,
    rounds: options.warmups,
  });
  const roundMs = (performance.now() - start) / options.warmups;
  const rounds = roundsWithin(PATIENCE_MS, roundMs, options.rounds);
  if (rounds === 0) return warmingUp;
  return await interleave(contestants, { ...options, warmups: 0, rounds });
}

/**
 * How many rounds of `roundMs` each are played in about `patienceMs`: `most` of them, or as many as a median needs; none if they are so
 * long that warming up has told enough.
 */
export function roundsWithin(patienceMs: number, roundMs: number, most: number): number {
  if (roundMs > LONG_MS) return 0;
  const fewest = Math.min(FEWEST_ROUNDS, most);
  return Math.max(fewest, Math.min(most, Math.floor(patienceMs / roundMs)));
}

/** Puts together what was measured at the same sizes in several passes. */
export function mergeSizes(passes: readonly (readonly MeasuredSize[])[]): MeasuredSize[] {
  return (passes[0] ?? []).map(({ size }, index) => ({
    size,
    measurements: mergeRounds(passes.map((pass) => pass[index]?.measurements ?? [])),
  }));
}

/** Puts what was measured size by size together side by side; a side may sit out some sizes. */
export function summarizeCurve(
  { name, title, axis, per }: Curve,
  measured: readonly MeasuredSize[],
): MeasuredCurve {
  const names = new Set(measured.flatMap(({ measurements }) => measurements.map((m) => m.name)));
  const sides = Array.from(names, (side): Side => ({
    name: side,
    points: measured.flatMap(({ size, measurements }) =>
      measurements.filter((each) => each.name === side)
        .map(({ median, spread }) => ({ size, median, spread }))
    ),
  }));
  return { name, title, axis, per, sides };
}

/**
 * How fast the cost of one operation grows at the upper end, as a power of the size, over the last two decades or what there
 * is of them: 0 when all together cost in proportion to their number, 1 when twice as many make each twice as dear.
 */
export function growthOf({ points }: Side): number {
  const last = points.at(-1);
  if (last === undefined) throw new RangeError("Cannot tell how a side grows: it has no points");
  const first = points.find(({ size }) => size > 0 && size >= last.size / 100) ?? last;
  if (first === last) return 0;
  return Math.log(last.median / first.median) / Math.log(last.size / first.size);
}

/** Returns the curve as `--json` prints it. */
export function toCurveRow({ name, axis, sides }: MeasuredCurve, runtime: string): CurveRow {
  const digits = (value: number, count: number) => Number(value.toFixed(count));
  return {
    curve: name,
    runtime,
    axis,
    unit: "ns",
    sides: sides.map((side) => ({
      name: side.name,
      points: side.points.map(({ size, median, spread }) => ({
        size,
        median: digits(median, 2),
        spread: digits(spread, 3),
      })),
    })),
  };
}

/**
 * The measuring core: rounds, taken in turns.
 *
 * A machine changes its pace within seconds (other tenants, clock speed), so two sides measured one
 * after the other cannot be compared. Here every contestant of a match runs once per round, in an
 * order that is reversed from round to round, and only the medians over the rounds are set against
 * each other.
 *
 * Nothing in this file knows a runtime or a library.
 */

/**
 * Performs `ops` operations, checks their result, and returns how long they took.
 *
 * @returns The time in milliseconds, without what the body did to prepare and to check.
 */
export type Body = (ops: number) => number | Promise<number>;

/** One side of a match. */
export interface Contestant {
  readonly name: string;
  /**
   * Measures one round that lasts about `targetMs`.
   *
   * @returns ns per operation, or bytes.
   */
  round(targetMs: number): Promise<number>;
}

/** What the rounds of one contestant came to, in ns per operation or in bytes. */
export interface Measurement {
  readonly name: string;
  readonly rounds: readonly number[];
  readonly median: number;
  /** Half the distance between the quartiles, as a share of the median. */
  readonly spread: number;
}

export interface MatchOptions {
  /** Rounds that count. */
  readonly rounds: number;
  /** Rounds before them, in which code is compiled and the number of operations is found. */
  readonly warmups: number;
  /** How long one round of one contestant lasts. */
  readonly targetMs: number;
  /** Reports whether each round is to come right after another of the same contestant, which does not count. */
  readonly hasLeadIn?: boolean;
}

export interface BodyOptions {
  /** The number of operations of a round is a multiple of this. */
  readonly unit?: number;
  /** With how many operations the search for the length of a round begins. Default: about a thousand. */
  readonly first?: number;
}

/** Beyond this many operations a sum of their indexes is no longer exact. */
const MAX_OPS = 100_000_000;

/** Makes a contestant of a body that runs in this process. */
export function contestant(name: string, body: Body, options: BodyOptions = {}): Contestant {
  const { unit = 1, first = 1_024 } = options;
  let ops = 0;
  return {
    name,
    async round(targetMs) {
      if (ops === 0) ops = await calibrate(body, unit, first, targetMs);
      const elapsedMs = await body(ops);
      const nsPerOp = elapsedMs * 1e6 / ops;
      // Each round sizes the next, because code goes on getting faster while it is compiled.
      ops = fit(ops * Math.min(4, Math.max(0.25, targetMs / elapsedMs)), unit);
      return nsPerOp;
    },
  };
}

/** Returns a number of operations that takes at least half of `targetMs`. */
async function calibrate(
  body: Body,
  unit: number,
  first: number,
  targetMs: number,
): Promise<number> {
  let ops = fit(first, unit);
  // The first call compiles what it runs, and tells little of the second unless it takes long.
  if (await body(ops) > 10 * targetMs) return ops;
  while (await body(ops) < targetMs / 2) {
    const more = fit(ops * 2, unit);
    if (more === ops) break;
    ops = more;
  }
  return ops;
}

/** Returns the multiple of `unit` nearest below `ops`, within the limits. */
function fit(ops: number, unit: number): number {
  return Math.max(unit, Math.floor(Math.min(ops, MAX_OPS) / unit) * unit);
}

/** Runs the contestants in turns and returns one measurement for each, in their order. */
export async function interleave(
  contestants: readonly Contestant[],
  options: MatchOptions,
): Promise<Measurement[]> {
  const rounds = new Map<Contestant, number[]>(contestants.map((each) => [each, []]));
  for (let round = -options.warmups; round < options.rounds; round++) {
    const order = round % 2 === 0 ? contestants : contestants.toReversed();
    for (const each of order) {
      if (options.hasLeadIn) await each.round(options.targetMs);
      const nsPerOp = await each.round(options.targetMs);
      if (round >= 0) rounds.get(each)?.push(nsPerOp);
    }
  }
  return contestants.map((each) => summarize(each.name, rounds.get(each) ?? []));
}

/** Puts the rounds of one contestant into one measurement. */
export function summarize(name: string, rounds: readonly number[]): Measurement {
  const median = quantile(rounds, 0.5);
  const spread = (quantile(rounds, 0.75) - quantile(rounds, 0.25)) / 2 / median;
  return { name, rounds, median, spread };
}

/** Puts the rounds of several passes together, contestant by contestant; a pass in which one is missing counts for the others. */
export function mergeRounds(passes: readonly (readonly Measurement[])[]): Measurement[] {
  const all = new Map<string, number[]>();
  for (const { name, rounds } of passes.flat()) {
    all.set(name, [...all.get(name) ?? [], ...rounds]);
  }
  return [...all].map(([name, rounds]) => summarize(name, rounds));
}

/** Returns the value below which the share `q` of `values` lies, between two of them if need be. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new RangeError("Cannot take a quantile: there are no values");
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)] ?? NaN;
  const above = sorted[Math.ceil(at)] ?? NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** Throws unless what came out of a situation is what went in. */
export function check(what: string, got: number, want: number): void {
  if (got !== want) throw new Error(`${what} came to ${got}, want ${want}`);
}

/** Returns `0 + 1 + … + (count - 1)`. */
export function sumBelow(count: number): number {
  return count * (count - 1) / 2;
}

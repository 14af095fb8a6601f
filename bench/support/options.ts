/** The command line of the comparison. */

/** What the command line asks for. */
export interface Options {
  readonly json: boolean;
  readonly write: boolean;
  /** Reports whether it is to be done on Node as well. */
  readonly onNode: boolean;
  /** The matches to play. */
  readonly matches: readonly string[];
  /** The curves to measure. */
  readonly curves: readonly string[];
  /** Reports whether the curves are printed: they were asked for, and not only to be written. */
  readonly showsCurves: boolean;
  /** How often everything is played from the start: a minute in which the machine is slow spoils one pass at most. */
  readonly passes: number;
  /** Rounds that count, of each pass. */
  readonly rounds: number;
  /** How long one round of one side lasts. */
  readonly targetMs: number;
}

/** The command line cannot be read. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Reads the command line.
 *
 * @param matchNames All matches that there are.
 * @param curveNames All curves.
 * @throws {UsageError} if it cannot be read
 */
export function parseOptions(
  args: readonly string[],
  matchNames: readonly string[],
  curveNames: readonly string[],
): Options {
  let json = false;
  let write = false;
  let onNode = false;
  let withCurves = false;
  let only: string[] | undefined;
  let passes = 1;
  let rounds = 7;
  let targetMs = 100;
  for (const arg of args) {
    const [name, value = ""] = arg.split("=", 2);
    if (arg === "--json") json = true;
    else if (arg === "--write") write = true;
    else if (arg === "--curves") withCurves = true;
    else if (arg === "--node") onNode = true;
    else if (name === "--only") only = namesOf(value, [...matchNames, ...curveNames]);
    else if (name === "--passes") passes = positive(name, value);
    else if (name === "--rounds") rounds = positive(name, value);
    else if (name === "--ms") targetMs = positive(name, value);
    else throw new UsageError(`Cannot read the option ${arg}`);
  }
  if (write && only !== undefined) {
    throw new UsageError("Cannot write a part of the results: --write goes without --only");
  }
  const chosen = (names: readonly string[], byDefault: boolean) =>
    only === undefined ? byDefault ? names : [] : names.filter((name) => only.includes(name));
  const ofCurves = chosen(curveNames, write || withCurves);
  return {
    json,
    write,
    onNode,
    matches: chosen(matchNames, true),
    curves: ofCurves,
    showsCurves: withCurves || (only !== undefined && ofCurves.length > 0),
    passes,
    rounds,
    targetMs,
  };
}

function namesOf(value: string, known: readonly string[]): string[] {
  const names = value.split(",");
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`Cannot measure "${unknown}": no such match or curve`);
  }
  return names;
}

function positive(option: string, value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) {
    throw new UsageError(`Cannot read ${option}=${value}: a positive whole number is needed`);
  }
  return number;
}

/**
 * Plays one match, or measures one curve, and prints what was measured as JSON: in a process of its own, so that no situation finds
 * what those before it have left behind (code that was compiled for their types, a heap that they have grown, their threads).
 *
 * `play NAME ROUNDS MS [GO_BINARY]`
 */

import process from "node:process";
import { curves } from "./curves/all.ts";
import { matches, openMatch } from "./rows.ts";
import { playCurve } from "./support/curve.ts";
import { type GoRival, openGo } from "./support/go.ts";
import { giveBackAll, type Held, type Match } from "./support/match.ts";
import { interleave, type MatchOptions, type Measurement } from "./support/measure.ts";

/** Rounds before those that count: of a match, whose code is new to the process, and of each size of a curve. */
const WARMUPS = 6;
const CURVE_WARMUPS = 2;

async function playMatch(
  match: Match,
  go: GoRival | undefined,
  options: MatchOptions,
): Promise<Measurement[]> {
  const held: Held = [];
  try {
    const { warmups = options.warmups, hasThreads = false, maxRounds = Infinity } = match;
    const rounds = Math.min(options.rounds, maxRounds);
    const contestants = await openMatch(match, go, held);
    return await interleave(contestants, { ...options, warmups, rounds, hasLeadIn: hasThreads });
  } finally {
    await giveBackAll(held);
  }
}

const [name, rounds, targetMs, binary] = process.argv.slice(2);
const go = binary === undefined ? undefined : openGo(binary);
const options = { rounds: Number(rounds), targetMs: Number(targetMs) };
const match = matches.find((each) => each.name === name);
const curve = curves.find((each) => each.name === name);
if (match !== undefined) {
  console.log(JSON.stringify(await playMatch(match, go, { ...options, warmups: WARMUPS })));
} else if (curve !== undefined) {
  console.log(JSON.stringify(await playCurve(curve, go, { ...options, warmups: CURVE_WARMUPS })));
} else {
  throw new Error(`Cannot play ${name}: no such match or curve`);
}

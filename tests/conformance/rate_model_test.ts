/**
 * Limiter beside a model of `golang.org/x/time/rate`, written down from its documentation: what both do with the same random calls must
 * be the same.
 *
 * @module
 */
import { Limiter, type Reservation } from "../../src/rate/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { test } from "../support/test.ts";
import { virtualTime } from "../support/virtual_time.ts";
import { seeded } from "./waiting.ts";

/** What a reservation of the model holds. */
interface Reserved {
  readonly ok: boolean;
  readonly tokens: number;
  readonly turn: number;
  readonly gain: number;
}

/** Parts of a token: with limits that are multiples of 1/8 a millisecond gains a whole number of them, so the model computes exactly. */
const PARTS = 8000;

/** The bucket, with times in milliseconds and tokens in parts. */
class Model {
  #tokens: number;
  #last = 0;
  #lastEvent = -Infinity;
  /** Parts that are gained in a millisecond. */
  #gain: number;
  #burst: number;

  constructor(limit: number, burst: number) {
    this.#gain = limit * PARTS / 1000;
    this.#burst = burst * PARTS;
    this.#tokens = this.#burst;
  }

  #advanced(now: number): number {
    return Math.min(this.#burst, this.#tokens + (now - this.#last) * this.#gain);
  }

  reserve(now: number, n: number, maxWait: number): Reserved {
    const tokens = this.#advanced(now) - n * PARTS;
    const wait = tokens < 0 ? -tokens / this.#gain : 0;
    const ok = n * PARTS <= this.#burst && wait <= maxWait;
    if (ok) {
      this.#last = now;
      this.#tokens = tokens;
      this.#lastEvent = now + wait;
    }
    return { ok, tokens: n * PARTS, turn: now + wait, gain: this.#gain };
  }

  cancel(now: number, reserved: Reserved): void {
    const { ok, tokens, turn, gain } = reserved;
    if (!ok || tokens === 0 || turn < now) return;
    const restored = tokens - (this.#lastEvent - turn) * gain;
    if (restored <= 0) return;
    this.#tokens = Math.min(this.#burst, this.#advanced(now) + restored);
    this.#last = now;
    if (turn !== this.#lastEvent) return;
    const previous = turn - tokens / gain;
    if (previous >= now) this.#lastEvent = previous;
  }

  setLimit(now: number, limit: number): void {
    this.#tokens = this.#advanced(now);
    this.#last = now;
    this.#gain = limit * PARTS / 1000;
  }

  setBurst(now: number, burst: number): void {
    this.#tokens = this.#advanced(now);
    this.#last = now;
    this.#burst = burst * PARTS;
  }
}

/** Limits whose intervals are whole milliseconds. */
const LIMITS = [0.125, 0.25, 0.5, 1, 2, 4, 5, 8, 10, 20, 100, 1000];

/**
 * What a run does besides taking: it cancels reservations of one token in any order; or of several, the newest first; or it sets the limit.
 *
 * Not mixed: x/time/rate gives back more than was taken once a later turn is earlier, which both a change of the limit and a
 * reservation of several tokens of which some were returned can bring about. There Limiter differs on purpose (`limiter.ts`, I4).
 */
const MODES = ["cancels any", "cancels the newest", "sets the limit"] as const;
type Mode = typeof MODES[number];

for (const mode of MODES) {
  for (let seed = 1; seed <= 20; seed++) {
    test(`Limiter does as x/time/rate when one ${mode}, at random (seed ${seed})`, async () => {
      await compare(mode, seed);
    });
  }
}

async function compare(mode: Mode, seed: number): Promise<void> {
  using time = virtualTime();
  const random = seeded(seed);
  const start = performance.now();
  const limit = LIMITS[random(LIMITS.length)]!;
  const burst = 1 + random(8);
  using limiter = new Limiter(limit, burst);
  const model = new Model(limit, burst);
  const open: { ours: Reservation; models: Reserved }[] = [];
  for (let step = 0; step < 300; step++) {
    const now = performance.now() - start;
    const what = `step ${step}, ${now} ms`;
    const n = random(4);
    switch (random(6)) {
      case 0:
        await time.pass(random(3) === 0 ? random(5000) : random(50));
        break;
      case 1:
        assertEquals(limiter.allow(), model.reserve(now, 1, 0).ok, what);
        break;
      case 2:
        assertEquals(limiter.allowN(n), model.reserve(now, n, 0).ok, what);
        break;
      case 3: {
        const count = mode === "cancels any" ? Math.min(n, 1) : n;
        const ours = limiter.reserve(count);
        const models = model.reserve(now, count, Infinity);
        const delay = models.ok ? models.turn - now : Infinity;
        assertEquals([ours.ok, ours.delay], [models.ok, delay], what);
        open.push({ ours, models });
        break;
      }
      case 4: {
        if (mode === "sets the limit" || open.length === 0) break;
        // The newest at least every other time.
        const isAny = mode === "cancels any" && random(2) === 0;
        const index = isAny ? random(open.length) : open.length - 1;
        const [{ ours, models }] = open.splice(index, 1) as [typeof open[number]];
        ours.cancel();
        model.cancel(now, models);
        break;
      }
      default: {
        const burst = 1 + random(8);
        if (random(2) === 0) {
          limiter.setBurst(burst);
          model.setBurst(now, burst);
        } else if (mode === "sets the limit") {
          const limit = LIMITS[random(LIMITS.length)]!;
          limiter.setLimit(limit);
          model.setLimit(now, limit);
        }
      }
    }
  }
}

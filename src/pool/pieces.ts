/**
 * Adaptive splitting: a range is worked off piece by piece, and half of what is left is given away whenever a thread of the
 * pool has nothing to do.
 *
 * As in lazy binary splitting (Tzannes, Caragea, Barua and Vishkin, PPoPP 2010) nothing is split for who is not there: a range on
 * a busy pool stays whole. Who takes the half does the same with it. There the size of a piece is the programmer's; here it is
 * found by the clock, since an element may take a nanosecond or a second.
 *
 * @module
 */
import { CanceledError } from "../errors.ts";
import { macrotask } from "../internal/macrotask.ts";
import type { AtomicBool } from "../sync/atomic_bool.ts";
import { promiseOf } from "./go.ts";
import type { Goroutine } from "./goroutine.ts";

/** How long a piece is to take. Before each it is asked whether somebody has nothing to do, and whether to stop. */
const PIECE_MS = 0.2;
/** What takes less is not worth a fork: waking a thread takes some 20 µs. */
const WORTH_MS = 0.1;
/** How long pieces may follow each other without a turn of the event loop. */
const SLICE_MS = 10;

/** What is done with the parts of a range. */
export interface Work<R> {
  /** Does the elements from `from` to before `to`. */
  apply(from: number, to: number): R | PromiseLike<R>;
  /** Gives a part away, as a task that does it in pieces as well. */
  fork(from: number, to: number): Goroutine<R>;
  /** Puts the results of two neighbours together. */
  combine(left: R, right: R): R | PromiseLike<R>;
  /** Set to end it before its time. */
  readonly stop: AtomicBool | undefined;
}

let sliceStart = 0;

/** Reports whether the event loop has not had a turn for a while. */
export function isOutOfBreath(): boolean {
  return performance.now() - sliceStart >= SLICE_MS;
}

/** Lets it have one. */
export async function breathe(): Promise<void> {
  await macrotask();
  sliceStart = performance.now();
}

/** What a part fails with that finds its `stop` set. */
export function stopped(): CanceledError {
  return new CanceledError("stopped by its signal");
}

/** A fork that is joined from the start: who has given it away is at work, and its failure, which may come meanwhile, is no uncaught error. */
export function given<R>(fork: Goroutine<R>): Goroutine<R> {
  fork.join().catch(() => {});
  return fork;
}

/** Ends goroutines that nobody is interested in any more: cancels those that have not started, and waits for the others. */
export async function abandon(goroutines: readonly Goroutine<unknown>[]): Promise<void> {
  for (const goroutine of goroutines) goroutine.cancel();
  await Promise.allSettled(goroutines);
}

/**
 * Does the elements from `from` to before `to`; at least one.
 *
 * @returns what the pieces came to, combined in their order
 * @throws what doing a piece throws, of several the first in order; nothing given away is still running then
 * @throws {CanceledError} when it was stopped
 */
export async function inPieces<R>(
  isHungry: () => boolean,
  from: number,
  to: number,
  work: Work<R>,
): Promise<R> {
  /** The parts that were given away, the last first. */
  const forks: Goroutine<R>[] = [];
  try {
    let result: R | undefined;
    let isFirst = true;
    let size = 1;
    let perElement = 0;
    while (from < to) {
      if (work.stop?.load()) throw stopped();
      if ((to - from) * perElement > WORTH_MS && to - from > 1 && isHungry()) {
        const middle = to - ((to - from) >>> 1);
        forks.push(given(work.fork(middle, to)));
        to = middle;
        continue;
      }
      const end = Math.min(to, from + size);
      const start = performance.now();
      const applied = work.apply(from, end);
      const applying = promiseOf(applied) as Promise<R> | undefined;
      const piece = applying === undefined ? applied as R : await applying;
      const took = performance.now() - start;
      perElement = took / (end - from);
      if (took < PIECE_MS / 2) size *= 2;
      else if (took > PIECE_MS * 2) size = Math.max(1, size >>> 1);
      from = end;
      if (isFirst) result = piece;
      else {
        const combined = work.combine(result as R, piece);
        const combining = promiseOf(combined) as Promise<R> | undefined;
        result = combining === undefined ? combined as R : await combining;
      }
      isFirst = false;
      if (isOutOfBreath()) await breathe();
    }
    while (forks.length > 0) result = await work.combine(result as R, await forks.pop()!);
    return result as R;
  } catch (error) {
    await abandon(forks);
    throw error;
  }
}

/**
 * Lines: the waits of a limiter on this thread, in the order of their turns, with one alarm for the first.
 *
 * An alarm of its own for each would do nearly the same. But an event loop that comes late may find two due and the second's check a
 * moment later than the first's: that one would be served first. And a wait that finds its turn due while others, whose alarm
 * is late, still wait must not overtake them.
 *
 * @module
 */
import { type Abortable, listenTo, stopListening } from "../internal/abort.ts";
import { List, ListNode } from "../internal/list.ts";
import { type Alarm, clearAlarm, setAlarm } from "../select/alarm.ts";
import type { Turn } from "./turn.ts";

/** A goroutine that waits for its turn. */
class Waiting extends ListNode implements Abortable {
  readonly turn: Turn;
  readonly #line: Line;
  readonly #signal: AbortSignal | undefined;
  readonly #resolve: () => void;
  readonly #reject: (reason: unknown) => void;

  constructor(
    line: Line,
    turn: Turn,
    signal: AbortSignal | undefined,
    resolve: () => void,
    reject: (reason: unknown) => void,
  ) {
    super();
    this.#line = line;
    this.turn = turn;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    turn.begin();
    if (signal !== undefined) listenTo(signal, this);
  }

  /** Its turn has come. */
  serve(): void {
    if (this.#signal !== undefined) stopListening(this.#signal, this);
    this.turn.finish();
    this.#resolve();
  }

  aborted(signal: AbortSignal): void {
    this.#line.leave(this);
    // Even if the turn has come: nobody has used it.
    this.turn.giveBack();
    this.turn.finish();
    this.#reject(signal.reason);
  }
}

/** The waits of one limiter. */
export class Line {
  readonly #waiting = new List<Waiting>();
  #alarm: Alarm | undefined = undefined;

  /**
   * Reports whether `turn` need not be waited for: it has come, and nobody waits whose turn has come, too.
   *
   * @param local What `performance.now()` gives.
   */
  isDue(turn: Turn, local: number): boolean {
    if (turn.at > local) return false;
    const { first } = this.#waiting;
    return first === undefined || first.turn.at > local;
  }

  /**
   * Waits for `turn`, which is not due.
   *
   * @param signal Cancels the wait: the turn is then given back. It has not been aborted yet.
   */
  wait(turn: Turn, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = new Waiting(this, turn, signal, resolve, reject);
      let previous = this.#waiting.last;
      // Later turns come later, unless the limit has been raised since.
      while (previous !== undefined && previous.turn.at > turn.at) {
        previous = previous.previous as Waiting | undefined;
      }
      this.#waiting.insertAfter(previous, waiting);
      if (previous === undefined) this.#arm();
    });
  }

  /** Takes one out that gives up. */
  leave(waiting: Waiting): void {
    const wasFirst = this.#waiting.first === waiting;
    this.#waiting.remove(waiting);
    if (wasFirst) this.#arm();
  }

  /** Sets the alarm for whoever is first by now. */
  #arm(): void {
    clearAlarm(this.#alarm);
    const { first } = this.#waiting;
    this.#alarm = first && setAlarm(first.turn.at, () => this.#serve());
  }

  /** Serves whoever is due: the alarm may have come late. */
  #serve(): void {
    for (;;) {
      const { first } = this.#waiting;
      if (first === undefined || first.turn.at > performance.now()) break;
      this.#waiting.remove(first);
      first.serve();
    }
    this.#arm();
  }
}

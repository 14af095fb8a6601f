/**
 * Turns: when an event may happen, and what has been taken for it.
 *
 * @module
 */

/** Key under which a limiter of this module shows what gives its turns. */
export const turns: unique symbol = Symbol.for("millrace.turns/1") as never;

/** A turn that was given. */
export interface Turn {
  /** When it is, as `performance.now()` counts on this thread; `Infinity`: never, and nothing was taken. */
  readonly at: number;
  /** The event will not happen: gives back what was taken. Called once at most. */
  giveBack(): void;
  /** Somebody waits for it, and may give it back: the limiter must stay, until {@linkcode finish}. */
  begin(): void;
  /** Nobody waits for it any more. */
  finish(): void;
}

/** The turn that never comes. */
export const NEVER: Turn = { at: Infinity, giveBack() {}, begin() {}, finish() {} };

/** Who gives turns, as they see it. */
export interface Owner {
  /** Reports whether its memory may be gone. */
  readonly isGone: boolean;
  /** It has to stay, until as many calls of {@linkcode finish}. */
  begin(): void;
  /** See {@linkcode begin}. */
  finish(): void;
}

/** A turn that one limiter has given. */
export abstract class OwnTurn<O extends Owner> implements Turn {
  readonly at: number;
  protected readonly owner: O;

  /** @param owner Who has given it. */
  constructor(owner: O, at: number) {
    this.owner = owner;
    this.at = at;
  }

  giveBack(): void {
    // Gone with the limiter, as far as this thread can say.
    if (!this.owner.isGone) this.cancel();
  }

  begin(): void {
    this.owner.begin();
  }

  finish(): void {
    this.owner.finish();
  }

  /** Tells the limiter, whose memory is there. */
  protected abstract cancel(): void;
}

/**
 * The channel `done` of a context: no storage, it is closed as soon as the context has ended.
 *
 * @module
 */
import { CLOSED, EMPTY, type ReceiveCase, type Source, type Wait } from "../select/case.ts";
import { SourceChannel } from "../select/source_channel.ts";
import { type Afterwards, Follower, type Leader } from "./follower.ts";

/** The channel of one context. */
export class DoneChannel extends SourceChannel<never> {
  readonly #leader: Leader;

  /** @param leader The context. */
  constructor(leader: Leader) {
    super(new DoneSource(leader), 0);
    this.#leader = leader;
  }

  /** Reports whether the context has ended. */
  override get closed(): boolean {
    return this.#leader.end !== undefined;
  }
}

class DoneSource implements Source<never> {
  readonly #leader: Leader;

  constructor(leader: Leader) {
    this.#leader = leader;
  }

  poll(): typeof EMPTY | typeof CLOSED {
    return this.#leader.end === undefined ? EMPTY : CLOSED;
  }

  receiveCase(): ReceiveCase<never> {
    return new DoneCase(this.#leader);
  }
}

/** A party that waits for the end of a context. */
class DoneCase extends Follower implements ReceiveCase<never> {
  index = 0;
  readonly #leader: Leader;
  #wait: Wait | undefined = undefined;

  constructor(leader: Leader) {
    super();
    this.#leader = leader;
  }

  get awaits(): boolean {
    return true;
  }

  get rank(): number {
    return 0;
  }

  get isShared(): boolean {
    return this.#leader.isShared;
  }

  get isTimed(): boolean {
    return this.deadline !== Infinity;
  }

  /** The context has an alarm of its own while somebody waits; only a thread that blocks has to look at the clock itself. */
  get ringsItself(): boolean {
    return true;
  }

  get deadline(): number {
    return this.#leader.due;
  }

  poll(): boolean {
    return this.#leader.end !== undefined;
  }

  isReady(): boolean {
    return this.poll();
  }

  enter(wait: Wait): boolean {
    // The deadline may be over since the poll.
    if (this.poll()) return false;
    this.#wait = wait;
    this.#leader.follow(this);
    return true;
  }

  leave(): void {
    this.#leader.unfollow(this);
  }

  leaderEnded(_afterwards: Afterwards[]): void {
    if (this.#wait!.claim(this.index)) this.#wait!.finish(this.index);
  }

  complete(): boolean {
    throw new TypeError("Cannot complete a context's case: no other thread can have fired it");
  }

  dispose(): void {}

  outcome(): typeof CLOSED {
    return CLOSED;
  }
}

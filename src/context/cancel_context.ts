/**
 * Contexts that can end: the tree.
 *
 * Whether one has ended is *asked*, from below: its own end, a clock that has passed its deadline, or else its parent's end. So
 * a context that nobody waits for is an object and no more: its parent does not know it, no timer runs for it, and it is
 * garbage like any other, cancelled or not. Only when somebody waits (`done`, `signal`, `afterFunc`, a child for whom that
 * holds) it *follows* its parent and sets its one alarm, for as long as that lasts.
 *
 * Invariants
 * - I1 Once `end` has been seen defined it stays the same.
 * - I2 A context stands in its parent's list, and its alarm is set, while it has followers and has not told them.
 * - I3 The alarm keeps the process alive while at least one of them awaits; `#awaited` counts them, here and for the parent.
 * - I4 When the caller's code is run by an end, every context that it reaches has ended, and whoever waited for `done` goes on.
 *
 * Rejected: children known to the parent from the start, as in Go. A million contexts that nobody has waited for would have to
 * be taken out again one by one, and one whose `cancel` is forgotten would stay as long as its parent.
 *
 * @module
 */
import { type Abortable, listenTo, stopListening } from "../internal/abort.ts";
import { List } from "../internal/list.ts";
import { type Alarm, clearAlarm, setAlarm } from "../select/alarm.ts";
import type { ReceiveChannel } from "../select/types.ts";
import { BaseContext, type Scope } from "./base.ts";
import { DoneChannel } from "./done.ts";
import { End } from "./end.ts";
import { type Afterwards, Follower } from "./follower.ts";
import type { Context } from "./types.ts";

/** A deadline of a context's own. */
export interface Deadline {
  readonly date: Date;
  /** The same as `performance.now()` counts. */
  readonly due: number;
  /** The cause of the end that it brings; `undefined`: none is given. */
  readonly cause: unknown;
}

/** A context that can end. */
export class CancelContext extends BaseContext implements Scope, Abortable {
  readonly due: number;
  /** The nearest one above that can end. */
  readonly #above: CancelContext | undefined;
  readonly #deadline: Deadline | undefined;
  /** The signal that it ends with. */
  readonly #source: AbortSignal | undefined;
  #end: End | undefined = undefined;
  #hasTold = false;
  #followers: List<Follower> | undefined = undefined;
  /** How many of them await. */
  #awaited = 0;
  /** This context among its parent's followers. */
  #child: Child | undefined = undefined;
  #alarm: Alarm | undefined = undefined;
  #done: DoneChannel | undefined = undefined;
  #signal: Aborter | undefined = undefined;

  /**
   * @param parent What it is made from.
   * @param deadline Its own, no later than its parent's.
   * @param source The signal that it ends with.
   */
  constructor(parent: BaseContext, deadline?: Deadline, source?: AbortSignal) {
    super(parent);
    this.#above = parent.scope as CancelContext | undefined;
    this.#deadline = deadline;
    this.#source = source;
    this.due = Math.min(deadline?.due ?? Infinity, this.#above?.due ?? Infinity);
  }

  get scope(): this {
    return this;
  }

  get isShared(): boolean {
    return false;
  }

  override get deadline(): Date | undefined {
    return this.#deadline === undefined ? this.#above?.deadline : this.#deadline.date;
  }

  override get done(): ReceiveChannel<never> {
    return this.#done ??= new DoneChannel(this);
  }

  override get err(): Context["err"] {
    return this.end?.err;
  }

  override get signal(): AbortSignal {
    if (this.#source !== undefined) return this.#source;
    if (this.#signal === undefined) {
      this.#signal = new Aborter(this);
      if (this.end === undefined) this.follow(this.#signal);
    }
    // The clock may have been faster than the alarm: whoever asks must not be told two things.
    if (this.end !== undefined) this.#signal.finish();
    return this.#signal.signal;
  }

  override get end(): End | undefined {
    return this.#end ?? this.#look();
  }

  /** Finds out whether it has ended by now. */
  #look(): End | undefined {
    const above = this.#above?.end;
    const deadline = this.#deadline;
    // Both may have come since somebody last looked: then it was the earlier one.
    if (deadline !== undefined && deadline.due <= (above?.at ?? performance.now())) {
      this.#end = new End(true, deadline.due, deadline.cause);
    } else if (above !== undefined) {
      this.#end = above;
    } else if (this.#source?.aborted) {
      this.#end = new End(false, performance.now(), this.#source.reason);
    }
    return this.#end;
  }

  /** Ends it, unless it has ended. */
  cancel(cause: unknown): void {
    if (this.end === undefined) this.#end = new End(false, performance.now(), cause);
    this.#tell();
  }

  /** It has ended: tells everybody. */
  #tell(): void {
    // Nobody has ever followed.
    if (this.#followers === undefined) return;
    const afterwards: Afterwards[] = [];
    this.spread(afterwards);
    for (const each of afterwards) each.finish();
  }

  /** It has ended: tells everybody but for what runs the caller's code, which goes to `afterwards`. */
  spread(afterwards: Afterwards[]): void {
    if (this.#hasTold) return;
    this.#hasTold = true;
    const followers = this.#followers!;
    if (!followers.isEmpty) this.#detach();
    for (let next = followers.shift(); next !== undefined; next = followers.shift()) {
      next.leaderEnded(afterwards);
    }
  }

  follow(follower: Follower): void {
    const followers = this.#followers ??= new List();
    const isFirst = followers.isEmpty;
    const wasAwaited = this.#awaited > 0;
    followers.push(follower);
    if (follower.awaits) this.#awaited++;
    if (isFirst) this.#attach();
    else if (follower.awaits && !wasAwaited) this.#awaitedChanged();
  }

  unfollow(follower: Follower): void {
    if (follower.list === undefined) return;
    const followers = this.#followers!;
    followers.remove(follower);
    if (this.#hasTold) return;
    if (followers.isEmpty) {
      this.#detach();
      this.#awaited = 0;
    } else if (follower.awaits) {
      this.release();
    }
  }

  /** Reports whether somebody waits for its end. */
  get isAwaited(): boolean {
    return this.#awaited > 0;
  }

  /** One of its followers, already in the list, begins to await. */
  expect(): void {
    if (this.#awaited++ === 0) this.#awaitedChanged();
  }

  /** One of its followers does not any more. */
  release(): void {
    if (--this.#awaited === 0) this.#awaitedChanged();
  }

  #awaitedChanged(): void {
    if (this.isAwaited) this.#above?.expect();
    else this.#above?.release();
    this.#setAlarm();
  }

  /** It has a follower. */
  #attach(): void {
    this.#above?.follow(this.#child ??= new Child(this));
    if (this.#source !== undefined) listenTo(this.#source, this);
    this.#setAlarm();
  }

  /** It has none any more. */
  #detach(): void {
    if (this.#child !== undefined) this.#above!.unfollow(this.#child);
    if (this.#source !== undefined) stopListening(this.#source, this);
    clearAlarm(this.#alarm);
    this.#alarm = undefined;
  }

  #setAlarm(): void {
    if (this.#deadline === undefined) return;
    clearAlarm(this.#alarm);
    this.#alarm = setAlarm(this.#deadline.due, () => this.#notice(), this.isAwaited);
  }

  /** Its deadline is over, or its signal has been aborted. */
  #notice(): void {
    if (this.end !== undefined) this.#tell();
  }

  aborted(): void {
    this.#notice();
  }
}

/** A context among the followers of its parent. */
class Child extends Follower {
  readonly #context: CancelContext;

  constructor(context: CancelContext) {
    super();
    this.#context = context;
  }

  get awaits(): boolean {
    return this.#context.isAwaited;
  }

  leaderEnded(afterwards: Afterwards[]): void {
    if (this.#context.end !== undefined) this.#context.spread(afterwards);
  }
}

/** The signal of a context. */
class Aborter extends Follower implements Afterwards {
  readonly #context: CancelContext;
  readonly #controller: AbortController = new AbortController();

  constructor(context: CancelContext) {
    super();
    this.#context = context;
  }

  get awaits(): boolean {
    return true;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  leaderEnded(afterwards: Afterwards[]): void {
    afterwards.push(this);
  }

  finish(): void {
    if (!this.signal.aborted) this.#controller.abort(this.#context.end!.cause);
  }
}

/**
 * Contexts that can end: the tree.
 *
 * Whether one has ended is *asked*, from below: its own end, a clock that has passed its deadline, or else its parent's end. So
 * a context that nobody waits for is an object and no more: its parent does not know it, no timer runs for it, and it is
 * garbage like any other, cancelled or not. Only when somebody waits (`done`, `signal`, `afterFunc`, a child for whom that
 * holds) it *follows* its parent and sets its one alarm, for as long as that lasts.
 *
 * One that has been sent to another thread, or has come from one, has its end in shared memory, where one swap decides; see
 * `README.md`.
 *
 * Invariants
 * - I1 Once `end` has been seen defined it stays the same.
 * - I2 A context stands in its parent's list, its alarm is set, and its end elsewhere is watched, while it has followers and has not
 *   told them.
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
import { microtask } from "../internal/macrotask.ts";
import { peekValue } from "../memory/value.ts";
import { shared } from "../memory/handle.ts";
import {
  CONTEXT_CANCELED,
  CONTEXT_FOLLOWED,
  CONTEXT_LATE,
  CONTEXT_LIVE,
} from "../memory/layout.ts";
import { type Alarm, clearAlarm, setAlarm } from "../select/alarm.ts";
import type { ReceiveChannel } from "../select/types.ts";
import { BaseContext, entriesBetween, type Scope } from "./base.ts";
import type { Deadline } from "./deadline.ts";
import { DoneChannel } from "./done.ts";
import { End } from "./end.ts";
import { type Afterwards, Follower } from "./follower.ts";
import { codeOfCause, SharedContext } from "./shared_context.ts";
import { watch } from "./watch.ts";
import type { Context } from "./types.ts";

/** What a context may end with besides its `cancel` and its parent. */
export interface Endings {
  /** Its own deadline, no later than its parent's. */
  readonly deadline?: Deadline | undefined;
  /** A signal. */
  readonly source?: AbortSignal;
  /** What it is on the thread that it has come from. */
  readonly origin?: SharedContext;
}

const NONE: Endings = {};

/** A context that can end. */
export class CancelContext extends BaseContext implements Scope, Abortable {
  readonly due: number;
  readonly isShared: boolean;
  /** Reports whether it has come from another thread. */
  readonly #isFar: boolean;
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

  /** Ends the watch of an end that another thread may bring. */
  #unwatch: (() => void) | undefined = undefined;

  /** @param parent What it is made from. */
  constructor(parent: BaseContext, { deadline, source, origin }: Endings = NONE) {
    super(parent);
    const above = this.#above = parent.scope as CancelContext | undefined;
    this.#deadline = deadline;
    this.#source = source;
    this.#isFar = origin !== undefined;
    this.isShared = this.#isFar || above !== undefined && above.isShared;
    this.due = Math.min(deadline?.due ?? Infinity, above?.due ?? Infinity);
    if (origin !== undefined) this.hold(origin);
  }

  get scope(): this {
    return this;
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
    return this.#settle(this.#lookHere());
  }

  /** It ends by `end` unless other threads have decided otherwise; `undefined`: it ends if they have decided that. */
  #settle(end: End | undefined): End | undefined {
    const settled = this.held === undefined ? end : this.#agree(this.held, end);
    // Telling the others may have told this thread, and somebody asked.
    return this.#end ??= settled;
  }

  /** What this thread takes for its end. */
  #lookHere(): End | undefined {
    const above = this.#above?.end;
    const deadline = this.#deadline;
    // Both may have come since somebody last looked: then it was the earlier one.
    if (deadline !== undefined && deadline.due <= (above?.at ?? performance.now())) {
      return new End(true, deadline.due, deadline.cause);
    }
    if (above !== undefined || !this.#source?.aborted) return above;
    return new End(false, performance.now(), this.#source.reason);
  }

  /** What all threads take for its end, when this one takes `end` for it. */
  #agree(held: SharedContext, end: End | undefined): End | undefined {
    if (end === undefined) return this.#endOf(held.code);
    const own = this.#codeOf(end);
    const code = held.settle(own);
    return code === own ? end : this.#endOf(code);
  }

  /** The code for `end`, for all threads. */
  #codeOf(end: End): number {
    if (this.#far !== undefined && this.#far.end === end) return CONTEXT_FOLLOWED;
    return end.isDeadline ? CONTEXT_LATE : codeOfCause(end.given);
  }

  /** The end that `code` stands for. */
  #endOf(code: number): End | undefined {
    switch (code) {
      case CONTEXT_LIVE:
        return undefined;
      case CONTEXT_FOLLOWED:
        return this.#far!.end;
      case CONTEXT_LATE: {
        const { due, cause } = this.#ownDeadline!;
        return new End(true, due, cause);
      }
      case CONTEXT_CANCELED:
        return new End(false, performance.now(), undefined);
      default:
        return new End(false, performance.now(), peekValue(code));
    }
  }

  /** The nearest one above that has come from another thread, and may be ended there. */
  get #far(): CancelContext | undefined {
    let at = this.#above;
    while (at !== undefined && !at.#isFar) at = at.#above;
    return at;
  }

  /** The deadline that it ends at, if that is not the far one's; what stands for it in shared memory has it as its own. */
  get #ownDeadline(): Deadline | undefined {
    return this.#isFar ? this.#deadline : CancelContext.#deadlineAt(this.due, this, this.#far);
  }

  /** The deadline that is due at `due`, from `context` up to `top`, without that one's. */
  static #deadlineAt(
    due: number,
    context: CancelContext,
    top: CancelContext | undefined,
  ): Deadline | undefined {
    for (
      let at: CancelContext | undefined = context;
      at !== undefined && at !== top;
      at = at.#above
    ) {
      if (at.#deadline?.due === due) return at.#deadline;
    }
    return undefined;
  }

  /** Ends it, unless it has ended. */
  cancel(cause: unknown): void {
    if (this.end === undefined) this.#settle(new End(false, performance.now(), cause));
    this.#tell();
  }

  protected override export(): SharedContext {
    const far = this.#far;
    const { end } = this;
    const object = SharedContext.create({
      above: far === undefined ? 0 : far[shared],
      entries: entriesBetween(this, far),
      deadline: this.#ownDeadline,
      end: end === undefined ? CONTEXT_LIVE : this.#codeOf(end),
    });
    if (end !== undefined) return object;
    const now = this.end;
    // Writing its values may have run the caller's code, and that have ended it.
    if (now !== undefined) object.settle(this.#codeOf(now));
    // Other threads are told when something ends it here, though nobody here waits for that.
    else this.follow(new Sent());
    return object;
  }

  override [Symbol.dispose](): void {
    this.#stopWatching();
    super[Symbol.dispose]();
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
    if (this.#isFar && this.held !== undefined) {
      this.#unwatch = watch(this.held, () => this.#noticeFar());
    }
  }

  /** It has none any more. */
  #detach(): void {
    if (this.#child !== undefined) this.#above!.unfollow(this.#child);
    if (this.#source !== undefined) stopListening(this.#source, this);
    clearAlarm(this.#alarm);
    this.#alarm = undefined;
    this.#stopWatching();
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

  #stopWatching(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  /** Another thread has ended it. The caller's code has to wait: a goroutine may be blocking this thread. */
  #noticeFar(): void {
    if (this.end === undefined || this.#followers === undefined) return;
    const afterwards: Afterwards[] = [];
    this.spread(afterwards);
    if (afterwards.length > 0) microtask(() => afterwards.forEach((each) => each.finish()));
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

/** What stands among the followers of a context that has been sent to another thread: it has to do nothing more. */
class Sent extends Follower {
  get awaits(): boolean {
    return false;
  }

  leaderEnded(_afterwards: Afterwards[]): void {}
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
    // Nobody can see whether somebody listens. A thread of a pool lives without it, and need not stay for what a task has read.
    return !this.#context.isShared;
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

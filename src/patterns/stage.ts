/**
 * What every pattern is made of: goroutines of this thread that end together.
 *
 * A stage has an *end*, which comes once: its `done` has fired, its work is over or has failed, or whoever could read its outputs has
 * left. At the end, within the call that brings it, its outputs are closed, its waits end and what it holds is given up. So nothing
 * of it is left anywhere: not in the queues of its input, nor in that of its `done`. Why that is so is in the README of this room.
 *
 * @module
 */
import { LocalFlavor } from "../channel/flavors/local.ts";
import { ChannelClosedError } from "../errors.ts";
import { show } from "../internal/check.ts";
import { afterTurn, isBudgetSpent, microtask } from "../internal/macrotask.ts";
import { EMPTY, type Receivable, type SendCase, type Source, source } from "../select/case.ts";
import { endAll, waitAmong, type Waits } from "../select/direct.ts";
import { Operation } from "../select/operation.ts";
import { nextUntil } from "../select/receiver.ts";
import { SourceChannel } from "../select/source_channel.ts";
import type { ReceiveChannel } from "../select/types.ts";

/**
 * What ends a pattern: a channel that is closed, or that a value comes from; `ctx.done` is one. With `null` nothing does but the input.
 */
export type Done = ReceiveChannel<unknown> | null;

/**
 * What a pattern gives: a channel to receive from. Whoever has no more use for it may dispose of it, which ends what works for it;
 * forgetting it does the same, when garbage is next collected.
 *
 * @typeParam T What it carries.
 */
export interface StageChannel<T> extends ReceiveChannel<T>, Disposable {}

/** Where a stage puts values, for its reader to take. */
export type Output<T> = LocalFlavor<T>;

/** What a reader has of an output. The stage itself does not hold it, so that it can see when nobody does any more. */
class OutputChannel<T> extends SourceChannel<T> implements StageChannel<T> {
  readonly #stage: Stage;
  readonly #output: Output<T>;

  constructor(stage: Stage, output: Output<T>) {
    super(output, output.capacity);
    this.#stage = stage;
    this.#output = output;
  }

  override get size(): number {
    return this.#output.size;
  }

  override get closed(): boolean {
    return this.#output.closed;
  }

  [Symbol.dispose](): void {
    this.#stage.leave(this.#output);
  }
}

/** Weakly, so that a pipeline that nothing can come to is garbage together with who waits for it. */
interface Forgotten {
  readonly stage: WeakRef<Stage>;
  readonly output: WeakRef<Output<never>>;
}

/** Hears of readers that nobody can read from any more. */
const forgotten = new FinalizationRegistry<Forgotten>((it) => {
  const output = it.output.deref();
  // Somebody is in the middle of a last receive: see again with the next garbage.
  if (output?.isAwaited) forgotten.register({}, it);
  else if (output !== undefined) it.stage.deref()?.leave(output);
});

/**
 * Ends that have come, of which the outputs are being closed, in this order. One may bring the next: they wait here, and not each in the call of the
 * one before, since a long chain of them would use up the stack.
 */
const ending: (() => void)[] = [];

const ENDED: Promise<IteratorReturnResult<undefined>> = Promise.resolve({
  done: true,
  value: undefined,
});
const SENT = Promise.resolve(true);
const NOT_SENT = Promise.resolve(false);

/** Goroutines that end together. */
export class Stage {
  /** Closed at the end, for waits that are more than one case of this thread. */
  readonly #end = new LocalFlavor<never>(0);
  /** All other waits. */
  readonly #waits: Waits = new Set();
  /** Those that somebody has to read: without any of them the work is of no use. */
  readonly #outputs = new Set<Output<never>>();
  /** Those that nobody has to read. */
  readonly #pulses = new Set<Output<never>>();
  readonly #atEnd: ((reason: unknown) => void)[] = [];
  /** Kept while this runs: a `done` may itself be a pattern's, which ends when it is forgotten. */
  #dones: readonly Done[];
  #running = 0;
  #isOver = false;
  #wasCalledOff = false;

  /**
   * Begins to wait for `dones`, of which the first that fires ends the stage.
   *
   * @throws {TypeError} if one of them is neither a channel nor `null`, or is disposed
   */
  constructor(...dones: Done[]) {
    this.#dones = dones;
    const from = dones.filter((done) => done !== null)
      .map((done) => checkChannel(done, "done", " or null")[source] as Source<unknown>);
    if (from.length === 0) return;
    if (from.some(hasFired)) {
      this.#callOff();
      return;
    }
    const cases = [...from, this.#end].map((each) => each.receiveCase());
    const callOff = (): void => this.#callOff();
    // A channel that is closed with a reason has fired like any other.
    Operation.wait(cases, callOff).catch(callOff);
  }

  /** Reports whether the end has come. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Reports whether the end has come by a `done`. */
  get wasCalledOff(): boolean {
    return this.#wasCalledOff;
  }

  /** What is closed at the end, as a case of a select. */
  get end(): Receivable<never> {
    const end: Source<never> = this.#end;
    return { [source]: end };
  }

  /** Adds an output, with room for `capacity` values. When all have been left, by `using` or by being forgotten, the end has come. */
  output<T>(capacity = 0): [output: Output<T>, channel: StageChannel<T>] {
    const output = new LocalFlavor<T>(capacity);
    const channel = this.#channel(output, this.#outputs);
    forgotten.register(channel, {
      stage: new WeakRef(this),
      output: new WeakRef(output as Output<never>),
    });
    return [output, channel];
  }

  /** Adds an output for pulses, of which the newest waits: the stage goes on if it is forgotten. */
  pulse(): [output: Output<void>, channel: StageChannel<void>] {
    const output = new LocalFlavor<void>(1);
    return [output, this.#channel(output, this.#pulses)];
  }

  #channel<T>(output: Output<T>, all: Set<Output<never>>): StageChannel<T> {
    if (this.#isOver) output.close(undefined);
    else all.add(output as Output<never>);
    return new OutputChannel(this, output);
  }

  /** Calls `callback` at the end, within the call that brings it, with what the work failed with; at once if it has come. */
  atEnd(callback: (reason: unknown) => void): void {
    if (this.#isOver) callback(undefined);
    else this.#atEnd.push(callback);
  }

  /** Runs `body` as a goroutine, once the caller has yielded. The last of them to return, or the first to fail, ends the stage. */
  start(body: () => Promise<void>): void {
    this.#running++;
    this.startBeside(async () => {
      await body();
      if (--this.#running === 0) this.finish();
    });
  }

  /** As {@linkcode start}, but the stage does not wait for it. */
  startBeside(body: () => Promise<void>): void {
    microtask(() => {
      if (!this.#isOver) body().catch((reason) => this.fail(reason));
    });
  }

  /** Receives from `input`: done when it is closed and drained, or the end has come. */
  #next<T>(input: Source<T>): Promise<IteratorResult<T, undefined>> {
    return this.#isOver ? ENDED : nextUntil(input, this.#end, this.#waits);
  }

  /**
   * Calls `work` with each value of `input`, one after the other, until there is none or `work` gives `false`.
   *
   * @param input The channel, not what is behind it: a pattern's ends when it is forgotten, and this is going to ask it again.
   */
  async each<T>(
    input: Receivable<T>,
    work: (value: T) => boolean | Promise<boolean>,
  ): Promise<void> {
    for (;;) {
      const got = await this.#next(input[source] as Source<T>);
      // What came in the same moment as the end is given up.
      if (got.done || this.#isOver) return;
      const goesOn = work(got.value);
      if (!(typeof goesOn === "boolean" ? goesOn : await goesOn)) return;
    }
  }

  /** Puts `value` into `output` once there is room: `false` if the end comes first, or the reader leaves. */
  send<T>(output: Output<T>, value: T): Promise<boolean> {
    if (this.#isOver || output.closed) return NOT_SENT;
    if (output.offer(value)) return isBudgetSpent() ? afterTurn(true) : SENT;
    return waitAmong(this.#waits, output.sendCase(value), wasTaken, false);
  }

  /** The reader of `output` has left. */
  leave<T>(output: Output<T>): void {
    const own = output as Output<never>;
    if (!this.#outputs.delete(own) && !this.#pulses.delete(own)) return;
    output.close(undefined);
    if (this.#outputs.size === 0) this.finish();
  }

  /** The work has failed: whoever reads an output gets `reason`. */
  fail(reason: unknown): void {
    // A channel that is closed with undefined is closed without a reason.
    this.#finish(
      reason === undefined ? new Error("Cannot go on: a function has thrown undefined") : reason,
    );
  }

  /** The work is over. */
  finish(): void {
    this.#finish(undefined);
  }

  #callOff(): void {
    if (!this.#isOver) this.#wasCalledOff = true;
    this.#finish(undefined);
  }

  #finish(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // First its waits, so that nobody who reads or sends from here on meets one of them.
    endAll(this.#waits);
    // In the middle of another's end: that goes on with this one.
    if (ending.push(() => this.#close(reason)) > 1) return;
    try {
      for (const close of ending) close();
    } finally {
      ending.length = 0;
    }
  }

  #close(reason: unknown): void {
    this.#end.close(undefined);
    for (const output of [...this.#outputs, ...this.#pulses]) output.close(reason);
    this.#outputs.clear();
    this.#pulses.clear();
    this.#dones = [];
    for (const callback of this.#atEnd.splice(0)) callback(reason);
  }
}

/** Makes a stage with one output. */
export function stage<T>(
  done: Done,
  begin: (stage: Stage, output: Output<T>) => void,
): StageChannel<T> {
  const made = new Stage(done);
  const [output, channel] = made.output<T>();
  begin(made, output);
  return channel;
}

/** Reports whether the value that waited in `sending` was taken; otherwise the output was closed, its reader has left. */
function wasTaken(sending: SendCase): boolean {
  try {
    sending.outcome();
    return true;
  } catch (error) {
    if (error instanceof ChannelClosedError) return false;
    throw error;
  }
}

/** Reports whether something has come from `from`, or it was closed. */
function hasFired(from: Source<unknown>): boolean {
  try {
    return from.poll() !== EMPTY;
  } catch {
    // Closed with a reason: whose that is hears of it elsewhere.
    return true;
  }
}

/**
 * Returns `channel` if values can be received from it.
 *
 * @throws {TypeError} if it is no channel, or disposed
 */
export function checkChannel<T>(
  channel: ReceiveChannel<T>,
  name: string,
  orElse = "",
): ReceiveChannel<T> {
  const given: unknown = channel;
  if (typeof given !== "object" || given === null || !(source in given)) {
    throw new TypeError(`Cannot use ${show(given)} as ${name}: expected a channel${orElse}`);
  }
  (channel[source] as Source<T>).refuse?.();
  return channel;
}

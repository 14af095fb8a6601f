/**
 * `select`: waits for whichever of several channel operations can go on first.
 *
 * @module
 */
import { ChannelClosedError } from "../errors.ts";
import { checkSignal, show } from "../internal/check.ts";
import { afterTurn, isBudgetSpent } from "../internal/macrotask.ts";
import { randomBelow } from "../internal/random.ts";
import { beginCallersCode, endCallersCode } from "../memory/handle.ts";
import {
  type Case,
  CLOSED,
  EMPTY,
  type Receivable,
  type ReceiveCase,
  type Sendable,
  type SendCase as SendCaseOf,
  type Sink,
  sink,
  type Source,
  source,
} from "./case.ts";
import { Operation } from "./operation.ts";

/** A send as a case of a select; made by {@linkcode send}. */
export class SendCase {
  /** Where the value goes; `null`: nowhere, the case is never ready. */
  readonly channel: Sendable<never> | null;
  /** The value. */
  readonly value: unknown;

  /** Use {@linkcode send}, which checks that the two fit. */
  constructor(channel: Sendable<never> | null, value: unknown) {
    this.channel = channel;
    this.value = value;
  }
}

/**
 * Makes a case that sends `value` to `channel`.
 *
 * @example
 * ```ts
 * import { Channel, select, send } from "@millrace/millrace";
 *
 * const out = new Channel<string>(1);
 * const got = await select({ out: send(out, "hello") });
 * console.log(got.case); // out
 * ```
 *
 * @param channel Where to; `null`, Go's nil channel, is never ready.
 * @param value What to send.
 */
export function send<T>(channel: Sendable<T> | null, value: T): SendCase {
  if (channel !== null && !(typeof channel === "object" && sink in channel)) {
    throw new TypeError(`Cannot send to ${show(channel)}: expected a channel or null`);
  }
  return new SendCase(channel, value);
}

/** What may stand as a case: a channel to receive from, a {@linkcode send}, or `null`, which is never ready. */
export type SelectCase = Receivable<unknown> | SendCase | null;

/** The cases of a select: an object, or an array or tuple. */
export type SelectCases = Readonly<Record<string, SelectCase>> | readonly SelectCase[];

/** What a select gives when the case `C` under key `K` took effect. */
export type OutcomeOf<K, C> = C extends null ? never
  : C extends SendCase ? { readonly case: K; readonly ok: true; readonly value: undefined }
  : C extends Receivable<infer T> ?
      | { readonly case: K; readonly ok: true; readonly value: T }
      | { readonly case: K; readonly ok: false; readonly value: undefined }
  : never;

/** The key of a tuple's entry as a number. */
export type IndexOf<K> = K extends `${infer N extends number}` ? N : never;

/**
 * What a select gives: which case took effect, and for a receive the value. `ok` is false when the channel received from was
 * closed and drained. Comparing `case` narrows `value` to the case's own type.
 *
 * @typeParam C The cases.
 */
export type Selected<C extends SelectCases> = C extends readonly SelectCase[]
  ? number extends C["length"] ? OutcomeOf<number, C[number]>
  : { [K in Exclude<keyof C, keyof []>]: OutcomeOf<IndexOf<K>, C[K]> }[Exclude<keyof C, keyof []>]
  : { [K in keyof C]: OutcomeOf<K, C[K]> }[keyof C];

/** Options of {@linkcode select}. */
export interface SelectOptions {
  /** Ends the wait: it rejects with `signal.reason`, and no case takes effect. */
  signal?: AbortSignal | undefined;
}

/** A case with what it is about: what is received from; or, itself, what is to be sent. */
interface Entry {
  readonly key: string | number;
  readonly end: Source<unknown> | SendCase;
}

/** The form that engines recognise in a loop over keys: half as dear as `Object.hasOwn` there. */
const hasOwn = Object.prototype.hasOwnProperty;

/** An object of more cases than that is listed at once: it is a hash table, and each look at it costs. */
const MANY = 32;

interface Outcome {
  readonly case: string | number;
  readonly ok: boolean;
  readonly value: unknown;
}

function checkCases(cases: SelectCases): void {
  // A channel by itself would be an object without cases, and wait for ever.
  if (typeof cases !== "object" || cases === null || source in cases) {
    throw notCases(cases);
  }
}

/** The names of the cases. What has none, but is no plain object (a Map, a Set, a promise), would wait for ever as well. */
function keysOf(cases: SelectCases): string[] {
  const keys = Object.keys(cases);
  const prototype: unknown = Object.getPrototypeOf(cases);
  if (keys.length === 0 && prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw notCases(cases);
  }
  return keys;
}

function notCases(given: unknown): TypeError {
  return new TypeError(
    `Cannot select from ${show(given)}: expected an object or an array of cases`,
  );
}

/**
 * Checks all cases and tries one of them, each as likely as the others, without listing them: a select of two that are ready is
 * over before a list could be made. If that one is not ready, or there are too many to try one (then nor are all checked), {@linkcode pollAll} goes on with all of them. So of
 * `r` ready ones among `n` each is chosen with probability 1/n + (n − r)/n · 1/r = 1/r.
 */
function pollOne(cases: SelectCases): Outcome | Failure | undefined {
  checkCases(cases);
  let key: string | number = 0;
  let end: Entry["end"] | undefined;
  let seen = 0;
  if (Array.isArray(cases)) {
    for (let index = 0; index < cases.length; index++) {
      const found = endOf(index, cases[index]);
      if (++seen > 1 && randomBelow(seen) > 0) continue;
      key = index;
      end = found;
    }
  } else {
    const named = cases as Readonly<Record<string, SelectCase>>;
    for (const name in named) {
      if (!hasOwn.call(named, name)) continue;
      if (seen === MANY) return undefined;
      const found = endOf(name, named[name]);
      if (++seen > 1 && randomBelow(seen) > 0) continue;
      key = name;
      end = found;
    }
  }
  return end === undefined ? undefined : poll(key, end);
}

/** The entries of `cases`, checked, without those that are never ready. */
function entriesOf(cases: SelectCases): Entry[] {
  checkCases(cases);
  const entries: Entry[] = [];
  const named = cases as Readonly<Record<string, SelectCase>>;
  const keys = Array.isArray(cases) ? cases.keys() : keysOf(cases);
  for (const key of keys) {
    const end = endOf(key, named[key]);
    if (end !== undefined) entries.push({ key, end });
  }
  return entries;
}

/** What the case `given` under `key` is about; `undefined` when it is never ready. */
function endOf(key: string | number, given: unknown): Source<unknown> | SendCase | undefined {
  if (typeof given === "object" && given !== null) {
    const from = (given as Partial<Receivable<unknown>>)[source];
    if (from !== undefined) return from as Source<unknown>;
    if (given instanceof SendCase) {
      if (given.channel === null) return undefined;
      // Whichever case is chosen: a value that does not fit is a mistake of the call.
      sinkOf(given).check?.(given.value);
      return given;
    }
  }
  if (given === null) return undefined;
  throw new TypeError(
    `Cannot select case ${show(key)}: ${
      show(given)
    } is neither a channel, nor send(channel, value), nor null`,
  );
}

function sinkOf({ channel }: SendCase): Sink<unknown> {
  return channel![sink] as Sink<unknown>;
}

/** What a channel did to the case that was chosen: it ends the select, where a bad argument would end the call. */
class Failure {
  readonly reason: unknown;

  constructor(reason: unknown) {
    this.reason = reason;
  }
}

/** Lets one entry take effect, each of those that can as likely as the others. */
function pollAll(entries: Entry[]): Outcome | Failure | undefined {
  for (let left = entries.length; left > 0; left--) {
    // A shuffle, one step at a time: only as much of it as is needed.
    const at = left === 1 ? 0 : randomBelow(left);
    const entry = entries[at]!;
    const outcome = poll(entry.key, entry.end);
    if (outcome !== undefined) return outcome;
    entries[at] = entries[left - 1]!;
    entries[left - 1] = entry;
  }
  return undefined;
}

function poll(key: string | number, end: Entry["end"]): Outcome | Failure | undefined {
  return end instanceof SendCase ? pollSink(key, end) : pollSource(key, end);
}

function pollSource(key: string | number, from: Source<unknown>): Outcome | Failure | undefined {
  let value;
  try {
    value = from.poll();
  } catch (reason) {
    return new Failure(reason);
  }
  if (value === EMPTY) return undefined;
  return value === CLOSED
    ? { case: key, ok: false, value: undefined }
    : { case: key, ok: true, value };
}

function pollSink(key: string | number, sending: SendCase): Outcome | Failure | undefined {
  try {
    return sinkOf(sending).offer(sending.value)
      ? { case: key, ok: true, value: undefined }
      : undefined;
  } catch (reason) {
    if (reason instanceof ChannelClosedError) return new Failure(reason);
    throw reason;
  }
}

/** The cases to wait with, one an entry. */
function casesOf(entries: readonly Entry[]): Case[] {
  const cases: Case[] = [];
  try {
    for (const { end } of entries) {
      cases.push(
        end instanceof SendCase ? sinkOf(end).sendCase(end.value) : end.receiveCase(),
      );
    }
  } catch (error) {
    for (const each of cases) each.dispose(false);
    throw error;
  }
  return cases;
}

/**
 * Reports whether {@linkcode casesOf} may have run the caller's code, which may have made one ready: a value that is sent to another thread
 * is read then, with its getters.
 */
function mayHaveRunCode(entries: readonly Entry[], cases: readonly Case[]): boolean {
  return entries.some(({ end }, index) =>
    end instanceof SendCase && typeof end.value === "object" && end.value !== null &&
    cases[index]!.isShared
  );
}

/** What the case `ended` has brought its entry. */
function outcomeOf({ key, end }: Entry, ended: Case): Outcome {
  if (end instanceof SendCase) {
    (ended as SendCaseOf).outcome();
    return { case: key, ok: true, value: undefined };
  }
  const value = (ended as ReceiveCase<unknown>).outcome();
  return value === CLOSED
    ? { case: key, ok: false, value: undefined }
    : { case: key, ok: true, value };
}

/**
 * Waits until one of several channel operations can go on, and carries it out.
 *
 * Of several that are ready one is chosen uniformly at random. Cases may mix by-reference and typed channels, sends,
 * receives and timers; exactly one takes effect. A `null` case is never ready, and `select({})` never resolves.
 *
 * - **Blocking:** suspends this goroutine, never the thread; {@linkcode selectSync} blocks.
 * - **Cancellation:** an aborted signal wins even if a case is ready; then no case takes effect.
 *
 * @example
 * ```ts
 * import { after, Channel, select } from "@millrace/millrace";
 *
 * const jobs = new Channel<string>(1);
 * jobs.trySend("paint");
 * const got = await select({ job: jobs, late: after(1000) });
 * switch (got.case) {
 *   case "job":
 *     console.log(got.ok ? got.value.toUpperCase() : "no more jobs"); // PAINT
 *     break;
 *   case "late":
 *     console.log("nothing within a second");
 * }
 * ```
 *
 * @param cases An object, whose keys name the cases, or an array, whose indexes do (Go: `reflect.Select`).
 * @param options `signal` cancels the wait.
 * @returns Which case took effect, and its value.
 * @throws {TypeError} at the call, if a case is something else, or a value does not fit its channel
 * @throws {ChannelClosedError} if the chosen case sends to a closed channel
 * @throws `signal.reason` if aborted; the reason of a closed channel received from
 * @see Go spec, "Select statements".
 */
export function select<const C extends SelectCases>(
  cases: C,
  options?: SelectOptions,
): Promise<Selected<C>> {
  const signal = options === undefined ? undefined : checkSignal(options);
  if (signal?.aborted) {
    entriesOf(cases);
    return Promise.reject(signal.reason);
  }
  // Reading the cases may run getters: what these dispose of is not let go before this select is through with it, or stands in its queues.
  beginCallersCode();
  try {
    return selectFrom(cases, signal);
  } finally {
    endCallersCode();
  }
}

function selectFrom<C extends SelectCases>(
  cases: C,
  signal: AbortSignal | undefined,
): Promise<Selected<C>> {
  const first = pollOne(cases);
  const entries = first === undefined ? entriesOf(cases) : [];
  const outcome = first ?? pollAll(entries);
  if (outcome instanceof Failure) return Promise.reject(outcome.reason);
  if (outcome !== undefined) {
    const selected = outcome as Selected<C>;
    return isBudgetSpent() ? afterTurn(selected) : Promise.resolve(selected);
  }
  const parties = casesOf(entries);
  return Operation.wait(
    parties,
    (ended, index) => outcomeOf(entries[index]!, ended) as Selected<C>,
    signal,
    mayHaveRunCode(entries, parties),
  );
}

/**
 * Carries out one of several channel operations if one can go on now (Go: a select with `default`).
 *
 * Each case is looked at once, at a moment of its own. Among channels of one thread nothing happens between these moments; a value
 * that other threads move from one typed channel to another meanwhile may be missed in both. (Go locks all of them
 * for that time.)
 *
 * @param cases As for {@linkcode select}.
 * @returns Which case took effect, and its value; `undefined` when none was ready.
 * @throws as {@linkcode select}
 */
export function trySelect<const C extends SelectCases>(cases: C): Selected<C> | undefined {
  let outcome;
  beginCallersCode();
  try {
    outcome = pollOne(cases) ?? pollAll(entriesOf(cases));
  } finally {
    endCallersCode();
  }
  if (outcome instanceof Failure) throw outcome.reason;
  return outcome as Selected<C> | undefined;
}

/**
 * Blocks the thread until one of several channel operations can go on, and carries it out.
 *
 * @param cases As for {@linkcode select}; at least one must be a typed channel's or a timer's if it has to wait.
 * @returns Which case took effect, and its value.
 * @throws {AgentCannotBlockError} if it would have to wait and the thread may not block, or nobody else could answer
 * @throws as {@linkcode select}
 */
export function selectSync<const C extends SelectCases>(cases: C): Selected<C> {
  let entries: Entry[] = [];
  let parties: readonly Case[];
  beginCallersCode();
  try {
    const first = pollOne(cases);
    if (first === undefined) entries = entriesOf(cases);
    const outcome = first ?? pollAll(entries);
    if (outcome instanceof Failure) throw outcome.reason;
    if (outcome !== undefined) return outcome as Selected<C>;
    parties = casesOf(entries);
  } finally {
    endCallersCode();
  }
  return Operation.block(
    parties,
    (ended, index) => outcomeOf(entries[index]!, ended) as Selected<C>,
    mayHaveRunCode(entries, parties),
  );
}

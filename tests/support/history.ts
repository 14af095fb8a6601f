/**
 * Histories of channels, recorded on threads that run at the same time.
 *
 * A client carries out steps, one after the other, on any thread. Of each it writes a row: when it began, since when it waited, when it
 * ended, and how. Times are drawn from one counter in shared memory, so they are ordered across threads, and a
 * step that ended before another began has the lower ones. Rows are in shared memory too, each client's apart from
 * the others': but for the counter the threads do not meet in the recorder, and a history can be read while a client hangs.
 *
 * @module
 */
import type { Operation } from "../model/types.ts";

/** How a step waits: suspending, blocking its thread, or not at all. */
export type Form = "promise" | "sync" | "try";

/** When a wait is given up: before it begins, at once, in a microtask, or after a turn of the event loop. */
export type Patience = "aborted" | "none" | "microtask" | "turn";

/** A case of a select: with a `value` a send. */
export interface StepCase {
  readonly channel: number;
  readonly value?: number;
}

/** One thing that a client does. Channels stand for their index, values for whatever the flavor carries. */
export type Step =
  | {
    readonly does: "send";
    readonly form: Form;
    readonly channel: number;
    readonly value: number;
    readonly patience?: Patience;
  }
  | {
    readonly does: "receive";
    readonly form: Form;
    readonly channel: number;
    readonly patience?: Patience;
  }
  | {
    readonly does: "sendMany";
    readonly form: "promise" | "sync";
    readonly channel: number;
    readonly values: readonly number[];
  }
  | {
    readonly does: "receiveMany";
    readonly form: "promise" | "sync";
    readonly channel: number;
    readonly max: number;
  }
  | {
    readonly does: "select";
    readonly form: Form;
    readonly cases: readonly StepCase[];
    readonly patience?: Patience;
  }
  | { readonly does: "close"; readonly channel: number; readonly reason: number | null }
  | { readonly does: "closed"; readonly channel: number }
  /** Lets others of its thread run; it stands in no history. */
  | { readonly does: "pause"; readonly turns: number };

/** How a step ended. */
export const NOT_ENDED = 0;
/** It had its effect; what it received are the row's values. */
export const DONE = 1;
/** It tried, and could not. */
export const NOT_READY = 2;
/** The channel was closed. */
export const CLOSED = 3;
/** The channel was closed with a reason, whose number is the row's value. */
export const FAILED = 4;
/** It was given up. */
export const ABORTED = 5;

/** How a step ended, and with what. */
export interface Outcome {
  readonly code: number;
  /** Of a select, which case it was; of a `sendMany` that was closed, how many had been sent; of a question, the answer. */
  readonly detail?: number;
  readonly values?: readonly number[];
}

/** A row of a log. */
export interface Row {
  readonly begin: number;
  /** A moment from which on it is known to have waited, or 0. */
  readonly waits: number;
  readonly end: number;
  readonly code: number;
  readonly detail: number;
  readonly values: readonly number[];
}

/** Clients that there may be at a time. */
export const MAX_CLIENTS = 24;
/** Steps of a client. */
export const MAX_STEPS = 64;
/** Values of a row: the largest batch. */
export const MAX_VALUES = 8;

const BEGIN = 0;
const WAITS = 1;
const END = 2;
const CODE = 3;
const DETAIL = 4;
const COUNT = 5;
const VALUES = 6;
/** Words of a row. */
const ROW = VALUES + MAX_VALUES;
/** The counter, and on a line of its own the number of those who stand at the start. */
const CLOCK = 0;
const ARRIVED = 32;
const LOGS = 64;
/** Words of a client's log, and of the line between it and the next. */
const LOG = MAX_STEPS * ROW + 32;

/** What this memory is known as to the threads that are started after this one. */
const KEY = "millrace tests: history";

/** The memory of all logs: this thread's own, or that of the thread that started it. */
function sharedWords(): Int32Array {
  const { getEnvironmentData, setEnvironmentData } = globalThis.process.getBuiltinModule(
    "node:worker_threads",
  );
  let memory = getEnvironmentData(KEY) as unknown as SharedArrayBuffer | undefined;
  if (memory === undefined) {
    memory = new SharedArrayBuffer(4 * (LOGS + MAX_CLIENTS * LOG));
    setEnvironmentData(KEY, memory as never);
  }
  return new Int32Array(memory);
}

const words = sharedWords();

/** The next moment. */
export function tick(): number {
  return Atomics.add(words, CLOCK, 1) + 1;
}

/** The last moment. */
export function now(): number {
  return Atomics.load(words, CLOCK);
}

/** Empties the logs. Nobody may be writing one. */
export function clearLogs(): void {
  words.fill(0);
}

/** Rounds that a client waits at the start; whoever has no processor is not waited for. */
const START_SPINS = 3000;

/** Waits, for a little while, until `count` clients have come here: they shall run at the same time. */
export function startTogether(count: number): void {
  Atomics.add(words, ARRIVED, 1);
  for (let spins = 0; spins < START_SPINS && Atomics.load(words, ARRIVED) < count; spins++);
}

/** Writes the log of one client. */
export class Log {
  readonly #client: number;
  #row = -1;

  /** @param client Its number, below `MAX_CLIENTS`. */
  constructor(client: number) {
    this.#client = client;
  }

  get #at(): number {
    return LOGS + this.#client * LOG + this.#row * ROW;
  }

  /** The next step begins now. */
  begin(): void {
    if (++this.#row === MAX_STEPS || this.#client >= MAX_CLIENTS) {
      throw new RangeError(`Cannot record step ${this.#row} of client ${this.#client}: no room`);
    }
    Atomics.store(words, this.#at + BEGIN, tick());
  }

  /** The step waits. */
  waits(): void {
    Atomics.store(words, this.#at + WAITS, tick());
  }

  /** The step has just ended. */
  end({ code, detail = 0, values = [] }: Outcome): void {
    const end = tick();
    const at = this.#at;
    words[at + CODE] = code;
    words[at + DETAIL] = detail;
    words[at + COUNT] = values.length;
    words.set(values, at + VALUES);
    // Last: it publishes the others.
    Atomics.store(words, at + END, end);
  }
}

/** The rows that a client has written up to now. */
export function rowsOf(client: number): Row[] {
  const rows: Row[] = [];
  for (let row = 0; row < MAX_STEPS; row++) {
    const at = LOGS + client * LOG + row * ROW;
    const begin = Atomics.load(words, at + BEGIN);
    if (begin === 0) break;
    const end = Atomics.load(words, at + END);
    const hasEnded = end !== 0;
    rows.push({
      begin,
      waits: Atomics.load(words, at + WAITS),
      end: hasEnded ? end : Infinity,
      code: hasEnded ? words[at + CODE]! : NOT_ENDED,
      detail: words[at + DETAIL]!,
      values: Array.from(words.subarray(at + VALUES, at + VALUES + words[at + COUNT]!)),
    });
  }
  return rows;
}

/** A client's steps that have begun, with what came of them. */
export type Recorded = readonly (readonly [step: Step, row: Row])[];

/** What the logs say of the steps that `clients` were to carry out. */
export function readLogs(clients: readonly (readonly Step[])[]): Recorded[] {
  return clients.map((steps, client) => {
    const taken = steps.filter(({ does }) => does !== "pause");
    return rowsOf(client).map((row, index) => [taken[index]!, row] as const);
  });
}

/** The history as it was known at the moment `end`: what had not ended then had not ended. */
export function cut(recorded: readonly Recorded[], end: number): Recorded[] {
  return recorded.map((steps) =>
    steps.filter(([, { begin, code }]) => begin <= end && code !== ABORTED).map(([step, row]) =>
      row.end <= end ? [step, row] : [step, {
        ...row,
        waits: row.waits <= end ? row.waits : 0,
        end: Infinity,
        code: NOT_ENDED,
      }]
    )
  );
}

/** Name, input and output of an operation. */
type Part = readonly [name: string, input: unknown, output: unknown];

/** Collects the operations of one channel, as `channel_specs.ts` names them. */
class History {
  readonly operations: Operation[] = [];
  readonly #channel: number;
  /** How many threads that are none the history has. */
  #asides = 0;

  constructor(channel: number) {
    this.#channel = channel;
  }

  /** Adds what a step did to the channel. */
  add(client: number, step: Step, row: Row): void {
    if (row.code === ABORTED) return;
    if (step.does === "select") return this.#addSelect(client, step, row);
    if (step.does === "pause" || step.channel !== this.#channel) return;
    this.#put(client, row, partsOf(step, row));
  }

  #addSelect(client: number, { cases, form }: Extract<Step, { does: "select" }>, row: Row): void {
    const prefix = form === "try" ? "trySelect" : "select";
    const part = ({ value }: StepCase): Part =>
      value === undefined
        ? [`${prefix} receive`, null, received(row)]
        : [`${prefix} send`, value, sent(row)];
    const here = cases.filter(({ channel }) => channel === this.#channel);
    if (row.code === NOT_ENDED) {
      // It may have had the effect of any case.
      const all = here.map(({ value }) => value === undefined ? {} : { send: value });
      if (all.length > 0) this.#put(client, row, [["select", all, undefined]]);
    } else if (row.code === NOT_READY) {
      // Each case was found not ready at a moment of its own, in no certain order.
      for (const each of here) this.#put(-++this.#asides, row, [part(each)]);
    } else {
      const chosen = cases[row.detail]!;
      if (chosen.channel === this.#channel) this.#put(client, row, [part(chosen)]);
    }
  }

  /** Adds what happened one after the other between the beginning and the end of a row. */
  #put(thread: number, { begin, waits, end }: Row, parts: readonly Part[]): void {
    for (const [name, input, output] of parts) {
      this.operations.push({
        // One number for all threads: their own order is the order in which they are added.
        ...{ thread, index: this.operations.length, name, input, begin, end },
        output: end === Infinity ? undefined : output,
        ...waits > 0 && { waits },
      });
    }
  }
}

/** The operations that a step consists of, one after the other. */
function partsOf(step: Exclude<Step, { does: "select" | "pause" }>, row: Row): Part[] {
  const isTry = "form" in step && step.form === "try";
  switch (step.does) {
    case "send":
      return [[isTry ? "trySend" : "send", step.value, sent(row)]];
    case "receive":
      return [[isTry ? "tryReceive" : "receive", null, received(row)]];
    case "sendMany":
      return step.values.slice(0, row.code === CLOSED ? row.detail + 1 : undefined).map(
        (value, index) => ["sendMany", value, index === row.detail ? sent(row) : "sent"],
      );
    case "receiveMany": {
      if (row.code === NOT_ENDED) return new Array(step.max).fill(["receiveMany", null, undefined]);
      if (row.code !== DONE) return [["receiveMany", null, received(row)]];
      const parts = row.values.map((value): Part => ["receiveMany", null, { value }]);
      // It took what was there: there was no more.
      if (parts.length < step.max) parts.push(["no more", null, "not ready"]);
      return parts;
    }
    case "close":
      return [["close", step.reason, row.code === DONE ? "closed" : "was closed"]];
    case "closed":
      return [["closed", null, row.detail === 1]];
  }
}

function sent({ code }: Row): unknown {
  return code === DONE ? "sent" : code === NOT_READY ? "not ready" : "closed";
}

function received({ code, values }: Row): unknown {
  if (code === DONE) return { value: values[0] };
  if (code === FAILED) return { reason: values[0] };
  return code === NOT_READY ? "not ready" : "closed";
}

/** What happened to the channel with index `channel`. */
export function historyOf(recorded: readonly Recorded[], channel: number): Operation[] {
  const history = new History(channel);
  for (const [client, steps] of recorded.entries()) {
    for (const [step, row] of steps) history.add(client, step, row);
  }
  return history.operations;
}

/**
 * The clients of recorded histories, and what their channels carry.
 *
 * @module
 */
import {
  any,
  type Channel,
  ChannelClosedError,
  type ElementType,
  f64,
  i32,
  i64,
  type ReceiveChannel,
  select,
  selectSync,
  send,
  struct,
  task,
  text,
  trySelect,
  u16,
} from "../../mod.ts";
import {
  ABORTED,
  CLOSED,
  DONE,
  FAILED,
  Log,
  NOT_READY,
  type Outcome,
  type Patience,
  startTogether,
  type Step,
} from "./history.ts";

/** What a channel carries: a value for each number, which can be told from it again. */
export interface Cargo {
  /** `undefined`: the channel is by reference. */
  readonly type: ElementType<unknown> | undefined;
  /** The value number `n`, from 0 to 65535. */
  pack(n: number): unknown;
  /** The number of a value; -1 if it is damaged. */
  unpack(value: unknown): number;
}

function cargo<T>(
  type: ElementType<T> | undefined,
  pack: (n: number) => T,
  numberOf: (value: T) => number,
): Cargo {
  return {
    type: type as ElementType<unknown> | undefined,
    pack,
    unpack(value) {
      const n = numberOf(value as T);
      const isWhole = JSON.stringify(toPlain(pack(n))) === JSON.stringify(toPlain(value));
      return isWhole ? n : -1;
    },
  };
}

function toPlain(value: unknown): unknown {
  return typeof value === "bigint" ? `${value}` : value;
}

/** Every cargo, by name: of one word, of two, of more, and of a message. */
export const cargoes: Readonly<Record<string, Cargo>> = {
  "by reference": cargo<{ n: number }>(undefined, (n) => ({ n }), ({ n }) => n),
  "u16": cargo(u16, (n) => n, (value) => value),
  "i32": cargo(i32, (n) => n - 100, (value) => value + 100),
  "f64": cargo(f64, (n) => n / 3, (value) => Math.round(3 * value)),
  "i64": cargo(i64, (n) => BigInt(n) - 2n ** 60n, (value) => Number(value + 2n ** 60n)),
  "struct": cargo(
    struct({ id: i32, x: f64, y: f64, name: text }),
    (n) => ({ id: n, x: n / 7, y: -n, name: `no. ${n}` }),
    ({ id }) => id,
  ),
  "text": cargo(text, (n) => `${n} äöü`.repeat(1 + n % 3), (value) => parseInt(value)),
  "any": cargo(
    any<{ n: number; list: number[] }>(),
    (n) => ({ n, list: [n, n] }),
    ({ n }) => n,
  ),
};

/** The text that stands for reason number `reason` of a close. */
export function reasonText(channel: number, reason: number): string {
  return `channel ${channel} was closed for reason ${reason}`;
}

const REASON = /^channel (\d+) was closed for reason (\d+)$/;
const GIVEN_UP = "given up";

/** What became of a step that failed. */
function failure(error: unknown): Outcome {
  if (error instanceof ChannelClosedError) return { code: CLOSED };
  if (error === GIVEN_UP) return { code: ABORTED };
  const reason = typeof error === "string" && REASON.exec(error);
  if (reason) return { code: FAILED, values: [Number(reason[2])] };
  throw error;
}

/** Runs `wait` and says what becomes of it; at once if it does not return a promise. */
function outcomeOf<T>(
  wait: () => T | Promise<T>,
  toOutcome: (result: T) => Outcome,
  toFailure: (error: unknown) => Outcome = failure,
): Outcome | Promise<Outcome> {
  try {
    const result = wait();
    return result instanceof Promise ? result.then(toOutcome, toFailure) : toOutcome(result);
  } catch (error) {
    return toFailure(error);
  }
}

/** The options of a wait that is given up when `patience` says so. */
function patienceOf(patience: Patience | undefined): { readonly signal?: AbortSignal } {
  if (patience === undefined) return {};
  if (patience === "aborted") return { signal: AbortSignal.abort(GIVEN_UP) };
  const controller = new AbortController();
  const abort = (): void => controller.abort(GIVEN_UP);
  // "none": as soon as the call has returned, before anybody else can run.
  if (patience === "none") afterCall.push(abort);
  else if (patience === "microtask") queueMicrotask(abort);
  else setTimeout(abort, 0);
  return { signal: controller.signal };
}

/** What is to be done as soon as the call has returned. */
const afterCall: (() => void)[] = [];

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Carries out steps. */
class Client {
  readonly #channels: readonly Channel<unknown>[];
  readonly #cargo: Cargo;

  constructor(channels: readonly Channel<unknown>[], cargo: Cargo) {
    this.#channels = channels;
    this.#cargo = cargo;
  }

  perform(step: Exclude<Step, { does: "pause" }>): Outcome | Promise<Outcome> {
    const { pack } = this.#cargo;
    if (step.does === "select") return this.#select(step);
    const channel = this.#channels[step.channel]!;
    switch (step.does) {
      case "send": {
        const value = pack(step.value);
        if (step.form === "try") {
          return outcomeOf(
            () => channel.trySend(value),
            (sent) => ({ code: sent ? DONE : NOT_READY }),
          );
        }
        return outcomeOf(
          () =>
            step.form === "sync"
              ? channel.sendSync(value)
              : channel.send(value, patienceOf(step.patience)),
          () => ({ code: DONE }),
        );
      }
      case "receive":
        return this.#receive(channel, step);
      case "sendMany": {
        const values = step.values.map(pack);
        return outcomeOf(
          () => step.form === "sync" ? channel.sendManySync(values) : channel.sendMany(values),
          () => ({ code: DONE, detail: step.values.length }),
          (error) => {
            const outcome = failure(error);
            const unsent = this.#cargo.unpack((error as ChannelClosedError).value);
            return { ...outcome, detail: step.values.indexOf(unsent) };
          },
        );
      }
      case "receiveMany":
        return outcomeOf(
          () =>
            step.form === "sync"
              ? channel.receiveManySync(step.max)
              : channel.receiveMany(step.max),
          (values) =>
            values.length === 0
              ? { code: CLOSED }
              : { code: DONE, values: values.map(this.#cargo.unpack) },
        );
      case "close": {
        const { reason } = step;
        const text = reason === null ? undefined : reasonText(step.channel, reason);
        return outcomeOf(() => channel.close(text), () => ({ code: DONE }));
      }
      case "closed":
        return { code: DONE, detail: Number(channel.closed) };
    }
  }

  #receive(
    channel: ReceiveChannel<unknown>,
    { form, patience }: Extract<Step, { does: "receive" }>,
  ): Outcome | Promise<Outcome> {
    const { unpack } = this.#cargo;
    if (form === "try") {
      return outcomeOf(() => channel.tryReceive(), (got): Outcome => {
        if (got.state === "ok") return { code: DONE, values: [unpack(got.value)] };
        return { code: got.state === "empty" ? NOT_READY : CLOSED };
      });
    }
    return outcomeOf(
      () => form === "sync" ? channel.receiveSync() : channel.receive(patienceOf(patience)),
      (value) => value === undefined ? { code: CLOSED } : { code: DONE, values: [unpack(value)] },
    );
  }

  #select(
    { form, cases, patience }: Extract<Step, { does: "select" }>,
  ): Outcome | Promise<Outcome> {
    const { pack, unpack } = this.#cargo;
    const given = cases.map(({ channel, value }) => {
      const each = this.#channels[channel]!;
      return value === undefined ? each : send(each, pack(value));
    });
    return outcomeOf(
      () => {
        if (form === "try") return trySelect(given);
        return form === "sync" ? selectSync(given) : select(given, patienceOf(patience));
      },
      (got): Outcome => {
        if (got === undefined) return { code: NOT_READY };
        const detail = got.case;
        if (!got.ok) return { code: CLOSED, detail };
        const isReceive = cases[detail]!.value === undefined;
        return { code: DONE, detail, values: isReceive ? [unpack(got.value)] : [] };
      },
      (error) => {
        const outcome = failure(error);
        if (outcome.code === ABORTED) return outcome;
        // The error says which case it was.
        const detail = outcome.code === CLOSED
          ? cases.findIndex(({ value }) => value === unpack((error as ChannelClosedError).value))
          : cases.findIndex(({ channel, value }) =>
            value === undefined && channel === Number(REASON.exec(error as string)![1])
          );
        return { ...outcome, detail };
      },
    );
  }
}

/** Reports whether a step that returned a promise is known to wait from then on; see `channel_specs.ts`. */
function isVisible({ does }: Step): boolean {
  return does === "send" || does === "receive";
}

/**
 * Carries out `steps` and records them.
 *
 * @param client Its number.
 * @param channels What the steps are about.
 * @param name Of the cargo.
 * @param start It begins when this is closed, ...
 * @param together ... at about the same time as so many.
 */
export const runClient = task(
  import.meta.url,
  "runClient",
  async (
    client: number,
    channels: readonly Channel<unknown>[],
    name: string,
    steps: readonly Step[],
    start: ReceiveChannel<unknown>,
    together: number,
  ): Promise<void> => {
    const log = new Log(client);
    const actor = new Client(channels, cargoes[name]!);
    await start.receive();
    startTogether(together);
    for (const step of steps) {
      if (step.does === "pause") {
        if (step.turns === 0) await Promise.resolve();
        for (let left = step.turns; left > 0; left--) await turn();
        continue;
      }
      log.begin();
      const performed = actor.perform(step);
      if (!(performed instanceof Promise)) {
        log.end(performed);
        continue;
      }
      if (isVisible(step)) log.waits();
      for (const act of afterCall.splice(0)) act();
      log.end(await performed);
    }
  },
);

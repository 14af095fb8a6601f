/**
 * Rounds of random steps over the channels of one flavor, recorded and checked.
 *
 * @module
 */
import { Channel, go, i32, type Pool } from "../../mod.ts";
import { seeded, turn } from "../conformance/waiting.ts";
import { assertLinearizable, type Specification } from "../model/linearizable.ts";
import { type ChannelState, specifications } from "./channel_specs.ts";
import {
  clearLogs,
  cut,
  type Form,
  historyOf,
  MAX_STEPS,
  now,
  type Patience,
  readLogs,
  type Recorded,
  type Step,
  type StepCase,
} from "./history.ts";
import { cargoes, runClient } from "./tasks_history.ts";

/** A kind of channel whose histories are recorded. */
export interface RecordedFlavor {
  /** Its name in the names of tests. */
  readonly name: string;
  /** Name of what it carries. */
  readonly cargo: string;
  readonly capacity: number;
  readonly specification: Specification<ChannelState>;
}

function local(name: string, capacity: number): RecordedFlavor {
  const { localRendezvous, localBuffered, localUnbounded } = specifications;
  const specification = capacity === 0
    ? localRendezvous()
    : capacity === Infinity
    ? localUnbounded()
    : localBuffered(capacity);
  return { name: `by reference, ${name}`, cargo: "by reference", capacity, specification };
}

function shared(cargo: string, ...capacities: readonly number[]): RecordedFlavor[] {
  return capacities.map((capacity) => {
    const specification = capacity === 0
      ? specifications.sharedRendezvous()
      : specifications.sharedRing(capacity);
    return { name: `${cargo}, capacity ${capacity}`, cargo, capacity, specification };
  });
}

/** By-reference flavors. */
export const localFlavors: readonly RecordedFlavor[] = [
  local("rendezvous", 0),
  local("capacity 1", 1),
  local("capacity 3", 3),
  local("capacity 8", 8),
  local("unbounded", Infinity),
];

/** Typed flavors: elements of the slot's word, beside it, and in messages of their own. */
export const sharedFlavors: readonly RecordedFlavor[] = [
  ...shared("i32", 0, 1, 2, 3, 1000),
  ...shared("u16", 5),
  ...shared("f64", 0, 1, 3),
  ...shared("i64", 7),
  ...shared("struct", 0, 1, 5),
  ...shared("text", 0, 1, 3),
  ...shared("any", 2),
];

/** How many clients a round has, by where they are. */
export interface Clients {
  /** On threads of their own, which they may block. */
  readonly blocking: number;
  /** On threads that they share. */
  readonly suspending: number;
  /** On this thread. */
  readonly here: number;
}

/** What a round consists of. */
export interface RoundOptions {
  readonly clients: Clients;
  /** Steps of each client. */
  readonly steps: number;
  /** Has a thread for each client that may block. */
  readonly blocking?: Pool;
  readonly suspending?: Pool;
}

/** Channels of a round: enough for a select over several. */
const CHANNELS = 2;
/** A round that makes no step for so many seconds hangs. Counted one by one, so that a machine may stand still. */
const HANG_SECONDS = 20;

/** Makes up what clients do. */
class Script {
  readonly #random: (bound: number) => number;
  #value = 0;

  constructor(random: (bound: number) => number) {
    this.#random = random;
  }

  /** Steps of a client that sends in `bias` of 10 cases, and waits in one of `forms`. */
  steps(count: number, forms: readonly Form[], bias: number): Step[] {
    return Array.from({ length: count }, () => this.#step(forms, bias));
  }

  #step(forms: readonly Form[], bias: number): Step {
    const random = this.#random;
    const channel = random(CHANNELS);
    const form = forms[random(forms.length)]!;
    const waiting = form === "try" ? "promise" : form;
    const patience = form === "promise" ? this.#patience() : {};
    const sends = random(10) < bias;
    switch (random(16)) {
      case 0:
      case 1:
      case 2: {
        const cases = Array.from({ length: 1 + random(4) }, () => this.#case(bias));
        return { does: "select", form, cases, ...patience };
      }
      case 3:
        if (!sends) return { does: "receiveMany", form: waiting, channel, max: 1 + random(4) };
        return {
          ...{ does: "sendMany", form: waiting, channel },
          values: Array.from({ length: 1 + random(3) }, () => this.#value++),
        };
      case 4:
        return { does: "closed", channel };
      case 5:
        return { does: "pause", turns: random(2) };
      case 6:
        if (random(10) === 0) return this.close(channel);
    }
    if (sends) return { does: "send", form, channel, value: this.#value++, ...patience };
    return { does: "receive", form, channel, ...patience };
  }

  #case(bias: number): StepCase {
    const channel = this.#random(CHANNELS);
    return this.#random(10) < bias ? { channel, value: this.#value++ } : { channel };
  }

  #patience(): { readonly patience?: Patience } {
    const all: readonly Patience[] = ["aborted", "none", "microtask", "turn"];
    const patience = all[this.#random(16)];
    return patience === undefined ? {} : { patience };
  }

  close(channel: number): Step {
    return { does: "close", channel, reason: this.#random(2) === 0 ? null : this.#random(100) };
  }
}

/** Runs clients and waits for them. */
class Round {
  readonly #flavor: RecordedFlavor;
  readonly #channels: readonly Channel<unknown>[];
  readonly #start = new Channel(i32, 1);
  readonly #clients: (readonly Step[])[] = [];
  readonly #running: Promise<void>[] = [];

  constructor(flavor: RecordedFlavor) {
    const { cargo, capacity } = this.#flavor = flavor;
    const { type } = cargoes[cargo]!;
    this.#channels = Array.from(
      { length: CHANNELS },
      () => type === undefined ? new Channel<unknown>(capacity) : new Channel(type, capacity),
    );
    clearLogs();
  }

  /**
   * Starts a client, which waits for the start.
   *
   * @param pool Where; this thread if `undefined`.
   * @param together It begins at about the same time as so many.
   */
  add(steps: readonly Step[], pool: Pool | undefined, together: number): Promise<void> {
    const client = this.#clients.push(steps) - 1;
    const args = [
      client,
      this.#channels,
      this.#flavor.cargo,
      steps,
      this.#start,
      together,
    ] as const;
    const ended = (pool === undefined ? go(runClient, ...args) : pool.go(runClient, ...args))
      .join();
    this.#running.push(ended);
    return ended;
  }

  /** Runs the clients that have been added and, from `moment` on or when all stands still, one that carries out `closes`. */
  async run(closes: readonly Step[], moment: number): Promise<Recorded[]> {
    let timer: ReturnType<typeof setInterval> | undefined;
    const hang = new Promise<never>((_, reject) => {
      let last = -1;
      let still = 0;
      timer = setInterval(() => {
        still = now() === last ? still + 1 : 0;
        last = now();
        if (still === HANG_SECONDS) reject(new Error(this.#describeHang()));
      }, 1000);
    });
    this.#start.close();
    try {
      await Promise.race([this.#run(closes, moment), hang]);
    } finally {
      clearInterval(timer);
    }
    const recorded = readLogs(this.#clients);
    for (const channel of this.#channels) channel[Symbol.dispose]();
    this.#start[Symbol.dispose]();
    return recorded;
  }

  async #run(closes: readonly Step[], moment: number): Promise<void> {
    await this.#until(moment);
    this.add(closes, undefined, 0);
    await Promise.all(this.#running);
    // What is left in them, and the end, as far as there is room for it in the log.
    const room = MAX_STEPS / CHANNELS;
    const rest = this.#channels.flatMap(({ size }, channel): Step[] =>
      new Array(Math.min(size + 1, room)).fill({ does: "receive", form: "try", channel })
    );
    await this.add(rest, undefined, 0);
  }

  /** Resolves when the clients have ended, the clock has come to `moment`, or it stands still. */
  async #until(moment: number): Promise<void> {
    let isOver = false;
    const end = (): void => {
      isOver = true;
    };
    Promise.all(this.#running).then(end, end);
    for (let last = -1, still = 0; !isOver && still < 2 && last < moment;) {
      await turn();
      still = now() === last ? still + 1 : 0;
      last = now();
    }
  }

  #describeHang(): string {
    const hanging = readLogs(this.#clients).flatMap((steps, client) =>
      steps.filter(([, { end }]) => end === Infinity).map(([step, { begin }]) =>
        `  client ${client}, since ${begin}: ${JSON.stringify(step)}`
      )
    );
    return `the channels are closed, and these steps do not end:\n${hanging.join("\n")}`;
  }
}

/** Runs the clients of a round. */
function record(
  flavor: RecordedFlavor,
  random: (bound: number) => number,
  { blocking, suspending, steps, clients }: RoundOptions,
): Promise<Recorded[]> {
  const script = new Script(random);
  const round = new Round(flavor);
  const together = clients.blocking + Math.min(clients.suspending, 1);
  let count = 0;
  const add = (kind: keyof Clients, forms: readonly Form[], pool?: Pool): void => {
    for (let left = clients[kind]; left > 0; left--) {
      // Some of them send more, others receive more.
      const bias = [2, 5, 8][count++ % 3]!;
      round.add(script.steps(steps, forms, bias), pool, pool === undefined ? 0 : together);
    }
  };
  add("blocking", ["sync", "sync", "promise", "try"], blocking);
  add("suspending", ["promise", "promise", "try"], suspending);
  add("here", ["promise", "promise", "try"]);
  // Somebody has to close the channels, or who waits would do so for ever.
  const closes = Array.from({ length: CHANNELS }, (_, channel) => script.close(channel));
  // Most of the time once all have ended or wait, now and then in the middle.
  return round.run(closes, random(3) === 0 ? random(3 * steps * count) : Infinity);
}

/**
 * Runs a round and checks what it has recorded.
 *
 * @returns How many operations were checked.
 * @throws {Error} naming the flavor and the seed
 */
export async function runRound(
  flavor: RecordedFlavor,
  seed: number,
  options: RoundOptions,
): Promise<number> {
  const random = seeded(seed);
  try {
    return check(flavor, await record(flavor, random, options), random);
  } catch (cause) {
    throw new Error(`${flavor.name}, round with seed ${seed}: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function check(
  { specification }: RecordedFlavor,
  recorded: readonly Recorded[],
  random: (bound: number) => number,
): number {
  let operations = 0;
  // The whole of it, and as it was known at some moment: with operations that had begun and not ended.
  for (const known of [recorded, cut(recorded, 1 + random(now()))]) {
    for (let channel = 0; channel < CHANNELS; channel++) {
      const history = historyOf(known, channel);
      operations += history.length;
      assertLinearizable(history, specification);
    }
  }
  return operations;
}

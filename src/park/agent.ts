/**
 * This thread's side of waiting: who is waiting here, what has arrived for them, and how the thread sleeps.
 *
 * The protocol between agents is in `README.md` of this folder and in `wasm/assembly/agent.ts`.
 *
 * @module
 */
import { nextTurn, quickMicrotask } from "../internal/macrotask.ts";
import { unref } from "../internal/unref.ts";
import { type Core, core } from "../memory/core.ts";
import {
  AGENT_DOORBELL,
  DOORBELL_ASLEEP,
  ENTRY_ID,
  SIGNAL_QUIET,
  SIGNAL_RECHECK,
  SIGNAL_ROOM,
  SIGNAL_STOP,
  SIGNAL_WORK,
} from "../memory/layout.ts";

/** Rounds, a microsecond or two, that a thread looks at its inbox before its event loop goes to sleep. */
const SPINS = 1000;

/**
 * Rounds that a thread which blocks looks at its inbox before it sleeps: some 20 µs, as much as a sleep and a wake-up cost, so
 * looking at most doubles what the wait would have cost anyway.
 */
const BLOCK_SPINS = 20_000;

/** What is left of that where looking was in vain again and again: as when more threads run than there are processors. */
const LEAST_SPINS = 300;

/** One in so many waits looks for the full time all the same, to find out whether times have changed. */
const PROBE_EVERY = 16;

/** How often a thread that lingers tries. */
const ATTEMPTS = 3;

/** How often a thread looks at its inbox that cannot count on `Atomics.waitAsync`. */
const POLL_MS = 4;

/** How often a thread on Node that sleeps asynchronously looks whether it has missed the bell; see `README.md`. */
const CHECK_MS = 100;

// The engine's own: a test may put a clock in its place that stands still.
const { setTimeout: later } = globalThis;

const isNode = !("Deno" in globalThis) &&
  (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node !==
    undefined;

/** Somebody to whom inbox entries are addressed: a wait, or a goroutine whose task runs elsewhere. */
export interface Addressee {
  /** An entry of theirs, at `ptr`, has come out of the inbox. Runs no code of the caller's. */
  arrived(ptr: number): void;
  /** A thread died, and with it perhaps a wake-up: look again. */
  recheck(): void;
}

/** Result of `Atomics.waitAsync`, which the compiler's library does not know everywhere. */
type WaitAsync = (
  view: Int32Array,
  index: number,
  value: number,
) => { async: false } | { async: true; value: Promise<unknown> };

/** What a thread is asked besides: to stop, or told: that its pool is quiet. */
export interface SignalListener {
  /** The thread has been asked to stop. */
  onStop?(): void;
  /** A pool that this thread owns has nothing pending. */
  onQuiet?(): void;
  /** A pool that this thread owns may need another thread, or has lost one. */
  onWork?(): void;
  /** A task of a pool that this thread owns has been taken. */
  onRoom?(): void;
}

/** This thread's agent. */
export class Agent {
  /** The core that it stands on. */
  readonly core: Core;
  /**
   * Told that goroutines of this thread are about to go on, or that one is about to block it; runs no code of the caller's. No listener, for which the
   * doorbell would have to be armed.
   */
  onBusy: (() => void) | undefined = undefined;
  readonly #addressees: (Addressee | undefined)[] = [undefined];
  readonly #vacant: number[] = [];
  readonly #listeners = new Set<SignalListener>();
  #sleepers: (() => void)[] = [];
  #waiting = 0;
  #isDraining = false;
  /** Reports whether a turn that arms the doorbell is on its way, or the doorbell is armed. */
  #isListening = false;
  /** Reports whether a `waitAsync` is outstanding; there is at most one. */
  #isAsleep = false;
  /** Reports whether {@linkcode Agent.#check} is to come. */
  #isChecked = false;
  /** On Node: number of the latest sleep; and that of one that seems to have missed its bell, 0 for none. */
  #sleeps = 0;
  #suspect = 0;
  /** On Node: reports whether a bell has been missed, and none been heard since. */
  #isDeaf = false;
  #isStopping = false;
  /** How many calls block this thread, one within the other: a task that one of them runs meanwhile may block as well. */
  #blocking = 0;
  #spins = BLOCK_SPINS;
  #waitsToProbe = PROBE_EVERY;
  #postponed: (() => void)[] = [];

  /** @param c The thread's core. */
  constructor(c: Core) {
    this.core = c;
  }

  /** Number of addressees that something is still to come for. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Reports whether this thread has been asked to stop. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Reports whether a goroutine blocks this thread: what arrives for the others does not get them on. */
  get isBlocked(): boolean {
    return this.#blocking > 0;
  }

  /** A goroutine begins to block this thread, by as many calls of {@linkcode block} as it takes. */
  beginBlocking(): void {
    this.#blocking++;
    this.onBusy?.();
  }

  /** It ends. */
  endBlocking(): void {
    if (--this.#blocking > 0) return;
    for (const resume of this.#postponed.splice(0)) resume();
  }

  /** Calls `resume` once this thread is no longer blocked. */
  postpone(resume: () => void): void {
    this.#postponed.push(resume);
  }

  /** Gives `addressee` a number to put into its entries, until {@linkcode dismiss}. */
  enroll(addressee: Addressee): number {
    const id = this.#vacant.pop() ?? this.#addressees.length;
    this.#addressees[id] = addressee;
    this.#waiting++;
    this.listen();
    return id;
  }

  /** Takes the number `id` back; nothing more is to come for it. */
  dismiss(id: number): void {
    this.#addressees[id] = undefined;
    this.#vacant.push(id);
    this.#waiting--;
  }

  /** Adds somebody to tell of signals. */
  addListener(listener: SignalListener): void {
    this.#listeners.add(listener);
    this.listen();
  }

  /** Removes a listener. */
  removeListener(listener: SignalListener): void {
    this.#listeners.delete(listener);
  }

  /**
   * Hands out what lies in the inbox. Called again from within, it leaves that to the call outside.
   *
   * @returns whether there was a signal
   */
  drain(): boolean {
    if (this.#isDraining) return false;
    this.#isDraining = true;
    const { fn, agent } = this.core;
    try {
      const signals = fn.agentTakeSignals(agent, ~0);
      if (signals !== 0) this.#signalled(signals);
      let ptr = fn.inboxPop(agent);
      if (ptr !== 0) this.onBusy?.();
      for (; ptr !== 0; ptr = fn.inboxPop(agent)) {
        this.#addressees[this.core.readU32(ptr + ENTRY_ID)]!.arrived(ptr >>> 0);
      }
      return signals !== 0;
    } finally {
      this.#isDraining = false;
    }
  }

  #signalled(signals: number): void {
    // Whoever sleeps may be the one that the signal is for, and it is gone now.
    this.rouse();
    if (signals & SIGNAL_STOP) {
      this.#isStopping = true;
      for (const listener of [...this.#listeners]) listener.onStop?.();
    }
    if (signals & SIGNAL_ROOM) {
      for (const listener of [...this.#listeners]) listener.onRoom?.();
    }
    if (signals & SIGNAL_QUIET) {
      for (const listener of [...this.#listeners]) listener.onQuiet?.();
    }
    if (signals & SIGNAL_WORK) {
      for (const listener of [...this.#listeners]) listener.onWork?.();
    }
    if (signals & SIGNAL_RECHECK) {
      this.onBusy?.();
      this.forEach((addressee) => addressee.recheck());
    }
  }

  /**
   * Blocks the thread until something has arrived, and hands it out.
   *
   * @param timeoutMs At most so long; negative: without limit.
   * @param hasLooked The caller has looked for a while: there is no point in looking on before the thread sleeps.
   * @returns false when the time is over and nothing came
   */
  block(timeoutMs: number, hasLooked = false): boolean {
    const { fn, agent } = this.core;
    let isRung = (!hasLooked && this.#spin()) || fn.agentSleep(agent, timeoutMs, 0) !== 0;
    // A signal that came just after the time was over has been taken all the same.
    if (this.drain()) isRung = true;
    // The doorbell is off now; goroutines of this thread may be waiting on it.
    this.#isListening = false;
    this.listen();
    return isRung;
  }

  /**
   * Tries, a few times at short intervals, what the thread would have to wait for. In between it leaves the memory concerned alone,
   * so that the other side gets ahead and there is more than one thing to be had.
   *
   * @param rounds Of about a nanosecond, before each attempt.
   * @param attempt Reports whether it has worked.
   * @returns false when it has not, or is not worth trying
   */
  linger(rounds: number, attempt: () => boolean): boolean {
    const { fn, agent, spins } = this.core;
    if (spins === 0 || this.#spins < BLOCK_SPINS) return false;
    for (let left = ATTEMPTS; left > 0; left--) {
      // Something has come for another goroutine, or a signal.
      if (fn.agentSpin(agent, rounds) !== 0) return false;
      if (attempt()) return true;
    }
    return false;
  }

  /** Looks for what may be a few microseconds away. */
  #spin(): boolean {
    const { fn, agent, spins } = this.core;
    if (spins === 0) return false;
    if (--this.#waitsToProbe === 0) {
      this.#waitsToProbe = PROBE_EVERY;
      this.#spins = BLOCK_SPINS;
    }
    const isRung = fn.agentSpin(agent, this.#spins) !== 0;
    this.#spins = isRung ? BLOCK_SPINS : Math.max(LEAST_SPINS, this.#spins >> 1);
    return isRung;
  }

  /** Resolves when the doorbell has rung and what arrived has been handed out, or as soon as it is seen that something has arrived. */
  rung(): Promise<void> {
    return new Promise((resolve) => {
      this.#sleepers.push(resolve);
      this.listen();
    });
  }

  /** Tells {@linkcode rung} that there is something to do, from this thread. */
  rouse(): void {
    if (this.#sleepers.length === 0) return;
    const sleepers = this.#sleepers;
    this.#sleepers = [];
    for (const resolve of sleepers) resolve();
  }

  /** Calls `visit` with everybody that something is still to come for. */
  forEach(visit: (addressee: Addressee) => void): void {
    for (const addressee of [...this.#addressees]) {
      if (addressee !== undefined) visit(addressee);
    }
  }

  /** Sees to it that the doorbell is armed: once the running code has yielded, or a turn after something was handed out. */
  listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    quickMicrotask(this.#arm);
  }

  readonly #arm = (): void => {
    const { fn, agent, i32 } = this.core;
    while (this.#waiting > 0 || this.#listeners.size > 0 || this.#sleepers.length > 0) {
      if (fn.agentSpin(agent, this.core.spins && SPINS) !== 0 || !fn.doorbellArm(agent)) {
        return this.#handOut();
      }
      // Left behind by a blocking call, it is still outstanding and hears the doorbell as well.
      if (this.#isAsleep) return;
      const { waitAsync } = Atomics as unknown as { waitAsync?: WaitAsync };
      if (waitAsync === undefined || this.#isDeaf) {
        // Without it a thread looks at its inbox now and then; like a pending `waitAsync`, that keeps no process alive (law 15).
        unref(later(this.#woken, POLL_MS));
      } else {
        const sleep = waitAsync(i32, (agent + AGENT_DOORBELL) >>> 2, DOORBELL_ASLEEP);
        if (!sleep.async) continue;
        if (isNode) this.#hear(sleep.value);
        else sleep.value.then(this.#woken);
      }
      this.#isAsleep = true;
      return;
    }
    this.#isListening = false;
  };

  /**
   * Hands out what has arrived, and arms the doorbell when whoever has been told has gone on. Very often they begin the next wait then,
   * whose end may be less than a microsecond away: found by looking, it costs neither thread a bell, which takes some 20 µs. A turn and no
   * microtask, for these may follow one another for ever.
   */
  #handOut(): void {
    try {
      this.drain();
      this.rouse();
    } finally {
      // Whatever went wrong in one of them, the others are still to be told.
      nextTurn(this.#arm);
    }
  }

  /** Wakes this thread with `bell`, and looks now and then whether that has been missed. */
  #hear(bell: Promise<unknown>): void {
    const number = ++this.#sleeps;
    bell.then(() => {
      this.#isDeaf = false;
      // Later than the look that found it missed: that has gone on without it.
      if (number === this.#sleeps) this.#woken();
    });
    this.#checkLater();
  }

  #checkLater(): void {
    if (this.#isChecked) return;
    this.#isChecked = true;
    unref(later(this.#check, CHECK_MS));
  }

  readonly #check = (): void => {
    this.#isChecked = false;
    // Who is awake has this done again with its next sleep, and who is deaf looks anyhow.
    if (!this.#isAsleep || this.#isDeaf) return;
    const { fn, agent } = this.core;
    const hasCome = fn.agentSpin(agent, 1) !== 0;
    // What has come just now has its bell on the way.
    if (hasCome && this.#suspect === this.#sleeps) {
      this.#sleeps++;
      this.#isDeaf = true;
      return this.#woken();
    }
    this.#suspect = hasCome ? this.#sleeps : 0;
    this.#checkLater();
  };

  readonly #woken = (): void => {
    this.#isAsleep = false;
    this.#handOut();
  };
}

const KEY: unique symbol = Symbol.for("millrace.agent/1") as never;
const globals = globalThis as { [KEY]?: Agent };

let current: Agent | undefined;

/** This thread's {@linkcode Agent}; made at the first call. */
export function agent(): Agent {
  return current ??= globals[KEY] ??= new Agent(core());
}

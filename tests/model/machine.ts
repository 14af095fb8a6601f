/**
 * Runs one schedule of a scenario after another.
 *
 * All virtual threads live in one JavaScript thread; exactly one of them has the turn. It runs until it stands
 * before its next operation (`arrive`). There the machine accounts for the operation before, chooses who goes
 * next, and if that is another thread, suspends this one (JavaScript Promise Integration) and resumes the other.
 * A step is thus one operation and the code after it, up to the next operation.
 *
 * One long class, since nearly every method moves the same few words of the schedule on; what has a state of its own
 * (memory, who is parked, the choices, the past) stands in files of its own.
 */
import { canBeChosen, Choices } from "./choices.ts";
import { Sequence } from "./fingerprint.ts";
import { type Instance, instantiate } from "./instance.ts";
import { describe, judge, type Problem } from "./judge.ts";
import { ModelMemory } from "./memory.ts";
import { Op, opName } from "./operations.ts";
import { Parked } from "./parked.ts";
import { Past } from "./past.ts";
import {
  type DecisionPoint,
  type Ending,
  KILL,
  type Step,
  STOP,
  type Strategy,
} from "./schedule.ts";
import { ABANDONED, type Mark, type Scheduler, Status, Thread, virtualThread } from "./thread.ts";
import type { Operation, Scenario, VirtualThread } from "./types.ts";

/** A schedule that is cut although nothing has been written for so many steps is a livelock. */
const LIVELOCK_STEPS = 200;

export interface Limits {
  readonly maxDepth: number;
  readonly maxSpin: number;
}

export class Machine<E extends object, S> implements DecisionPoint, Scheduler {
  readonly #module: WebAssembly.Module;
  readonly #trampoline: WebAssembly.Module;
  readonly #scenario: Scenario<E, S>;
  readonly #limits: Limits;
  readonly #threads: readonly Thread[];

  // Made by `#prepare`.
  #memory!: ModelMemory;
  #state!: S;
  /** The instance for setup, invariants and check. */
  #inspector!: E;
  #faces: VirtualThread<E>[] = [];

  // The current schedule.
  readonly trace: number[] = [];
  readonly #choices: Choices;
  readonly #parked = new Parked();
  readonly #past = new Past();
  #strategy: Strategy = { prefix: [], choose: () => STOP };
  #scheduling = false;
  /** It is over, and bodies are being unwound. */
  #abandoning = false;
  #ending: Ending = "complete";
  #finished: () => void = () => {};
  /** Bodies started and not ended. */
  #live = 0;
  #lastThread = -1;
  /** How often another thread has got the turn. */
  #turns = 0;
  #lastWrite = 0;
  #killed: number[] = [];
  #results: unknown[] = [];
  depth = 0;

  /** What went wrong in the schedule that ran last. */
  problem: Problem | undefined;
  /** If set, the steps of a schedule are written down here. */
  listing: Step[] | undefined;
  steps = 0;
  readonly #scratch = new Sequence();

  constructor(
    module: WebAssembly.Module,
    trampoline: WebAssembly.Module,
    scenario: Scenario<E, S>,
    limits: Limits,
  ) {
    this.#module = module;
    this.#trampoline = trampoline;
    this.#scenario = scenario;
    this.#limits = limits;
    this.#threads = scenario.threads.map((_, id) => new Thread(id));
    this.#choices = new Choices(this.#threads, scenario, limits.maxSpin);
    this.#prepare();
  }

  get words(): Int32Array {
    return this.#memory.words;
  }

  get choices(): readonly number[] {
    return this.#choices.list;
  }

  get last(): number {
    return this.#choices.last;
  }

  get throttled(): number {
    return this.#choices.throttled;
  }

  /** Makes memory and instances, and calls `setup`. */
  #prepare(): void {
    const { pages = 1, maxPages = pages, setup, env } = this.#scenario;
    this.#memory = new ModelMemory(pages, maxPages);
    const make = (thread: Thread): Instance =>
      instantiate(this.#module, this.#trampoline, {
        arrive: (op, ptr) => this.arrive(thread, op, ptr),
        plain: (op, ptr, byteLength) => this.#plain(thread, op, ptr, byteLength),
        park: (ptr, expected, timed) => this.park(thread, ptr, expected, timed),
        wake: (ptr, count) => this.wake(thread, ptr, count),
        turn: () => thread.turn!,
        isMortal: thread.id >= 0 && thread.id === this.#scenario.kill?.thread,
        env: { memory: this.#memory.memory, ...env?.(thread.id) },
      });
    this.#inspector = make(new Thread(-1)).exports as E;
    this.#faces = this.#threads.map((thread) => virtualThread(thread, make(thread).calls, this));
    this.#state = setup.call(this.#scenario, this.#inspector, this.words);
    this.#memory.photograph();
  }

  /** Runs one schedule. */
  async run(strategy: Strategy): Promise<Ending> {
    // What has grown cannot shrink.
    if (this.#memory.grown) this.#prepare();
    this.#memory.restore();
    this.#strategy = strategy;
    for (const thread of this.#threads) thread.reset();
    this.#past.reset();
    this.#parked.reset();
    this.trace.length = 0;
    this.#killed = [];
    this.#results = this.#threads.map(() => undefined);
    this.#live = this.depth = 0;
    this.#lastWrite = this.#turns = 0;
    this.#lastThread = -1;
    this.problem = undefined;
    if (this.listing !== undefined) this.listing = [];
    this.#scheduling = true;
    const finished = new Promise<void>((resolve) => this.#finished = resolve);
    const first = this.#next();
    if (first !== undefined) this.#transfer(first);
    await finished;
    return this.#ending;
  }

  /** The state: equal keys, equal futures. Nothing else may influence what happens from here on. */
  key(last: number): number {
    const state = this.#scratch.clear().add(last).addHash(this.#memory.hash);
    this.#past.addTo(state);
    if (this.#memory.growable) state.add(this.#memory.memory.buffer.byteLength);
    for (const thread of this.#threads) {
      state.add(thread.status).addHash(thread.local).addHash(thread.accessHash);
      if (thread.vain) state.add(-1);
      if (thread.status === Status.ready) state.add(thread.op === Op.wake ? 1 : 0);
      if (thread.status !== Status.parked) continue;
      state.add(thread.ptr).add(this.#parked.position(thread));
    }
    return state.fingerprint();
  }

  // ---- Hooks: called by the thread that has the turn -------------------------------------------------

  /** `thread` stands before an operation. Returns 1 if it must await its turn. */
  arrive(thread: Thread, op: number, ptr: number): number {
    this.#memory.touch(ptr);
    if (!this.#scheduling) return this.#outside();
    if (op === Op.killPoint && this.#scenario.kill?.thread !== thread.id) return 0;
    this.#account(thread);
    if (!this.#scheduling) throw ABANDONED;
    thread.op = op;
    thread.ptr = ptr;
    if (thread.granted) {
      thread.granted = false;
      this.#begin(thread);
      return 0;
    }
    thread.arrivedAt = this.depth;
    const next = this.#next();
    if (next === thread) return 0;
    if (next === undefined) throw ABANDONED;
    thread.suspend();
    this.#transfer(next);
    return 1;
  }

  /** `thread` stands before a plain access. Returns 1 if it must await its turn. */
  #plain(thread: Thread, op: number, ptr: number, byteLength: number): number {
    if (this.#scheduling && thread.announcedPtr === ptr) {
      // Not plain: the instruction that `arrive` has announced.
      thread.announcedPtr = -1;
      return 0;
    }
    this.#memory.touch(ptr);
    if (!this.#scheduling) return this.#outside();
    if (this.#scenario.racy?.(ptr, this.#state)) return this.arrive(thread, op, ptr);
    this.#account(thread);
    const writes = op === Op.plainStore;
    this.#detectRace(thread, op, ptr, ptr + byteLength, writes);
    if (!this.#scheduling) {
      const cell = [this.#memory.lower(ptr), this.#memory.upper(ptr)] as const;
      this.listing?.push({ thread: thread.id, op, ptr, before: cell, after: cell });
      throw ABANDONED;
    }
    thread.access(ptr, ptr + byteLength, writes);
    if (writes) {
      this.#memory.announceStore(ptr, byteLength);
    } else {
      // Twice the same cell, unless the access crosses into the next one.
      for (const at of [ptr, ptr + byteLength - 1]) {
        thread.local.add(this.#memory.lower(at)).add(this.#memory.upper(at));
      }
    }
    return 0;
  }

  park(thread: Thread, ptr: number, expected: number, timed: number): number {
    if (!this.#scheduling) throw new Error("Cannot wait: no schedule is running");
    thread.running = false;
    thread.idle++;
    this.#note(thread);
    thread.local.add(Op.wait);
    if (this.words[ptr >>> 2] !== (expected | 0)) return 1;
    thread.local.add(1);
    thread.arrivedAt = this.depth;
    this.#parked.add(thread, expected | 0, timed !== 0);
    const next = this.#next();
    if (next === thread) return thread.result;
    if (next === undefined) throw ABANDONED;
    thread.suspend();
    this.#transfer(next);
    return -1;
  }

  wake(thread: Thread, ptr: number, count: number): number {
    if (!this.#scheduling) return 0;
    thread.running = false;
    this.#note(thread);
    const woken = this.#parked.wake(ptr, count >>> 0);
    thread.local.add(Op.notify).add(woken.length);
    if (woken.length === 0) thread.idle++;
    else this.#wrote();
    for (const other of woken) other.arrivedAt = this.depth;
    return woken.length;
  }

  call(thread: Thread): void {
    this.#account(thread);
    thread.enter();
  }

  returned(thread: Thread, result: unknown): void {
    this.#account(thread);
    thread.leave(result);
  }

  log(thread: Thread, entry: unknown): void {
    this.#account(thread);
    if (this.#scheduling) this.#past.append(thread.id, entry, thread.local);
  }

  mark(thread: Thread): Mark {
    this.#account(thread);
    const local = new Sequence();
    local.copy(thread.local);
    const { low, high } = this.#memory.hash;
    return { local, memory: { low, high }, turns: this.#turns };
  }

  rewind(thread: Thread, { local, memory, turns }: Mark): void {
    this.#account(thread);
    thread.local.copy(local);
    const { low, high } = this.#memory.hash;
    thread.vain = turns === this.#turns && low === memory.low && high === memory.high;
  }

  open(thread: Thread, name: string, input: unknown): Operation {
    this.#account(thread);
    const operation: Operation = {
      thread: thread.id,
      index: thread.recorded++,
      name,
      input,
      output: undefined,
      begin: Infinity,
      end: Infinity,
    };
    thread.opening = operation;
    if (this.#scheduling) this.#past.history.push(operation);
    return operation;
  }

  close(thread: Thread, operation: Operation, output: unknown): void {
    this.#account(thread);
    if (!this.#scheduling) return;
    if (thread.opening === operation) this.#opened(thread, operation);
    this.#past.end(operation, this.depth - 1, output);
  }

  /** A hook was called while no schedule is running. */
  #outside(): 0 {
    if (this.#abandoning) throw ABANDONED;
    return 0;
  }

  // ---- Scheduling -----------------------------------------------------------------------------------------

  /** Chooses who goes next and begins its step; `undefined` if the schedule is over. */
  #next(): Thread | undefined {
    const { prefix } = this.#strategy;
    if (this.depth >= prefix.length && !this.#invariantHolds()) return undefined;
    for (;;) {
      let choice = prefix[this.depth];
      if (choice === undefined) {
        this.#choices.collect(this.depth, this.#lastThread, this.words);
        if (this.choices.length === 0) return this.#allStopped();
        if (this.depth >= this.#limits.maxDepth) return this.#cut();
        choice = this.#strategy.choose(this);
        if (choice === STOP) return this.#end("pruned");
        if (!this.choices.includes(choice)) return this.#nondeterministic();
      }
      const thread = this.#threads[choice % KILL];
      if (thread === undefined || !canBeChosen(thread, choice)) return this.#nondeterministic();
      this.trace.push(choice);
      this.depth++;
      this.steps++;
      if (choice >= KILL) {
        this.#kill(thread);
        continue;
      }
      if (choice !== this.#lastThread) this.#turns++;
      this.#lastThread = choice;
      if (thread.status === Status.fresh) {
        // Its first step begins when it comes to its first operation.
        thread.status = Status.ready;
        thread.granted = true;
      } else {
        this.#begin(thread);
      }
      return thread;
    }
  }

  #kill(victim: Thread): void {
    if (victim.status === Status.parked) this.#parked.remove(victim);
    victim.status = Status.killed;
    victim.op = Op.kill;
    this.#killed.push(victim.id);
    this.#note(victim);
    this.#tell(victim);
  }

  /** A thread has ended: tells whoever the scenario wants to know, after all that it did. */
  #tell(victim: Thread): void {
    const { kill } = this.#scenario;
    if (kill?.thread !== victim.id || kill.tells === undefined) return;
    victim.forgetAccesses();
    const ptr = kill.tells(this.#state);
    const [lower, upper] = [this.#memory.lower(ptr), this.#memory.upper(ptr)];
    this.#memory.touch(ptr);
    this.words[ptr >>> 2] = 1;
    this.#memory.changed(ptr, lower, upper);
    this.#wrote();
    for (const other of this.#parked.wake(ptr, Infinity)) other.arrivedAt = this.depth;
  }

  /** Hands the turn to `thread`, whose step has begun. */
  #transfer(thread: Thread): void {
    const { resume } = thread;
    if (resume === undefined) {
      // In a microtask, so that whoever hands over has suspended first.
      queueMicrotask(() => this.#start(thread));
    } else {
      thread.resume = thread.abandon = undefined;
      resume(thread.result);
    }
  }

  #start(thread: Thread): void {
    this.#live++;
    this.#body(thread).then(
      (result) => {
        this.#results[thread.id] = result;
        this.#settled(thread);
      },
      (error) => {
        if (this.#scheduling) {
          const kind = error instanceof WebAssembly.RuntimeError ? "trap" : "thrown";
          this.#fail({ kind, message: `thread ${thread.id}: ${describe(error)}`, cause: error });
        }
        this.#settled(thread);
      },
    );
  }

  /** Asynchronous, so that a body that throws at once is no special case. */
  async #body(thread: Thread): Promise<unknown> {
    const body = this.#scenario.threads[thread.id]!;
    const face = this.#faces[thread.id]!;
    if (typeof body === "function") return await body(face, this.#state);
    const [name, ...args] = body;
    const call = face.wasm[name] as (...args: (number | bigint)[]) => Promise<unknown>;
    return await call(...args);
  }

  /** The body of `thread` has ended. */
  #settled(thread: Thread): void {
    this.#live--;
    if (this.#scheduling) {
      this.#account(thread);
      if (!this.#scheduling) return;
      thread.granted = false;
      thread.status = Status.done;
      this.#tell(thread);
      const next = this.#next();
      if (next !== undefined) this.#transfer(next);
    } else if (this.#abandoning && this.#live === 0) {
      this.#finish();
    }
  }

  // ---- Steps -------------------------------------------------------------------------------------------------

  /** Lets the operation that `thread` stands before happen. */
  #begin(thread: Thread): void {
    if (thread.opening !== undefined) this.#opened(thread, thread.opening);
    if (thread.status === Status.parked) {
      this.#parked.remove(thread);
      thread.status = Status.ready;
      thread.result = 2;
      thread.op = Op.timeout;
      thread.local.add(Op.timeout);
      thread.idle++;
      this.#note(thread);
      return;
    }
    const { op, ptr } = thread;
    if (op === Op.wake || op === Op.killPoint) {
      thread.local.add(op);
      this.#note(thread);
      return;
    }
    thread.beforeLower = this.#memory.lower(ptr);
    thread.beforeUpper = this.#memory.upper(ptr);
    const plain = op === Op.plainLoad || op === Op.plainStore;
    if (!plain) thread.forgetAccesses();
    thread.announcedPtr = op === Op.load || op === Op.store ? ptr : -1;
    thread.running = true;
  }

  /** Accounts for what `thread` has done since it began its step. */
  #account(thread: Thread): void {
    if (!this.#scheduling) return;
    this.#memory.settleStore();
    if (!thread.running) return;
    thread.running = false;
    const { op, ptr, beforeLower, beforeUpper, local } = thread;
    if (op === Op.wait || op === Op.notify) return;
    this.#note(thread);
    local.add(op);
    if (op !== Op.store && op !== Op.plainStore) local.add(beforeLower).add(beforeUpper);
    if (this.#memory.growable) local.add(this.#memory.memory.buffer.byteLength);
    if (this.#memory.changed(ptr, beforeLower, beforeUpper)) this.#wrote();
    else thread.idle++;
    if (op === Op.plainLoad || op === Op.plainStore) return;
    // Only the word at `ptr`: whether the operation is wider is not told.
    this.#detectRace(thread, op, ptr, ptr + 4, op !== Op.load);
  }

  #wrote(): void {
    this.#lastWrite = this.depth;
    for (const thread of this.#threads) {
      thread.idle = 0;
      thread.vain = false;
    }
  }

  #detectRace(thread: Thread, op: number, ptr: number, end: number, writes: boolean): void {
    for (const other of this.#threads) {
      if (other === thread) continue;
      const access = other.conflict(ptr, end, writes);
      if (access === undefined || this.#scenario.racy?.(ptr, this.#state)) continue;
      const kind = opName(access.writes ? Op.plainStore : Op.plainLoad);
      const message = `${opName(op)} of thread ${thread.id} on ${this.name(ptr)}, ` +
        `and a ${kind} of thread ${other.id} that is not ordered before it`;
      this.#fail({ kind: "race", message });
      return;
    }
  }

  #opened(thread: Thread, operation: Operation): void {
    thread.opening = undefined;
    this.#past.begin(operation, this.depth - 1);
  }

  /** Writes a step into the listing, if one is wanted. */
  #note({ id, op, ptr, beforeLower, beforeUpper }: Thread): void {
    if (this.listing === undefined) return;
    const after = [this.#memory.lower(ptr), this.#memory.upper(ptr)] as const;
    this.listing.push({ thread: id, op, ptr, before: [beforeLower, beforeUpper], after });
  }

  /** An address for people. */
  name(ptr: number): string {
    const label = this.#scenario.label?.(ptr, this.#state);
    return label === undefined ? `@${ptr}` : `${label}@${ptr}`;
  }

  // ---- Endings -----------------------------------------------------------------------------------------------

  #allStopped(): undefined {
    if (this.#choices.vain) {
      return this.#fail({ kind: "livelock", message: "threads repeat rounds in vain" });
    }
    const parked = this.#stillParked();
    if (parked.length > 0 && !this.#scenario.allowParked) {
      const where = parked.map(({ id, ptr }) => `thread ${id} on ${this.name(ptr)}`);
      return this.#fail({ kind: "deadlock", message: `parked for ever: ${where.join(", ")}` });
    }
    return this.#end("complete");
  }

  #cut(): undefined {
    const idle = this.depth - this.#lastWrite;
    if (idle < LIVELOCK_STEPS || idle < this.#limits.maxDepth / 2) return this.#end("cut");
    return this.#fail({ kind: "livelock", message: `nothing was written for ${idle} steps` });
  }

  #nondeterministic(): undefined {
    const message =
      "the same schedule took another course: a body reads a clock, a random number, " +
      "or state that outlives a schedule; or the trace belongs to another model";
    return this.#fail({ kind: "nondeterminism", message });
  }

  #invariantHolds(): boolean {
    const { invariant } = this.#scenario;
    if (invariant === undefined) return true;
    // Calls within are not scheduled.
    this.#scheduling = false;
    const snapshot = { wasm: this.#inspector, words: this.words, state: this.#state };
    const problem = judge("invariant", () => invariant(snapshot));
    this.#scheduling = true;
    if (problem !== undefined) this.#fail(problem);
    return problem === undefined;
  }

  #fail(problem: Problem): undefined {
    this.problem ??= problem;
    return this.#end("failed");
  }

  /** Ends the schedule. The caller, if it stands in a hook, throws `ABANDONED`. */
  #end(ending: Ending): undefined {
    if (!this.#scheduling) return;
    this.#memory.settleStore();
    this.#ending = ending;
    this.#scheduling = false;
    this.#abandoning = true;
    // Unwound, not forgotten: the engine keeps a stack for each suspended call.
    for (const thread of this.#threads) thread.abandon?.(ABANDONED);
    if (this.#live === 0) this.#finish();
  }

  /** All bodies have ended. */
  #finish(): void {
    this.#abandoning = false;
    const { check } = this.#scenario;
    if (this.#ending === "complete" && check !== undefined) {
      this.#memory.refresh();
      const outcome = {
        wasm: this.#inspector,
        words: this.words,
        state: this.#state,
        results: this.#results,
        log: this.#past.log,
        history: this.#past.history,
        parked: this.#stillParked().map(({ id }) => id),
        killed: this.#killed,
      };
      this.problem = judge("check", () => check(outcome));
      if (this.problem !== undefined) this.#ending = "failed";
    }
    this.#finished();
  }

  #stillParked(): Thread[] {
    return this.#threads.filter(({ status }) => status === Status.parked);
  }
}

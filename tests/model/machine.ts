/**
 * Runs one schedule of a scenario after another over one shared memory.
 *
 * All virtual threads live in one JavaScript thread; exactly one of them has the turn. It runs until it stands
 * before its next operation (`arrive`). There the scheduler accounts for the operation before, chooses who goes
 * next, and if that is another thread, suspends this one (JavaScript Promise Integration) and resumes the other.
 * A step is thus: one operation, and the code after it up to the next operation.
 */
import { Dependence } from "./dependence.ts";
import { Op, opName } from "./operations.ts";
import { ABANDONED, type Scheduler, Status, Thread, virtualThread } from "./thread.ts";
import type { Failure, Operation, Outcome, Promising, Scenario, VirtualThread } from "./types.ts";

/** Added to a thread's number: the choice to kill it. */
export const KILL = 64;
/** The choice to give the schedule up. */
export const STOP = -1;
const BLOCK_SHIFT = 12;
/** A schedule that is cut although nothing has been written for so many steps is a livelock. */
const LIVELOCK_STEPS = 200;

/** Decides, once the prefix has been replayed. */
export interface Strategy {
  readonly prefix: readonly number[];
  choose(point: DecisionPoint): number;
}

/** What a strategy sees. */
export interface DecisionPoint {
  /** Threads that can run, and deaths that can happen. */
  readonly choices: readonly number[];
  /** The thread that ran last, or -1 if it cannot go on. */
  readonly last: number;
  readonly depth: number;
  /** Names the state, see {@linkcode Dependence.key}. */
  key(last: number): number;
}

/** How a schedule ended. */
export type Ending = "complete" | "pruned" | "cut" | "failed";

/** One line of a listing. */
export interface Step {
  readonly thread: number;
  readonly op: number;
  readonly ptr: number;
  readonly before: bigint;
  after: bigint;
}

export interface Limits {
  readonly maxDepth: number;
  readonly maxSpin: number;
}

interface Jspi {
  Suspending: new (fn: () => Promise<number>) => WebAssembly.ImportValue;
  // deno-lint-ignore ban-types
  promising(fn: Function): (...args: unknown[]) => Promise<unknown>;
}
const jspi = WebAssembly as unknown as Jspi;

type Problem = Pick<Failure, "kind" | "message" | "cause">;

export class Machine<E extends object, S> implements DecisionPoint, Scheduler {
  readonly #module: WebAssembly.Module;
  readonly #trampoline: WebAssembly.Module;
  readonly #scenario: Scenario<E, S>;
  readonly #limits: Limits;
  readonly #threads: Thread[];
  readonly #dependence: Dependence;
  readonly #anytime: boolean;
  readonly #changed: boolean;

  #memory!: WebAssembly.Memory;
  #state!: S;
  /** Instance for setup, invariants and check. */
  #inspector!: E;
  #faces: VirtualThread<E>[] = [];
  #image!: Int32Array;
  #dirty!: Uint8Array;
  words!: Int32Array;

  // The current schedule.
  readonly choices: number[] = [];
  readonly trace: number[] = [];
  readonly #queues = new Map<number, Thread[]>();
  #strategy!: Strategy;
  #scheduling = false;
  #abandoning = false;
  #finished!: () => void;
  #ending: Ending = "complete";
  #live = 0;
  #lastThread = -1;
  #lastWrite = 0;
  #killed: number[] = [];
  #results: unknown[] = [];
  #log: { thread: number; entry: unknown }[] = [];
  #history: Operation[] = [];
  last = -1;
  depth = 0;

  /** What went wrong in the schedule that ran last. */
  problem: Problem | undefined;
  /** If set, the steps of a schedule are written down here. */
  listing: Step[] | undefined;
  steps = 0;
  throttled = 0;
  #runs = 0;

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
    this.#anytime = scenario.timeouts === "anytime";
    this.#changed = scenario.timeouts !== "idle";
    this.#threads = scenario.threads.map((_, id) => new Thread(id));
    this.#dependence = new Dependence(scenario.threads.length);
    this.#prepare();
  }

  get state(): S {
    return this.#state;
  }

  key(last: number): number {
    return this.#dependence.key(last);
  }

  /** Runs one schedule. */
  async run(strategy: Strategy): Promise<Ending> {
    this.#restore();
    this.#strategy = strategy;
    this.#dependence.reset();
    for (const thread of this.#threads) thread.reset();
    this.#queues.clear();
    this.trace.length = 0;
    this.#killed = [];
    this.#results = this.#threads.map(() => undefined);
    this.#log = [];
    this.#history = [];
    this.#live = this.depth = this.#lastWrite = 0;
    this.#lastThread = -1;
    this.problem = undefined;
    this.listing &&= [];
    this.#scheduling = true;
    const finished = new Promise<void>((resolve) => this.#finished = resolve);
    const first = this.#next();
    if (first !== undefined) this.#transfer(first);
    await finished;
    this.#runs++;
    return this.#ending;
  }

  // ---- Hooks: called by the thread that has the turn --------------------------------------------------

  /** `thread` stands before an operation. Returns 1 if it must await its turn. */
  arrive(thread: Thread, op: number, ptr: number): number {
    this.#dirty[ptr >>> BLOCK_SHIFT] = 1;
    if (!this.#scheduling) return this.#idleHook();
    if (op === Op.killPoint && this.#scenario.kill?.thread !== thread.id) return 0;
    thread.op = op;
    thread.ptr = ptr;
    if (thread.granted) {
      thread.granted = false;
      this.#begin(thread);
      return 0;
    }
    this.#account(thread);
    if (!this.#scheduling) throw ABANDONED;
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
    this.#dirty[ptr >>> BLOCK_SHIFT] = 1;
    if (!this.#scheduling) return this.#idleHook();
    if (thread.atomicPtr === ptr) {
      // Not plain: the instruction that `arrive` has announced.
      thread.atomicPtr = -1;
      return 0;
    }
    if (this.#scenario.racy?.(ptr, this.#state)) return this.arrive(thread, op, ptr);
    this.#account(thread);
    const writes = op === Op.plainStore;
    const race = this.#dependence.plainAccess(thread.id, writes, ptr, byteLength);
    if (race !== undefined) this.#race(thread, op, ptr, race);
    if (!this.#scheduling) throw ABANDONED;
    return 0;
  }

  park(thread: Thread, ptr: number, expected: number, timed: number): number {
    if (!this.#scheduling) throw new Error("Cannot park: no schedule is running");
    thread.running = false;
    this.#note(thread);
    this.#dependence.read(thread.id, Op.wait, ptr);
    thread.idle++;
    if (this.words[ptr >>> 2] !== (expected | 0)) return 1;
    this.#dependence.writeQueue(thread.id, Op.wait, ptr);
    thread.status = Status.parked;
    thread.expected = expected | 0;
    thread.timed = timed !== 0;
    thread.arrivedAt = this.depth;
    const queue = this.#queues.get(ptr);
    if (queue === undefined) this.#queues.set(ptr, [thread]);
    else queue.push(thread);
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
    const woken = this.#queues.get(ptr)?.splice(0, count >>> 0) ?? [];
    if (woken.length === 0) {
      this.#dependence.readQueue(thread.id, Op.notify, ptr);
      thread.idle++;
      return 0;
    }
    this.#dependence.writeQueue(thread.id, Op.notify, ptr);
    for (const other of woken) {
      other.status = Status.ready;
      other.op = Op.wake;
      other.result = 0;
      other.arrivedAt = this.depth;
      this.#dependence.wake(thread.id, other.id);
    }
    this.#wrote();
    return woken.length;
  }

  log(thread: Thread, entry: unknown): void {
    if (!this.#scheduling) return;
    this.#account(thread);
    this.#dependence.log(thread.id);
    this.#log.push({ thread: thread.id, entry });
  }

  open(operation: Operation, thread: Thread): void {
    this.#account(thread);
    thread.opening = operation;
    this.#history.push(operation);
  }

  close(operation: Operation, thread: Thread, output: unknown): void {
    if (!this.#scheduling) return;
    this.#account(thread);
    if (thread.opening === operation) this.#opened(thread, operation);
    operation.output = output;
    operation.end = this.depth - 1;
    this.#dependence.ended(thread.id);
  }

  // ---- Scheduling ----------------------------------------------------------------------------------------

  /** Chooses who goes next and begins its step; `undefined` if the schedule is over. */
  #next(): Thread | undefined {
    const { prefix } = this.#strategy;
    if (this.depth >= prefix.length && !this.#invariantHolds()) return undefined;
    for (;;) {
      if (this.depth >= this.#limits.maxDepth) return this.#cut();
      let choice: number;
      if (this.depth < prefix.length) {
        choice = prefix[this.depth];
        if (!this.#possible(choice)) return this.#nondeterministic();
      } else {
        this.#collect();
        if (this.choices.length === 0) return this.#allStopped();
        choice = this.#strategy.choose(this);
        if (choice === STOP) return this.#end("pruned");
        if (!this.choices.includes(choice)) return this.#nondeterministic();
      }
      this.trace.push(choice);
      this.depth++;
      this.steps++;
      if (choice >= KILL) {
        this.#kill(this.#threads[choice - KILL]);
        continue;
      }
      const thread = this.#threads[choice];
      this.#lastThread = choice;
      if (thread.status === Status.fresh) {
        thread.status = Status.ready;
        thread.granted = true;
        thread.op = -1;
      } else {
        this.#begin(thread);
      }
      return thread;
    }
  }

  /** Fills `choices` and `last`. */
  #collect(): void {
    const { choices } = this;
    choices.length = 0;
    this.last = -1;
    let throttled = 0;
    for (const thread of this.#threads) {
      if (!this.#enabled(thread)) continue;
      if (thread.idle >= this.#limits.maxSpin) {
        throttled++;
        continue;
      }
      choices.push(thread.id);
      if (thread.id === this.#lastThread && thread.status === Status.ready) this.last = thread.id;
    }
    if (choices.length > 0) {
      this.throttled += throttled;
    } else {
      // Whoever spins goes on after all; failing that, time passes.
      for (const thread of this.#threads) if (this.#enabled(thread)) choices.push(thread.id);
      if (choices.length === 0) {
        for (const thread of this.#threads) {
          if (thread.status === Status.parked && thread.timed) choices.push(thread.id);
        }
      }
    }
    const victim = this.#scenario.kill?.thread;
    if (victim !== undefined && this.#killable(this.#threads[victim])) choices.push(KILL + victim);
  }

  #enabled(thread: Thread): boolean {
    if (thread.status <= Status.ready) return true;
    if (thread.status !== Status.parked || !thread.timed) return false;
    return this.#anytime ||
      (this.#changed && this.words[thread.ptr >>> 2] !== thread.expected);
  }

  /** A death is offered just when its victim has come to where it stands: later would be the same. */
  #killable(victim: Thread): boolean {
    if (victim.arrivedAt !== this.depth || this.depth === 0) return false;
    const parked = victim.status === Status.parked;
    if (!parked && victim.status !== Status.ready) return false;
    const { op, ptr } = victim;
    return this.#scenario.kill?.at?.({ op, ptr, parked }) ??
      (parked || op === Op.wake || op === Op.killPoint);
  }

  #possible(choice: number): boolean {
    const thread = this.#threads[choice % KILL];
    if (thread === undefined) return false;
    if (thread.status === Status.parked) return choice >= KILL || thread.timed;
    return thread.status <= Status.ready;
  }

  #kill(victim: Thread): void {
    if (victim.status === Status.parked) {
      this.#unpark(victim);
      this.#dependence.writeQueue(victim.id, Op.kill, victim.ptr);
    } else {
      this.#dependence.local(victim.id, Op.kill);
    }
    victim.status = Status.killed;
    this.#killed.push(victim.id);
    this.listing?.push({ thread: victim.id, op: Op.kill, ptr: 0, before: 0n, after: 0n });
  }

  #unpark(thread: Thread): void {
    const queue = this.#queues.get(thread.ptr);
    queue?.splice(queue.indexOf(thread), 1);
  }

  /** Hands the turn to `thread`, whose step has begun. */
  #transfer(thread: Thread): void {
    if (thread.resume === undefined) {
      // In a microtask, so that who transfers has suspended first.
      queueMicrotask(() => this.#start(thread));
    } else {
      const { resume } = thread;
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

  // deno-lint-ignore require-await -- a body that throws at once is then no special case
  async #body(thread: Thread): Promise<unknown> {
    const body = this.#scenario.threads[thread.id];
    const face = this.#faces[thread.id];
    if (typeof body === "function") return body(face, this.#state);
    const [name, ...args] = body;
    return (face.wasm[name] as (...args: unknown[]) => Promise<unknown>)(...args);
  }

  /** The body of `thread` has ended. */
  #settled(thread: Thread): void {
    this.#live--;
    if (this.#scheduling) {
      this.#account(thread);
      if (!this.#scheduling) return;
      thread.granted = false;
      thread.status = Status.done;
      const next = this.#next();
      if (next !== undefined) this.#transfer(next);
    } else if (this.#abandoning && this.#live === 0) {
      this.#finish();
    }
  }

  // ---- Steps ---------------------------------------------------------------------------------------------

  /** Lets the operation that `thread` stands before happen. */
  #begin(thread: Thread): void {
    if (thread.opening !== undefined) this.#opened(thread, thread.opening);
    if (thread.status === Status.parked) {
      this.#unpark(thread);
      thread.status = Status.ready;
      thread.result = 2;
      thread.op = Op.timeout;
      this.#dependence.writeQueue(thread.id, Op.timeout, thread.ptr);
      thread.idle++;
      this.#note(thread);
      return;
    }
    const { op, ptr } = thread;
    if (op === Op.wake || op === Op.killPoint) {
      this.#dependence.local(thread.id, op);
      this.#note(thread);
      return;
    }
    if (ptr + 8 > this.words.length << 2) this.words = new Int32Array(this.#memory.buffer);
    const cell = (ptr >>> 3) << 1;
    thread.beforeLow = this.words[cell];
    thread.beforeHigh = this.words[cell + 1];
    thread.atomicPtr = op === Op.load || op === Op.store ? ptr : -1;
    thread.running = true;
  }

  /** Accounts for the operation that `thread` has done. */
  #account(thread: Thread): void {
    if (!thread.running || !this.#scheduling) return;
    thread.running = false;
    const { op, ptr } = thread;
    if (op === Op.wait || op === Op.notify) return;
    const cell = (ptr >>> 3) << 1;
    const writes = op === Op.cas || op === Op.script
      ? this.words[cell] !== thread.beforeLow || this.words[cell + 1] !== thread.beforeHigh
      : op !== Op.load && op !== Op.plainLoad;
    this.#note(thread);
    if (writes) {
      this.#dependence.write(thread.id, op, ptr);
      this.#wrote();
    } else {
      this.#dependence.read(thread.id, op, ptr);
      thread.idle++;
    }
    if (op === Op.plainLoad || op === Op.plainStore) return;
    if (this.#scenario.racy?.(ptr, this.#state)) return;
    const race = this.#dependence.atomicAccess(thread.id, writes, ptr);
    if (race !== undefined) this.#race(thread, op, ptr, race);
  }

  #wrote(): void {
    this.#lastWrite = this.depth;
    for (const thread of this.#threads) thread.idle = 0;
  }

  #opened(thread: Thread, operation: Operation): void {
    thread.opening = undefined;
    operation.begin = this.depth - 1;
    this.#dependence.begun(thread.id);
  }

  /** Writes a step into the listing, if one is wanted. */
  #note({ id, op, ptr, beforeLow, beforeHigh }: Thread): void {
    if (this.listing === undefined) return;
    const cell = (ptr >>> 3) << 1;
    this.listing.push({
      thread: id,
      op,
      ptr,
      before: wide(beforeLow, beforeHigh),
      after: wide(this.words[cell], this.words[cell + 1]),
    });
  }

  // ---- Endings -------------------------------------------------------------------------------------------

  #allStopped(): undefined {
    const parked = this.#parked();
    if (parked.length > 0 && !this.#scenario.allowParked) {
      const where = parked.map((id) => `thread ${id} on ${this.name(this.#threads[id].ptr)}`);
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
    const message = "the same schedule took another course: a body reads a clock, a random number, or " +
      "state that outlives a schedule; or the trace belongs to another model";
    return this.#fail({ kind: "nondeterminism", message });
  }

  #race(thread: Thread, op: number, ptr: number, other: string): void {
    const message = `${opName(op)} of thread ${thread.id} on ${this.name(ptr)} is not ordered after ${other}`;
    this.#fail({ kind: "race", message });
  }

  #invariantHolds(): boolean {
    const { invariant } = this.#scenario;
    if (invariant === undefined) return true;
    this.#scheduling = false;
    const problem = judge("invariant", () => {
      return invariant({ wasm: this.#inspector, words: this.words, state: this.#state });
    });
    this.#scheduling = true;
    if (problem !== undefined) this.#fail(problem);
    return problem === undefined;
  }

  #fail(problem: Problem): undefined {
    this.problem ??= problem;
    return this.#end("failed");
  }

  /** Ends the schedule: unwinds what is suspended. The caller throws `ABANDONED` if it stands in WebAssembly. */
  #end(ending: Ending): undefined {
    if (!this.#scheduling) return;
    this.#ending = ending;
    this.#scheduling = false;
    this.#abandoning = true;
    for (const thread of this.#threads) thread.abandon?.(ABANDONED);
    if (this.#live === 0) this.#finish();
  }

  /** All bodies have ended. */
  #finish(): void {
    this.#abandoning = false;
    const { check } = this.#scenario;
    this.words = new Int32Array(this.#memory.buffer);
    if (this.#ending === "complete" && check !== undefined) {
      const outcome: Outcome<E, S> = {
        wasm: this.#inspector,
        words: this.words,
        state: this.#state,
        results: this.#results,
        log: this.#log,
        history: this.#history,
        parked: this.#parked(),
        killed: this.#killed,
      };
      this.problem = judge("check", () => check(outcome));
      if (this.problem !== undefined) this.#ending = "failed";
    }
    this.#finished();
  }

  #parked(): number[] {
    return this.#threads.filter((thread) => thread.status === Status.parked).map(({ id }) => id);
  }

  /** No schedule is running. */
  #idleHook(): 0 {
    if (this.#abandoning) throw ABANDONED;
    return 0;
  }

  /** An address for people. */
  name(ptr: number): string {
    const label = this.#scenario.label?.(ptr, this.#state);
    return label === undefined ? `@${ptr}` : `${label}@${ptr}`;
  }

  // ---- Memory --------------------------------------------------------------------------------------------

  /** Makes memory and instances, and calls `setup`. */
  #prepare(): void {
    const { pages = 1, maxPages = pages, threads } = this.#scenario;
    this.#memory = new WebAssembly.Memory({ initial: pages, maximum: maxPages, shared: true });
    this.words = new Int32Array(this.#memory.buffer);
    this.#dirty = new Uint8Array((maxPages << 16) >>> BLOCK_SHIFT);
    this.#inspector = this.#instantiate(new Thread(-1)) as E;
    this.#faces = threads.map((_, id) => {
      const thread = this.#threads[id];
      return virtualThread(thread, promised<E>(this.#instantiate(thread)), this);
    });
    this.#state = this.#scenario.setup(this.#inspector, this.words);
    this.words = new Int32Array(this.#memory.buffer);
    this.#image = this.words.slice();
    this.#dirty.fill(0);
    this.#runs = 0;
  }

  #instantiate(thread: Thread): WebAssembly.Exports {
    const hooks = new WebAssembly.Instance(this.#trampoline, {
      model: {
        arrive: (op: number, ptr: number) => this.arrive(thread, op, ptr >>> 0),
        plain: (op: number, ptr: number, size: number) => this.#plain(thread, op, ptr >>> 0, size),
        park: (ptr: number, value: number, timed: number) => this.park(thread, ptr, value, timed),
        wake: (ptr: number, count: number) => this.wake(thread, ptr, count),
        pause: new jspi.Suspending(() => thread.turn!),
      },
    });
    const { memory: _, ...functions } = hooks.exports;
    const env = {
      ...functions,
      memory: this.#memory,
      spinLimit: 0,
      canBlock: 1,
      abort: () => {
        throw new Error("abort");
      },
      ...this.#scenario.env?.(thread.id),
    };
    return new WebAssembly.Instance(this.#module, { env }).exports;
  }

  /** Makes the memory as `setup` left it. */
  #restore(): void {
    if (this.#memory.buffer.byteLength !== this.#image.byteLength) return this.#prepare();
    // What no hook announces (bulk operations, JavaScript) is searched for now and then.
    if ((this.#runs & (this.#runs - 1)) === 0) this.#findDirty();
    const blockWords = 1 << (BLOCK_SHIFT - 2);
    for (let block = 0; block < this.#dirty.length; block++) {
      if (this.#dirty[block] === 0) continue;
      const start = block * blockWords;
      this.words.set(this.#image.subarray(start, start + blockWords), start);
    }
  }

  #findDirty(): void {
    for (let word = 0; word < this.#image.length; word++) {
      if (this.words[word] !== this.#image[word]) this.#dirty[word >>> (BLOCK_SHIFT - 2)] = 1;
    }
  }
}

/** Every function among `exports`, returning a promise. */
function promised<E>(exports: WebAssembly.Exports): Promising<E> {
  const functions = Object.entries(exports)
    .filter(([, value]) => typeof value === "function")
    // deno-lint-ignore ban-types
    .map(([name, value]) => [name, jspi.promising(value as Function)]);
  return Object.fromEntries(functions);
}

function judge(kind: "check" | "invariant", run: () => boolean | void): Problem | undefined {
  try {
    if (run() !== false) return undefined;
    return { kind, message: `${kind} returned false` };
  } catch (error) {
    return { kind, message: describe(error), cause: error };
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function wide(low: number, high: number): bigint {
  return BigInt.asUintN(64, (BigInt(high) << 32n) | BigInt(low >>> 0));
}

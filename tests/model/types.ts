/** What a model consists of, and what exploring it yields. */

/** The exports `E` of a module, as a virtual thread calls them. */
export type Promising<E> = {
  readonly [K in keyof E]: E[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<R>
    : never;
};

/** A virtual thread: its own instance of the module over the common memory. */
export interface VirtualThread<E> {
  readonly id: number;
  /** The module's exports; each call is scheduled operation by operation. */
  readonly wasm: Promising<E>;
  /**
   * Appends to the log that all threads of the schedule share. The order of entries counts as observable:
   * all of them are explored. What needs no order is better returned from the body.
   */
  log(entry: unknown): void;
  /**
   * Runs one operation and records when it began and ended, for {@linkcode assertLinearizable}.
   * It begins with its first atomic operation and ends with its last.
   */
  record<T>(name: string, input: unknown, run: () => T | Promise<T>): Promise<T>;
  /**
   * Runs `round` until it returns something. A round that returns `undefined` must leave nothing behind in the body: what
   * it saw is forgotten, and the next one begins in the same state. So a thread that polls makes few states, and polls
   * again only once another thread has run.
   */
  repeat<T>(round: () => Promise<T | undefined>): Promise<T>;
  /** One scheduled operation in JavaScript on the word at `ptr`, for protocols that are half TypeScript. */
  atomic<T>(ptr: number, run: (words: Int32Array) => T): Promise<T>;
  /** `Atomics.wait` or `Atomics.waitAsync`: 0 woken, 1 not equal, 2 timed out. */
  wait(ptr: number, expected: number, options?: { timed?: boolean }): Promise<number>;
  /** `Atomics.notify`. */
  notify(ptr: number, count?: number): Promise<number>;
}

/** What a virtual thread runs: a function, or one call of an export. */
export type Body<E, S> =
  | ((thread: VirtualThread<E>, state: S) => Promise<unknown>)
  | readonly [name: keyof E & string, ...args: (number | bigint)[]];

/** An operation that {@linkcode VirtualThread.record} saw. Times are steps of the schedule. */
export interface Operation {
  readonly thread: number;
  /** Its number among those of its thread. */
  readonly index: number;
  readonly name: string;
  readonly input: unknown;
  /** `undefined` while `end` is infinite. */
  output: unknown;
  /** Step of its first atomic operation; infinite if none was executed. */
  begin: number;
  /** Step of its last atomic operation; infinite if the thread parked or was killed within. */
  end: number;
  /** A step at which it is known to have waited already. Only recorders other than the checker's know one. */
  readonly waits?: number;
}

/** What invariants see: the memory between two steps. Operations called here are not scheduled. */
export interface Snapshot<E, S> {
  readonly wasm: E;
  readonly words: Int32Array;
  readonly state: S;
}

/** What `check` sees at the end of a schedule. */
export interface Outcome<E, S> extends Snapshot<E, S> {
  /** What the bodies returned, by thread; `undefined` for one that did not end. */
  readonly results: readonly unknown[];
  readonly log: readonly { readonly thread: number; readonly entry: unknown }[];
  readonly history: readonly Operation[];
  /** Threads that wait for ever; empty unless `allowParked`. */
  readonly parked: readonly number[];
  /** Threads that were killed. */
  readonly killed: readonly number[];
}

/** A point at which a thread may be killed. */
export interface KillPoint {
  /** The operation the thread stands before; `Op.wait` if `parked`, `Op.wake` if it was just woken. */
  readonly op: number;
  readonly ptr: number;
  readonly parked: boolean;
}

/** A model. It must be deterministic but for the schedule: no clock, no randomness, no shared JS state. */
export interface Scenario<E, S> {
  readonly name: string;
  /**
   * Builds the structures, before any thread runs. Schedules start from a photograph of the memory it leaves, so it
   * is called once (and once more for each schedule in which memory grew), and what it returns must not change.
   */
  setup(wasm: E, words: Int32Array): S;
  readonly threads: readonly Body<E, S>[];
  /** Throws, or returns `false`, if a schedule ended wrongly. */
  check?(outcome: Outcome<E, S>): boolean | void;
  /** Throws, or returns `false`, if the memory between two steps is wrong. Must not write. */
  invariant?(snapshot: Snapshot<E, S>): boolean | void;
  /**
   * Words whose plain accesses race by design, the reason being in the source. They become scheduling points.
   * A race on any other word is a failure.
   */
  racy?(ptr: number, state: S): boolean;
  /** Names an address in a trace. */
  label?(ptr: number, state: S): string | undefined;
  /** Pages of memory at the start, and at most. 1 and the same if absent. */
  readonly pages?: number;
  readonly maxPages?: number;
  /** Further imports of `env`, or other values for those the checker gives, per thread (-1: setup and check). */
  env?(thread: number): Record<string, WebAssembly.ImportValue>;
  /**
   * When a wait with a timeout may time out: once nothing else can run (`"idle"`), also once its word has
   * changed (`"changed"`, if absent), or at any time (`"anytime"`).
   */
  readonly timeouts?: "idle" | "changed" | "anytime";
  /** Lets a schedule end with parked threads, `check` then judges. If absent that is a deadlock. */
  readonly allowParked?: boolean;
  /**
   * Explores also the death of one thread, once, at any point `at` accepts. If absent: wherever a real thread can be
   * terminated, at `Op.killPoint`, and while it is parked or just woken.
   */
  readonly kill?: {
    readonly thread: number;
    at?(point: KillPoint): boolean;
    /**
     * A word that is set to 1, and whose sleepers are woken, when the thread has ended, killed or not: as the owner of
     * a real thread is told its end.
     */
    tells?(state: S): number;
  };
}

/** How to explore. */
export interface Options {
  /** Preemptions allowed in a schedule; all if absent. A switch from a thread that cannot go on is free. */
  readonly bound?: number;
  /** Steps in a schedule before it is cut; 1,000 if absent. */
  readonly maxDepth?: number;
  /**
   * Steps that one thread may do without changing memory while others could run; then it has to let them. 32 if
   * absent. It makes spin loops finite.
   */
  readonly maxSpin?: number;
  /**
   * Steps after which a search with a `bound` has seen enough: those schedules with the fewest preemptions. If absent,
   * `MILLRACE_MODEL_STEPS`, and 2 million without that.
   */
  readonly enoughSteps?: number | undefined;
  /** Steps in all; 20 million if absent. An exhaustive search that needs more is incomplete, which fails. */
  readonly maxSteps?: number;
  /** Random schedules instead of an exhaustive search. */
  readonly random?: { readonly seed: number; readonly schedules: number };
  /** Visits each state once (see README); `true` if absent. `false` is for checking the checker. */
  readonly reduce?: boolean;
}

/** What went wrong. */
export interface Failure {
  readonly kind:
    | "check"
    | "deadlock"
    | "invariant"
    | "livelock"
    | "nondeterminism"
    | "race"
    | "thrown"
    | "trap"
    /** Every schedule was cut. */
    | "cut"
    /** `maxSteps` was too small. */
    | "incomplete";
  readonly message: string;
  /** Give it to `replay`. */
  readonly trace: string;
  /** The schedule in words, one step a line. */
  readonly listing: string;
  readonly cause?: unknown;
}

/** The result of an exploration. */
export interface Report {
  /** Reports whether all schedules within the bound have been explored, none cut, none throttled, and hold. */
  readonly exhaustive: boolean;
  readonly failure: Failure | undefined;
  /** Schedules executed to their end. */
  readonly schedules: number;
  /** Executions given up since they met a state already explored. */
  readonly pruned: number;
  /** Schedules cut at `maxDepth`. */
  readonly cut: number;
  /** How often a thread had to let others run because of `maxSpin`: if not 0, spinning on was not explored. */
  readonly throttled: number;
  /** States at which there was a choice. */
  readonly states: number;
  readonly steps: number;
  readonly milliseconds: number;
}

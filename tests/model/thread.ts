/** The state of one virtual thread, and its face towards a body. */
import { type Hash, Sequence } from "./fingerprint.ts";
import { Op } from "./operations.ts";
import type { Operation, Promising, VirtualThread } from "./types.ts";

export const Status = { fresh: 0, ready: 1, parked: 2, done: 3, killed: 4 } as const;
export type Status = typeof Status[keyof typeof Status];

/** Thrown into whatever is suspended when a schedule is over. Not an Error: a stack trace would cost. */
export const ABANDONED = Symbol("schedule is over");

/** What a thread needs of the machine that runs it. */
export interface Scheduler {
  readonly words: Int32Array;
  arrive(thread: Thread, op: number, ptr: number): number;
  park(thread: Thread, ptr: number, expected: number, timed: number): number;
  wake(thread: Thread, ptr: number, count: number): number;
  call(thread: Thread): void;
  returned(thread: Thread, result: unknown): void;
  log(thread: Thread, entry: unknown): void;
  mark(thread: Thread): Mark;
  rewind(thread: Thread, mark: Mark): void;
  open(thread: Thread, name: string, input: unknown): Operation;
  close(thread: Thread, operation: Operation, output: unknown): void;
}

/** Where a thread stood when a round of `repeat` began. */
export interface Mark {
  readonly local: Hash;
  readonly memory: Hash;
  /** How often another thread had got the turn. */
  readonly turns: number;
}

/** A plain access. */
interface Access {
  readonly ptr: number;
  readonly end: number;
  readonly writes: boolean;
}

export class Thread {
  readonly id: number;
  status: Status = Status.fresh;

  /** The operation it stands before, or does. */
  op = 0;
  ptr = 0;
  /** Its operation has been let through and not yet been accounted for. */
  running = false;
  /** It was chosen before it came to its first operation. */
  granted = false;
  /** The cell of its operation, as it was before. */
  beforeLower = 0;
  beforeUpper = 0;
  /** Address of an atomic load or store whose instrumentation is still to come; -1 for none. */
  announcedPtr = -1;
  /** Depth of the schedule when it came to where it stands. */
  arrivedAt = 0;
  /** Steps in a row that changed nothing. */
  idle = 0;
  /** It has done a round of `repeat` in vain, and would do the same again unless another thread writes. */
  vain = false;

  /** What the wait it is parked in returns. */
  result = 0;
  expected = 0;
  timed = false;

  /** Suspension of the thread, if `resume` is set. */
  turn: Promise<number> | undefined;
  resume: ((result: number) => void) | undefined;
  abandon: ((reason: unknown) => void) | undefined;

  /**
   * Names all that the thread's future depends on, but for memory: the results of its calls so far, and what
   * the call under way has read. Local variables need no look, since WebAssembly is deterministic.
   */
  readonly local = new Sequence();
  /** `local` when the call under way began. */
  readonly #outside = new Sequence();

  /**
   * Its plain accesses since its last atomic operation. Until its next one it does not synchronise with anyone, so
   * each of them could as well happen later: what conflicts with them meanwhile is a data race.
   */
  readonly accesses: Access[] = [];
  readonly accessHash = new Sequence();

  /** A recorded operation that has not begun. */
  opening: Operation | undefined;
  /** Operations recorded. */
  recorded = 0;

  constructor(id: number) {
    this.id = id;
  }

  /** Before a schedule. */
  reset(): void {
    this.status = Status.fresh;
    this.running = this.granted = false;
    this.timed = this.vain = false;
    this.announcedPtr = -1;
    this.arrivedAt = this.idle = this.recorded = 0;
    this.opening =
      this.turn =
      this.resume =
      this.abandon =
        undefined;
    this.local.clear();
    this.forgetAccesses();
  }

  /** Prepares to suspend; whoever called into the scheduler then awaits `turn`. */
  suspend(): void {
    this.turn = new Promise((resolve, reject) => {
      this.resume = resolve;
      this.abandon = reject;
    });
  }

  /** A call into WebAssembly begins. */
  enter(): void {
    this.#outside.copy(this.local);
  }

  /** It ends: of all that it has read only the result can still matter. */
  leave(result: unknown): void {
    this.local.copy(this.#outside);
    this.local.addResult(result);
  }

  access(ptr: number, end: number, writes: boolean): void {
    this.accesses.push({ ptr, end, writes });
    this.accessHash.add(ptr).add(writes ? -end : end);
  }

  forgetAccesses(): void {
    if (this.accesses.length > 0) this.accesses.length = 0;
    this.accessHash.clear();
  }

  /** The plain access that one to these bytes races with. */
  conflict(ptr: number, end: number, writes: boolean): Access | undefined {
    if (this.accesses.length === 0) return undefined;
    return this.accesses.find((a) => a.ptr < end && ptr < a.end && (writes || a.writes));
  }
}

/** Makes what the body of `thread` gets. `calls` are the module's exports, returning promises. */
export function virtualThread<E>(
  thread: Thread,
  calls: Iterable<[string, (...args: unknown[]) => Promise<unknown>]>,
  scheduler: Scheduler,
): VirtualThread<E> {
  const wasm: Record<string, (...args: unknown[]) => Promise<unknown>> = {};
  for (const [name, call] of calls) {
    wasm[name] = async (...args) => {
      scheduler.call(thread);
      const result = await call(...args);
      scheduler.returned(thread, result);
      return result;
    };
  }
  return {
    id: thread.id,
    wasm: wasm as Promising<E>,
    log: (entry) => scheduler.log(thread, entry),
    async record(name, input, run) {
      const operation = scheduler.open(thread, name, input);
      const output = await run();
      scheduler.close(thread, operation, output);
      return output;
    },
    async repeat(round) {
      for (;;) {
        const mark = scheduler.mark(thread);
        const result = await round();
        if (result !== undefined) return result;
        scheduler.rewind(thread, mark);
      }
    },
    async atomic(ptr, run) {
      if (scheduler.arrive(thread, Op.script, ptr) !== 0) await thread.turn;
      return run(scheduler.words);
    },
    async wait(ptr, expected, { timed = false } = {}) {
      if (scheduler.arrive(thread, Op.wait, ptr) !== 0) await thread.turn;
      const result = scheduler.park(thread, ptr, expected, timed ? 1 : 0);
      return result >= 0 ? result : await thread.turn!;
    },
    async notify(ptr, count = -1) {
      if (scheduler.arrive(thread, Op.notify, ptr) !== 0) await thread.turn;
      return scheduler.wake(thread, ptr, count);
    },
  };
}

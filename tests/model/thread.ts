/** The state of one virtual thread, and its face towards a body. */
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
  log(thread: Thread, entry: unknown): void;
  open(operation: Operation, thread: Thread): void;
  close(operation: Operation, thread: Thread, output: unknown): void;
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
  /** Cell of the operation as it was before. */
  beforeLow = 0;
  beforeHigh = 0;
  /** Address of an atomic load or store whose instrumentation is still to come; -1 for none. */
  atomicPtr = -1;
  /** What the wait it is parked in returns. */
  result = 0;
  expected = 0;
  timed = false;
  /** Depth of the schedule when it came to where it stands. */
  arrivedAt = 0;
  /** Steps in a row that changed nothing. */
  idle = 0;
  /** A recorded operation that has not begun. */
  opening: Operation | undefined;
  /** Suspension of the thread, if `resume` is set. */
  turn: Promise<number> | undefined;
  resume: ((result: number) => void) | undefined;
  abandon: ((reason: unknown) => void) | undefined;

  constructor(id: number) {
    this.id = id;
  }

  /** Before a schedule. */
  reset(): void {
    this.status = Status.fresh;
    this.running = this.granted = this.timed = false;
    this.atomicPtr = -1;
    this.idle = this.arrivedAt = 0;
    this.opening = this.turn = this.resume = this.abandon = undefined;
  }

  /** Prepares to suspend; whoever called into the scheduler then awaits `turn`. */
  suspend(): void {
    this.turn = new Promise((resolve, reject) => {
      this.resume = resolve;
      this.abandon = reject;
    });
  }
}

/** Makes what the body of `thread` gets. */
export function virtualThread<E>(
  thread: Thread,
  wasm: Promising<E>,
  scheduler: Scheduler,
): VirtualThread<E> {
  return {
    id: thread.id,
    wasm,
    log: (entry) => scheduler.log(thread, entry),
    async record(name, input, run) {
      const operation: Operation = {
        ...{ thread: thread.id, name, input, output: undefined, begin: Infinity, end: Infinity },
      };
      scheduler.open(operation, thread);
      const output = await run();
      scheduler.close(operation, thread, output);
      return output;
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

/** What the models of the locks that may be abandoned have in common. */
import { assertEquals } from "../support/assert.ts";
import {
  COND_READER,
  LOCK_CONTENDED,
  LOCK_OBJECT_SIZE,
  LOCK_QUEUE,
  NODE_SIZE,
  WAITER_NODES,
} from "../../src/memory/layout.ts";
import { buildModel } from "./build.ts";
import { assertHolds, explore, type Options, type Scenario, type VirtualThread } from "./loom.ts";
import { type Case, inQueue, type Own, waiterSize, type Waiting } from "./waiting.ts";

/** The models' entry file. */
export const ENTRY = "tests/model/assembly/locks.ts";

/** What the models need of the core. */
export interface Locks extends Waiting {
  condBroadcast(cond: number, self: number, now: number): number;
  condEnter(cond: number, node: number, index: number, need: number): void;
  condLeave(cond: number, node: number): number;
  condNew(kind: number, locker: number, mode: number): number;
  condSignal(cond: number, self: number, now: number): number;
  increment(ptr: number): void;
  mutexComplete(mutex: number, self: number): number;
  mutexEnter(mutex: number, node: number, index: number, since: number, isOvertaken: number): void;
  mutexIsOpen(mutex: number): number;
  mutexIsOwn(mutex: number, self: number): number;
  mutexPass(mutex: number, self: number, now: number): number;
  mutexRecover(mutex: number, self: number): number;
  mutexRelease(mutex: number, self: number, expected: number, now: number): number;
  mutexTryLock(mutex: number, self: number): number;
  mutexUnlock(mutex: number, self: number): number;
  objectNew(kind: number, byteLength: number): number;
  read(ptr: number): number;
  rwComplete(lock: number, self: number, node: number): number;
  rwEnter(lock: number, node: number, index: number, record: number): void;
  rwIsWriter(lock: number, self: number): number;
  rwLook(lock: number, self: number): number;
  rwPass(lock: number, self: number, node: number): number;
  rwReadUnlock(lock: number, self: number, record: number, isAny: number): number;
  rwRecord(lock: number, self: number): number;
  rwRecover(lock: number, self: number): number;
  rwRelease(lock: number, self: number, expected: number): number;
  rwTryLock(lock: number, self: number): number;
  rwTryRead(lock: number, record: number): number;
  rwTrySlow(lock: number, self: number, record: number): number;
  rwUnlock(lock: number, self: number): number;
}

/** What a model begins with. */
export interface State {
  readonly lock: number;
  /** A condition that belongs to it; 0 if there is none. */
  readonly cond: number;
  /** The agent and the waiter of each thread. */
  readonly agents: readonly number[];
  readonly waiters: readonly number[];
  /** The record of read locks of each thread, where the lock is an RWMutex. */
  readonly records: readonly number[];
  /** Words of the model's own: what the lock protects, and whether a mortal thread has ended. */
  readonly data: number;
  readonly ended: number;
}
/** A thread of a model. */
export type Thread = VirtualThread<Locks>;
/** What it does. */
export type Body = (thread: Thread, state: State) => Promise<unknown>;
/** A model. */
export type LockScenario = Scenario<Locks, State>;

/** The core. */
export const core: WebAssembly.Module = await buildModel(ENTRY);

/** What a scenario begins with. */
export interface LockStart {
  /** Which threads stand in the queue at the start; all came at the time 0. */
  readonly waiting?: readonly number[];
  /** Which of them want to read; makes the lock an RWMutex. */
  readonly readers?: readonly number[];
  /** A `COND_…` code: makes a condition. */
  readonly cond?: number;
  /** Which threads stand in its queue. */
  readonly condWaiting?: readonly number[];
  /** Calls before. */
  before?(wasm: Locks, lock: number, agents: readonly number[], records: readonly number[]): void;
}

/** A model of a mutex, or of an RWMutex. */
export function scenario(
  name: string,
  threads: readonly Body[],
  { waiting = [], readers, cond: mode, condWaiting = [], before, ...rest }:
    & LockStart
    & Partial<LockScenario> = {},
): LockScenario {
  return {
    name,
    setup(wasm) {
      wasm.heapInit();
      const agents = threads.map(() => wasm.agentRegister());
      const waiters = agents.map((agent, id) => wasm.waiterNew(agent, id, 1));
      const lock = wasm.objectNew(0, LOCK_OBJECT_SIZE);
      const records = readers === undefined
        ? []
        : agents.map((agent) => wasm.rwRecord(lock, agent));
      before?.(wasm, lock, agents, records);
      for (const id of waiting) {
        if (readers === undefined) wasm.mutexEnter(lock, nodeOf(waiters[id]!), 0, 0, 0);
        else {
          const record = readers.includes(id) ? records[id]! : 0;
          wasm.rwEnter(lock, nodeOf(waiters[id]!), 0, record);
        }
      }
      const cond = mode === undefined ? 0 : wasm.condNew(0, lock, mode);
      for (const id of condWaiting) {
        wasm.condEnter(cond, nodeOf(waiters[id]!), 0, mode === COND_READER ? records[id]! : 0);
      }
      const data = wasm.allocate(16);
      return { lock, cond, agents, waiters, records, data, ended: data + 8 };
    },
    threads,
    label(ptr, { lock, agents, data }) {
      for (const [id, agent] of agents.entries()) if (ptr === agent) return `doorbell ${id}`;
      if (ptr === data) return "data";
      return ptr >= lock && ptr < lock + 48 ? `lock + ${ptr - lock}` : undefined;
    },
    ...rest,
  };
}

/** A waiter's node for case `index`. */
export function nodeOf(waiter: number, index = 0): number {
  return waiter + WAITER_NODES + index * NODE_SIZE;
}

/** Asserts that all schedules hold, and none was cut. */
export async function assertHolding(model: LockScenario, options: Options = {}): Promise<void> {
  const report = await explore(core, model, options);
  assertHolds(report);
  assertEquals(report.cut + report.throttled, 0);
}

/** What a thread waits with. */
export function ownOf({ id }: Thread, { agents, waiters }: State): Own {
  return { agent: agents[id]!, waiter: waiters[id]! };
}

/** Does away with the waiter of the calling thread. */
export async function discard({ wasm, id }: Thread, { waiters }: State): Promise<void> {
  await wasm.poison(waiters[id]!, waiterSize(1));
}

/** Waits for the end of a mortal thread and declares it dead. */
export function buries(victim: number): Body {
  return async ({ wasm, wait }, { agents, ended }) => {
    await wait(ended, 0);
    await wasm.agentDied(agents[victim]!);
  };
}

/** The wait for a mutex; it ends with what `mutexTryLock` returns. */
export function lockCase(
  thread: Thread,
  own: Own,
  { lock }: State,
  isOvertaken = false,
): Case<number> {
  const { wasm } = thread;
  return {
    enter: async (index) => (
      await wasm.mutexEnter(lock, nodeOf(own.waiter, index), index, 0, Number(isOvertaken)), true
    ),
    leave: inQueue(thread, own, lock + LOCK_QUEUE).leave,
    poll: async () => await wasm.mutexTryLock(lock, own.agent) || undefined,
    complete: async () => await wasm.mutexComplete(lock, own.agent) || undefined,
    isReady: async () => await wasm.mutexIsOpen(lock) !== 0,
  };
}

/** Unlocks a mutex, whoever holds it, at the time `now`. */
export async function unlock(
  { wasm, id }: Thread,
  { lock, agents }: State,
  now: number,
): Promise<number> {
  const code = await wasm.mutexUnlock(lock, agents[id]!);
  return code === LOCK_CONTENDED ? await wasm.mutexRelease(lock, agents[id]!, 0, now) : code;
}

/** How an owner waits: the part of the protocol that is TypeScript in `src/select/operation.ts` and `src/park/agent.ts`. */
import { CLAIM_SELF, NODE_SIZE, SIGNAL_RECHECK, WAITER_NODES } from "../../src/memory/layout.ts";
import { buildModel } from "./build.ts";
import type { VirtualThread } from "./loom.ts";

/** Its entry file. */
export const WAITING_ENTRY = "tests/model/assembly/waiting.ts";

/** What waiting needs of the core. */
export interface Waiting {
  heapInit(): void;
  allocate(byteLength: number): number;
  poison(ptr: number, byteLength: number): void;
  send(agent: number, entry: number): void;
  agentDied(agent: number): void;
  agentRegister(): number;
  agentSignal(agent: number, signals: number): void;
  agentSleep(agent: number, timeoutMs: number, spins: number): void;
  agentTakeSignals(agent: number, mask: number): number;
  agentVacate(agent: number): void;
  doorbellArm(agent: number): number;
  doorbellDisarm(agent: number): void;
  inboxPop(agent: number): number;
  queueEnter(queue: number, waiter: number, slot: number, index: number, need: number): void;
  queueLeave(queue: number, waiter: number, slot: number): void;
  queueWake(queue: number, self: number): number;
  queueWakeAll(queue: number, self: number): number;
  waiterClaim(waiter: number, claim: number): number;
  waiterFiredIndex(waiter: number): number;
  waiterNew(agent: number, id: number, nodeCount: number): number;
  waiterReset(waiter: number): void;
  ringNew(capacity: number, wideBytes: number, kind: number, element: number): number;
  ringCanReceive(ring: number): number;
  ringCanSend(ring: number): number;
  ringClose(ring: number, reason: number, self: number): number;
  ringReceive(ring: number, self: number): number;
  ringSend(ring: number, payload: number, self: number): number;
}
/** A thread that waits. */
type Thread = VirtualThread<
  Pick<
    Waiting,
    | "agentSleep"
    | "agentTakeSignals"
    | "inboxPop"
    | "queueEnter"
    | "queueLeave"
    | "waiterClaim"
    | "waiterFiredIndex"
    | "waiterReset"
  >
>;

/** The core's waiting. */
export function buildWaiting(): Promise<WebAssembly.Module> {
  return buildModel(WAITING_ENTRY);
}

/** Bytes of a waiter with so many nodes. */
export function waiterSize(nodeCount: number): number {
  return WAITER_NODES + nodeCount * NODE_SIZE;
}

/** Blocks until an entry has come into the inbox of `agent`, the caller's own. */
export function nextEntry({ wasm, repeat }: Thread, agent: number): Promise<number> {
  return repeat(async () => {
    const entry = await wasm.inboxPop(agent);
    if (entry !== 0) return entry;
    await wasm.agentSleep(agent, -1, 0);
    return undefined;
  });
}

/** Something to wait for. */
export interface Case<T> {
  readonly queue: number;
  /** How much it asks for. */
  readonly need?: number;
  /** Takes effect, or returns `undefined`. */
  poll(): Promise<T | undefined>;
  /** The same, once it was fired. `poll` if absent. */
  complete?(): Promise<T | undefined>;
  /** It has left the queue. */
  left?(): Promise<void>;
  /** Reports whether it might have an effect now, asked once it stands in the queue. */
  isReady(): Promise<boolean>;
}

/** How a wait is to go. */
export interface WaitOptions {
  /** It looks again once it stands in the queues (law 3). `true` if absent. */
  readonly looksAgain?: boolean;
  /** It looks again when a thread has died. `false` if absent: a signal costs states. */
  readonly rechecks?: boolean;
  /** It stands in the queues already. */
  readonly isEntered?: boolean;
}

/** Blocks until one of `cases` has taken effect. `agent` and `waiter` are the caller's own. */
export function waitFor<T>(
  thread: Thread,
  { agent, waiter }: { readonly agent: number; readonly waiter: number },
  cases: readonly Case<T>[],
  { looksAgain = true, rechecks = false, isEntered = false }: WaitOptions = {},
): Promise<T> {
  const { wasm, repeat } = thread;
  const isReady = async (): Promise<boolean> => {
    for (const each of cases) if (await each.isReady()) return true;
    return false;
  };
  /** The waiter, or 0: somebody has died. */
  const sleep = (): Promise<number> =>
    repeat(async () => {
      if (rechecks && await wasm.agentTakeSignals(agent, -1) & SIGNAL_RECHECK) return 0;
      const entry = await wasm.inboxPop(agent);
      if (entry !== 0) return entry;
      await wasm.agentSleep(agent, -1, 0);
      return undefined;
    });
  /** Sleeps, unless there is no need to, and leaves. */
  const wait = async (): Promise<T | undefined> => {
    const startsAgain = looksAgain && await isReady() || await sleep() === 0;
    let fired = -1;
    if (!startsAgain || !await wasm.waiterClaim(waiter, CLAIM_SELF)) {
      if (startsAgain) await nextEntry(thread, agent);
      fired = await wasm.waiterFiredIndex(waiter);
    }
    for (const [index, { queue, left }] of cases.entries()) {
      if (index === fired) continue;
      await wasm.queueLeave(queue, waiter, index);
      await left?.();
    }
    return await cases[fired]?.complete?.();
  };
  const round = async (): Promise<T | undefined> => {
    for (const each of cases) {
      const result = await each.poll();
      if (result !== undefined) return result;
    }
    await wasm.waiterReset(waiter);
    for (const [index, { queue, need = 0 }] of cases.entries()) {
      await wasm.queueEnter(queue, waiter, index, index, need);
    }
    return await wait();
  };
  if (!isEntered) return repeat(round);
  return wait().then((result) => result ?? repeat(round));
}

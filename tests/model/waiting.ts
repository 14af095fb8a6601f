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
  peek(ptr: number): number;
  poke(ptr: number, value: number): void;
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
  queueEnterFirst(
    queue: number,
    waiter: number,
    slot: number,
    index: number,
    payload: number,
    bytes: number,
  ): void;
  queueLeave(queue: number, waiter: number, slot: number): void;
  queueWake(queue: number, self: number): number;
  queueWakeAll(queue: number, self: number): number;
  waiterClaim(waiter: number, claim: number): number;
  waiterFiredIndex(waiter: number): number;
  waiterNew(agent: number, id: number, nodeCount: number): number;
  waiterReset(waiter: number): void;
  rendezvousClose(channel: number, reason: number, self: number): number;
  rendezvousEnter(
    channel: number,
    isSender: number,
    node: number,
    index: number,
    own: number,
    payload: number,
    bytes: number,
  ): number;
  rendezvousLeave(channel: number, isSender: number, node: number): void;
  rendezvousNew(wideBytes: number, kind: number, element: number): number;
  rendezvousReceive(channel: number, into: number, self: number): number;
  rendezvousSend(channel: number, payload: number, from: number, self: number): number;
  rendezvousWasMet(node: number): number;
  ringNew(capacity: number, wideBytes: number, kind: number, element: number): number;
  ringCanReceive(ring: number): number;
  ringCanSend(ring: number): number;
  ringClose(ring: number, reason: number, self: number): number;
  ringReceive(ring: number, self: number): number;
  ringReceiveMany(ring: number, into: number, count: number, self: number): number;
  ringSend(ring: number, payload: number, self: number): number;
  ringSendMany(ring: number, from: number, count: number, self: number): number;
  ringReceiveWide(ring: number, into: number, self: number): number;
  ringSendWide(ring: number, from: number, self: number): number;
  ringServe(ring: number, isSender: number): number;
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
  /** Takes effect, or returns `undefined`. */
  poll(): Promise<T | undefined>;
  /** The same, once it was fired. `poll` if absent. */
  complete?(): Promise<T | undefined>;
  /**
   * Enters its queue. `entered` are the cases that have entered theirs.
   *
   * @returns false if it need not wait
   */
  enter(index: number, entered: ReadonlySet<number>): Promise<boolean>;
  /** Reports whether it might have an effect now, asked once it stands in the queue. No, if absent. */
  isReady?(): Promise<boolean>;
  /** Leaves its queue. */
  leave(index: number): Promise<void>;
}

/** A thread's own means to wait. */
export interface Own {
  readonly agent: number;
  readonly waiter: number;
}

/** How a case enters and leaves a queue, asking for `need`. */
export function inQueue(
  { wasm }: Thread,
  { waiter }: Own,
  queue: number,
  need = 0,
): Pick<Case<unknown>, "enter" | "leave"> {
  return {
    enter: async (index) => (await wasm.queueEnter(queue, waiter, index, index, need), true),
    leave: (index) => wasm.queueLeave(queue, waiter, index),
  };
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

/** Blocks until one of `cases` has taken effect. */
export function waitFor<T>(
  thread: Thread,
  { agent, waiter }: Own,
  cases: readonly Case<T>[],
  { looksAgain = true, rechecks = false, isEntered = false }: WaitOptions = {},
): Promise<T> {
  const { wasm, repeat } = thread;
  const isReady = async (): Promise<boolean> => {
    for (const each of cases) if (await each.isReady?.()) return true;
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
  const wait = async (entered: ReadonlySet<number>): Promise<T | undefined> => {
    const startsAgain = entered.size < cases.length || looksAgain && await isReady() ||
      await sleep() === 0;
    let fired = -1;
    if (!startsAgain || !await wasm.waiterClaim(waiter, CLAIM_SELF)) {
      if (startsAgain) await nextEntry(thread, agent);
      fired = await wasm.waiterFiredIndex(waiter);
    }
    for (const index of entered) if (index !== fired) await cases[index]!.leave(index);
    return await cases[fired]?.complete?.();
  };
  const round = async (): Promise<T | undefined> => {
    for (const each of cases) {
      const result = await each.poll();
      if (result !== undefined) return result;
    }
    await wasm.waiterReset(waiter);
    const entered = new Set<number>();
    for (const [index, each] of cases.entries()) {
      if (!await each.enter(index, entered)) break;
      entered.add(index);
    }
    return await wait(entered);
  };
  if (!isEntered) return repeat(round);
  return wait(new Set(cases.keys())).then((result) => result ?? repeat(round));
}

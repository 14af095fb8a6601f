/** How an owner waits: the part of the protocol that is TypeScript in `src/select/operation.ts` and `src/park/agent.ts`. */
import {
  CLAIM_SELF,
  NODE_SIZE,
  RING_IS_CLOSED,
  RING_RECEIVERS,
  RING_SENDERS,
  RING_WOULD_BLOCK,
  WAITER_NODES,
} from "../../src/memory/layout.ts";
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
  ringNew(capacity: number, isWide: number, kind: number, element: number): number;
  ringCanReceive(ring: number): number;
  ringCanSend(ring: number): number;
  ringClose(ring: number, reason: number, self: number): number;
  ringReceive(ring: number, self: number): number;
  ringSend(ring: number, payload: number, self: number): number;
}
/** A thread that waits. */
export type Waiter = VirtualThread<Pick<Waiting, "agentSleep" | "inboxPop">>;

/** The core's waiting. */
export function buildWaiting(): Promise<WebAssembly.Module> {
  return buildModel(WAITING_ENTRY);
}

/** Bytes of a waiter with so many nodes. */
export function waiterSize(nodeCount: number): number {
  return WAITER_NODES + nodeCount * NODE_SIZE;
}

/** Blocks until an entry has come into the inbox of `agent`, the caller's own. */
export function nextEntry({ wasm, repeat }: Waiter, agent: number): Promise<number> {
  return repeat(async () => {
    const entry = await wasm.inboxPop(agent);
    if (entry !== 0) return entry;
    await wasm.agentSleep(agent, -1, 0);
    return undefined;
  });
}

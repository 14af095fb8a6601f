/** Agents, wait queues and rings, with an owner who does away with what nobody may touch any more. */
import { inboxPush, ring } from "../../../wasm/assembly/agent";

export * from "../../../wasm/assembly/agent";
export { allocate, heapInit } from "../../../wasm/assembly/heap";
export * from "../../../wasm/assembly/queue";
export { ringCanReceive, ringCanSend, ringClose, ringNew, ringReceive, ringSend } from "../../../wasm/assembly/ring";

/** Sends `entry` to `agent`. */
export function send(agent: usize, entry: usize): void {
  inboxPush(agent, entry);
  ring(agent);
}

/** Overwrites what its owner would free: an access by another thread is then a race, and a stale word is nonsense. */
export function poison(ptr: usize, byteLength: u32): void {
  for (let at = ptr; at < ptr + byteLength; at += 8) store<u64>(at, 0xdededededededede);
}

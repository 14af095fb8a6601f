/** Agents, wait queues and rings, with an owner who does away with what nobody may touch any more. */
import { inboxPush, ring } from "../../../wasm/assembly/agent";

export * from "../../../wasm/assembly/agent";
export { ringServe } from "../../../wasm/assembly/hungry";
export { allocate, heapInit } from "../../../wasm/assembly/heap";
export * from "../../../wasm/assembly/queue";
export * from "../../../wasm/assembly/rendezvous";
export {
  ringCanReceive,
  ringCanSend,
  ringClose,
  ringNew,
  ringReceive,
  ringReceiveMany,
  ringReceiveWide,
  ringSend,
  ringSendMany,
  ringSendWide,
} from "../../../wasm/assembly/ring";

/** Sends `entry` to `agent`. */
export function send(agent: usize, entry: usize): void {
  inboxPush(agent, entry);
  ring(agent);
}

/** Overwrites what its owner would free: an access by another thread is then a race, and a stale word is nonsense. */
export function poison(ptr: usize, byteLength: u32): void {
  for (let at = ptr; at < ptr + byteLength; at += 8) store<u64>(at, 0xdededededededede);
}

/** Reads a word of the caller's own. */
export function peek(ptr: usize): u32 {
  return load<u32>(ptr);
}

/** Writes a word of the caller's own. */
export function poke(ptr: usize, value: u32): void {
  store<u32>(ptr, value);
}

/** The heap, and an owner who uses what it allocated. */
export * from "../../../wasm/assembly/heap";

/** Writes `value` all over the `byteLength` bytes at `ptr`, as only their owner may. */
export function fill(ptr: usize, byteLength: u32, value: u32): void {
  for (let at = ptr; at < ptr + byteLength; at += 4) store<u32>(at, value);
}

/** Reports whether they still hold it. */
export function isFilled(ptr: usize, byteLength: u32, value: u32): bool {
  for (let at = ptr; at < ptr + byteLength; at += 4) {
    if (load<u32>(at) != value) return false;
  }
  return true;
}

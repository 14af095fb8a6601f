/**
 * The hooks between a model build and the checker.
 *
 * A JavaScript function wrapped in `WebAssembly.Suspending` suspends its caller at every call, which costs
 * some 80 ns even if the same thread goes on. These trampolines ask a plain function first and suspend only
 * when another thread is to run. Between `WebAssembly.promising` and the suspension there are only
 * WebAssembly frames, as the standard requires.
 */

// @ts-ignore: decorator
@external("model", "arrive")
/** The thread stands before an operation; 1 if another thread is to run first. */
declare function arrive(op: i32, ptr: usize): i32;
// @ts-ignore: decorator
@external("model", "plain")
/** The thread stands before a plain access; 1 if another thread is to run first. */
declare function plain(op: i32, ptr: usize, byteLength: i32): i32;
// @ts-ignore: decorator
@external("model", "park")
/** Parks the thread if the word holds `expected`: the result of the wait, or -1 for "suspend, then know". */
declare function park(ptr: usize, expected: i32, timed: i32): i32;
// @ts-ignore: decorator
@external("model", "wake")
declare function wake(ptr: usize, count: i32): i32;
// @ts-ignore: decorator
@external("model", "isMortal")
/** Whether the thread may be killed. */
declare const IS_MORTAL: i32;
// @ts-ignore: decorator
@external("model", "enter")
/** A mortal thread enters a function or a round of a loop; 1 if another thread is to run first. */
declare function enter(site: i32): i32;
// @ts-ignore: decorator
@external("model", "pause")
/** Suspends until the scheduler resumes the thread. */
declare function pause(): i32;

/** Codes of `tests/model/operations.ts`. */
const WAIT: i32 = 16;
const NOTIFY: i32 = 17;
const PLAIN_LOAD: i32 = 20;
const PLAIN_STORE: i32 = 21;

export function sched(op: i32, ptr: usize): void {
  if (arrive(op, ptr)) pause();
}

export function swait(ptr: usize, expected: i32, timeoutNs: i64): i32 {
  if (arrive(WAIT, ptr)) pause();
  const result = park(ptr, expected, <i32>(timeoutNs >= 0));
  return result >= 0 ? result : pause();
}

export function snotify(ptr: usize, count: i32): i32 {
  if (arrive(NOTIFY, ptr)) pause();
  return wake(ptr, count);
}

// What Binaryen's `instrument-memory` pass calls, also around atomic loads and stores: `load_ptr` just before the
// access, `store_ptr` before the value of a store is computed, the others with the value. All return their last
// argument. A store is announced at its value, since that may need further loads; until then its address stands
// in this module's own memory, in a slot of the site's number.

// @ts-ignore: decorator
@inline
function slotOf(site: i32): usize {
  return <usize>(site & 0x1fff) << 3;
}

// @ts-ignore: decorator
@inline
function storing(site: i32): void {
  const slot = slotOf(site);
  if (plain(PLAIN_STORE, load<u32>(slot), load<i32>(slot, 4))) pause();
}

export function load_ptr(_site: i32, byteLength: i32, offset: i32, ptr: i32): i32 {
  if (plain(PLAIN_LOAD, <u32>ptr + <u32>offset, byteLength)) pause();
  return ptr;
}
export function store_ptr(site: i32, byteLength: i32, offset: i32, ptr: i32): i32 {
  const slot = slotOf(site);
  store<i32>(slot, ptr + offset);
  store<i32>(slot, byteLength, 4);
  return ptr;
}

export function load_val_i32(_site: i32, value: i32): i32 {
  return value;
}
export function load_val_i64(_site: i32, value: i64): i64 {
  return value;
}
export function load_val_f32(_site: i32, value: f32): f32 {
  return value;
}
export function load_val_f64(_site: i32, value: f64): f64 {
  return value;
}

export function store_val_i32(site: i32, value: i32): i32 {
  storing(site);
  return value;
}
export function store_val_i64(site: i32, value: i64): i64 {
  storing(site);
  return value;
}
export function store_val_f32(site: i32, value: f32): f32 {
  storing(site);
  return value;
}
export function store_val_f64(site: i32, value: f64): f64 {
  storing(site);
  return value;
}

// What its `log-execution` pass calls.
export function log_execution(site: i32): void {
  if (IS_MORTAL && enter(site)) pause();
}

export function memory_grow_pre(_site: i32, pages: i32): i32 {
  return pages;
}
export function memory_grow_post(_site: i32, result: i32): i32 {
  return result;
}

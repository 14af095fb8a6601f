/**
 * The atomics facade: the only file that may name `atomic.*`.
 *
 * Every access to a word that two threads share goes through here. Compiled with `--use MODEL=1` each
 * access first calls the scheduler of the model checker (`tests/model`), which then decides which virtual
 * thread runs next; compiled with `--use MODEL=0` the hook folds away and the shipped bytes are those of
 * the raw instruction. (`MODEL` is declared by that option alone.)
 *
 * All of these are sequentially consistent: WebAssembly has no weaker atomic. A plain `load<T>` or
 * `store<T>` elsewhere in the core carries, beside it, the reason why it is safe.
 */

/** Operation codes as the model checker prints them. */
const LOAD: i32 = 0;
const STORE: i32 = 1;
const ADD: i32 = 2;
const AND: i32 = 3;
const OR: i32 = 4;
const XCHG: i32 = 5;
const CAS: i32 = 6;

// @ts-ignore: decorator
@external("env", "sched")
declare function sched(op: i32, ptr: usize): void;
// @ts-ignore: decorator
@external("env", "wait")
declare function hostWait(ptr: usize, expected: u32, timeoutMs: f64): i32;
// @ts-ignore: decorator
@external("env", "swait")
declare function swait(ptr: usize, expected: u32, timeoutNs: i64): i32;
// @ts-ignore: decorator
@external("env", "snotify")
declare function snotify(ptr: usize, count: i32): i32;

// @ts-ignore: decorator
@inline
export function load32(ptr: usize): u32 {
  if (MODEL) sched(LOAD, ptr);
  return atomic.load<u32>(ptr);
}

// @ts-ignore: decorator
@inline
export function store32(ptr: usize, value: u32): void {
  if (MODEL) sched(STORE, ptr);
  atomic.store<u32>(ptr, value);
}

/** Adds and returns the value before. */
// @ts-ignore: decorator
@inline
export function add32(ptr: usize, delta: u32): u32 {
  if (MODEL) sched(ADD, ptr);
  return atomic.add<u32>(ptr, delta);
}

/** Clears the bits that `mask` lacks and returns the value before. */
// @ts-ignore: decorator
@inline
export function and32(ptr: usize, mask: u32): u32 {
  if (MODEL) sched(AND, ptr);
  return atomic.and<u32>(ptr, mask);
}

/** Sets the bits of `mask` and returns the value before. */
// @ts-ignore: decorator
@inline
export function or32(ptr: usize, mask: u32): u32 {
  if (MODEL) sched(OR, ptr);
  return atomic.or<u32>(ptr, mask);
}

// @ts-ignore: decorator
@inline
export function xchg32(ptr: usize, value: u32): u32 {
  if (MODEL) sched(XCHG, ptr);
  return atomic.xchg<u32>(ptr, value);
}

/** Compare-and-swap; returns the value before: the swap happened if that is `expected`. */
// @ts-ignore: decorator
@inline
export function cas32(ptr: usize, expected: u32, desired: u32): u32 {
  if (MODEL) sched(CAS, ptr);
  return atomic.cmpxchg<u32>(ptr, expected, desired);
}

// @ts-ignore: decorator
@inline
export function load64(ptr: usize): u64 {
  if (MODEL) sched(LOAD, ptr);
  return atomic.load<u64>(ptr);
}

// @ts-ignore: decorator
@inline
export function store64(ptr: usize, value: u64): void {
  if (MODEL) sched(STORE, ptr);
  atomic.store<u64>(ptr, value);
}

/** Adds and returns the value before. */
// @ts-ignore: decorator
@inline
export function add64(ptr: usize, delta: u64): u64 {
  if (MODEL) sched(ADD, ptr);
  return atomic.add<u64>(ptr, delta);
}

/** Clears the bits that `mask` lacks and returns the value before. */
// @ts-ignore: decorator
@inline
export function and64(ptr: usize, mask: u64): u64 {
  if (MODEL) sched(AND, ptr);
  return atomic.and<u64>(ptr, mask);
}

/** Sets the bits of `mask` and returns the value before. */
// @ts-ignore: decorator
@inline
export function or64(ptr: usize, mask: u64): u64 {
  if (MODEL) sched(OR, ptr);
  return atomic.or<u64>(ptr, mask);
}

// @ts-ignore: decorator
@inline
export function xchg64(ptr: usize, value: u64): u64 {
  if (MODEL) sched(XCHG, ptr);
  return atomic.xchg<u64>(ptr, value);
}

/** Compare-and-swap; returns the value before: the swap happened if that is `expected`. */
// @ts-ignore: decorator
@inline
export function cas64(ptr: usize, expected: u64, desired: u64): u64 {
  if (MODEL) sched(CAS, ptr);
  return atomic.cmpxchg<u64>(ptr, expected, desired);
}

/**
 * Sleeps while the word holds `expected`, at most `timeoutMs` (negative: without limit).
 * Throws on an agent that may not block; callers check `CAN_BLOCK` first.
 *
 * By the host's `Atomics.wait`, not by `memory.atomic.wait32`: V8's baseline compiler writes the eight bytes of that instruction's address
 * into a stack slot of four (V8 11.3, Node 20), so that a local beside it is 0 afterwards. See `wasm/README.md`.
 *
 * @returns 0 woken, 1 the word held something else, 2 timed out
 */
// @ts-ignore: decorator
@inline
export function wait32(ptr: usize, expected: u32, timeoutMs: f64): i32 {
  if (MODEL) return swait(ptr, expected, timeoutMs < 0 ? -1 : <i64>(timeoutMs * 1e6));
  return hostWait(ptr, expected, timeoutMs);
}

/** Wakes up to `count` sleepers of the word and returns how many it woke. */
// @ts-ignore: decorator
@inline
export function notify(ptr: usize, count: i32): i32 {
  if (MODEL) return snotify(ptr, count);
  return atomic.notify(ptr, count);
}

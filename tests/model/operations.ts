/**
 * Operation codes. 0 to 6 are those of `wasm/assembly/atomics.ts`; a code unknown here is treated as an
 * atomic read-modify-write. The others are the checker's own.
 */
export const Op = {
  load: 0,
  store: 1,
  add: 2,
  and: 3,
  or: 4,
  xchg: 5,
  cas: 6,
  wait: 16,
  notify: 17,
  /** A parked thread runs on after a notify. */
  wake: 18,
  /** A parked thread runs on because its time is over. */
  timeout: 19,
  plainLoad: 20,
  plainStore: 21,
  /** An operation done in JavaScript by `VirtualThread.atomic`. */
  script: 22,
  /** The thread is terminated. */
  kill: 23,
  /** Touches no memory: a place where the thread can be terminated. Comes from function entries and heads of loops. */
  killPoint: 64,
} as const;

const NAMES = new Map<number, string>(Object.entries(Op).map(([name, code]) => [code, name]));

/** The name of an operation code. */
export function opName(op: number): string {
  return NAMES.get(op) ?? `op${op}`;
}

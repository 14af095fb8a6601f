/**
 * What is remembered of a word of memory: who touched it last, as hashes and as vector clocks.
 *
 * Two schedules that differ only in the order of independent operations lead to the same state. A thread's
 * hash therefore covers, for each of its operations, the hashes of the operations it depends on, and nothing
 * else: equal hashes of all threads mean an equal partial order of operations, hence an equal state.
 */

/** Mixes `value` into one lane of a hash. */
export function mixLow(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

/** Mixes `value` into the other lane. */
export function mixHigh(hash: number, value: number): number {
  const mixed = Math.imul((hash + value) | 0, 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}

/** The dependence of operations on one 8-byte cell, or on one queue of parked threads. */
export class Location {
  epoch = -1;
  /** Hash of the last write. */
  writeLow = 0;
  writeHigh = 0;
  /** Sum over the reads since: their order does not count. */
  readsLow = 0;
  readsHigh = 0;
  /** What a thread that reads here has seen of the others. */
  readonly clock: Int32Array;

  constructor(threadCount: number) {
    this.clock = new Int32Array(threadCount);
  }

  /** Forgets the schedule before. */
  reset(epoch: number): void {
    this.epoch = epoch;
    this.writeLow = this.writeHigh = this.readsLow = this.readsHigh = 0;
    this.clock.fill(0);
  }
}

/** When each thread last touched one 4-byte word, in its own time, and which of its bytes. */
export class Shadow {
  epoch = -1;
  readonly plainRead: Int32Array;
  readonly plainWrite: Int32Array;
  readonly atomicRead: Int32Array;
  readonly atomicWrite: Int32Array;
  /** Bytes that plain accesses touched, one bit a byte, by thread. */
  readonly bytes: Uint8Array;

  constructor(threadCount: number) {
    this.plainRead = new Int32Array(threadCount);
    this.plainWrite = new Int32Array(threadCount);
    this.atomicRead = new Int32Array(threadCount);
    this.atomicWrite = new Int32Array(threadCount);
    this.bytes = new Uint8Array(threadCount);
  }

  /** Forgets the schedule before. */
  reset(epoch: number): void {
    this.epoch = epoch;
    this.plainRead.fill(0);
    this.plainWrite.fill(0);
    this.atomicRead.fill(0);
    this.atomicWrite.fill(0);
    this.bytes.fill(0);
  }
}

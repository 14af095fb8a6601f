/**
 * Which operation of a schedule depends on which: the partial order behind the total one.
 *
 * Two uses. Hashed, it names the state that a schedule has reached. As vector clocks, restricted to what the
 * WebAssembly memory model counts as synchronisation (a read of what another thread wrote atomically, a wake-up
 * after a notify), it tells whether two plain accesses race.
 */
import { Location, mixHigh, mixLow, Shadow } from "./location.ts";
import { Op, opName } from "./operations.ts";

/** Cells are 8 bytes, since a hook does not tell 32-bit operations from 64-bit ones. */
const CELL_SHIFT = 3;

export class Dependence {
  readonly #threadCount: number;
  readonly #low: Int32Array;
  readonly #high: Int32Array;
  /** What each thread has seen of the others; its own component is its time. */
  readonly #clocks: Int32Array[];
  readonly #cells: Location[] = [];
  readonly #queues = new Map<number, Location>();
  readonly #shadows: Shadow[] = [];
  readonly #log: Location;
  /** Sum over the operations recorded as ended. */
  #endedLow = 0;
  #endedHigh = 0;
  #epoch = 0;

  constructor(threadCount: number) {
    this.#threadCount = threadCount;
    this.#low = new Int32Array(threadCount);
    this.#high = new Int32Array(threadCount);
    this.#clocks = Array.from({ length: threadCount }, () => new Int32Array(threadCount));
    this.#log = new Location(threadCount);
  }

  /** Starts a schedule. */
  reset(): void {
    this.#epoch++;
    for (let thread = 0; thread < this.#threadCount; thread++) {
      this.#low[thread] = mixLow(thread + 1, 0x1234567);
      this.#high[thread] = mixHigh(thread + 1, 0x89abcde);
      this.#clocks[thread].fill(0);
      this.#clocks[thread][thread] = 1;
    }
    this.#log.reset(this.#epoch);
    this.#endedLow = this.#endedHigh = 0;
  }

  /** The state reached, as 53 bits, and who ran last if that matters. */
  key(last: number): number {
    let low = mixLow(0, last);
    let high = mixHigh(0, last);
    for (let thread = 0; thread < this.#threadCount; thread++) {
      low = mixLow(low, this.#low[thread]);
      high = mixHigh(high, this.#high[thread]);
    }
    return (low >>> 0) * 0x200000 + (high >>> 11);
  }

  /** An operation that depends on nothing but its own thread. */
  local(thread: number, op: number): void {
    this.#mix(thread, op, 0);
  }

  /** An atomic operation that changed nothing. */
  read(thread: number, op: number, ptr: number): void {
    const cell = this.#cell(ptr);
    this.#mix(thread, op, ptr);
    this.#hashRead(thread, cell);
    if (op !== Op.plainLoad) this.#acquire(thread, cell);
  }

  /** An atomic operation that wrote. */
  write(thread: number, op: number, ptr: number): void {
    const cell = this.#cell(ptr);
    this.#mix(thread, op, ptr);
    this.#hashWrite(thread, cell);
    if (op === Op.plainStore) return;
    if (op !== Op.store) this.#acquire(thread, cell);
    this.#release(thread, cell);
  }

  /** A look at the queue of threads parked on `ptr`. */
  readQueue(thread: number, op: number, ptr: number): void {
    this.#mix(thread, op, ptr);
    this.#hashRead(thread, this.#queue(ptr));
  }

  /** A change of the queue of threads parked on `ptr`. */
  writeQueue(thread: number, op: number, ptr: number): void {
    this.#mix(thread, op, ptr);
    this.#hashWrite(thread, this.#queue(ptr));
  }

  /** `thread` wakes `woken`. */
  wake(thread: number, woken: number): void {
    this.#low[woken] = mixLow(this.#low[woken], this.#low[thread]);
    this.#high[woken] = mixHigh(this.#high[woken], this.#high[thread]);
    join(this.#clocks[woken], this.#clocks[thread]);
    this.#clocks[thread][thread]++;
  }

  /** An entry of the common log: ordered with all others. */
  log(thread: number): void {
    this.#hashWrite(thread, this.#log);
  }

  /** A recorded operation begins: it comes after all that have ended. */
  begun(thread: number): void {
    this.#low[thread] = mixLow(this.#low[thread], this.#endedLow);
    this.#high[thread] = mixHigh(this.#high[thread], this.#endedHigh);
  }

  /** A recorded operation ends. */
  ended(thread: number): void {
    this.#endedLow = (this.#endedLow + this.#low[thread]) | 0;
    this.#endedHigh = (this.#endedHigh + this.#high[thread]) | 0;
  }

  /**
   * Notes an atomic access for the detection of races; call after `read` or `write`.
   *
   * @returns What it races with, if it does.
   */
  atomicAccess(thread: number, writes: boolean, ptr: number): string | undefined {
    const shadow = this.#shadow(ptr >>> 2);
    // The clock has advanced since a release.
    const now = this.#clocks[thread][thread];
    (writes ? shadow.atomicWrite : shadow.atomicRead)[thread] = now - 1;
    return this.#after(thread, shadow.plainWrite, 15, shadow, Op.plainStore) ??
      (writes ? this.#after(thread, shadow.plainRead, 15, shadow, Op.plainLoad) : undefined);
  }

  /**
   * Notes a plain access.
   *
   * @returns What it races with, if it does.
   */
  plainAccess(thread: number, writes: boolean, ptr: number, byteLength: number): string | undefined {
    const end = ptr + byteLength;
    for (let word = ptr >>> 2; word << 2 < end; word++) {
      const shadow = this.#shadow(word);
      const first = Math.max(ptr, word << 2) & 3;
      const last = Math.min(end - 1, (word << 2) + 3) & 3;
      const bytes = (2 << last) - (1 << first);
      const race = this.#after(thread, shadow.plainWrite, bytes, shadow, Op.plainStore) ??
        this.#after(thread, shadow.atomicWrite, 0, shadow, Op.store) ??
        (writes
          ? this.#after(thread, shadow.plainRead, bytes, shadow, Op.plainLoad) ??
            this.#after(thread, shadow.atomicRead, 0, shadow, Op.load)
          : undefined);
      if (race !== undefined) return race;
      (writes ? shadow.plainWrite : shadow.plainRead)[thread] = this.#clocks[thread][thread];
      shadow.bytes[thread] |= bytes;
    }
    return undefined;
  }

  /** Describes an access of `times` that `thread` has not seen; `bytes` 0 means all. */
  #after(thread: number, times: Int32Array, bytes: number, shadow: Shadow, op: number) {
    const clock = this.#clocks[thread];
    for (let other = 0; other < this.#threadCount; other++) {
      if (other === thread || times[other] <= clock[other]) continue;
      if (bytes !== 0 && (shadow.bytes[other] & bytes) === 0) continue;
      return `${opName(op)} of thread ${other}`;
    }
    return undefined;
  }

  #mix(thread: number, op: number, ptr: number): void {
    const event = op ^ (ptr << 7);
    this.#low[thread] = mixLow(this.#low[thread], event);
    this.#high[thread] = mixHigh(this.#high[thread], event);
  }

  #hashRead(thread: number, location: Location): void {
    const low = this.#low[thread] = mixLow(this.#low[thread], location.writeLow);
    const high = this.#high[thread] = mixHigh(this.#high[thread], location.writeHigh);
    location.readsLow = (location.readsLow + low) | 0;
    location.readsHigh = (location.readsHigh + high) | 0;
  }

  #hashWrite(thread: number, location: Location): void {
    let low = mixLow(this.#low[thread], location.writeLow);
    let high = mixHigh(this.#high[thread], location.writeHigh);
    low = mixLow(low, location.readsLow);
    high = mixHigh(high, location.readsHigh);
    this.#low[thread] = location.writeLow = low;
    this.#high[thread] = location.writeHigh = high;
    location.readsLow = location.readsHigh = 0;
  }

  #acquire(thread: number, location: Location): void {
    join(this.#clocks[thread], location.clock);
    this.#clocks[thread][thread]++;
  }

  #release(thread: number, location: Location): void {
    const clock = this.#clocks[thread];
    // Joined, not replaced: the cell may hold two words.
    join(location.clock, clock);
    clock[thread]++;
  }

  #cell(ptr: number): Location {
    const cell = this.#cells[ptr >>> CELL_SHIFT] ??= new Location(this.#threadCount);
    if (cell.epoch !== this.#epoch) cell.reset(this.#epoch);
    return cell;
  }

  #queue(ptr: number): Location {
    let queue = this.#queues.get(ptr);
    if (queue === undefined) this.#queues.set(ptr, queue = new Location(this.#threadCount));
    if (queue.epoch !== this.#epoch) queue.reset(this.#epoch);
    return queue;
  }

  #shadow(word: number): Shadow {
    const shadow = this.#shadows[word] ??= new Shadow(this.#threadCount);
    if (shadow.epoch !== this.#epoch) shadow.reset(this.#epoch);
    return shadow;
  }
}

function join(into: Int32Array, from: Int32Array): void {
  for (let index = 0; index < into.length; index++) {
    if (from[index] > into[index]) into[index] = from[index];
  }
}

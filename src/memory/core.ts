/**
 * The only door to WebAssembly: the shared memory of this process and this thread's instance of the core over it.
 *
 * A thread has one {@linkcode Core}, made at its first use. The first thread makes the memory; the others are
 * handed it before they load this module (`src/pool/thread.ts`). It hangs on a global symbol, so that two copies of this
 * module in one thread share it.
 *
 * @module
 */
import { SharedMemoryExhaustedError } from "../errors.ts";
import { hardwareThreads } from "../internal/hardware.ts";
import { coreBase64 } from "./binary.ts";
import { AGENT_NUMBER, AGENT_SCRATCH, SCRATCH_BYTES } from "./layout.ts";

/** The functions of the core. Addresses are numbers; results that are addresses may be negative above 2 GiB. */
interface Exports {
  agentDied(agent: number): void;
  agentRegister(): number;
  agentSignal(agent: number, signals: number): void;
  agentSleep(agent: number, timeoutMs: number, spins: number): number;
  agentSpin(agent: number, rounds: number): number;
  agentTakeSignals(agent: number, mask: number): number;
  agentVacate(agent: number): void;
  doorbellArm(agent: number): number;
  inboxPop(agent: number): number;
  allocate(byteLength: number): number;
  free(ptr: number): void;
  heapInit(): void;
  liveBytes(): number;
  reservedBytes(): number;
  add32(ptr: number, delta: number): number;
  add64(ptr: number, delta: bigint): bigint;
  and32(ptr: number, mask: number): number;
  and64(ptr: number, mask: bigint): bigint;
  cas32(ptr: number, expected: number, desired: number): number;
  cas64(ptr: number, expected: bigint, desired: bigint): bigint;
  load32(ptr: number): number;
  load64(ptr: number): bigint;
  or32(ptr: number, mask: number): number;
  or64(ptr: number, mask: bigint): bigint;
  store32(ptr: number, value: number): void;
  store64(ptr: number, value: bigint): void;
  xchg32(ptr: number, value: number): number;
  xchg64(ptr: number, value: bigint): bigint;
  barrierArrive(barrier: number, node: number, index: number, self: number): number;
  barrierIsBroken(barrier: number): number;
  barrierLeave(barrier: number, node: number, self: number): number;
  barrierLook(barrier: number, node: number, self: number): number;
  barrierNew(kind: number, parties: number): number;
  barrierReset(barrier: number, self: number): number;
  barrierWaiting(barrier: number): number;
  objectNew(kind: number, byteLength: number): number;
  mapClear(map: number): void;
  mapDelete(map: number, key: number, into: number, self: number): number;
  mapDeleteIf(map: number, key: number, expected: number, into: number, self: number): number;
  mapDone(map: number, self: number): number;
  mapFree(map: number): void;
  mapLoad(map: number, key: number, into: number, self: number): number;
  mapNarrowKey(map: number, pair: number): number;
  mapNew(
    kind: number,
    element: number,
    keyForm: number,
    valueForm: number,
    valueBytes: number,
    isPlain: number,
    seed: number,
    buckets: number,
  ): number;
  mapReclaim(map: number): number;
  mapRetire(map: number, pair: number): number;
  mapSeek(map: number, hash: number, into: number): number;
  mapSize(map: number): number;
  mapStore(
    map: number,
    key: number,
    payload: number,
    from: number,
    into: number,
    self: number,
  ): number;
  mapStoreIf(
    map: number,
    key: number,
    payload: number,
    from: number,
    expected: number,
    into: number,
    self: number,
  ): number;
  mapStoreNew(
    map: number,
    key: number,
    payload: number,
    from: number,
    into: number,
    self: number,
  ): number;
  mapTakeAll(map: number): number;
  mapVisit(
    map: number,
    table: number,
    hash: number,
    tag: number,
    previous: number,
    into: number,
    self: number,
  ): number;
  objectRelease(object: number): number;
  objectRetain(object: number): void;
  onceBegin(once: number, self: number): number;
  onceFinish(once: number, self: number): number;
  onceIsBy(once: number, agent: number): number;
  onceIsDone(once: number): number;
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
  ringCanReceive(ring: number): number;
  ringCanSend(ring: number): number;
  ringClose(ring: number, reason: number, self: number): number;
  ringNew(capacity: number, wideBytes: number, kind: number, element: number): number;
  ringPin(ring: number): void;
  ringUnpin(ring: number): number;
  ringReceive(ring: number, self: number): number;
  ringReceiveMany(ring: number, into: number, count: number, self: number): number;
  ringReceiveWide(ring: number, into: number, self: number): number;
  ringSend(ring: number, payload: number, self: number): number;
  ringSendMany(ring: number, from: number, count: number, self: number): number;
  ringSendWide(ring: number, from: number, self: number): number;
  ringServe(ring: number, isSender: number): number;
  ringSize(ring: number): number;
  poolAddFunction(pool: number, record: number): void;
  poolHasFree(pool: number): number;
  poolIsQuiet(pool: number): number;
  poolIsShort(pool: number): number;
  poolFree(pool: number): void;
  poolNew(kind: number, most: number, owner: number, isRanked: number): number;
  poolQueued(pool: number): number;
  poolResize(pool: number, threads: number, slots: number): void;
  poolTake(pool: number): number;
  poolTellQuiet(pool: number): void;
  poolWantRoom(pool: number): void;
  taskCancel(task: number): number;
  taskDisown(task: number): number;
  taskFinish(task: number, state: number, result: number, self: number): number;
  taskIsOrphan(task: number): number;
  taskNew(submitter: number, id: number, fn: number, args: number, number: number): number;
  taskStart(task: number, worker: number): number;
  workerEnter(pool: number, slot: number, worker: number, agent: number): void;
  workerExpect(pool: number, worker: number): void;
  workerFinished(worker: number): void;
  workerFound(pool: number, worker: number): void;
  workerFree(worker: number): void;
  workerGiveBack(pool: number, worker: number, task: number): void;
  workerIdle(pool: number, worker: number): number;
  workerIsBusy(pool: number, worker: number): void;
  workerIsFree(pool: number, worker: number): void;
  workerLeave(pool: number, slot: number, worker: number): void;
  workerNew(seed: number): number;
  workerReset(worker: number): void;
  workerSearch(pool: number, worker: number): void;
  workerSpin(pool: number, worker: number, rounds: number): number;
  workerSubmit(pool: number, worker: number, task: number): void;
  workerTake(pool: number, worker: number): number;
  workerTakeToward(pool: number, worker: number, wanted: number): number;
  workerTakeFrom(pool: number, worker: number, agent: number): number;
  workerWillBeFree(pool: number, worker: number): void;
  workerWoken(pool: number, worker: number): void;
  condBroadcast(cond: number, self: number, now: number): number;
  condEnter(cond: number, node: number, index: number, need: number): void;
  condLeave(cond: number, node: number): number;
  condNew(kind: number, locker: number, mode: number): number;
  condSignal(cond: number, self: number, now: number): number;
  groupAdd(group: number, delta: number, self: number): number;
  groupIsOver(group: number, round: number): number;
  groupRound(group: number): number;
  mutexComplete(mutex: number, self: number): number;
  mutexEnter(mutex: number, node: number, index: number, since: number, isOvertaken: number): void;
  mutexIsLocked(mutex: number): number;
  mutexIsOpen(mutex: number): number;
  mutexIsOwn(mutex: number, self: number): number;
  mutexPass(mutex: number, self: number, now: number): number;
  mutexRecover(mutex: number, self: number): number;
  mutexRelease(mutex: number, self: number, expected: number, now: number): number;
  mutexTryLock(mutex: number, self: number): number;
  mutexUnlock(mutex: number, self: number): number;
  semaphoreNew(kind: number, size: number): number;
  rwComplete(lock: number, self: number, node: number): number;
  rwEnter(lock: number, node: number, index: number, record: number): void;
  rwFree(lock: number): void;
  rwIsOwn(lock: number, self: number): number;
  rwIsReader(record: number): number;
  rwIsWriter(lock: number, self: number): number;
  rwLook(lock: number, self: number): number;
  rwPass(lock: number, self: number, node: number): number;
  rwReadUnlock(lock: number, self: number, record: number, isAny: number): number;
  rwRecord(lock: number, self: number): number;
  rwRecover(lock: number, self: number): number;
  rwRelease(lock: number, self: number, expected: number): number;
  rwTryLock(lock: number, self: number): number;
  rwTryRead(lock: number, record: number): number;
  rwTrySlow(lock: number, self: number, record: number): number;
  rwUnlock(lock: number, self: number): number;
  semaphoreRelease(semaphore: number, count: number, self: number): number;
  semaphoreResize(semaphore: number, size: number, self: number): number;
  semaphoreSettle(semaphore: number, self: number): number;
  semaphoreSize(semaphore: number): number;
  semaphoreTryAcquire(semaphore: number, count: number): number;
  bucketCancel(
    bucket: number,
    n: number,
    turn: number,
    limit: number,
    previous: number,
    now: number,
  ): void;
  bucketNew(
    kind: number,
    type: number,
    base: number,
    limit: number,
    burst: number,
    now: number,
  ): number;
  bucketReserve(bucket: number, n: number, now: number, maxWait: number, into: number): number;
  bucketSetBurst(bucket: number, burst: number, now: number): void;
  bucketSetLimit(bucket: number, limit: number, now: number): void;
  leakyReserve(bucket: number, now: number, isMeter: boolean, into: number): number;
  limiterBurst(limiter: number): number;
  limiterLimit(limiter: number): number;
  logCancel(log: number, replaced: number, previous: number, number: number): void;
  logNew(kind: number, base: number, count: number, ms: number, now: number): number;
  logReserve(log: number, now: number, maxWait: number, into: number): number;
  windowCancel(window: number, index: number, now: number): void;
  windowNew(kind: number, base: number, count: number, ms: number, now: number): number;
  windowReserve(window: number, now: number, maxWait: number, into: number): number;
}

/** What one thread hands another so that both stand on the same memory. */
export interface CoreSeed {
  /** The shared memory. */
  readonly memory: WebAssembly.Memory;
  /** The compiled core. */
  readonly module: WebAssembly.Module;
}

/** This thread's instance of the core, its views of the memory, and its agent. */
export class Core {
  /** The functions of the core. */
  readonly fn: Exports;
  /** The shared memory and the compiled module. */
  readonly seed: CoreSeed;
  /** Address of this thread's agent. */
  readonly agent: number;
  /** Address of the thread's scratch bytes: where wide elements pass. */
  scratch: number;
  #scratchBytes = SCRATCH_BYTES;
  /** Scratches larger than the agent's own, outgrown ones among them. */
  readonly #scratches: number[] = [];
  /** Reports whether this thread may sleep in `Atomics.wait`. */
  readonly canBlock: boolean;
  /** Rounds to spin before sleeping, 0 on one core. */
  readonly spins: number;
  /** Views of the memory as it was when last looked at; see {@linkcode refresh}. */
  u8!: Uint8Array;
  /** See {@linkcode u8}. */
  i32!: Int32Array;
  /** See {@linkcode u8}. */
  u32!: Uint32Array;
  /** See {@linkcode u8}. */
  u64!: BigUint64Array;
  /** See {@linkcode u8}. */
  f64!: Float64Array;

  /**
   * @param seed The memory and the module; without it a new memory is made.
   * @throws {SharedMemoryExhaustedError} if there is no room for the agent
   */
  constructor(seed?: CoreSeed) {
    this.seed = seed ?? { memory: newMemory(), module: compile() };
    this.canBlock = canBlock();
    this.spins = hardwareThreads() > 1 ? SPINS : 0;
    const env = {
      memory: this.seed.memory,
      spinLimit: this.spins,
      canBlock: this.canBlock ? 1 : 0,
      wait: (ptr: number, expected: number, timeoutMs: number) =>
        this.#wait(ptr >>> 2, expected, timeoutMs),
    };
    const { exports } = new WebAssembly.Instance(this.seed.module, { env });
    // A copy: the exports object itself is frozen into a form whose fields are slow to read.
    this.fn = { ...exports } as unknown as Exports;
    if (seed === undefined) this.fn.heapInit();
    this.agent = this.fn.agentRegister();
    if (this.agent === 0) throw exhausted("a thread");
    this.scratch = this.agent + AGENT_SCRATCH;
    this.refresh();
  }

  /** The core's `wait32`, as it says there. */
  #wait(index: number, expected: number, timeoutMs: number): number {
    // Another thread may have made the memory grow.
    if (index >= this.i32.length) this.refresh();
    const end = Atomics.wait(this.i32, index, expected, timeoutMs < 0 ? Infinity : timeoutMs);
    return end === "ok" ? 0 : end === "not-equal" ? 1 : 2;
  }

  /** Number that names this thread in messages. */
  get number(): number {
    return this.readU32(this.agent + AGENT_NUMBER);
  }

  /** Every buffer that the views have stood on: growth gives the memory a new one each time. */
  readonly #buffers = new WeakSet<object>();

  /** Reports whether `buffer` is the shared memory, as it is now or was before it grew. */
  owns(buffer: object): boolean {
    return this.#buffers.has(buffer);
  }

  /**
   * Makes another object for the shared memory, at least up to `end`, so that it can be seen whether anything still refers to
   * that one.
   *
   * @returns the object; the memory's own in a page that is not isolated, where there can be no other
   */
  nameBuffer(end: number): SharedArrayBuffer {
    this.bytes(end);
    const buffer = this.seed.memory.buffer as SharedArrayBuffer;
    try {
      const name = structuredClone(buffer);
      this.#buffers.add(name);
      return name;
    } catch (error) {
      if (error instanceof DOMException && error.name === "DataCloneError") return buffer;
      throw error;
    }
  }

  /** Rebuilds the views, after memory has grown. */
  refresh(): void {
    // Growth by another thread reaches this one's object late (measured in V8: at the next interrupt); asking for no
    // pages at all brings it up to date at once.
    this.seed.memory.grow(0);
    const { buffer } = this.seed.memory;
    this.#buffers.add(buffer);
    this.u8 = new Uint8Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.u64 = new BigUint64Array(buffer);
    this.f64 = new Float64Array(buffer);
  }

  /**
   * Makes the scratch hold at least `byteLength` bytes. One that is outgrown stays allocated: somebody up the stack may be
   * reading from it, until {@linkcode dropScratch}. As sizes double, all of them together are smaller than the last.
   *
   * @throws {SharedMemoryExhaustedError} if there is no room
   */
  reserveScratch(byteLength: number): void {
    if (byteLength <= this.#scratchBytes) return;
    const larger = Math.max(byteLength, this.#scratchBytes * 2);
    this.scratch = this.allocate(larger, "the elements of a channel");
    this.#scratchBytes = larger;
    this.#scratches.push(this.scratch);
    this.bytes(this.scratch + larger);
  }

  /** Gives the scratch back but for what belongs to the agent: the thread comes to its end. */
  dropScratch(): void {
    for (const ptr of this.#scratches.splice(0)) this.fn.free(ptr);
    this.scratch = this.agent + AGENT_SCRATCH;
    this.#scratchBytes = SCRATCH_BYTES;
  }

  /** Reads the u32 at `ptr`: plainly, for words whose publication something else has ordered. */
  readU32(ptr: number): number {
    const value = this.u32[ptr >>> 2];
    if (value !== undefined) return value;
    this.refresh();
    return this.u32[ptr >>> 2]!;
  }

  /** Writes the u32 at `ptr`: plainly, as {@linkcode readU32} reads. */
  writeU32(ptr: number, value: number): void {
    if (ptr >>> 2 >= this.u32.length) this.refresh();
    this.u32[ptr >>> 2] = value;
  }

  /** Reads the u32 at `ptr` atomically: for words that other threads write at any time. */
  loadU32(ptr: number): number {
    if (ptr >>> 2 >= this.u32.length) this.refresh();
    return Atomics.load(this.u32, ptr >>> 2);
  }

  /** Writes the u32 at `ptr` atomically. */
  storeU32(ptr: number, value: number): void {
    if (ptr >>> 2 >= this.u32.length) this.refresh();
    Atomics.store(this.u32, ptr >>> 2, value);
  }

  /** Writes the u32 at `ptr` atomically, and returns what was there. */
  exchangeU32(ptr: number, value: number): number {
    if (ptr >>> 2 >= this.u32.length) this.refresh();
    return Atomics.exchange(this.u32, ptr >>> 2, value);
  }

  /** Returns the bytes of memory, at least up to `end`. */
  bytes(end: number): Uint8Array {
    if (end > this.u8.length) this.refresh();
    return this.u8;
  }

  /**
   * Allocates `byteLength` bytes for `what`.
   *
   * @throws {SharedMemoryExhaustedError} if there are none
   */
  allocate(byteLength: number, what: string): number {
    // The core counts in 32 bits: a longer request must not wrap to a short one.
    const ptr = byteLength > MAX_ALLOCATION ? 0 : this.fn.allocate(byteLength) >>> 0;
    if (ptr === 0) throw exhausted(what);
    return ptr;
  }
}

/** Rounds that a thread spins for a lock before it sleeps for a moment. */
const SPINS = 64;
const MAX_ALLOCATION = 0x7ffffff0;
const MAX_PAGES = 65536;
const KEY: unique symbol = Symbol.for("millrace.core/1") as never;
const globals = globalThis as { [KEY]?: Core | CoreSeed };

let current: Core | undefined;

/** This thread's {@linkcode Core}; made at the first call. */
export function core(): Core {
  return current ?? open();
}

/** Hands this thread the memory of another; called before its first use of the core. */
export function adoptCore(seed: CoreSeed): void {
  globals[KEY] = seed;
}

function open(): Core {
  let found = globals[KEY];
  // Recognised by what it has, not by its class: another copy of this module may have made it.
  if (found === undefined || !("fn" in found)) globals[KEY] = found = new Core(found);
  return current = found;
}

/** The error for a request that memory cannot serve. */
export function exhausted(what: string): SharedMemoryExhaustedError {
  return new SharedMemoryExhaustedError(
    `Cannot allocate shared memory for ${what}: all of it is in use`,
  );
}

/** Bytes of shared memory: what live objects occupy, and what was ever handed out. For tests and reports. */
export function memoryUse(): { liveBytes: number; reservedBytes: number } {
  const { fn } = core();
  return { liveBytes: fn.liveBytes(), reservedBytes: fn.reservedBytes() };
}

/**
 * Pages that a memory begins with. On Deno 256 MiB, which are nothing but addresses before something is stored there: its engine checks each
 * access against a size that every thread keeps for itself, and that is behind for a moment when another thread has made the memory
 * grow. An address from there may come sooner (seen with 100 growths in a second: "memory access out of bounds"). Elsewhere
 * pages guard the end, and there is no such size.
 */
const INITIAL_PAGES = "Deno" in globalThis ? 4_096 : 1;

/** A memory as large as the engine allows: a maximum it refuses is halved until it does not. */
function newMemory(): WebAssembly.Memory {
  for (let maximum = MAX_PAGES;; maximum /= 2) {
    try {
      const initial = Math.min(INITIAL_PAGES, maximum);
      return new WebAssembly.Memory({ initial, maximum, shared: true });
    } catch (error) {
      if (!(error instanceof RangeError) || maximum < 256) throw error;
    }
  }
}

function compile(): WebAssembly.Module {
  return new WebAssembly.Module(decodeBase64(coreBase64));
}

/** Decodes base64: by the engine where it can (ECMAScript 2026; Node 20 cannot), which takes a tenth of the time. */
function decodeBase64(base64: string): Uint8Array<ArrayBuffer> {
  const { fromBase64 } = Uint8Array as { fromBase64?(text: string): Uint8Array<ArrayBuffer> };
  if (fromBase64 !== undefined) return fromBase64.call(Uint8Array, base64);
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function canBlock(): boolean {
  try {
    Atomics.wait(
      new Int32Array(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer),
      0,
      0,
      0,
    );
    return true;
  } catch {
    // The one way to ask: an agent that may not block throws a TypeError here.
    return false;
  }
}

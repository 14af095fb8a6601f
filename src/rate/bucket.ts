/**
 * Buckets: what `Limiter` and `LeakyBucket` are handles of.
 *
 * @module
 */
import { originMs } from "../internal/clock.ts";
import { core } from "../memory/core.ts";
import { KIND_LIMITER } from "../memory/handle.ts";
import { LIMITER_BUCKET, LIMITER_LEAKY, TURN_NEVER } from "../memory/layout.ts";
import { LimiterObject, type TurnRecord } from "./limiter_object.ts";
import { NEVER, OwnTurn, type Turn } from "./turn.ts";

/** A turn for which a bucket has been taken tokens out of. */
class BucketTurn extends OwnTurn<BucketObject> {
  readonly #n: number;
  readonly #record: TurnRecord;

  constructor(owner: BucketObject, n: number, at: number, record: TurnRecord) {
    super(owner, at);
    this.#n = n;
    this.#record = record;
  }

  protected cancel(): void {
    const { turn, first: limit, second: previous } = this.#record;
    const { core, ptr, now } = this.owner;
    core.fn.bucketCancel(ptr, this.#n, turn, limit, previous, now);
  }
}

/** A bucket in shared memory, as this thread uses it. */
abstract class BucketObject extends LimiterObject {
  protected static create(type: number, name: string, limit: number, burst: number): number {
    const now = performance.now();
    const ptr = core().fn.bucketNew(KIND_LIMITER, type, originMs, limit, burst, now);
    return LimiterObject.made(ptr, name);
  }

  /** The most tokens that it holds. */
  get burst(): number {
    return this.core.fn.limiterBurst(this.ptr);
  }

  protected given(n: number, at: number, record: TurnRecord): Turn {
    return new BucketTurn(this, n, at, record);
  }
}

/** A token bucket. */
export class TokenBucket extends BucketObject {
  /** @param ptr Address of the bucket; the caller's reference passes to the handle. */
  constructor(ptr: number) {
    super(ptr, "limiter");
  }

  /**
   * Makes a full one.
   *
   * @throws {SharedMemoryExhaustedError} if there is no room
   */
  static make(limit: number, burst: number): TokenBucket {
    return new TokenBucket(BucketObject.create(LIMITER_BUCKET, "limiter", limit, burst));
  }

  /** See `Limiter.setLimit`. */
  setLimit(limit: number): void {
    this.core.fn.bucketSetLimit(this.ptr, limit, this.now);
  }

  /** See `Limiter.setBurst`. */
  setBurst(burst: number): void {
    this.core.fn.bucketSetBurst(this.ptr, burst, this.now);
  }

  protected ask(n: number, now: number, isNow: boolean): number {
    const { fn, scratch } = this.core;
    return fn.bucketReserve(this.ptr, n, now, isNow ? 0 : Infinity, scratch);
  }

  protected override missing(code: number, n: number): Turn | Error {
    if (code === TURN_NEVER) return NEVER;
    // As it was when the core refused it.
    const burst = this.third;
    return new RangeError(
      `Cannot wait for ${n === 1 ? "an event" : `${n} events`}: the limiter's burst is ${burst}`,
    );
  }
}

/** A leaky bucket. */
export class DropBucket extends BucketObject {
  /** @param ptr Address of the bucket; the caller's reference passes to the handle. */
  constructor(ptr: number) {
    super(ptr, "leaky bucket");
  }

  /**
   * Makes an empty one.
   *
   * @throws {SharedMemoryExhaustedError} if there is no room
   */
  static make(limit: number, capacity: number): DropBucket {
    return new DropBucket(BucketObject.create(LIMITER_LEAKY, "leaky bucket", limit, capacity));
  }

  protected ask(_n: number, now: number, isNow: boolean): number {
    const { fn, scratch } = this.core;
    return fn.leakyReserve(this.ptr, now, isNow, scratch);
  }

  protected override missing(code: number): Turn | Error {
    if (code === TURN_NEVER) return NEVER;
    return new DOMException(
      `Cannot wait: the leaky bucket is full, its capacity is ${this.third}`,
      "QuotaExceededError",
    );
  }
}

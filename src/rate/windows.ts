/**
 * Windows: what `FixedWindow` and `SlidingLog` are handles of.
 *
 * @module
 */
import { originMs } from "../internal/clock.ts";
import { core } from "../memory/core.ts";
import { KIND_LIMITER } from "../memory/handle.ts";
import { LimiterObject, type TurnRecord } from "./limiter_object.ts";
import { OwnTurn, type Turn } from "./turn.ts";

/** A place in a window. */
class WindowTurn extends OwnTurn<WindowObject> {
  readonly #index: number;

  constructor(owner: WindowObject, at: number, { first: index }: TurnRecord) {
    super(owner, at);
    this.#index = index;
  }

  protected cancel(): void {
    const { core, ptr, now } = this.owner;
    core.fn.windowCancel(ptr, this.#index, now);
  }
}

/** An entry of a log. */
class LogTurn extends OwnTurn<LogObject> {
  readonly #record: TurnRecord;

  constructor(owner: LogObject, at: number, record: TurnRecord) {
    super(owner, at);
    this.#record = record;
  }

  protected cancel(): void {
    const { first: replaced, second: previous, third: number } = this.#record;
    const { core, ptr } = this.owner;
    core.fn.logCancel(ptr, replaced, previous, number);
  }
}

/** A fixed window. */
export class WindowObject extends LimiterObject {
  /** @param ptr Address of the window; the caller's reference passes to the handle. */
  constructor(ptr: number) {
    super(ptr, "fixed window");
  }

  /**
   * Makes one whose first window starts now.
   *
   * @throws {SharedMemoryExhaustedError} if there is no room
   */
  static make(count: number, windowMs: number): WindowObject {
    const now = performance.now();
    const ptr = core().fn.windowNew(KIND_LIMITER, originMs, count, windowMs, now);
    return new WindowObject(LimiterObject.made(ptr, "fixed window"));
  }

  protected ask(_n: number, now: number, isNow: boolean): number {
    const { fn, scratch } = this.core;
    return fn.windowReserve(this.ptr, now, isNow ? 0 : Infinity, scratch);
  }

  protected given(_n: number, at: number, record: TurnRecord): Turn {
    return new WindowTurn(this, at, record);
  }
}

/** A sliding log. */
export class LogObject extends LimiterObject {
  /** @param ptr Address of the log; the caller's reference passes to the handle. */
  constructor(ptr: number) {
    super(ptr, "sliding log");
  }

  /**
   * Makes an empty one.
   *
   * @throws {SharedMemoryExhaustedError} if there is no room
   */
  static make(count: number, windowMs: number): LogObject {
    const now = performance.now();
    const ptr = core().fn.logNew(KIND_LIMITER, originMs, count, windowMs, now);
    return new LogObject(LimiterObject.made(ptr, `sliding log of ${count} events`));
  }

  protected ask(_n: number, now: number, isNow: boolean): number {
    const { fn, scratch } = this.core;
    return fn.logReserve(this.ptr, now, isNow ? 0 : Infinity, scratch);
  }

  protected given(_n: number, at: number, record: TurnRecord): Turn {
    return new LogTurn(this, at, record);
  }
}

/**
 * What all contexts have in common, and those that cannot end by themselves.
 *
 * @module
 */
import { show } from "../internal/check.ts";
import { type Shareable, shared } from "../memory/handle.ts";
import { CONTEXT_NONE } from "../memory/layout.ts";
import type { ReceiveChannel } from "../select/types.ts";
import type { End } from "./end.ts";
import type { Entry } from "./entries.ts";
import type { Leader } from "./follower.ts";
import { SharedContext } from "./shared_context.ts";
import type { Context } from "./types.ts";

/** A context that can end, as those below it see it. */
export type Scope = BaseContext & Leader & { readonly done: ReceiveChannel<never> };

/** Any context. */
export abstract class BaseContext implements Context, Shareable {
  /** Where values come from that this one lacks; `undefined` at the root. */
  readonly parent: BaseContext | undefined;
  #held: SharedContext | undefined = undefined;

  /** @param parent What it is made from. */
  constructor(parent: BaseContext | undefined) {
    this.parent = parent;
  }

  /** The nearest context, from this one upwards, that can end; it decides about this one. */
  abstract readonly scope: Scope | undefined;

  get deadline(): Date | undefined {
    return this.scope?.deadline;
  }

  get done(): ReceiveChannel<never> | null {
    return this.scope?.done ?? null;
  }

  get err(): Context["err"] {
    return this.scope?.err;
  }

  get signal(): AbortSignal {
    return this.scope?.signal ?? NEVER;
  }

  /** What goes to another thread in this context's place; made when it is first sent. */
  get [shared](): number {
    if (this.#held === undefined) this.hold(this.export());
    return this.#held!.ptr;
  }

  /** Makes the object that stands for this context in shared memory. */
  protected export(): SharedContext {
    const { scope } = this;
    return SharedContext.create({
      above: scope === undefined ? 0 : scope[shared],
      entries: entriesBetween(this, scope),
      deadline: undefined,
      end: CONTEXT_NONE,
    });
  }

  /** What stands for it in shared memory, if it has been sent, or has come from another thread. */
  protected get held(): SharedContext | undefined {
    return this.#held;
  }

  /** From now on it holds `object`, which stands for it. */
  hold(object: SharedContext): void {
    this.#held = object;
    object.attach(this);
  }

  /** Gives up what it holds: the thread has come to its end. */
  [Symbol.dispose](): void {
    this.#held?.dispose();
    this.#held = undefined;
  }

  /** How it has ended; `undefined` as long as it has not. */
  get end(): End | undefined {
    return this.scope?.end;
  }

  value(key: unknown): unknown {
    return find(this, key);
  }

  /** The values of this very context. */
  get entries(): readonly Entry[] {
    return [];
  }

  /** Reports whether there is a value under `key` in this very context. */
  has(_key: unknown): boolean {
    return false;
  }

  /** That value. */
  get(_key: unknown): unknown {
    return undefined;
  }
}

/** The values from `context` up to `top`, without that one's: the nearest first. */
export function entriesBetween(context: BaseContext, top: BaseContext | undefined): Entry[] {
  const entries: Entry[] = [];
  for (let at: BaseContext | undefined = context; at !== top && at !== undefined; at = at.parent) {
    entries.push(...at.entries);
  }
  return entries;
}

/** The value under `key` from `context` upwards. A loop: a chain may be long. */
function find(context: BaseContext, key: unknown): unknown {
  for (let at: BaseContext | undefined = context; at !== undefined; at = at.parent) {
    if (at.has(key)) return at.get(key);
  }
  return undefined;
}

/** The signal of all contexts that never end. */
const NEVER: AbortSignal = new AbortController().signal;

/** A context at the root of a tree. */
export class RootContext extends BaseContext {
  readonly scope: undefined = undefined;

  constructor() {
    super(undefined);
  }
}

/** A context with one value more than its parent. */
export class ValueContext extends BaseContext {
  readonly scope: Scope | undefined;
  readonly #key: unknown;
  readonly #value: unknown;

  /** @param key Compared by `===`. */
  constructor(parent: BaseContext, key: unknown, value: unknown) {
    super(parent);
    this.scope = parent.scope;
    this.#key = key;
    this.#value = value;
  }

  override get entries(): readonly Entry[] {
    return [{ key: this.#key, value: this.#value }];
  }

  override has(key: unknown): boolean {
    return key === this.#key;
  }

  override get(_key: unknown): unknown {
    return this.#value;
  }
}

/** A context that has its parent's values and nothing else of it. */
export class DetachedContext extends BaseContext {
  readonly scope: undefined = undefined;

  /** @param parent Whose values. */
  constructor(parent: BaseContext) {
    super(parent);
  }
}

/**
 * Returns `context` if it is one of millrace's.
 *
 * @throws {TypeError} if it is not; with Go's text if it is missing
 */
export function checkContext(context: unknown): BaseContext {
  if (context instanceof BaseContext) return context;
  const problem = context === undefined || context === null
    ? "cannot create context from nil parent"
    : "expected a Context";
  throw new TypeError(`Cannot use ${show(context)} as a context: ${problem}`);
}

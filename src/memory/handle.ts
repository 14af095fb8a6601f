/**
 * Handles: a thread's own object for something in shared memory (a channel, a lock).
 *
 * A shared object counts its references: one for each thread that has a handle, one for each message in flight that
 * carries it (law 12). A thread has one handle for an object: one that comes back by a message is the one that left.
 *
 * @module
 */
import { microtask } from "../internal/macrotask.ts";
import { core } from "./core.ts";
import { OBJECT_KIND } from "./layout.ts";

/** What can be sent to another thread as itself. Disposing it calls {@linkcode dropObject}. */
export interface Shareable extends Disposable {
  /** The address of the shared object, or a reason why it cannot be sent, as the end of a sentence. */
  readonly [shared]: number | string;
}

/** Key under which a handle shows what it stands for. */
export const shared: unique symbol = Symbol.for("millrace.shared/1") as never;

/** How a kind of shared object is turned into a handle, and what its end is. */
export interface Kind {
  /** Makes a handle for the object at `ptr`; the reference passes to it. */
  revive(ptr: number): Shareable;
  /** The last reference has gone: frees all that the object owns, and the object. */
  abandon(ptr: number): void;
  /** Reports whether this thread holds the object at `ptr`, where that can be: then the thread cannot end as if nothing were. */
  isHeld?(ptr: number): boolean;
}

/** Kinds by their number; the numbers are part of the layout of memory and stay. */
export const KIND_CHANNEL = 1;
/** See {@linkcode KIND_CHANNEL}. */
export const KIND_MUTEX = 2;
/** See {@linkcode KIND_CHANNEL}. */
export const KIND_SEMAPHORE = 3;
/** See {@linkcode KIND_CHANNEL}. */
export const KIND_WAIT_GROUP = 4;
/** See {@linkcode KIND_CHANNEL}. */
export const KIND_POOL = 5;
/** See {@linkcode KIND_CHANNEL}. */
export const KIND_RW_MUTEX = 6;
/** See {@linkcode KIND_CHANNEL}. */
export const KIND_COND = 7;
/** See {@linkcode KIND_CHANNEL}. */
export const KIND_BARRIER = 8;
/** See {@linkcode KIND_CHANNEL}. */
export const KIND_ATOMIC = 9;
/** See {@linkcode KIND_CHANNEL}. */
export const KIND_SYNC_MAP = 10;
/** See {@linkcode KIND_CHANNEL}. */
export const KIND_SHARED_ARRAY = 11;
/** See {@linkcode KIND_CHANNEL}. */
export const KIND_ONCE = 12;
/** See {@linkcode KIND_CHANNEL}. */
export const KIND_CONTEXT = 13;
/** See {@linkcode KIND_CHANNEL}. */
export const KIND_LIMITER = 16;

const kinds: Kind[] = [];

/** Declares how `kind` is revived and destroyed. Called once a thread, by the module that owns the kind. */
export function registerKind(kind: number, how: Kind): void {
  kinds[kind] = how;
}

/** Handles of this thread that have crossed, in either direction, by address. */
const known = new Map<number, WeakRef<Shareable>>();

interface Holding {
  readonly ptr: number;
  readonly handle: WeakRef<Shareable>;
  isHeld: boolean;
}

const holdings = new WeakMap<Shareable, Holding>();
/** All that are held. */
const held = new Set<Holding>();
const collected = new FinalizationRegistry<Holding>((holding) => giveUp(holding));

/** Makes `handle` hold a reference to the object at `ptr`, until it is disposed or collected. */
export function holdObject(handle: Shareable, ptr: number): void {
  const holding = { ptr, handle: new WeakRef(handle), isHeld: true };
  holdings.set(handle, holding);
  held.add(holding);
  collected.register(handle, holding, holding);
}

/**
 * Gives up the reference of `handle`.
 *
 * @returns false when it had been given up before
 */
export function dropObject(handle: Shareable): boolean {
  const holding = holdings.get(handle);
  if (holding === undefined || !holding.isHeld) return false;
  collected.unregister(holding);
  giveUp(holding);
  return true;
}

/** How many calls are under way that may run the caller's code. */
let guarded = 0;

/**
 * From here to {@linkcode endCallersCode} the caller's code may run (a getter of a value that is being sent): an object that it gives up
 * meanwhile is let go a microtask later, since what goes on afterwards may be about to use it.
 */
export function beginCallersCode(): void {
  guarded++;
}

/** See {@linkcode beginCallersCode}. */
export function endCallersCode(): void {
  guarded--;
}

/** Reports whether a handle was given up while this thread held what it stands for. */
let hasLeftHeld = false;

/**
 * Disposes every handle of this thread, which has come to its end, and gives back its scratch.
 *
 * @returns whether this thread holds something, or may: then others have to learn that its holder is gone
 */
export function giveUpAll(): boolean {
  for (const holding of held) {
    const handle = holding.handle.deref();
    if (handle === undefined) giveUp(holding);
    else handle[Symbol.dispose]();
  }
  core().dropScratch();
  return hasLeftHeld;
}

function giveUp(holding: Holding): void {
  // The handle was given up with the thread, and collected afterwards.
  if (!holding.isHeld) return;
  holding.isHeld = false;
  held.delete(holding);
  const reference = known.get(holding.ptr)?.deref();
  // A newer handle may stand under the address by now.
  if (reference === undefined || holdings.get(reference) === holding) known.delete(holding.ptr);
  if (kinds[core().readU32(holding.ptr + OBJECT_KIND)]?.isHeld?.(holding.ptr)) hasLeftHeld = true;
  if (guarded === 0) releaseObject(holding.ptr);
  else microtask(() => releaseObject(holding.ptr));
}

/** Objects whose last reference has gone, and which have not been let go. */
const ending: { readonly ptr: number; readonly kind: Kind }[] = [];
let isEnding = false;

/** Gives up one reference to the object at `ptr`, and lets it go if that was the last. */
export function releaseObject(ptr: number): void {
  const c = core();
  const kind = kinds[c.readU32(ptr + OBJECT_KIND)]!;
  if (!c.fn.objectRelease(ptr)) return;
  ending.push({ ptr, kind });
  // It may own others, and so on: one after the other, since a chain of them may be longer than a stack is deep.
  if (isEnding) return;
  isEnding = true;
  try {
    for (let next = ending.pop(); next !== undefined; next = ending.pop()) {
      next.kind.abandon(next.ptr);
    }
  } finally {
    isEnding = false;
  }
}

/** Address of the object that `handle` stands for, for a message that is about to carry it. */
export function exportHandle(handle: Shareable): number {
  const ptr = handle[shared];
  if (typeof ptr === "string") throw new TypeError(ptr);
  if (known.get(ptr)?.deref() === undefined) known.set(ptr, holdings.get(handle)!.handle);
  return ptr;
}

/** The handle for the object at `ptr`, whose reference passes from a message to the caller. */
export function importHandle(ptr: number): Shareable {
  const existing = known.get(ptr)?.deref();
  if (existing !== undefined && holdings.get(existing)?.isHeld) {
    // This thread holds its reference already.
    releaseObject(ptr);
    return existing;
  }
  const c = core();
  const kind = kinds[c.readU32(ptr + OBJECT_KIND)];
  if (kind === undefined) {
    throw new TypeError("Cannot receive a handle of a kind that this copy of millrace lacks");
  }
  const handle = kind.revive(ptr);
  known.set(ptr, holdings.get(handle)!.handle);
  return handle;
}

/** Reports whether `value` is a handle that can be sent as itself, or one that says why not. */
export function isShareable(value: unknown): value is Shareable {
  return typeof value === "object" && value !== null && shared in value;
}

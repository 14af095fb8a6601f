/**
 * Yields to the event loop, and the time budget that says when to (Go preempts; here a goroutine has to yield).
 *
 * @module
 */

interface TimersModule {
  setImmediate(callback: () => void): unknown;
}

// The engine's own, taken when this is loaded. A test may put a fake clock in their place later (fake-timers replaces all of them), and
// that is for the program's timers: what another thread has sent, and a turn of the event loop, must not wait for its next tick.
const { setImmediate } = globalThis as Partial<TimersModule>;
const enqueue = globalThis.queueMicrotask;
const clock: () => number = performance.now.bind(performance);

let port: MessagePort | undefined;
const callbacks: (() => void)[] = [];

/** Calls `callback` after the event loop has had a turn: timers that are due and I/O that is ready have run. */
export function nextTurn(callback: () => void): void {
  if (setImmediate !== undefined) {
    setImmediate(callback);
    return;
  }
  // A browser: a message to oneself is the nearest thing (a timer of 0 ms is held up to 4 ms).
  if (port === undefined) {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => callbacks.shift()!();
    port = channel.port2;
  }
  callbacks.push(callback);
  port.postMessage(undefined);
}

/** Calls `callback` once the running code has yielded, before any timer or I/O. */
export function microtask(callback: () => void): void {
  enqueue(callback);
}

const resolved = Promise.resolve();

/**
 * As {@linkcode microtask}, for a callback that never throws: a reaction to a promise, which costs 80 ns less on Node, where
 * `queueMicrotask` makes an object for each that async hooks can follow.
 */
export function quickMicrotask(callback: () => void): void {
  resolved.then(callback);
}

/** Resolves after the event loop has had a turn; see {@linkcode nextTurn}. */
export function macrotask(): Promise<void> {
  return new Promise(nextTurn);
}

/** Resolves after `ms` milliseconds or a little more. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Operations between two looks at the clock, at most. */
const LONGEST_STRIDE = 512;
/** How long a thread may go on without a turn of its event loop. */
const BUDGET_MS = 10;

let stride = LONGEST_STRIDE;
let left = stride;
let lastLook = 0;
let turnStarted = 0;

/**
 * Counts one operation that did not have to wait, and reports whether it is time to let the event loop have a turn.
 *
 * A goroutine whose operations are always ready would otherwise keep timers and I/O of its thread waiting for ever.
 */
export function isBudgetSpent(): boolean {
  return --left <= 0 && lookAtClock();
}

function lookAtClock(): boolean {
  const now = clock();
  // What lies between the operations counts too: the slower they come, the more often the clock is looked at.
  const perOperation = (now - lastLook) / stride;
  stride = Math.max(1, Math.min(LONGEST_STRIDE, Math.floor(BUDGET_MS / 2 / perOperation)));
  left = stride;
  lastLook = now;
  // The first look of a run of operations begins it.
  if (turnStarted === 0) turnStarted = now;
  return now - turnStarted >= BUDGET_MS;
}

/** Returns `value` after a turn of the event loop, with a fresh budget. */
export async function afterTurn<T>(value: T): Promise<T> {
  await macrotask();
  turnStarted = lastLook = clock();
  return value;
}

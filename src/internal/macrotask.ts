/**
 * Yields to the event loop, and the time budget that says when to (Go preempts; here a goroutine has to yield).
 *
 * @module
 */

interface TimersModule {
  setImmediate(callback: () => void): unknown;
}

let port: MessagePort | undefined;
const callbacks: (() => void)[] = [];

function schedule(callback: () => void): void {
  const timers = globalThis.process?.getBuiltinModule?.("node:timers") as TimersModule | undefined;
  if (timers !== undefined) {
    timers.setImmediate(callback);
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

/** Resolves after the event loop has had a turn: timers that are due and I/O that is ready have run. */
export function macrotask(): Promise<void> {
  return new Promise(schedule);
}

/** Resolves after `ms` milliseconds or a little more. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Operations between two looks at the clock. */
const STRIDE = 512;
/** How long a thread may go on without a turn of its event loop. */
const BUDGET_MS = 10;

let left = STRIDE;
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
  left = STRIDE;
  const now = performance.now();
  if (now - turnStarted < BUDGET_MS) return false;
  if (turnStarted === 0) {
    turnStarted = now;
    return false;
  }
  return true;
}

/** Returns `value` after a turn of the event loop, with a fresh budget. */
export async function afterTurn<T>(value: T): Promise<T> {
  await macrotask();
  turnStarted = performance.now();
  return value;
}

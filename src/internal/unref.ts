/**
 * Timers that keep no process alive.
 *
 * @module
 */

/** Lets the process end although `timer` has not rung; in a browser there is nothing to do. */
export function unref(timer: unknown): void {
  const { Deno: deno } = globalThis as { Deno?: { unrefTimer(id: number): void } };
  if (typeof timer === "object") (timer as { unref(): void }).unref();
  else deno?.unrefTimer(timer as number);
}

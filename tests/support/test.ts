/**
 * One `test()` for every runtime, so that the conformance suite is written once: `Deno.test` under Deno,
 * `node:test` under Node.
 *
 * A test cleans up after itself with `using`, `await using` or `finally`; there is no hook to register.
 *
 * @module
 */

/** Body of a test: passes unless it throws or rejects. */
export type TestBody = () => void | Promise<void>;

/**
 * Milliseconds after which a test fails. A lost wake-up shows as a wait without end, and must name the
 * test that waits instead of holding up the run.
 */
const TIMEOUT_MS = 60_000;

/**
 * Registers a test with the runner of the runtime that loads this module.
 *
 * @param name What must hold: `Symbol.method() does X when Y`.
 * @param body Passes unless it throws or rejects.
 */
export const test: (name: string, body: TestBody) => void = registrar();

function registrar(): (name: string, body: TestBody) => void {
  if ("Deno" in globalThis) {
    return (name, fn) => Deno.test({ name, fn, timeout: TIMEOUT_MS });
  }
  // Not a static import: a bundler would have to resolve it for runtimes that lack it.
  const runner = globalThis.process.getBuiltinModule("node:test");
  return (name, body) => {
    runner.test(name, { timeout: TIMEOUT_MS }, () => body());
  };
}

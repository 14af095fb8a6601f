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

/** Registers a test; see {@linkcode test}. */
type Register = (name: string, body: TestBody, timeoutMs?: number) => void;

/**
 * Registers a test with the runner of the runtime that loads this module.
 *
 * @param name What must hold: `Symbol.method() does X when Y`.
 * @param body Passes unless it throws or rejects.
 * @param timeoutMs When it has failed; for one that takes long by itself.
 */
export const test: Register = registrar();

function registrar(): Register {
  if ("Deno" in globalThis) {
    return (name, fn, timeout = TIMEOUT_MS) => Deno.test({ name, fn, timeout });
  }
  // Not a static import: a bundler would have to resolve it for runtimes that lack it.
  const runner = globalThis.process.getBuiltinModule("node:test");
  return (name, body, timeout = TIMEOUT_MS) => {
    runner.test(name, { timeout }, () => body());
  };
}

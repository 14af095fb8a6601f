/**
 * Goroutines that nobody can join: what they fail with is uncaught, as a panic is in Go.
 *
 * @module
 */
import { appendCreation, nextNumber, traceCreation } from "./creation.ts";

/**
 * Prepares `fn` to run as a goroutine of this thread.
 *
 * @param above The public function that was called: its caller is the creator.
 * @returns What starts it, once the running code has yielded. The promise ends with it; a failure, whose stack says which goroutine
 * it was and who created it, is uncaught unless somebody catches it there.
 */
export function detached(fn: () => unknown, above: unknown): () => Promise<void> {
  const id = nextNumber();
  const trace = traceCreation(id, above);
  return async () => {
    await undefined;
    try {
      await fn();
    } catch (error) {
      appendCreation(error, fn.name, id, trace);
      throw error;
    }
  };
}

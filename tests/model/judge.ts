/** What a scenario says to a schedule or to a state. */
import type { Failure } from "./types.ts";

/** What went wrong. */
export type Problem = Pick<Failure, "kind" | "message" | "cause">;

/** Asks the scenario; `undefined` if it holds. */
export function judge(kind: "check" | "invariant", run: () => boolean | void): Problem | undefined {
  try {
    return run() === false ? { kind, message: `${kind} returned false` } : undefined;
  } catch (error) {
    return { kind, message: describe(error), cause: error };
  }
}

/** An error for people. */
export function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

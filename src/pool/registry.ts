/**
 * The functions that this thread can run for a pool, by their names.
 *
 * @module
 */

/** A task's function, as a thread that runs it sees it. */
export type TaskFunction = (...args: unknown[]) => unknown;

/** On a global symbol, for modules that see another copy of this one. */
const REGISTRY: unique symbol = Symbol.for("millrace.tasks/1") as never;
const globals = globalThis as { [REGISTRY]?: Map<string, TaskFunction> };

/** Functions by the names under which other threads ask for them. */
export const registry: Map<string, TaskFunction> = globals[REGISTRY] ??= new Map();

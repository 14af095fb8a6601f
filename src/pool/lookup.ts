/**
 * How a function is named for other threads, and found there: tasks by their modules, inline functions by their source.
 *
 * @module
 */
import { show } from "../internal/check.ts";
import { inlineId, isInline, loadInline } from "./inline.ts";
import { registry, type TaskFunction } from "./registry.ts";
import { taskId } from "./task.ts";

/**
 * The name under which any thread finds `fn`.
 *
 * @param refusal How an error begins where `fn` cannot be sent.
 * @throws {TypeError} if it is neither a task nor a self-contained function
 */
export function functionId(fn: unknown, refusal: string): string {
  const id = taskId(fn);
  if (id !== undefined) return id;
  if (typeof fn === "function") return inlineId(fn as TaskFunction, refusal);
  throw new TypeError(
    `${refusal}: expected task(import.meta.url, name, fn) or a self-contained function`,
  );
}

/** {@linkcode functionId}, for a function that is an argument called `role`. */
export function argumentId(fn: unknown, role: string): string {
  return functionId(fn, `Cannot use ${show(fn)} as ${role}`);
}

/**
 * Finds the function named `id`, loading it if need be.
 *
 * @throws {TypeError} if its module declares no such task; what loading it throws
 */
export function findFunction(id: string): TaskFunction | Promise<TaskFunction> {
  return registry.get(id) ?? (isInline(id) ? loadInline(id) : loadTask(id));
}

async function loadTask(id: string): Promise<TaskFunction> {
  const hash = id.lastIndexOf("#");
  await import(id.slice(0, hash));
  const fn = registry.get(id);
  if (fn === undefined) {
    throw new TypeError(
      `Cannot find the task ${id.slice(hash + 1)}: ${
        id.slice(0, hash)
      } declares none of that name at its top level`,
    );
  }
  return fn;
}

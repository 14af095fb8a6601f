/**
 * Tasks: functions that can be called by name on any thread.
 *
 * @module
 */
import { show } from "../internal/check.ts";

/**
 * A function that can run on any thread: callable as itself, and by {@linkcode Pool.go}.
 *
 * @typeParam A Its parameters.
 * @typeParam R What it returns.
 */
export type Task<A extends readonly unknown[], R> = ((...args: A) => R) & {
  /** How another thread finds the function: `url#name`. */
  readonly taskId: string;
};

/** A task's function, as a thread that runs it sees it. */
export type TaskFunction = (...args: unknown[]) => unknown;

/** Tasks of this thread by `url#name`. On a global symbol, for modules that see another copy of this one. */
const REGISTRY: unique symbol = Symbol.for("millrace.tasks/1") as never;
const globals = globalThis as { [REGISTRY]?: Map<string, TaskFunction> };
const registry = globals[REGISTRY] ??= new Map();

/**
 * Declares a task: a function of a module that any thread can run. Declare it at the top level of the module; a thread
 * that is to run it loads the module and finds it by its name.
 *
 * Arguments and results are structured values, typed arrays over shared memory (by reference), and handles such as typed
 * channels and locks, which arrive as themselves.
 *
 * @example
 * ```ts ignore
 * // work.ts
 * import { task } from "@millrace/millrace";
 *
 * export const square = task(import.meta.url, "square", (n: number) => n * n);
 *
 * // main.ts
 * import { Pool } from "@millrace/millrace";
 * import { square } from "./work.ts";
 *
 * await using pool = new Pool();
 * console.log(await pool.go(square, 12)); // 144
 * ```
 *
 * @param url The module's own: `import.meta.url`.
 * @param name A name that no other task of the module has.
 * @param fn The function; it may be asynchronous.
 * @returns `fn` itself, callable as before.
 * @throws {TypeError} if an argument is of another type
 */
export function task<A extends readonly unknown[], R>(
  url: string,
  name: string,
  fn: (...args: A) => R,
): Task<A, R> {
  if (typeof url !== "string" || !URL.canParse(url)) {
    throw new TypeError(`Cannot declare a task in ${show(url)}: expected import.meta.url`);
  }
  if (typeof name !== "string" || name === "") {
    throw new TypeError(`Cannot declare a task named ${show(name)}: expected a name`);
  }
  if (typeof fn !== "function") {
    throw new TypeError(`Cannot declare the task ${name}: ${show(fn)} is no function`);
  }
  const id = `${url}#${name}`;
  registry.set(id, fn as unknown as TaskFunction);
  return Object.defineProperty(fn, "taskId", { value: id }) as Task<A, R>;
}

/** The `url#name` of `fn`; `undefined` if it is no task. */
export function taskId(fn: unknown): string | undefined {
  return typeof fn === "function" ? (fn as { taskId?: string }).taskId : undefined;
}

/**
 * Finds the function of a task, loading its module if need be.
 *
 * @throws {TypeError} if the module declares no such task; what loading the module throws
 */
export function findTask(id: string): TaskFunction | Promise<TaskFunction> {
  return registry.get(id) ?? loadTask(id);
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

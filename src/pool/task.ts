/**
 * Tasks: functions that can be called by name on any thread.
 *
 * @module
 */
import { show } from "../internal/check.ts";
import { registry, type TaskFunction } from "./registry.ts";

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

/**
 * Options of {@linkcode task}.
 *
 * @typeParam A The task's parameters.
 */
export interface TaskOptions<A extends readonly unknown[]> {
  /**
   * How long a call takes, compared with others, from its arguments; `Infinity` is allowed. Asked, at {@linkcode Pool.go}, by pools with the
   * order `"longest"`, which start what has most weight first. A task without has none: 0.
   */
  readonly weight?: (...args: A) => number;
}

/**
 * Declares a task: a function of a module that any thread can run. Declare it at the top level of the module; a thread
 * that is to run it loads the module and finds it by its name.
 *
 * Arguments and results are structured values, typed arrays over shared memory (by reference), and handles such as typed
 * channels and locks, which arrive as themselves.
 *
 * The module that declares a task runs on every thread that runs the task. Where that is the program itself, because it declares
 * tasks or because it is bundled into one file, its main code belongs behind `if (Pool.current === undefined)`, which holds on no
 * thread of a pool. A bundle has to be an ES module, and is one module to its tasks: their names must differ in all of it.
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
 * @param options Its `weight`, for pools that run the longest first.
 * @returns `fn` itself, callable as before.
 * @throws {TypeError} if an argument is of another type, the module has a task of that name, or `fn` is one under another
 */
export function task<A extends readonly unknown[], R>(
  url: string,
  name: string,
  fn: (...args: A) => R,
  options: TaskOptions<A> = {},
): Task<A, R> {
  if (typeof url !== "string" || !URL.canParse(url)) {
    throw new TypeError(
      `Cannot declare a task in ${
        show(url)
      }: expected import.meta.url, which only an ES module has`,
    );
  }
  if (typeof name !== "string" || name === "") {
    throw new TypeError(`Cannot declare a task named ${show(name)}: expected a name`);
  }
  if (typeof fn !== "function") {
    throw new TypeError(`Cannot declare the task ${name}: ${show(fn)} is no function`);
  }
  const { weight } = options;
  if (weight !== undefined && typeof weight !== "function") {
    throw new TypeError(
      `Cannot declare the task ${name}: its weight is ${show(weight)}, expected a function`,
    );
  }
  const id = `${url}#${name}`;
  const known = taskId(fn);
  if (known === id) return fn as Task<A, R>;
  if (known !== undefined) {
    throw new TypeError(
      `Cannot declare the task ${name}: the function is the task ${known} already`,
    );
  }
  if (registry.has(id)) {
    throw new TypeError(
      `Cannot declare the task ${name}: ${url} has one already; names must differ, in a bundle throughout its modules`,
    );
  }
  registry.set(id, fn as unknown as TaskFunction);
  if (weight !== undefined) weights.set(fn, weight as Weight);
  return Object.defineProperty(fn, "taskId", { value: id }) as Task<A, R>;
}

/** A task's weight, for arguments that the compiler has seen where it was called. */
type Weight = (...args: readonly unknown[]) => number;

/** Weights of tasks that have one. */
const weights = new WeakMap<object, Weight>();

/** The weight of `fn`, if it is a task that has one. */
export function taskWeight(fn: unknown): Weight | undefined {
  return weights.get(fn as object);
}

/** The `url#name` of `fn`; `undefined` if it is no task. */
export function taskId(fn: unknown): string | undefined {
  return typeof fn === "function" ? (fn as { taskId?: string }).taskId : undefined;
}

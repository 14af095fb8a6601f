/**
 * multithreading: functions go as source, once to each thread, and then by number; tasks go to the least busy thread at once,
 * by `postMessage`.
 *
 * On Deno 2.9.6 it runs, with two reservations. A task that reaches a thread while that is still importing the function's source
 * fails ("Function ID 0 not found in worker registry and no code provided."): each function is run once on
 * each thread here before anything is measured. And the import replaces `Atomics.waitAsync` for the whole thread by one that keeps
 * the event loop turning, which would be measured with whoever waits; nothing that is called here needs it, so the runtime's own is put back.
 *
 * On Node 20 it does not load ("ReferenceError: navigator is not defined"), nor would it run ("Promise.withResolvers is not a
 * function"): both are of Node 21 and later. They are lent to it here.
 */

import { availableParallelism } from "node:os";
import { type RivalPool, THREADS } from "./rival_pool.ts";

type Library = typeof import("multithreading");

/** Loads the library and leaves the globals as they were. */
async function load(): Promise<Library> {
  const { waitAsync } = Atomics;
  const lent = !("navigator" in globalThis);
  if (lent) {
    Object.assign(globalThis, { navigator: { hardwareConcurrency: availableParallelism() } });
  }
  Promise.withResolvers ??= withResolvers;
  try {
    return await import("multithreading");
  } finally {
    if (lent) Reflect.deleteProperty(globalThis, "navigator");
    Atomics.waitAsync = waitAsync;
  }
}

/** As ECMAScript 2024 has it. */
function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: PromiseWithResolvers<T>["resolve"];
  let reject!: PromiseWithResolvers<T>["reject"];
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}

/** Starts the pool: the library has one, for the whole process. */
export async function startMultithreading(): Promise<RivalPool> {
  const { initRuntime, move, shutdown, spawn } = await load();
  initRuntime({ maxWorkers: THREADS });
  const one = () => spawn(() => 1).join().then(valueOf);
  const fib = (n: number) =>
    spawn(move(n), (n) => {
      const fib = (n: number): number => n < 2 ? n : fib(n - 1) + fib(n - 2);
      return fib(n);
    }).join().then(valueOf);
  await Promise.all(Array.from({ length: THREADS }, one));
  await Promise.all(Array.from({ length: THREADS }, () => fib(1)));
  return { name: "multithreading", one, fib, stop: shutdown };
}

/** What a task came to, which the library hands over as a result or an error. */
function valueOf<T>(result: { ok: true; value: T } | { ok: false; error: Error }): T {
  if (!result.ok) throw result.error;
  return result.value;
}

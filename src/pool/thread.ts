/**
 * Threads: how a worker is started and watched in Deno, Node and browsers.
 *
 * Deno and Node both use `node:worker_threads`, reached by `process.getBuiltinModule`, which bundlers leave alone: a
 * `Worker` of Deno's own cannot be unref'd, and terminating one that is blocked hangs the process. Browsers use module
 * workers. The worker starts from a few lines of inline source that fetch the module by its absolute URL; in a bundle that is
 * the bundle's own file, which sees the {@linkcode Boot} and becomes a worker.
 *
 * @module
 */
import type { CoreSeed } from "../memory/core.ts";
import type { RankingSeed } from "./ranking.ts";

/** What a thread is told when it starts. */
export interface Boot {
  /** The module to load. */
  readonly url: string;
  /** The memory to share. */
  readonly seed: CoreSeed;
  /** Address of the pool. */
  readonly pool: number;
  /** The worker's place in the pool's table, from 1. */
  readonly slot: number;
  /** Address of the worker. */
  readonly worker: number;
  /** The thread's name. */
  readonly name: string;
  /** In which order the pool's tasks start; `undefined`: as they come. */
  readonly ranking: RankingSeed | undefined;
  /** How long it may have nothing to do before it ends. */
  readonly idleTimeoutMs: number;
}

/** A thread that has been started. */
export interface Thread {
  /** Stops it, wherever it is; resolves when the runtime says that it has ended. */
  terminate(): Promise<void>;
}

/**
 * Told once, when the thread has ended: with the error that nobody caught on it, if that was why.
 *
 * `isCertain`: it runs no more. Deno and browsers only tell a thread to end that is stopped by force, and do not wait for it.
 */
export type ThreadEnd = (
  failure: { readonly reason: unknown } | undefined,
  isCertain: boolean,
) => void;

const BOOT: unique symbol = Symbol.for("millrace.boot/1") as never;
const globals = globalThis as { [BOOT]?: Boot };

/** What this thread was told when it was started as a worker; `undefined` on any other thread. Can be had once. */
export function takeBoot(): Boot | undefined {
  const boot = globals[BOOT];
  delete globals[BOOT];
  return boot;
}

let workerUrl: string | undefined;

/** Says which module makes a thread that loads it a worker. Called by that module. */
export function provideWorker(url: string): void {
  workerUrl = url;
}

interface NodeWorker {
  on(event: "error", listener: (reason: unknown) => void): void;
  on(event: "exit", listener: () => void): void;
  terminate(): Promise<unknown>;
  unref(): void;
}

interface WorkerThreads {
  readonly Worker: new (url: URL, options: { name: string; workerData: unknown }) => NodeWorker;
}

function workerThreads(): WorkerThreads | undefined {
  return globalThis.process?.getBuiltinModule?.("node:worker_threads") as WorkerThreads | undefined;
}

/** Reports whether this thread can start others that share its memory. */
export function canStartThreads(): boolean {
  if (workerThreads() !== undefined) return true;
  const { crossOriginIsolated } = globalThis as { crossOriginIsolated?: boolean };
  return typeof Worker === "function" && crossOriginIsolated === true;
}

/** Starts a thread. It does not keep the process alive. */
export function startThread(boot: Omit<Boot, "url">, ended: ThreadEnd): Thread {
  if (workerUrl === undefined) {
    throw new TypeError("Cannot start a thread: the module of the workers has not been loaded");
  }
  const whole: Boot = { ...boot, url: workerUrl };
  const threads = workerThreads();
  return threads === undefined
    ? startWebWorker(whole, ended)
    : startNodeWorker(threads, whole, ended);
}

const NODE_SOURCE = `import { workerData } from "node:worker_threads";
globalThis[Symbol.for("millrace.boot/1")] = workerData;
await import(workerData.url);`;

function startNodeWorker({ Worker }: WorkerThreads, boot: Boot, ended: ThreadEnd): Thread {
  const source = new URL(`data:text/javascript,${encodeURIComponent(NODE_SOURCE)}`);
  const worker = new Worker(source, { name: boot.name, workerData: boot });
  worker.unref();
  let failure: { reason: unknown } | undefined;
  worker.on("error", (reason) => failure = { reason });
  let isForced = false;
  worker.on("exit", () => ended(failure, !isForced || !("Deno" in globalThis)));
  return {
    terminate: async () => {
      isForced = true;
      await worker.terminate();
    },
  };
}

const WEB_SOURCE = `addEventListener("message", ({ data }) => {
  globalThis[Symbol.for("millrace.boot/1")] = data;
  import(data.url).catch((error) => setTimeout(() => { throw error; }));
}, { once: true });`;

/** A worker says this when it ends by itself: browsers tell nobody. */
export const GOODBYE = "millrace.goodbye";

function startWebWorker(boot: Boot, ended: ThreadEnd): Thread {
  const source = URL.createObjectURL(new Blob([WEB_SOURCE], { type: "text/javascript" }));
  const worker = new Worker(source, { type: "module", name: boot.name });
  let isOver = false;
  const end = (failure: { reason: unknown } | undefined, isCertain: boolean): void => {
    if (isOver) return;
    isOver = true;
    URL.revokeObjectURL(source);
    worker.terminate();
    ended(failure, isCertain);
  };
  worker.addEventListener("message", ({ data }) => data === GOODBYE && end(undefined, true));
  worker.addEventListener("error", (event) => {
    event.preventDefault();
    end({ reason: event.error ?? new Error(event.message) }, false);
  });
  worker.postMessage(boot);
  return {
    terminate: () => {
      end(undefined, false);
      return Promise.resolve();
    },
  };
}

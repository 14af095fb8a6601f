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

/** What a thread is told when it starts. */
export interface Boot {
  /** The module to load. */
  readonly url: string;
  /** The memory to share. */
  readonly seed: CoreSeed;
  /** Address of the pool. */
  readonly pool: number;
  /** Number of threads that the pool may have. */
  readonly threads: number;
  /** The worker's place in the pool's table, from 1. */
  readonly slot: number;
  /** Address of the worker. */
  readonly worker: number;
  /** The thread's name. */
  readonly name: string;
}

/** Sends a message along a line between a thread and the one that started it, and what is to be transferred with it. */
export type Send = (message: unknown, transfer: MessagePort[]) => void;

/** A thread that has been started. */
export interface Thread {
  /** Sends it a message. Only once it has sent one itself: before that nobody may be listening. */
  readonly send: Send;
  /**
   * Stops it, wherever it is; resolves when the runtime says that it has ended.
   *
   * @returns whether it surely has: Deno and browsers only tell the thread to end, and do not wait for it
   */
  terminate(): Promise<boolean>;
}

/** Told once, when the thread has ended: with the error that nobody caught on it, if that was why. */
export type ThreadEnd = (failure: { readonly reason: unknown } | undefined) => void;

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
  on(event: "message", listener: (message: unknown) => void): void;
  on(event: "error", listener: (reason: unknown) => void): void;
  on(event: "exit", listener: () => void): void;
  postMessage: Send;
  terminate(): Promise<unknown>;
  unref(): void;
}

interface ParentPort {
  on(event: "message", listener: (message: unknown) => void): void;
  off(event: "message", listener: (message: unknown) => void): void;
  postMessage: Send;
}

interface WorkerThreads {
  readonly parentPort: ParentPort | null;
  readonly Worker: new (url: URL, options: { name: string; workerData: unknown }) => NodeWorker;
}

function workerThreads(): WorkerThreads | undefined {
  return globalThis.process?.getBuiltinModule?.("node:worker_threads") as unknown as
    | WorkerThreads
    | undefined;
}

/** Reports whether this thread can start others that share its memory. */
export function canStartThreads(): boolean {
  if (workerThreads() !== undefined) return true;
  const { crossOriginIsolated } = globalThis as { crossOriginIsolated?: boolean };
  return typeof Worker === "function" && crossOriginIsolated === true;
}

/**
 * Starts a thread. It does not keep the process alive.
 *
 * @param heard Told each message that it sends; all before `ended` is.
 */
export function startThread(
  boot: Omit<Boot, "url">,
  ended: ThreadEnd,
  heard: (message: unknown) => void,
): Thread {
  if (workerUrl === undefined) {
    throw new TypeError("Cannot start a thread: the module of the workers has not been loaded");
  }
  const whole: Boot = { ...boot, url: workerUrl };
  const threads = workerThreads();
  return threads === undefined
    ? startWebWorker(whole, ended, heard)
    : startNodeWorker(threads, whole, ended, heard);
}

const NODE_SOURCE = `import { workerData } from "node:worker_threads";
globalThis[Symbol.for("millrace.boot/1")] = workerData;
await import(workerData.url);`;

function startNodeWorker(
  { Worker }: WorkerThreads,
  boot: Boot,
  ended: ThreadEnd,
  heard: (message: unknown) => void,
): Thread {
  const source = new URL(`data:text/javascript,${encodeURIComponent(NODE_SOURCE)}`);
  const worker = new Worker(source, { name: boot.name, workerData: boot });
  let failure: { reason: unknown } | undefined;
  worker.on("message", heard);
  worker.on("error", (reason) => failure = { reason });
  worker.on("exit", () => ended(failure));
  // Last: listening to messages keeps the process alive again.
  worker.unref();
  return {
    send: (message, transfer) => worker.postMessage(message, transfer),
    terminate: async () => {
      await worker.terminate();
      return !("Deno" in globalThis);
    },
  };
}

const WEB_SOURCE = `addEventListener("message", ({ data }) => {
  globalThis[Symbol.for("millrace.boot/1")] = data;
  import(data.url).catch((error) => setTimeout(() => { throw error; }));
}, { once: true });`;

/** A worker says this when it ends by itself: browsers tell nobody. */
const GOODBYE = "millrace.goodbye";

function startWebWorker(
  boot: Boot,
  ended: ThreadEnd,
  heard: (message: unknown) => void,
): Thread {
  const source = URL.createObjectURL(new Blob([WEB_SOURCE], { type: "text/javascript" }));
  const worker = new Worker(source, { type: "module", name: boot.name });
  let isOver = false;
  const end = (failure: { reason: unknown } | undefined): void => {
    if (isOver) return;
    isOver = true;
    URL.revokeObjectURL(source);
    worker.terminate();
    ended(failure);
  };
  worker.addEventListener("message", ({ data }) => {
    if (data === GOODBYE) end(undefined);
    else if (!isOver) heard(data);
  });
  worker.addEventListener("error", (event) => {
    event.preventDefault();
    end({ reason: event.error ?? new Error(event.message) });
  });
  worker.postMessage(boot);
  return {
    send: (message, transfer) => worker.postMessage(message, transfer),
    terminate: () => {
      end(undefined);
      return Promise.resolve(false);
    },
  };
}

/** The line of a thread to the one that started it. */
export interface Line {
  /** Sends a message. */
  readonly send: Send;
  /** Hears messages, and keeps the thread alive, until {@linkcode hangUp}. */
  listen(heard: (message: unknown) => void): void;
  /** See {@linkcode listen}. */
  hangUp(): void;
  /** Says that the thread is at its end, where the runtime does not. */
  readonly goodbye?: () => void;
}

/** The line of this thread, which is a worker, to its owner. */
export function lineToOwner(): Line {
  const port = workerThreads()?.parentPort ?? undefined;
  return port === undefined ? webLine() : nodeLine(port);
}

function nodeLine(port: ParentPort): Line {
  let listener: (message: unknown) => void;
  return {
    send: (message, transfer) => port.postMessage(message, transfer),
    listen: (heard) => port.on("message", listener = heard),
    hangUp: () => port.off("message", listener),
  };
}

function webLine(): Line {
  const scope = globalThis as unknown as EventTarget & { postMessage: Send };
  let listener: (event: Event) => void;
  return {
    send: (message, transfer) => scope.postMessage(message, transfer),
    listen: (heard) => {
      listener = (event) => heard((event as MessageEvent).data);
      scope.addEventListener("message", listener);
    },
    hangUp: () => scope.removeEventListener("message", listener),
    goodbye: () => scope.postMessage(GOODBYE, []),
  };
}

/**
 * Threads: how a worker is started and watched in Deno, Node and browsers. How each of them ends is in `README.md`.
 *
 * Deno and Node both use `node:worker_threads`, reached by `process.getBuiltinModule`, which bundlers leave alone: a
 * `Worker` of Deno's own cannot be unref'd, and one that is busy when it is terminated keeps the process from ending.
 * Browsers use module workers. The worker starts from a few lines of inline source that fetch the module by its absolute URL; in
 * a bundle that is the bundle's own file, which finds the {@linkcode Boot} and becomes a worker. Where a page forbids inline
 * workers, it starts from a file of the caller's own.
 *
 * @module
 */
import { show } from "../internal/check.ts";
import { microtask } from "../internal/macrotask.ts";
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

/** Sends a message along a line between a thread and the one that started it, and what is to be transferred with it. */
export type Send = (message: unknown, transfer: MessagePort[]) => void;

/** A thread that has been started. */
export interface Thread {
  /** Sends it a message. Only once it has sent one itself: before that nobody may be listening. */
  readonly send: Send;
  /** Stops it, wherever it is, as far as the runtime can; resolves when the runtime counts it as ended. */
  terminate(): Promise<void>;
  /** Resolves when it has surely ended, and touches nothing more. Of one that was told to end and is busy, that may be never. */
  readonly gone: Promise<void>;
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

/** Under which name a thread finds its {@linkcode Boot} in what it was given. */
const BOOT = "millrace.boot/1";

/** A {@linkcode Boot} on its way to the thread. */
interface Envelope {
  [BOOT]?: Boot;
  /** A port that is closed by the thread's end, and tells of that. */
  lifeline?: unknown;
}

/** This thread's envelope. It is kept: a lifeline that were collected would be cut. */
let received: Envelope | undefined;

/** Takes the boot out of `envelope`, if that is one: once, though two copies of this module may look. */
function takeBoot(envelope: unknown): Boot | undefined {
  if (typeof envelope !== "object" || envelope === null) return undefined;
  const boot = (envelope as Envelope)[BOOT];
  if (boot === undefined) return undefined;
  received = envelope as Envelope;
  delete received[BOOT];
  return boot;
}

/** Calls `start` with what this thread was told, at once or when it is told, if it was started as a worker. */
export function onBoot(start: (boot: Boot) => void): void {
  const threads = workerThreads();
  if (threads !== undefined) {
    const boot = takeBoot(threads.workerData);
    if (boot !== undefined) start(boot);
    return;
  }
  if (!("DedicatedWorkerGlobalScope" in globalThis)) return;
  // The first message: the inline source has kept it, to a file of the caller's own it is still on its way.
  const kept = takeBoot(globalThis);
  if (kept !== undefined) return start(kept);
  const listen = (event: Event): void => {
    const boot = takeBoot((event as MessageEvent<unknown>).data);
    if (boot === undefined) return;
    event.stopImmediatePropagation();
    removeEventListener("message", listen);
    start(boot);
  };
  addEventListener("message", listen);
}

let workerUrl: string | undefined;

/**
 * Says which module makes a thread that loads it a worker. Called by that module.
 *
 * @param kinds Modules with all kinds of handles, which it therefore has loaded.
 * @throws {TypeError} if one of them is empty: the build has lost it
 */
export function provideWorker(url: string, kinds: readonly object[]): void {
  if (kinds.some((kind) => Object.keys(kind).length === 0)) {
    throw new TypeError("Cannot provide the worker: this build of it lacks kinds of handles");
  }
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

interface NodeWorkerOptions {
  name: string;
  workerData: Envelope;
  transferList?: unknown[];
}

interface NodePort {
  on(event: "close", listener: () => void): void;
  on(event: "message", listener: (message: unknown) => void): void;
  postMessage: Send;
  unref(): void;
}

interface WorkerThreads {
  readonly MessageChannel: new () => { readonly port1: NodePort; readonly port2: NodePort };
  readonly Worker: new (url: URL, options: NodeWorkerOptions) => NodeWorker;
  readonly parentPort: NodePort | null;
  readonly workerData: unknown;
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

/** The module that makes a thread a worker, and whether it is a file of the caller's own. */
export interface WorkerModule {
  /** Its absolute URL. */
  readonly url: string;
  /** Reports whether the caller has named it. */
  readonly isOwn: boolean;
}

/**
 * Finds the module that a pool's threads are to load.
 *
 * @param worker A file of the caller's own; `undefined`: this module's.
 * @throws {TypeError} if it is no URL, or the module of the workers has not been loaded
 */
export function workerModule(worker: unknown): WorkerModule {
  if (worker === undefined) {
    if (workerUrl !== undefined) return { url: workerUrl, isOwn: false };
    throw new TypeError("Cannot start threads: the module of the workers has not been loaded");
  }
  const url = worker instanceof URL ? worker.href : worker;
  if (typeof url === "string" && URL.canParse(url)) return { url, isOwn: true };
  throw new TypeError(`Cannot use ${show(worker)} as the worker of a pool: expected a URL`);
}

/**
 * Starts a thread that loads `module`. It does not keep the process alive.
 *
 * @param heard Told each message that it sends; all before `ended` is, unless it is stopped by force.
 */
export function startThread(
  module: WorkerModule,
  boot: Omit<Boot, "url">,
  ended: ThreadEnd,
  heard: (message: unknown) => void,
): Thread {
  const whole: Boot = { ...boot, url: module.url };
  const threads = workerThreads();
  try {
    return threads === undefined
      ? startWebWorker(whole, module.isOwn, ended, heard)
      : startNodeWorker(threads, whole, ended, heard);
  } catch (reason) {
    // A page's policy forbids it, say. To the pool that is a thread which does not come up.
    microtask(() => ended({ reason }, true));
    return { send: () => {}, terminate: () => Promise.resolve(), gone: Promise.resolve() };
  }
}

const NODE_SOURCE = `import { workerData } from "node:worker_threads";
await import(workerData["${BOOT}"].url);`;

function startNodeWorker(
  threads: WorkerThreads,
  boot: Boot,
  ended: ThreadEnd,
  heard: (message: unknown) => void,
): Thread {
  const { Worker } = threads;
  const source = new URL(`data:text/javascript,${encodeURIComponent(NODE_SOURCE)}`);
  const isDeno = "Deno" in globalThis;
  const options: NodeWorkerOptions = { name: boot.name, workerData: { [BOOT]: boot } };
  let gone = isDeno ? tieLifeline(threads, options) : undefined;
  const worker = new Worker(source, options);
  let failure: { reason: unknown } | undefined;
  worker.on("message", heard);
  worker.on("error", (reason) => failure = { reason });
  let isForced = false;
  gone ??= new Promise((resolve) => worker.on("exit", resolve));
  worker.on("exit", () => ended(failure, !(isForced && isDeno)));
  // Last: listening to messages keeps the process alive again.
  worker.unref();
  return {
    send: (message, transfer) => worker.postMessage(message, transfer),
    gone,
    terminate: async () => {
      isForced = true;
      await worker.terminate();
    },
  };
}

/**
 * Gives a thread of Deno's one end of a channel. It is closed when the thread's memory is taken down, and not before, while Deno says
 * that a thread has exited as soon as it was told to.
 */
function tieLifeline({ MessageChannel }: WorkerThreads, options: NodeWorkerOptions): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  options.workerData.lifeline = port2;
  options.transferList = [port2];
  const gone = new Promise<void>((resolve) => port1.on("close", resolve));
  // Only a port that is listened to hears of the other's end.
  port1.on("message", () => {});
  port1.unref();
  return gone;
}

const WEB_SOURCE = `addEventListener("message", ({ data }) => {
  Object.assign(globalThis, data);
  import(data["${BOOT}"].url).catch((error) => setTimeout(() => { throw error; }));
}, { once: true });`;

/** A worker says this when it ends by itself: browsers tell nobody. */
const GOODBYE = "millrace.goodbye";

function startWebWorker(
  boot: Boot,
  isOwn: boolean,
  ended: ThreadEnd,
  heard: (message: unknown) => void,
): Thread {
  const source = isOwn
    ? boot.url
    : URL.createObjectURL(new Blob([WEB_SOURCE], { type: "text/javascript" }));
  const worker = new Worker(source, { type: "module", name: boot.name });
  let isOver = false;
  const end = (failure: { reason: unknown } | undefined, isCertain: boolean): void => {
    if (isOver) return;
    isOver = true;
    if (!isOwn) URL.revokeObjectURL(source);
    worker.terminate();
    ended(failure, isCertain);
  };
  worker.addEventListener("message", ({ data }) => {
    if (data === GOODBYE) end(undefined, true);
    else if (!isOver) heard(data);
  });
  worker.addEventListener("error", (event) => {
    event.preventDefault();
    end({ reason: event.error ?? new Error(event.message) }, false);
  });
  const envelope: Envelope = { [BOOT]: boot };
  worker.postMessage(envelope);
  return {
    send: (message, transfer) => worker.postMessage(message, transfer),
    // No browser says when.
    gone: new Promise(() => {}),
    terminate: () => {
      end(undefined, false);
      return Promise.resolve();
    },
  };
}

/** The line of a thread to the one that started it. */
export interface Line {
  /** Sends a message. */
  readonly send: Send;
  /** Hears messages, and keeps the thread alive, until {@linkcode hangUp}. */
  listen(heard: (message: unknown) => void): void;
  /** The thread has no more to do: if nothing else keeps it alive, it ends. */
  hangUp(): void;
  /** Reports whether the thread ends with the line, wherever it is: in browsers, where it would end by itself never. */
  readonly isLifeline: boolean;
}

/** The line of this thread, which is a worker, to its owner. */
export function lineToOwner(): Line {
  const port = workerThreads()?.parentPort ?? undefined;
  return port === undefined ? webLine() : nodeLine(port);
}

function nodeLine(port: NodePort): Line {
  return {
    send: (message, transfer) => port.postMessage(message, transfer),
    listen: (heard) => port.on("message", heard),
    // What a task left behind, a timer for example, may still wait for something to come.
    hangUp: () => port.unref(),
    isLifeline: false,
  };
}

function webLine(): Line {
  const scope = globalThis as unknown as EventTarget & { postMessage: Send };
  return {
    send: (message, transfer) => scope.postMessage(message, transfer),
    listen: (heard) =>
      scope.addEventListener("message", (event) => heard((event as MessageEvent).data)),
    hangUp: () => scope.postMessage(GOODBYE, []),
    isLifeline: true,
  };
}

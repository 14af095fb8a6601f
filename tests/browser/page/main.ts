/**
 * What the smoke test calls in the page. Each function does one thing and returns what there is to
 * assert; the assertions stand in `smoke_test.ts`.
 *
 * @module
 */

import {
  any,
  AtomicI32,
  capabilities,
  Channel,
  i32,
  Mutex,
  Pool,
  selectSync,
  Semaphore,
  send,
  sharedArray,
  transfer,
  WaitGroup,
} from "../../../mod.ts";
import { addTo, context2d, countForEver, paint, receiveMoved, squareAll, sumTo } from "./tasks.ts";

/** Reports whether the page is isolated, and whether the module says that it has threads. */
export function capability(): { isolated: boolean; threads: boolean } {
  const isolated = Reflect.get(globalThis, "crossOriginIsolated") === true;
  return { isolated, threads: capabilities.threads };
}

/** Runs one task on a pool. */
export async function poolTask(n: number): Promise<{ sum: number; thread: "page" | "worker" }> {
  await using pool = new Pool({ threads: 1 });
  return await pool.go(sumTo, n);
}

/** Runs one task on a pool whose threads start from a file of the page's own. */
export async function ownWorkerTask(n: number): Promise<{ sum: number; thread: string }> {
  await using pool = new Pool({
    threads: 1,
    worker: new URL("./own_worker.js", import.meta.url),
  });
  return await pool.go(sumTo, n);
}

/** Runs one task on a pool, and returns how a failure is called. */
export async function failureOfTask(): Promise<string> {
  await using pool = new Pool({ threads: 1 });
  return await pool.go(sumTo, 1).join().then(() => "none", (error: Error) => error.name);
}

/**
 * Terminates a pool whose thread counts for ever, and returns once it counts no more.
 *
 * @returns what the goroutine rejects with
 */
export async function terminateBusy(): Promise<string> {
  const pool = new Pool({ threads: 1 });
  using started = new Channel(i32, 1);
  const counter = sharedArray(i32, 1);
  const counting = pool.go(countForEver, started, counter);
  const failure = counting.join().then(() => "none", (error: Error) => error.name);
  await started.receive();
  await pool.terminate(1);
  for (let last = -1; last !== Atomics.load(counter, 0);) {
    last = Atomics.load(counter, 0);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  return await failure;
}

/** Runs an inline function on a pool. */
export async function inlineFunction(n: number): Promise<{ sum: number; thread: string }> {
  await using pool = new Pool({ threads: 1 });
  return await pool.go((n: number) => {
    let sum = 0;
    for (let i = 1; i <= n; i++) sum += i;
    return { sum, thread: "document" in globalThis ? "page" : "worker" };
  }, n);
}

/**
 * Sends 1…count to a task and returns the squares that it sends back. Both channels are smaller than
 * `count`, so that page and task wait for each other, in both directions.
 */
export async function channelRoundTrip(count: number): Promise<number[]> {
  await using pool = new Pool({ threads: 1 });
  using numbers = new Channel(i32, 4);
  using squares = new Channel(i32, 4);
  const squaring = pool.go(squareAll, numbers, squares);
  const sending = (async () => {
    for (let n = 1; n <= count; n++) await numbers.send(n);
    numbers.close();
  })();
  const received: number[] = [];
  for await (const square of squares) received.push(square);
  await Promise.all([sending, squaring]);
  return received;
}

/** Two arrays, of which a task adds to the parts that a channel has carried, and an atomic value that it raises. */
export async function sharedRoundTrip(): Promise<{ arrays: number[][]; count: number }> {
  await using pool = new Pool({ threads: 1 });
  using channel = new Channel(any<Int32Array>(), 2);
  using count = new AtomicI32();
  const arrays = [sharedArray(i32, 3), sharedArray(i32, 2).fill(5)];
  for (const array of arrays) await channel.send(array.subarray(1));
  await pool.go(addTo, [(await channel.receive())!, (await channel.receive())!], count);
  return { arrays: arrays.map((array) => [...array]), count: count.load() };
}

/**
 * Moves a canvas and a stream of colours into a task, which paints with them and moves the picture back.
 *
 * @returns the picture's size and pixels, and what is left here of what was moved
 */
export async function movedRoundTrip(): Promise<
  { size: number[]; pixels: number[]; left: unknown[] }
> {
  await using pool = new Pool({ threads: 1 });
  const canvas = new OffscreenCanvas(2, 1);
  const colours = new ReadableStream<string>({
    start(controller): void {
      for (const colour of ["#ff0000", "#0000ff"]) controller.enqueue(colour);
      controller.close();
    },
  });
  const painting = pool.go(paint, transfer(canvas), transfer(colours));
  const left: unknown[] = [canvas.width, colours.locked];
  const picture = await painting;
  const context = context2d(new OffscreenCanvas(2, 1));
  context.drawImage(picture, 0, 0);
  const { data } = context.getImageData(0, 0, 2, 1);
  return { size: [picture.width, picture.height], pixels: [...data], left };
}

/**
 * Tries to move objects that are fit together with one that is not: the runtime moves some before it finds out.
 *
 * @returns what each of the calls threw, and whether what was fit is still here
 */
export function refusedMoves(): { ends: string[]; isHere: boolean[] } {
  const pool = new Pool({ threads: 0 });
  const dead = new MessageChannel().port1;
  new MessageChannel().port1.postMessage(null, [dead]);
  const used = new OffscreenCanvas(1, 1);
  used.getContext("2d");
  const ends: string[] = [];
  const isHere: boolean[] = [];
  for (const unfit of [dead, used]) {
    const buffer = new ArrayBuffer(8);
    const stream = new ReadableStream();
    const canvas = new OffscreenCanvas(1, 1);
    try {
      pool.go(receiveMoved, [
        transfer(buffer),
        transfer(stream),
        transfer(canvas),
        transfer(unfit),
      ]);
    } catch (error) {
      ends.push((error as Error).name);
    }
    isHere.push(buffer.byteLength === 8, !stream.locked, canvas.width === 1);
  }
  return { ends, isHere };
}

/**
 * Calls every blocking form on the page's own thread where it would have to wait.
 *
 * @returns the `code` of what each throws, by its name; "done" for one that returned
 */
export function blockingForms(): Record<string, unknown> {
  using empty = new Channel(i32, 1);
  using full = new Channel(i32, 1);
  full.trySend(1);
  using rendezvous = new Channel(i32, 0);
  using mutex = new Mutex();
  using _guard = mutex.tryLock();
  using semaphore = new Semaphore(0);
  using group = new WaitGroup();
  group.add(1);
  const forms: Record<string, () => unknown> = {
    receiveSync: () => empty.receiveSync(),
    "receiveSync of a rendezvous": () => rendezvous.receiveSync(),
    receiveManySync: () => empty.receiveManySync(1),
    sendSync: () => full.sendSync(2),
    sendManySync: () => full.sendManySync([2]),
    selectSync: () => selectSync({ empty, out: send(full, 2) }),
    lockSync: () => mutex.lockSync(),
    lockWithinSync: () => mutex.lockWithinSync(1),
    acquireSync: () => semaphore.acquireSync(),
    waitSync: () => group.waitSync(),
  };
  const ends = Object.entries(forms).map(([name, call]): [string, unknown] => {
    try {
      call();
      return [name, "done"];
    } catch (error) {
      return [name, (error as { code?: unknown }).code ?? String(error)];
    }
  });
  // What need not wait does not, and nobody was left waiting by those that threw.
  empty.sendSync(3);
  const left = [empty.receiveSync(), full.receiveSync(), full.size, rendezvous.trySend(1)];
  return { ...Object.fromEntries(ends), left };
}

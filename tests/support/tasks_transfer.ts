/**
 * Tasks for the tests of what is moved.
 *
 * @module
 */
import { type Channel, type Goroutine, Pool, task, transfer } from "../../mod.ts";

/** Says hello through a port, and closes it. */
export const greet = task(import.meta.url, "greet", ({ port }: { port: MessagePort }): void => {
  port.postMessage("hello");
  port.close();
});

/** Forks {@linkcode greet} on another thread, if there is one, with the port that has been moved here. */
export const forkGreet = task(
  import.meta.url,
  "forkGreet",
  async (port: MessagePort): Promise<string> => {
    await Pool.current!.go(greet, { port: transfer(port) });
    try {
      Pool.current!.go(greet, { port: transfer(port) });
    } catch (error) {
      return (error as Error).name;
    }
    return "moved twice";
  },
);

/** Forks a task that greets, and ends its thread. */
export const forkGreetAndDie = task(
  import.meta.url,
  "forkGreetAndDie",
  (port: MessagePort): void => {
    Pool.current!.go(greet, { port: transfer(port) });
    process.exit(3);
  },
);

/** Collects what comes through a stream. */
export const collect = task(
  import.meta.url,
  "collect",
  async (stream: ReadableStream<number>): Promise<number[]> => {
    const chunks: number[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    return chunks;
  },
);

/** Writes 1, 2, 3 and closes. */
export const pour = task(
  import.meta.url,
  "pour",
  async (sink: WritableStream<number>): Promise<void> => {
    const writer = sink.getWriter();
    for (const chunk of [1, 2, 3]) await writer.write(chunk);
    await writer.close();
  },
);

/** Sends 1, 2, 3 through, and returns what comes out. */
export const pass = task(
  import.meta.url,
  "pass",
  async ({ readable, writable }: TransformStream<number, number>): Promise<number[]> => {
    const [passed] = await Promise.all([collect(readable), pour(writable)]);
    return passed;
  },
);

/** Makes a stream of 0 to `count` - 1, moves it away, and goes on feeding it. */
export const makeStream = task(
  import.meta.url,
  "makeStream",
  (count: number): ReadableStream<number> => {
    let next = 0;
    return transfer(
      new ReadableStream<number>({
        pull(controller): void {
          if (next < count) controller.enqueue(next++);
          else controller.close();
        },
      }),
    );
  },
);

/** Joins {@linkcode makeStream} as a fork, and moves what it got on. */
export const passStreamOn = task(
  import.meta.url,
  "passStreamOn",
  async (count: number): Promise<ReadableStream<number>> =>
    transfer(await Pool.current!.go(makeStream, count)),
);

/** Makes a buffer of so many bytes and moves it away, with a view of it. */
export const makeBuffer = task(
  import.meta.url,
  "makeBuffer",
  (byteLength: number): { buffer: ArrayBuffer; view: Uint8Array } => {
    const view = new Uint8Array(byteLength).fill(7);
    return { view, buffer: transfer(view.buffer) };
  },
);

/** Adds 1 to each byte and returns the buffer, moved. */
export const raise = task(import.meta.url, "raise", (buffer: ArrayBuffer): ArrayBuffer => {
  const bytes = new Uint8Array(buffer);
  for (let at = 0; at < bytes.length; at++) bytes[at]! += 1;
  return transfer(buffer);
});

/** Returns, marked, what it has moved away already. */
export const returnMoved = task(import.meta.url, "returnMoved", (): unknown => {
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  return { buffer: transfer(buffer) };
});

/** Keeps its thread, and the port that was moved to it, until it is told; then ends the thread. */
export const holdAndDie = task(
  import.meta.url,
  "holdAndDie",
  async (_port: MessagePort, started: Channel<number>, until: Channel<number>): Promise<void> => {
    await started.send(1);
    await until.receive();
    process.exit(3);
  },
);

function refusalOf(goroutine: Goroutine<unknown>): string {
  try {
    goroutine.joinSync();
    return "joined";
  } catch (error) {
    return String(error);
  }
}

/** Joins, blocking and then not, a fork that something is moved to and one that moves something back. */
export const joinMoved = task(
  import.meta.url,
  "joinMoved",
  async (port: MessagePort): Promise<[string, string, number]> => {
    const pool = Pool.current!;
    const greeting = pool.go(greet, { port: transfer(port) });
    const toFork = refusalOf(greeting);
    await greeting;
    const making = pool.go(makeBuffer, 1 << 20);
    const fromFork = refusalOf(making);
    return [toFork, fromFork, (await making).view.length];
  },
);

/** Greets, and tells whoever waits for that. */
export const greetAndTell = task(
  import.meta.url,
  "greetAndTell",
  (port: MessagePort, told: Channel<number>): void => {
    greet({ port });
    told.sendSync(7);
  },
);

/** Blocks until it is told. */
export const hear = task(import.meta.url, "hear", (told: Channel<number>): number => {
  return told.receiveSync()!;
});

/** Blocks for a fork that hears of another, newer one, to which a port is moved. */
export const hearOfMoved = task(
  import.meta.url,
  "hearOfMoved",
  (port: MessagePort, told: Channel<number>): number => {
    const pool = Pool.current!;
    const hearing = pool.go(hear, told);
    pool.go(greetAndTell, transfer(port), told);
    return hearing.joinSync();
  },
);

/** Says that it has started; when it is told, makes a buffer of so many bytes and moves it away. */
export const makeLater = task(
  import.meta.url,
  "makeLater",
  async (
    started: Channel<number>,
    until: Channel<number>,
    byteLength: number,
  ): Promise<ArrayBuffer> => {
    await started.send(1);
    await until.receive();
    return transfer(new ArrayBuffer(byteLength));
  },
);

/** Leaves behind on its thread, with a timer that keeps that alive, the join of a fork that runs on another one. */
export const leaveJoin = task(
  import.meta.url,
  "leaveJoin",
  (until: Channel<number>, lengths: Channel<number>, started: Channel<number>): void => {
    const making = Pool.current!.go(makeLater, started, until, 1 << 20);
    const timer = setInterval(() => {}, 1000);
    making.then(async ({ byteLength }) => {
      await lengths.send(byteLength);
      clearInterval(timer);
    });
    // Blocked, this thread leaves the fork to the other.
    started.receiveSync();
  },
);

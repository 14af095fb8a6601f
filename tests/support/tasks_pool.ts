/**
 * Tasks for the tests of what a pool offers beside running them.
 *
 * @module
 */
import { type Channel, never, Pool, task } from "../../mod.ts";
import { noop } from "./tasks.ts";

/** Changes its argument, and returns it. */
export const change = task(
  import.meta.url,
  "change",
  (value: { list: number[] }): { list: number[] } => {
    value.list.push(value.list.length);
    return value;
  },
);

/** Sends its number, forks `count` tasks that send theirs, and sends its number again. */
export const forkInOrder = task(
  import.meta.url,
  "forkInOrder",
  (ran: Channel<number>, first: number, count: number): void => {
    ran.sendSync(first);
    for (let i = 1; i <= count; i++) Pool.current!.go(record, ran, first + i);
    ran.sendSync(first);
  },
);

/** Sends its number. */
export const record = task(import.meta.url, "record", (ran: Channel<number>, n: number): void => {
  ran.sendSync(n);
});

/** Keeps its pool, suspends, forks, and reports whether the pool was the current one all the time. */
export const forkLater = task(
  import.meta.url,
  "forkLater",
  async (): Promise<{ threads: number; isSame: boolean }> => {
    const pool = Pool.current!;
    await pool.go(noop);
    await new Promise((resolve) => setTimeout(resolve, 0));
    await pool.go(noop);
    return { threads: pool.threads, isSame: pool === Pool.current };
  },
);

/** Holds its thread for some milliseconds. */
export const holdFor = task(import.meta.url, "holdFor", (ms: number): void => {
  const end = performance.now() + ms;
  while (performance.now() < end);
});

/** Uses a pool without threads inside, and returns what came of it. */
export const nestSerial = task(import.meta.url, "nestSerial", async (): Promise<unknown[]> => {
  const outer = Pool.current!;
  await using inner = new Pool({ threads: 0 });
  const seen = await inner.go(seeThreads);
  return [outer.threads, seen, Pool.current === outer];
});

/** Number of threads of the current pool. */
export const seeThreads = task(
  import.meta.url,
  "seeThreads",
  (): number | undefined => Pool.current?.threads,
);

/** Asks the current pool what only its owner may. */
export const reportOnPool = task(
  import.meta.url,
  "reportOnPool",
  (): unknown => Pool.current!.stats(),
);

/** Forks an inline function. */
export const goInline = task(
  import.meta.url,
  "goInline",
  async (n: number): Promise<number> => await Pool.current!.go((m) => m * m, n),
);

/** A pool without threads that the tasks below terminate, and how often a fork has run that was submitted afterwards. */
export const terminating: { pool: Pool | undefined; runs: number } = { pool: undefined, runs: 0 };

/** Terminates the pool when it is read. */
function trap(): { readonly value: number } {
  return {
    get value(): number {
      terminating.pool!.terminate();
      return 1;
    },
  };
}

export const returnTrap = task(import.meta.url, "returnTrap", async (): Promise<unknown> => {
  await undefined;
  return trap();
});

export const throwTrap = task(import.meta.url, "throwTrap", async (): Promise<never> => {
  await undefined;
  throw trap();
});

export const forkWithTrap = task(import.meta.url, "forkWithTrap", (): void => {
  Pool.current!.go(countRun, trap());
});

const countRun = task(import.meta.url, "countRun", (_value: unknown): void => {
  terminating.runs++;
});

export const terminateAndWait = task(
  import.meta.url,
  "terminateAndWait",
  async (): Promise<void> => {
    terminating.pool!.terminate();
    await never().receive();
  },
);

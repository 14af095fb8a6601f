/**
 * Tasks that use limiters on threads, each of them callable as itself on this thread.
 *
 * @module
 */
import { type Channel, type Semaphore, task, type WaitGroup } from "../../mod.ts";
import type { Limiter, MultiLimiter, RateLimiter } from "../../src/rate/mod.ts";

/** Asks `count` times whether an event may happen, once all that `start` counts are ready, and returns how often it might. */
export const allowMany = task(
  import.meta.url,
  "allowMany",
  (limiter: RateLimiter, count: number, start: WaitGroup): number => {
    start.done();
    start.waitSync();
    let allowed = 0;
    for (let i = 0; i < count; i++) if (limiter.allow()) allowed++;
    return allowed;
  },
);

/** Reserves `count` times, and returns when the turns are, in the time that all threads share. */
export const reserveMany = task(
  import.meta.url,
  "reserveMany",
  (limiter: Limiter, count: number, start: WaitGroup): number[] => {
    start.done();
    start.waitSync();
    return Array.from({ length: count }, () => {
      const { delay } = limiter.reserve();
      return performance.timeOrigin + performance.now() + delay;
    });
  },
);

/** Reserves and gives back, `count` times. */
export const reserveInVain = task(
  import.meta.url,
  "reserveInVain",
  (limiter: Limiter, count: number, start: WaitGroup): void => {
    start.done();
    start.waitSync();
    for (let i = 0; i < count; i++) limiter.reserve().cancel();
  },
);

/** Waits `count` times, and sends `name` each time. */
export const waitAndSend = task(
  import.meta.url,
  "waitAndSend",
  async (
    limiter: RateLimiter,
    count: number,
    name: number,
    to: Channel<number>,
  ): Promise<void> => {
    for (let i = 0; i < count; i++) {
      await limiter.wait();
      await to.send(name);
    }
  },
);

/** Waits for a turn, having said so, and ends its thread while it waits. */
export const waitAndDie = task(
  import.meta.url,
  "waitAndDie",
  async (limiter: RateLimiter, started: Semaphore, end: Channel<number>): Promise<void> => {
    limiter.wait();
    started.release();
    await end.receive();
    globalThis.process.exit(1);
  },
);

/** Takes and gives back tokens, having said so, until its thread is ended. */
export const useForEver = task(
  import.meta.url,
  "useForEver",
  (limiter: Limiter, started: Semaphore): void => {
    started.release();
    for (;;) limiter.reserve().cancel();
  },
);

/** Returns the limits of what a combination stands for. */
export const limitsOf = task(
  import.meta.url,
  "limitsOf",
  (multi: MultiLimiter): number[] => multi.limiters.map(({ limit }) => limit),
);

/** Raises the limit. */
export const raise = task(
  import.meta.url,
  "raise",
  (limiter: Limiter, limit: number, burst: number): void => {
    limiter.setLimit(limit);
    limiter.setBurst(burst);
  },
);

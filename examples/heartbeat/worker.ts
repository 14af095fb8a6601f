/**
 * Workers that give signs of life, and somebody who listens to them.
 *
 * @module
 */
import { after, Channel, go, never, type ReceiveChannel, select, send, tick } from "../../mod.ts";
import type { Context } from "../../src/context/mod.ts";
import { generate, heartbeat } from "../../src/patterns/mod.ts";

/** Prints a line. */
export type Print = (line: string) => void;

/** What comes from a worker. */
export interface Worker<T> {
  /** Its signs of life. */
  readonly pulse: ReceiveChannel<void>;
  /** What it is there for. */
  readonly results: ReceiveChannel<T>;
}

/** A worker with a result every two pulses, and a pulse every `pulseMs`. */
export function steadyWorker(ctx: Context, pulseMs: number): Worker<number> {
  const numbers = new Channel<number>();
  go(async () => {
    const work = tick(2 * pulseMs);
    try {
      for (let number = 1;; number++) {
        const worked = await select({ work, stop: ctx.done });
        if (worked.case === "stop") return;
        const sent = await select({ sent: send(numbers, number), stop: ctx.done });
        if (sent.case === "stop") return;
      }
    } finally {
      numbers.close();
    }
  });
  // Whoever works need not know of pulses, nor whether anybody listens to them.
  const [pulse, results] = heartbeat(ctx.done, numbers, { everyMs: pulseMs });
  return { pulse, results };
}

/** A worker with a pulse as each unit of its work comes. */
export function unitWorker(ctx: Context, numbers: readonly number[]): Worker<number> {
  const [pulse, results] = heartbeat(ctx.done, generate(ctx.done, ...numbers), { perItem: true });
  return { pulse, results };
}

/** A worker that gives two signs of life by hand, and then hangs in its work without a word. */
export function hangingWorker(ctx: Context, pulseMs: number): Worker<number> {
  const pulse = new Channel<void>(1);
  const results = new Channel<number>();
  go(async () => {
    const beats = tick(pulseMs);
    try {
      for (let left = 2; left > 0; left--) {
        const beat = await select({ beats, stop: ctx.done });
        if (beat.case === "stop") return;
        // A sign that nobody wants is dropped: who waited here would give no more.
        pulse.trySend();
      }
      await select({ answer: never(), stop: ctx.done });
    } finally {
      // Who listens must not take the end of the work for a hanging worker, nor closed channels for pulses.
      pulse.close();
      results.close();
    }
  });
  return { pulse, results };
}

/** How listening has ended. */
export type Verdict = "ended" | "unhealthy";

/** Prints what comes from a worker, until it ends, or gives no sign of life for `timeoutMs`. */
export async function listen<T>(
  worker: Worker<T>,
  timeoutMs: number,
  print: Print,
): Promise<Verdict> {
  let pulse: ReceiveChannel<void> | null = worker.pulse;
  for (;;) {
    const got = await select({ pulse, result: worker.results, late: after(timeoutMs) });
    switch (got.case) {
      case "late":
        print("the worker is not healthy");
        return "unhealthy";
      case "pulse":
        if (got.ok) print("pulse");
        // Results may still be on their way.
        else pulse = null;
        break;
      case "result":
        if (got.ok) {
          print(`result ${got.value}`);
          break;
        }
        print("the worker has ended");
        return "ended";
    }
  }
}

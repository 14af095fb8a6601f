/**
 * Where work waits for a worker.
 *
 * @module
 */
import { Channel, go, select } from "../../mod.ts";

/** Something to do, as the worker of this number. */
export type Work = (worker: number) => Promise<void>;

/** Takes work. Disposing it waits until all work is done and nothing of it is left. */
export interface WorkQueue extends AsyncDisposable {
  /** Hands over work; it must not fail. */
  queue(work: Work): Promise<void>;
}

/** Makes a queue on which at most `workers` do something at once. */
export function openQueue(workers: number): WorkQueue {
  return workers > 1 ? openConcurrent(workers) : SERIAL;
}

/** By default work is done right away, by the goroutine that has it, as the only worker. */
const SERIAL: WorkQueue = {
  queue: (work) => work(0),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

function openConcurrent(workers: number): WorkQueue {
  const workq = new Channel<Work>();
  const coordinator = go(() => coordinate(workq, workers));
  return {
    queue: (work) => workq.send(work),
    async [Symbol.asyncDispose]() {
      workq.close();
      await coordinator;
    },
  };
}

/**
 * Gives work to workers until `workq` is closed and all of it is done. Any amount of it may wait; the latest goes first, so that
 * what a function has inside follows soon upon it.
 */
async function coordinate(workq: Channel<Work>, workers: number): Promise<void> {
  const done = new Channel<number>();
  const ids = Array.from({ length: workers }, (_, id) => id);
  const pending: Work[] = [];
  // A worker that is not back yet has something to say to `done`, and would say it to nobody.
  for (let closed = false; !closed || pending.length > 0 || ids.length < workers;) {
    const got = await select({ work: closed ? null : workq, done });
    if (got.case === "done") ids.push(got.value!);
    else if (got.ok) pending.push(got.value);
    else closed = true;
    while (pending.length > 0 && ids.length > 0) {
      const work = pending.pop()!;
      const id = ids.pop()!;
      go(async () => {
        await work(id);
        await done.send(id);
      });
    }
  }
}

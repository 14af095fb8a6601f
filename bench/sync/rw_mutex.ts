/** One writer and a number of readers, as in the table of "Concurrency in Go" that compares RWMutex with Mutex. */

import { go, type Locker } from "../../mod.ts";
import { check } from "../support/measure.ts";

/** How often the writer locks. */
const WRITES = 5;

/**
 * For each `readers` of the `ops`: a writer locks five times, yielding in between, while so many goroutines lock `reader` once.
 * All of them are of this thread.
 */
export async function readersAndWriter(
  writer: Locker,
  reader: Locker,
  readers: number,
  ops: number,
): Promise<number> {
  let reads = 0;
  let writes = 0;
  const start = performance.now();
  for (let done = 0; done < ops; done += readers) {
    const all: PromiseLike<void>[] = [go(async () => {
      for (let i = 0; i < WRITES; i++) {
        await writer.lock();
        writes++;
        writer.unlock();
        await undefined;
      }
    })];
    for (let i = 0; i < readers; i++) {
      all.push(go(async () => {
        await reader.lock();
        reads++;
        reader.unlock();
      }));
    }
    for (const each of all) await each;
  }
  const elapsedMs = performance.now() - start;
  check("The number of reads", reads, ops);
  check("The number of writes", writes, WRITES * (ops / readers));
  return elapsedMs;
}

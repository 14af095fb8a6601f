import { AtomicI32, i32, Pool, Semaphore, sharedArray, WaitGroup } from "../../mod.ts";
import { asyncFunction } from "../rivals/promises.ts";
import { situation } from "../support/situation.ts";
import {
  acquireContended,
  acquireFree,
  acquireSyncFree,
  addByAtomics,
  addContended,
  addFree,
  meetAtBarrier,
  waitFree,
} from "./primitives.ts";

const semaphore = new Semaphore(2);
const value = new AtomicI32();
const values = sharedArray(i32, 1);
const group = new WaitGroup();
// Never closed: no bench knows which is the last. The process ends all the same.
const pool = new Pool({ threads: 2 });

// A unit nobody else wants, against the await that the promise form cannot do without.
situation({
  group: "sync/semaphore free",
  ops: 1_000,
  bodies: {
    "bare async function": asyncFunction,
    "acquireSync + release": (ops) => acquireSyncFree(semaphore, ops),
    "acquire + release, awaited": (ops) => acquireFree(semaphore, ops),
  },
});

// The only unit, which two threads want all the time.
situation({
  group: "sync/semaphore contended",
  ops: 10_000,
  bodies: { "acquireSync + release": (ops) => acquireContended(pool, ops) },
});

// A counter of one thread.
situation({
  group: "sync/atomic free",
  ops: 1_000,
  bodies: {
    "Atomics.add": (ops) => addByAtomics(values, ops),
    "add": (ops) => addFree(value, ops),
  },
});

// A counter of two threads.
situation({
  group: "sync/atomic contended",
  ops: 10_000,
  bodies: { add: (ops) => addContended(pool, ops) },
});

// A group that has nothing to wait for.
situation({
  group: "sync/wait group free",
  ops: 1_000,
  bodies: { "add + done + waitSync": (ops) => waitFree(group, ops) },
});

// Two threads in step.
situation({
  group: "sync/barrier parties=2",
  ops: 1_000,
  bodies: { waitSync: (ops) => meetAtBarrier(pool, ops) },
});

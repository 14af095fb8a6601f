import { Mutex, Pool } from "../../mod.ts";
import { asyncMutexCrowd, asyncMutexFree } from "../rivals/async_mutex.ts";
import { asyncFunction } from "../rivals/promises.ts";
import { situation } from "../support/situation.ts";
import {
  CROWD,
  lockCrowd,
  lockFree,
  lockOversubscribed,
  lockSyncContended,
  lockSyncFree,
  WORK,
} from "./mutex.ts";

const mutex = new Mutex();
// Its threads start with the first task and do not keep the process.
const pool = new Pool({ threads: 2 });

// A critical section nobody else wants, against the await that the promise form cannot do without.
situation({
  group: "sync/mutex free",
  ops: 1_000,
  bodies: {
    "bare async function": asyncFunction,
    "async-mutex": asyncMutexFree,
    "lockSync + unlock": (ops) => lockSyncFree(mutex, ops),
    "lock + unlock, awaited": (ops) => lockFree(mutex, ops),
  },
});

// Goroutines of one thread that stand in line for a mutex which its holder keeps while it suspends.
situation({
  group: "sync/mutex crowd",
  ops: 64 * CROWD,
  bodies: {
    "async-mutex": (ops) => asyncMutexCrowd(CROWD, ops),
    "lock + unlock, awaited": lockCrowd,
  },
});

// Threads that want the same mutex all the time; that do something with it and without; and many goroutines on few threads.
situation({
  group: "sync/mutex threads",
  ops: 64 * CROWD,
  bodies: {
    "contended": (ops) => lockSyncContended(pool, 0, ops),
    "contended, with work": (ops) => lockSyncContended(pool, WORK, ops),
    "oversubscribed, awaited": (ops) => lockOversubscribed(pool, ops),
  },
});

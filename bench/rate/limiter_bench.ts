import { Pool } from "../../mod.ts";
import { FixedWindow, LeakyBucket, Limiter, MultiLimiter, SlidingLog } from "../../src/rate/mod.ts";
import { asyncFunction } from "../rivals/promises.ts";
import { situation } from "../support/situation.ts";
import { allowContended, allowFree, PLENTY, readClock, reserveFree, waitFree } from "./limiter.ts";

const limiter = new Limiter(0, PLENTY);
const window = new FixedWindow(PLENTY, 1e9);
// As many as it remembers leave its window between two operations.
const log = new SlidingLog(1_000, 1e-6);
const bucket = new LeakyBucket(0, PLENTY);
const multi = new MultiLimiter(limiter, window);
// Never closed: no bench knows which is the last. The process ends all the same.
const pool = new Pool({ threads: 2 });

// A request that is let through, against the clock that has to be read for it.
situation({
  group: "rate/allow free",
  ops: 1_000,
  bodies: {
    "performance.now": readClock,
    "Limiter": (ops) => allowFree(limiter, ops),
    "FixedWindow": (ops) => allowFree(window, ops),
    "SlidingLog": (ops) => allowFree(log, ops),
    "LeakyBucket": (ops) => allowFree(bucket, ops),
    "MultiLimiter of two": (ops) => allowFree(multi, ops),
  },
});

// A request that need not wait, against the await that the promise form cannot do without.
situation({
  group: "rate/wait free",
  ops: 1_000,
  bodies: {
    "bare async function": asyncFunction,
    "Limiter.wait, awaited": (ops) => waitFree(limiter, ops),
    "Limiter.reserve + cancel": (ops) => reserveFree(limiter, ops),
  },
});

// A limit that two threads keep together, and both are at all the time.
situation({
  group: "rate/allow contended",
  ops: 10_000,
  bodies: { Limiter: (ops) => allowContended(pool, ops) },
});

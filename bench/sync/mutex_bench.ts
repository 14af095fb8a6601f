import { Mutex } from "../../mod.ts";
import { asyncFunction } from "../rivals/promises.ts";
import { situation } from "../support/situation.ts";
import { lockFree, lockSyncFree } from "./mutex.ts";

const mutex = new Mutex();

// A critical section nobody else wants, against the await that the promise form cannot do without.
situation({
  group: "sync/mutex free",
  ops: 1_000,
  bodies: {
    "bare async function": asyncFunction,
    "lockSync + unlock": (ops) => lockSyncFree(mutex, ops),
    "lock + unlock, awaited": (ops) => lockFree(mutex, ops),
  },
});

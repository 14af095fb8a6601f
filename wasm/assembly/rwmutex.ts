/**
 * Mutex for many readers or one writer. Waiting is queue.ts; here is who gets it.
 *
 * RW_STATE is a u64 word.
 *
 * | bits    | field   | meaning                                                                          |
 * | ------- | ------- | -------------------------------------------------------------------------------- |
 * | 0 … 31  | writer  | as the owner of a mutex: 0, agent, agent + MUTEX_HANDED, or MUTEX_ABANDONED      |
 * | 32 … 63 | readers | how many read locks are held                                                     |
 *
 * | writer    | readers | meaning            | a reader gets in | a writer gets in |
 * | --------- | ------- | ------------------ | ---------------- | ---------------- |
 * | 0         | 0       | free               | at once          | at once          |
 * | 0         | > 0     | read               | at once          | after them       |
 * | agent     | 0       | written            | after it         | after it         |
 * | abandoned | 0       | the writer is dead | never            | by `rwRecover`   |
 *
 * "At once" holds while nobody waits. As soon as somebody does, all others queue behind, so a waiting writer holds back later readers; and
 * waiters are granted in the order of arrival, from the head only, by `rwSettle`: a run of readers together, a writer alone.
 * Nobody is overtaken, so neither side starves. A granted waiter has the lock when it is fired.
 *
 * A thread that reads has a *record* in the lock, where it is noted how many of the read locks are its own, so that they can be given back
 * when it dies: a reader has changed nothing, and leaves nothing half done. RW_RECORDS chains them; they live as long as the lock.
 *
 * Invariants
 * - I1 If there is a writer, there are no readers.
 * - I2 The records add up to `readers`, but for threads that stand between the two words; each of them goes first up in `readers`, then in its
 *   record, and first down in the record. In between stands neither a loop nor a call, so no thread dies there (law 10).
 * - I3 Nobody sleeps who could be granted: `rwSettle` is called after everything that may let the head in (a release, an entry, a
 *   leaving, a death that somebody noticed), and a release writes the state and then looks at the count (law 3).
 * - I4 Nobody sleeps beside a lock whose holders are dead: as for mutexes (mutex.ts, I4). Everybody who looks again after a death leaves the
 *   queue, looks, and enters; a grant reads the state of the agent and writes word and record under the queue's lock.
 * - I5 A record's agent is alive or dead for ever while its count is not 0 (mutex.ts, I5).
 *
 * Rejected: readers that give back what a dead thread held by counting all records: while others come and go there is no moment at which
 * they add up. Barging readers, with Go's negative count for a pending writer: a writer that gives up must then let those in who
 * queued behind it, and there is no queue to tell them from those behind the next writer.
 */
import { add32, add64, cas32, cas64, load32, load64, xchg32 } from "./atomics";
import { inboxPush } from "./agent";
import { allocate, free } from "./heap";
import { acquire, release } from "./lock";
import { isLost } from "./mutex";
import { claimNode, delivered, link, queueWakeAll } from "./queue";
import {
  AGENT_DEAD,
  AGENT_STATE,
  LOCK_ABANDONED,
  LOCK_CONTENDED,
  LOCK_MISUSED,
  LOCK_QUEUE,
  MUTEX_ABANDONED,
  MUTEX_HANDED,
  NODE_GRANTED,
  NODE_INDEX,
  NODE_NEED,
  NODE_NEXT,
  NODE_WAITER,
  QUEUE_COUNT,
  QUEUE_HEAD,
  QUEUE_LOCK,
  RECORD_AGENT,
  RECORD_COUNT,
  RECORD_NEXT,
  RECORD_SIZE,
  RW_READER,
  RW_RECORDS,
  RW_STATE,
  WOKE_NONE,
} from "./layout";

/**
 * The record of the calling thread in this lock; made at the first call.
 *
 * @returns 0 when memory is exhausted
 */
export function rwRecord(lock: usize, self: usize): usize {
  for (let record: usize = load32(lock + RW_RECORDS); record != 0; record = load<u32>(record + RECORD_NEXT)) {
    if (load<u32>(record + RECORD_AGENT) == <u32>self) return record;
  }
  const record = allocate(<u32>RECORD_SIZE);
  if (record == 0) return 0;
  // Plain: ours until the chain publishes it; agent and successor are never written again.
  store<u32>(record + RECORD_AGENT, <u32>self);
  store<u32>(record + RECORD_COUNT, 0);
  let head: u32;
  do {
    head = load32(lock + RW_RECORDS);
    store<u32>(record + RECORD_NEXT, head);
  } while (cas32(lock + RW_RECORDS, head, <u32>record) != head);
  return record;
}

/** Frees a lock that nobody names any more. */
export function rwFree(lock: usize): void {
  let record: usize = load32(lock + RW_RECORDS);
  while (record != 0) {
    const next: usize = load<u32>(record + RECORD_NEXT);
    free(record);
    record = next;
  }
  free(lock);
}

/**
 * Takes the lock for writing if it is free and nobody waits.
 *
 * - Progress: wait-free. Linearization: the swap. Model: `rwmutex_model_test.ts`.
 */
export function rwTryLock(lock: usize, self: usize): bool {
  return load32(lock + LOCK_QUEUE + QUEUE_COUNT) == 0 && cas64(lock + RW_STATE, 0, <u64>self) == 0;
}

/**
 * Takes the lock for reading if nobody writes and nobody waits.
 *
 * - Progress: lock-free. Linearization: the swap. Order: state, then record (I2). Model: `rwmutex_model_test.ts`.
 *
 * @param record the calling thread's
 */
export function rwTryRead(lock: usize, record: usize): bool {
  let state = load64(lock + RW_STATE);
  while (writerOf(state) == 0 && load32(lock + LOCK_QUEUE + QUEUE_COUNT) == 0) {
    const seen = cas64(lock + RW_STATE, state, state + RW_READER);
    if (seen == state) {
      add32(record + RECORD_COUNT, 1);
      return true;
    }
    state = seen;
  }
  return false;
}

/**
 * As `rwTryLock` and `rwTryRead`, after either has failed: clears away what the dead have left, and tries again.
 *
 * @param record the calling thread's, for a reader; 0 for a writer
 * @returns 1 if it has the lock, 0 if not, or `LOCK_ABANDONED`; waiters of the caller's own may lie in its inbox
 */
export function rwTrySlow(lock: usize, self: usize, record: usize): i32 {
  if (rwLook(lock, self) == LOCK_ABANDONED) return LOCK_ABANDONED;
  return record == 0 ? rwTryLock(lock, self) : rwTryRead(lock, record);
}

/**
 * Puts `node` of a waiter into the lock's queue, for case `index`.
 *
 * - Progress: blocking on the queue's lock.
 * - Order: the caller calls `rwLook` afterwards, before it sleeps (I3).
 * - Model: `rwmutex_model_test.ts`.
 *
 * @param record the calling thread's, for a reader; 0 for a writer
 */
export function rwEnter(lock: usize, node: usize, index: u32, record: usize): void {
  const queue = lock + LOCK_QUEUE;
  // Plain: the node is in no queue, so it is ours.
  store<u32>(node + NODE_INDEX, index);
  store<u32>(node + NODE_NEED, <u32>record);
  store<u32>(node + NODE_NEXT, 0);
  store<u32>(node + NODE_GRANTED, 0);
  acquire(queue + QUEUE_LOCK);
  link(queue, node);
  release(queue + QUEUE_LOCK);
}

/**
 * Looks at the lock on behalf of those who wait: gives back what dead readers hold, and grants what is possible.
 *
 * @returns a `WOKE_…` code, or `LOCK_ABANDONED`
 */
export function rwLook(lock: usize, self: usize): i32 {
  const state = load64(lock + RW_STATE);
  if (isLost(writerOf(state))) return found(lock, state, self);
  if (readersOf(state) != 0) reclaim(lock);
  return rwSettle(lock, self);
}

/**
 * Ends the wait of a waiter that was fired: it was granted the lock, or is to look for itself.
 *
 * - Linearization: the grant, or as `rwTryLock` and `rwTryRead`. Model: `rwmutex_model_test.ts`.
 *
 * @returns as `rwTrySlow`
 */
export function rwComplete(lock: usize, self: usize, node: usize): i32 {
  const record: usize = load<u32>(node + NODE_NEED); // Plain: the node was ours again when the waiter arrived.
  if (load<u32>(node + NODE_GRANTED) != 0) {
    if (record != 0) return 1;
    const handed = <u64>(<u32>self | MUTEX_HANDED);
    if (cas64(lock + RW_STATE, handed, <u64>self) == handed) return 1;
  }
  return rwTrySlow(lock, self, record);
}

/**
 * Is called for a waiter that was fired while its goroutine cannot run: gives back what it was granted.
 *
 * @returns a `WOKE_…` code, or `LOCK_MISUSED` when it was granted nothing
 */
export function rwPass(lock: usize, self: usize, node: usize): i32 {
  if (load<u32>(node + NODE_GRANTED) == 0) return LOCK_MISUSED; // Plain: as in `rwComplete`.
  const record: usize = load<u32>(node + NODE_NEED);
  return record == 0
    ? rwRelease(lock, self, <u32>self | MUTEX_HANDED)
    : rwReadUnlock(lock, self, record, false);
}

/**
 * Unlocks what the calling thread holds for writing, and grants what has become possible.
 *
 * - Linearization: the swap. Order: state, then the count (I3). Model: `rwmutex_model_test.ts`.
 *
 * @returns a `WOKE_…` code, or `LOCK_CONTENDED` when the caller does not hold it: `rwRelease` does it
 */
export function rwUnlock(lock: usize, self: usize): i32 {
  if (cas64(lock + RW_STATE, <u64>self, 0) != <u64>self) return LOCK_CONTENDED;
  return settleIfWaited(lock, self);
}

/**
 * Unlocks what anybody holds for writing.
 *
 * @param expected the writer that is to be changed, for who may unlock only what is its own; 0: whatever it is
 * @returns a `WOKE_…` code; `LOCK_MISUSED` when it is not locked for writing, or not as expected; or `LOCK_ABANDONED`
 */
export function rwRelease(lock: usize, self: usize, expected: u32): i32 {
  // Declared dead, and not stopped yet: what it held is somebody else's by now.
  if (load32(self + AGENT_STATE) == AGENT_DEAD) return WOKE_NONE;
  let state: u64;
  do {
    state = load64(lock + RW_STATE);
    const writer = writerOf(state);
    if (writer == 0 || (expected != 0 && writer != expected)) return LOCK_MISUSED;
    if (isLost(writer)) return found(lock, state, self);
  } while (cas64(lock + RW_STATE, state, 0) != state);
  return settleIfWaited(lock, self);
}

/**
 * Gives a read lock back: the calling thread's, or if it has none and `isAny` is set, somebody's.
 *
 * - Linearization: the addition. Order: record, then state (I2), then the count (I3). Model: `rwmutex_model_test.ts`.
 *
 * @param record the calling thread's; 0 for none
 * @returns a `WOKE_…` code, or `LOCK_MISUSED` when there is none to give back
 */
export function rwReadUnlock(lock: usize, self: usize, record: usize, isAny: bool): i32 {
  if (record != 0 && giveBack(lock, record)) return settleIfFree(lock, self);
  // Declared dead, and not stopped yet: what it held has been given back.
  if (load32(self + AGENT_STATE) == AGENT_DEAD) return WOKE_NONE;
  if (!isAny) return LOCK_MISUSED;
  for (let other: usize = load32(lock + RW_RECORDS); other != 0; other = load<u32>(other + RECORD_NEXT)) {
    if (giveBack(lock, other)) return settleIfFree(lock, self);
  }
  return LOCK_MISUSED;
}

/**
 * Takes the lock for writing if it is abandoned, which it then is no longer.
 *
 * - Linearization: the swap. Model: `rwmutex_model_test.ts`.
 *
 * @returns whether it has; waiters of the caller's own may lie in its inbox
 */
export function rwRecover(lock: usize, self: usize): bool {
  const state = load64(lock + RW_STATE);
  if (!isLost(writerOf(state))) return false;
  found(lock, state, self);
  return cas64(lock + RW_STATE, MUTEX_ABANDONED, <u64>self) == MUTEX_ABANDONED;
}

/** Reports whether a goroutine of the calling thread holds the lock for writing. */
export function rwIsWriter(lock: usize, self: usize): bool {
  return writerOf(load64(lock + RW_STATE)) == <u32>self;
}

/** Reports whether the thread of `record` holds the lock for reading. */
export function rwIsReader(record: usize): bool {
  return load32(record + RECORD_COUNT) != 0;
}

/** Reports whether the calling thread holds the lock in any way. */
export function rwIsOwn(lock: usize, self: usize): bool {
  if (rwIsWriter(lock, self)) return true;
  for (let record: usize = load32(lock + RW_RECORDS); record != 0; record = load<u32>(record + RECORD_NEXT)) {
    if (load<u32>(record + RECORD_AGENT) == <u32>self) return rwIsReader(record);
  }
  return false;
}

/**
 * Grants the lock to those who wait, longest first, until the first has to wait on.
 *
 * - Progress: blocking on the queue's lock; each round grants, drops a node, or ends.
 * - Order: the lock is taken in the name of the caller, who is alive, then the waiter is claimed (claimed first, it could not be
 *   granted what somebody else took meanwhile), then the lock passes to its thread, or goes back. All of it under the queue's lock,
 *   without a loop (law 10).
 * - Model: `rwmutex_model_test.ts`.
 *
 * @returns a `WOKE_…` code
 */
export function rwSettle(lock: usize, self: usize): i32 {
  const queue = lock + LOCK_QUEUE;
  const own = <u64>(<u32>self | MUTEX_HANDED);
  let result = WOKE_NONE;
  while (load32(queue + QUEUE_COUNT) != 0) {
    let agent: usize = 0;
    let isOver = false;
    acquire(queue + QUEUE_LOCK);
    const node: usize = load<u32>(queue + QUEUE_HEAD);
    const state = load64(lock + RW_STATE);
    if (node == 0) {
      isOver = true;
    } else {
      const waiter: usize = load<u32>(node + NODE_WAITER);
      const record: usize = load<u32>(node + NODE_NEED);
      if (writerOf(state) != 0 || (record == 0 && state != 0)) {
        isOver = true;
      } else if (record != 0) {
        if (cas64(lock + RW_STATE, state, state + RW_READER) == state) {
          agent = claimNode(queue, node);
          if (agent != 0) add32(record + RECORD_COUNT, 1);
          else add64(lock + RW_STATE, -RW_READER);
        }
      } else if (cas64(lock + RW_STATE, 0, own) == 0) {
        agent = claimNode(queue, node);
        cas64(lock + RW_STATE, own, agent == 0 ? 0 : <u64>(<u32>agent | MUTEX_HANDED));
      }
      if (agent != 0) {
        store<u32>(node + NODE_GRANTED, 1);
        inboxPush(agent, waiter);
      }
    }
    release(queue + QUEUE_LOCK);
    if (isOver) break;
    result = delivered(agent, self, result);
  }
  return result;
}

/** Grants what a change of the state has made possible. */
// @ts-ignore: decorator
@inline
function settleIfWaited(lock: usize, self: usize): i32 {
  // Fast path: nobody waits.
  return load32(lock + LOCK_QUEUE + QUEUE_COUNT) == 0 ? WOKE_NONE : rwSettle(lock, self);
}

/** As `settleIfWaited`, after a reader has gone. */
// @ts-ignore: decorator
@inline
function settleIfFree(lock: usize, self: usize): i32 {
  // While others read, the first who waits is a writer.
  return load64(lock + RW_STATE) != 0 ? WOKE_NONE : settleIfWaited(lock, self);
}

/** Gives back one of the read locks that are noted in `record`, if there is one. */
function giveBack(lock: usize, record: usize): bool {
  let count = load32(record + RECORD_COUNT);
  while (count != 0) {
    const seen = cas32(record + RECORD_COUNT, count, count - 1);
    if (seen == count) {
      add64(lock + RW_STATE, -RW_READER);
      return true;
    }
    count = seen;
  }
  return false;
}

/** Gives back what dead readers hold. */
function reclaim(lock: usize): void {
  for (let record: usize = load32(lock + RW_RECORDS); record != 0; record = load<u32>(record + RECORD_NEXT)) {
    if (load32(record + RECORD_COUNT) == 0) continue;
    if (load32(<usize>load<u32>(record + RECORD_AGENT) + AGENT_STATE) != AGENT_DEAD) continue;
    add64(lock + RW_STATE, -(<u64>xchg32(record + RECORD_COUNT, 0) * RW_READER));
  }
}

/** Somebody has found the lock abandoned, its state being `seen`: the first to find it tells everybody. */
function found(lock: usize, seen: u64, self: usize): i32 {
  if (seen != MUTEX_ABANDONED && cas64(lock + RW_STATE, seen, MUTEX_ABANDONED) == seen) {
    queueWakeAll(lock + LOCK_QUEUE, self);
  }
  return LOCK_ABANDONED;
}

// @ts-ignore: decorator
@inline
function writerOf(state: u64): u32 {
  return <u32>state;
}

// @ts-ignore: decorator
@inline
function readersOf(state: u64): u32 {
  return <u32>(state >> 32);
}

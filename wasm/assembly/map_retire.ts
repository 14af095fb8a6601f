/**
 * Pairs that have been taken out of a map, and threads that may still be reading them. See map.ts.
 *
 * Algorithm: hazard pointers (Michael, "Hazard pointers: safe memory reclamation for lock-free objects", 2004), one for
 * each agent. Only who reads more of a pair than a search does needs it: a value that owns messages, or that stands for a
 * shared object of which the reader wants a reference.
 *
 * 1. A reader stores the pair into AGENT_HAZARD and then finds its bucket as it was: the pair was still in.
 * 2. Whoever takes a pair out changes the bucket first and looks at the hazards then. One of the two sees the other (Dekker).
 * 3. A pair that is being read is retired: it goes to a list of the map, and the hazards are looked at once more. A reader
 *    that has finished clears its hazard and then looks at the list. Again one of the two sees the other: a retired pair is
 *    freed by the last who has to do with it, not at some later time.
 *
 * A thread that dies while it reads keeps at most one pair in the list, until the map goes. (Its hazard is not ignored:
 * a thread that has been declared dead may go on for a moment.)
 *
 * Rejected: epochs — two ordered writes for every search, and a thread that is held up holds up all memory; references
 * counted in the pairs — the count would have to be raised in memory that may be freed; to copy values out, as searches do
 * with numbers — a copy of an address is no reference to what it names.
 */
import { cas32, load32, store32, xchg32 } from "./atomics";
import { free } from "./heap";
import { AGENT_CHAIN, AGENT_CHAIN_HEAD, AGENT_HAZARD, MAP_IS_PLAIN, MAP_RETIRED, PAIR_NEXT } from "./layout";

/** Reports whether some thread is reading `pair`, which has been taken out. */
function isRead(pair: usize): bool {
  let agent: usize = load32(AGENT_CHAIN_HEAD);
  while (agent != 0) {
    if (load32(agent + AGENT_HAZARD) == <u32>pair) return true;
    agent = load<u32>(agent + AGENT_CHAIN); // Plain: written before the agent is published.
  }
  return false;
}

/** Adds `pair`, which the caller took out, to the list. */
function push(map: usize, pair: usize): void {
  let head: u32;
  do {
    head = load32(map + MAP_RETIRED);
    // Plain: ours until the swap. A search that still stands at the pair compares its bucket before it uses this (map_table.ts, I3).
    store<u32>(pair + PAIR_NEXT, head);
  } while (cas32(map + MAP_RETIRED, head, <u32>pair) != head);
}

/**
 * Gives up `pair`, which the caller has taken out.
 *
 * - Progress: lock-free. Order: hazards after the pair was taken out (2). Model: `map_model_test.ts`.
 *
 * @returns true when nobody reads it: the caller frees it; otherwise it is retired, and the caller goes on with `mapReclaim`
 */
export function mapRetire(map: usize, pair: usize): bool {
  if (!isRead(pair)) return true;
  push(map, pair);
  return false;
}

/**
 * Takes out of the list what nobody reads any more.
 *
 * - Progress: lock-free: a round more means that a reader has finished.
 * - Order: the list, then the hazards (3), also for what goes back: its reader may have looked at the list while it was not there.
 * - Model: `map_model_test.ts`.
 *
 * @returns the first of a chain (PAIR_NEXT) of pairs that the caller frees, or 0
 */
export function mapReclaim(map: usize): usize {
  let ready: usize = 0;
  let isOver = false;
  while (!isOver) {
    isOver = true;
    // Fast path: nothing was left behind.
    if (load32(map + MAP_RETIRED) == 0) break;
    let pair: usize = xchg32(map + MAP_RETIRED, 0);
    while (pair != 0) {
      const next: usize = load<u32>(pair + PAIR_NEXT); // Plain: ours since the exchange.
      if (isRead(pair)) {
        push(map, pair);
        if (!isRead(pair)) isOver = false;
      } else {
        store<u32>(pair + PAIR_NEXT, <u32>ready);
        ready = pair;
      }
      pair = next;
    }
  }
  return ready;
}

/** Gives up `pair`, which the caller has taken out and has no use for. What is not plain waits in the list for somebody who takes it apart. */
export function bury(map: usize, pair: usize): void {
  if (load<u32>(map + MAP_IS_PLAIN) == 0) {
    push(map, pair);
    return;
  }
  if (mapRetire(map, pair)) {
    free(pair);
    return;
  }
  let ready = mapReclaim(map);
  while (ready != 0) {
    const next: usize = load<u32>(ready + PAIR_NEXT);
    free(ready);
    ready = next;
  }
}

/**
 * The calling thread has read the pair that its hazard names.
 *
 * - Progress: wait-free. Order: the hazard, then the list (3). Model: `map_model_test.ts`.
 *
 * @returns true when there are retired pairs: the caller goes on with `mapReclaim`
 */
export function mapDone(map: usize, self: usize): bool {
  store32(self + AGENT_HAZARD, 0);
  return load32(map + MAP_RETIRED) != 0;
}

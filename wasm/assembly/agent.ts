/**
 * Agents: one per thread, each with an inbox and a doorbell.
 *
 * Whatever another thread has for an agent — a waiter that fired, a task that ended — is an entry in the
 * agent's inbox; the doorbell is the one word the agent sleeps on.
 *
 * Inbox: the intrusive multi-producer single-consumer queue of Vyukov ("Non-intrusive/intrusive MPSC
 * node-based queue", 1024cores.net, 2010), whose producers need one exchange and no loop, so that it may stand
 * inside a critical section (law 10).
 *
 * | byte | word             | written by        | meaning                                         |
 * | ---- | ---------------- | ----------------- | ----------------------------------------------- |
 * | 0    | AGENT_DOORBELL   | owner sets, waker clears | asleep: the next sender has to ring      |
 * | 128  | AGENT_INBOX_TAIL | senders, exchange | newest entry                                    |
 * | 256  | AGENT_INBOX_HEAD | owner             | oldest entry, or the stub                       |
 * | 264  | AGENT_STUB       | both              | an entry that is no message                     |
 * | 272  | AGENT_SIGNALS    | others or, owner and | requests to the thread itself                |
 *
 * Invariants
 * - I1 From the head, following ENTRY_NEXT, every entry is reached up to one whose sender stands between
 *   its exchange and its link; that sender rings the doorbell afterwards.
 * - I2 An entry is in at most one inbox at a time: a waiter is sent by whoever claimed it, a task by whoever
 *   finished it.
 * - I3 The owner sleeps only after it has set the doorbell and then found the inbox empty and no signal; a
 *   sender reads the doorbell only after its link. One of the two sees the other (Dekker).
 */
import { and32, cas32, load32, notify, or32, store32, wait32, xchg32 } from "./atomics";
import { allocate } from "./heap";
import {
  AGENT_ALIVE,
  AGENT_CHAIN,
  AGENT_CHAIN_HEAD,
  AGENT_DEAD,
  AGENT_DOORBELL,
  AGENT_INBOX_HEAD,
  AGENT_INBOX_TAIL,
  AGENT_NUMBER,
  AGENT_SIGNALS,
  AGENT_SIZE,
  AGENT_STATE,
  AGENT_STUB,
  AGENT_VACANT,
  DOORBELL_ASLEEP,
  DOORBELL_AWAKE,
  ENTRY_NEXT,
  SIGNAL_RECHECK,
} from "./layout";

/** What `wait32` returns when the time is over. */
const TIMED_OUT: i32 = 2;

/**
 * Registers the calling thread: takes over the place of a vacant agent, or makes one.
 *
 * @returns the agent, or 0 when memory is exhausted
 */
export function agentRegister(): usize {
  for (let agent: usize = load32(AGENT_CHAIN_HEAD); agent != 0; agent = load<u32>(agent + AGENT_CHAIN)) {
    if (cas32(agent + AGENT_STATE, AGENT_VACANT, AGENT_ALIVE) == AGENT_VACANT) {
      store32(agent + AGENT_SIGNALS, 0);
      store32(agent + AGENT_DOORBELL, DOORBELL_AWAKE);
      return agent;
    }
  }
  const agent = allocate(<u32>AGENT_SIZE);
  if (agent == 0) return 0;
  // Plain: ours until the chain publishes it.
  memory.fill(agent, 0, AGENT_SIZE);
  store<u32>(agent + AGENT_INBOX_HEAD, <u32>(agent + AGENT_STUB));
  store<u32>(agent + AGENT_INBOX_TAIL, <u32>(agent + AGENT_STUB));
  store<u32>(agent + AGENT_STATE, AGENT_ALIVE);
  let head: u32;
  do {
    head = load32(AGENT_CHAIN_HEAD);
    store<u32>(agent + AGENT_CHAIN, head);
    store<u32>(agent + AGENT_NUMBER, head == 0 ? 1 : load<u32>(<usize>head + AGENT_NUMBER) + 1);
  } while (cas32(AGENT_CHAIN_HEAD, head, <u32>agent) != head);
  return agent;
}

/**
 * Puts `entry` into the inbox of `agent`. The sender rings afterwards.
 *
 * - Progress: wait-free; no call and no loop, so that it may stand under a lock.
 * - Linearization: the store of the link.
 * - Order: exchange, then link; the owner treats an unlinked entry as not yet there.
 * - Model: `agent_model_test.ts`.
 */
// @ts-ignore: decorator
@inline
export function inboxPush(agent: usize, entry: usize): void {
  store32(entry + ENTRY_NEXT, 0);
  const previous = xchg32(agent + AGENT_INBOX_TAIL, <u32>entry);
  store32(<usize>previous + ENTRY_NEXT, <u32>entry);
}

/**
 * Takes the oldest entry out of the inbox. Only the owner calls this.
 *
 * - Progress: wait-free.
 * - Linearization: the load of the link that it follows.
 * - Model: `agent_model_test.ts`.
 *
 * @returns the entry, or 0: there is none, or its sender has not linked it yet and will ring
 */
export function inboxPop(agent: usize): usize {
  const stub = agent + AGENT_STUB;
  // Plain: the head belongs to the owner.
  let head: usize = load<u32>(agent + AGENT_INBOX_HEAD);
  let next: usize = load32(head + ENTRY_NEXT);
  if (head == stub) {
    if (next == 0) return 0;
    store<u32>(agent + AGENT_INBOX_HEAD, <u32>next);
    head = next;
    next = load32(head + ENTRY_NEXT);
  }
  if (next == 0) {
    // The last entry: the stub goes behind it, so that taking it does not empty the list.
    if (load32(agent + AGENT_INBOX_TAIL) != <u32>head) return 0;
    inboxPush(agent, stub);
    next = load32(head + ENTRY_NEXT);
    if (next == 0) return 0;
  }
  store<u32>(agent + AGENT_INBOX_HEAD, <u32>next);
  return head;
}

/** Reports whether the inbox holds an entry that can be taken. Only the owner calls this. */
// @ts-ignore: decorator
@inline
function inboxIsEmpty(agent: usize): bool {
  const head: usize = load<u32>(agent + AGENT_INBOX_HEAD);
  if (head != agent + AGENT_STUB) return false;
  return load32(head + ENTRY_NEXT) == 0;
}

/**
 * Wakes `agent` if it sleeps.
 *
 * - Progress: wait-free.
 * - Order: after the entry is linked or the signal set, or the sleeper misses it.
 * - Model: `agent_model_test.ts`.
 */
// @ts-ignore: decorator
@inline
export function ring(agent: usize): void {
  // Only who turns the word pays for the notify, so a sleeper is woken once. All, because an agent may have both an
  // asynchronous wait that it left behind and the blocking one that it is in now.
  if (
    load32(agent + AGENT_DOORBELL) == DOORBELL_ASLEEP &&
    cas32(agent + AGENT_DOORBELL, DOORBELL_ASLEEP, DOORBELL_AWAKE) == DOORBELL_ASLEEP
  ) notify(agent + AGENT_DOORBELL, -1);
}

/**
 * Sets the doorbell so that the owner may sleep on it.
 *
 * @returns false when there is something to do instead; the doorbell is then as before
 */
export function doorbellArm(agent: usize): bool {
  store32(agent + AGENT_DOORBELL, DOORBELL_ASLEEP);
  if (inboxIsEmpty(agent) && load32(agent + AGENT_SIGNALS) == 0) return true;
  store32(agent + AGENT_DOORBELL, DOORBELL_AWAKE);
  return false;
}

/**
 * Looks up to `rounds` times whether anything has come. What is a microsecond away is not worth a sleep and a wake-up.
 */
export function agentSpin(agent: usize, rounds: i32): bool {
  for (let round = 0; round < rounds; round++) {
    if (!inboxIsEmpty(agent) || load32(agent + AGENT_SIGNALS) != 0) return true;
  }
  return false;
}

/** Takes the doorbell back after a sleep that nobody ended. */
export function doorbellDisarm(agent: usize): void {
  store32(agent + AGENT_DOORBELL, DOORBELL_AWAKE);
}

/**
 * Blocks the calling thread until its inbox holds an entry, a signal is set, or `timeoutMs` is over
 * (negative: no limit). Looks for `spins` rounds before it sleeps.
 *
 * @returns false when the time is over and nothing came
 */
export function agentSleep(agent: usize, timeoutMs: f64, spins: i32): bool {
  if (agentSpin(agent, spins) || !doorbellArm(agent)) return true;
  const end = wait32(agent + AGENT_DOORBELL, DOORBELL_ASLEEP, timeoutMs);
  doorbellDisarm(agent);
  return end != TIMED_OUT;
}

/** Sets the `signals` bits of `agent` and wakes it. */
export function agentSignal(agent: usize, signals: u32): void {
  or32(agent + AGENT_SIGNALS, signals);
  ring(agent);
}

/** Reads the signals of the calling agent and clears those of `mask`. */
export function agentTakeSignals(agent: usize, mask: u32): u32 {
  if (load32(agent + AGENT_SIGNALS) == 0) return 0;
  return and32(agent + AGENT_SIGNALS, ~mask);
}

/** Gives the place of an agent back, whose thread has ended and to whom nobody owes an entry. */
export function agentVacate(agent: usize): void {
  store32(agent + AGENT_STATE, AGENT_VACANT);
}

/** Declares a thread dead and asks every other to look again at what it waits for. */
export function agentDied(dead: usize): void {
  store32(dead + AGENT_STATE, AGENT_DEAD);
  for (let agent: usize = load32(AGENT_CHAIN_HEAD); agent != 0; agent = load<u32>(agent + AGENT_CHAIN)) {
    if (load32(agent + AGENT_STATE) == AGENT_ALIVE) agentSignal(agent, SIGNAL_RECHECK);
  }
}

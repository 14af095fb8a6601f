/** Models of `wasm/assembly/rwmutex.ts`, with the waits of `src/sync/rw_mutex.ts`. */
import { assert, assertEquals } from "../support/assert.ts";
import {
  CLAIM_SELF,
  LOCK_ABANDONED,
  LOCK_CONTENDED,
  LOCK_MISUSED,
  LOCK_QUEUE,
  MUTEX_ABANDONED,
  MUTEX_HANDED,
  RECORD_COUNT,
  RW_STATE,
} from "../../src/memory/layout.ts";
import {
  assertHolding,
  type Body,
  buries,
  core,
  discard,
  ENTRY,
  type LockScenario,
  type LockStart,
  nodeOf,
  ownOf,
  scenario,
  type State,
  type Thread,
} from "./locks.ts";
import { assertFails, explore } from "./loom.ts";
import { testMistakes } from "./mistakes.ts";
import { type Case, inQueue, nextEntry, type Own, waitFor, type WaitOptions } from "./waiting.ts";

/** The record of the calling thread, for a reader; 0 for a writer. */
function recordOf({ id }: Thread, { records }: State, isReader: boolean): number {
  return isReader ? records[id]! : 0;
}

/** The wait for the lock; it ends with 1, or with `LOCK_ABANDONED`. */
function lockCase(thread: Thread, own: Own, state: State, isReader: boolean): Case<number> {
  const { wasm } = thread;
  const { lock } = state;
  const record = recordOf(thread, state, isReader);
  const { leave } = inQueue(thread, own, lock + LOCK_QUEUE);
  return {
    enter: async (index) => (
      await wasm.rwEnter(lock, nodeOf(own.waiter, index), index, record), true
    ),
    async leave(index) {
      await leave(index);
      await wasm.rwLook(lock, own.agent);
    },
    async poll() {
      const isFree = isReader ? wasm.rwTryRead(lock, record) : wasm.rwTryLock(lock, own.agent);
      return await isFree || await wasm.rwTrySlow(lock, own.agent, record) || undefined;
    },
    complete: async () => await wasm.rwComplete(lock, own.agent, nodeOf(own.waiter)) || undefined,
    isReady: async () => await wasm.rwLook(lock, own.agent) === LOCK_ABANDONED,
  };
}

/** Unlocks what the thread holds. */
async function unlock(thread: Thread, state: State, isReader: boolean): Promise<number> {
  const { wasm, id } = thread;
  const { lock, agents, records } = state;
  if (isReader) return await wasm.rwReadUnlock(lock, agents[id]!, records[id]!, 0);
  const code = await wasm.rwUnlock(lock, agents[id]!);
  return code === LOCK_CONTENDED ? await wasm.rwRelease(lock, agents[id]!, 0) : code;
}

interface Uses extends WaitOptions {
  /** It does not unlock. */
  readonly keeps?: boolean;
}

/** Locks, looks at what is not atomic, or changes it, and unlocks. Returns 1, or that the lock is abandoned. */
function uses(isReader: boolean, { keeps, ...options }: Uses = {}): Body {
  return async (thread, state) => {
    const { wasm } = thread;
    const own = ownOf(thread, state);
    const got = await waitFor(thread, own, [lockCase(thread, own, state, isReader)], options);
    await discard(thread, state);
    if (got === LOCK_ABANDONED) return got;
    if (isReader) await wasm.read(state.data);
    else await wasm.increment(state.data);
    if (!keeps) assert(await unlock(thread, state, isReader) >= 0);
    return got;
  };
}
const reads = (options?: Uses): Body => uses(true, options);
const writes = (options?: Uses): Body => uses(false, options);

const unlocks = (isReader: boolean): Body => (thread, state) => unlock(thread, state, isReader);

/** Is granted the lock when it has no use for it, and passes (`pass` in `src/sync/rw_mutex.ts`). */
const passes: Body = async (thread, state) => {
  const { wasm } = thread;
  const { agent, waiter } = ownOf(thread, state);
  await nextEntry(thread, agent);
  assert(await wasm.rwPass(state.lock, agent, nodeOf(waiter)) >= 0);
  await discard(thread, state);
};

/** Gives up its wait; if it has been granted the lock, it unlocks. */
const givesUp = (isReader: boolean, looks = true): Body => async (thread, state) => {
  const { wasm } = thread;
  const { agent, waiter } = ownOf(thread, state);
  if (await wasm.waiterClaim(waiter, CLAIM_SELF)) {
    await wasm.queueLeave(state.lock + LOCK_QUEUE, waiter, 0);
    if (looks) await wasm.rwLook(state.lock, agent);
  } else {
    await nextEntry(thread, agent);
    const got = await wasm.rwComplete(state.lock, agent, nodeOf(waiter));
    if (got === 1) await unlock(thread, state, isReader);
  }
  await discard(thread, state);
};

/** Both words of the state, and what the records say. */
function look(words: Int32Array, { lock, records }: State) {
  return {
    writer: words[(lock + RW_STATE) >>> 2]!,
    readers: words[(lock + RW_STATE + 4) >>> 2]!,
    noted: records.map((record) => words[(record + RECORD_COUNT) >>> 2]!),
  };
}

/** So often was written, and the lock is free. */
const counts = (count: number): LockStart & Pick<LockScenario, "check"> => ({
  readers: [],
  check({ words, state }) {
    assertEquals(words[state.data >>> 2], count);
    const noted = state.records.map(() => 0);
    assertEquals(look(words, state), { writer: 0, readers: 0, noted });
  },
});

/** Thread 0 writes at the start. */
const written: LockStart = {
  before: (wasm, lock, [first]) => void wasm.rwTryLock(lock, first!),
};
/** Thread 0 reads at the start. */
const read: LockStart = {
  before: (wasm, lock, _agents, [first]) => void wasm.rwTryRead(lock, first!),
};

const twoWrite = scenario("two write", [writes(), writes()], counts(2));
const readAndWrite = scenario("one reads, one writes", [reads(), writes()], counts(1));
const twoRead = scenario("two read, one writes", [reads(), reads(), writes()], counts(1));
const twoWriters = scenario("one reads, two write", [reads(), writes(), writes()], counts(2));
const together = scenario("two read and stay", [reads({ keeps: true }), reads({ keeps: true })], {
  readers: [],
  check: ({ words, state }) => look(words, state).readers === 2,
});

Deno.test("rwmutex: writers are alone, and nobody sleeps who could be inside", async () => {
  await assertHolding(twoWrite);
  await assertHolding(readAndWrite);
  await assertHolding(twoRead, { bound: 2 });
  await assertHolding(twoWriters, { bound: 2 });
  await assertHolding(together);
  const blind = [reads({ looksAgain: false }), writes()];
  assertFails(await explore(core, scenario("blind", blind, counts(1))), "deadlock");
});

/** A run of readers waits, and goes on together: each stays. */
const run = scenario("a writer unlocks for two readers", [
  unlocks(false),
  reads({ isEntered: true, keeps: true }),
  reads({ isEntered: true, keeps: true }),
], {
  ...written,
  readers: [1, 2],
  waiting: [1, 2],
  check: ({ words, state }) =>
    assertEquals(look(words, state), { writer: 0, readers: 2, noted: [0, 1, 1] }),
});

/** Thread 0 reads, thread 1 waits to write; thread 2 comes later and tries to read. */
const heldBack = scenario("a reader behind a writer that waits", [
  unlocks(true),
  async (thread, state) => {
    await writes({ isEntered: true })(thread, state);
    thread.log("wrote");
  },
  async (thread, state) => {
    const isIn = await thread.wasm.rwTryRead(state.lock, state.records[2]!);
    thread.log(isIn ? "read" : "not yet");
    return isIn;
  },
], {
  ...read,
  readers: [],
  waiting: [1],
  check: ({ results, log, words, state }) =>
    results[2] === 0 || log[0]!.entry === "wrote" || words[state.data >>> 2] === 1,
});

Deno.test("rwmutex: readers go in together, and not past a writer that waits", async () => {
  await assertHolding(run, { bound: 3 });
  await assertHolding(heldBack);
});

const passed = (isReader: boolean) =>
  scenario("one passes", [unlocks(false), passes, writes({ isEntered: true })], {
    ...counts(1),
    ...written,
    readers: isReader ? [1] : [],
    waiting: [1, 2],
  });

/** Thread 0 reads and stays; thread 1 waits to write and gives up; thread 2 waits behind it to read. */
const givenUp = (looks = true) =>
  scenario("a writer gives up", [
    () => Promise.resolve(),
    givesUp(false, looks),
    reads({ isEntered: true, looksAgain: false }),
  ], { ...read, readers: [2], waiting: [1, 2] });

/** Thread 0 unlocks; of two who wait to read one gives up, and a writer waits behind them. */
const readerGivesUp = scenario("a reader gives up", [
  unlocks(false),
  givesUp(true),
  writes({ isEntered: true }),
], { ...counts(1), ...written, readers: [1], waiting: [1, 2] });

/** The same, a writer being the one that gives up. */
const writerGivesUp = scenario("a writer gives up, and another waits", [
  unlocks(false),
  givesUp(false),
  writes({ isEntered: true }),
], { ...counts(1), ...written, readers: [], waiting: [1, 2] });

Deno.test("rwmutex: who cannot use it, or gives up, leaves it to the next", async () => {
  for (const isReader of [false, true]) await assertHolding(passed(isReader), { bound: 2 });
  await assertHolding(givenUp());
  await assertHolding(readerGivesUp, { bound: 2 });
  await assertHolding(writerGivesUp, { bound: 2 });
  assertFails(await explore(core, givenUp(false)), "deadlock");
});

/** Thread 1 unlocks, which grants the lock to a goroutine of thread 0, where a guard is disposed whose lock was freed long ago. */
const late = scenario("a late guard beside a grant", [
  async (thread, state) => {
    const { wasm } = thread;
    const { agent, waiter } = ownOf(thread, state);
    const late = await wasm.rwUnlock(state.lock, agent);
    await nextEntry(thread, agent);
    return [late, await wasm.rwComplete(state.lock, agent, nodeOf(waiter))];
  },
  unlocks(false),
], {
  before: (wasm, lock, [, second]) => void wasm.rwTryLock(lock, second!),
  readers: [],
  waiting: [0],
  check: ({ results }) => assertEquals(results[0], [LOCK_CONTENDED, 1]),
});

/** Thread 0 has read; it and thread 1 give that lock back. */
const twice = scenario("two give back one read lock", [
  ({ wasm }, { lock, agents, records }) => wasm.rwReadUnlock(lock, agents[0]!, records[0]!, 1),
  ({ wasm }, { lock, agents, records }) => wasm.rwReadUnlock(lock, agents[1]!, records[1]!, 1),
], {
  ...read,
  readers: [],
  check({ results, words, state }) {
    assert(results.includes(LOCK_MISUSED) && results.includes(0));
    assertEquals(look(words, state).readers, 0);
  },
});

Deno.test("rwmutex: it is unlocked once, and by a guard only if that still holds it", async () => {
  const unlockedTwice = scenario("two unlock", [unlocks(false), unlocks(false)], {
    ...written,
    readers: [],
    check: ({ results }) => assert(results.includes(LOCK_MISUSED) && results.includes(0)),
  });
  await assertHolding(unlockedTwice);
  await assertHolding(twice);
  await assertHolding(late);
});

// ---- Death ---------------------------------------------------------------------------------------------------

/** At the end the lock is free, or who holds it has died and whoever has looked was told. */
const defined: Pick<LockScenario, "check"> = {
  check({ words, state, results, killed }) {
    const { writer, readers, noted } = look(words, state);
    const isTold = results.includes(LOCK_ABANDONED);
    const isLeft = killed.length > 0 && (writer & ~MUTEX_HANDED) === state.agents[0];
    if (isTold || !isLeft) assertEquals(writer, isTold ? MUTEX_ABANDONED : 0);
    assert(!isTold || killed.length > 0, "nobody has died");
    assertEquals(readers, noted.reduce((sum, count) => sum + count, 0));
    assertEquals(noted.slice(1).filter((count) => count !== 0), []);
  },
};

/** Thread 0 may die: before it locks, while it holds the lock, and while it unlocks it. */
const holderDies = (isReader: boolean) =>
  scenario("who holds it may die", [
    uses(isReader, { rechecks: true }),
    writes({ rechecks: true }),
    buries(0),
  ], { readers: [], kill: { thread: 0, tells: ({ ended }) => ended }, ...defined });

/** Thread 0 waits and may die, also when it has been granted the lock; thread 2 waits behind it. */
const waiterDies = (isReader: boolean) =>
  scenario("who waits for it may die", [
    uses(isReader, { isEntered: true, rechecks: true }),
    unlocks(false),
    writes({ isEntered: true, rechecks: true }),
    buries(0),
  ], {
    before: (wasm, lock, [, second]) => void wasm.rwTryLock(lock, second!),
    readers: isReader ? [0] : [],
    waiting: [0, 2],
    kill: { thread: 0, tells: ({ ended }) => ended },
    ...defined,
  });

Deno.test("rwmutex: a dead writer leaves it abandoned, a dead reader leaves it, and nobody waits for ever", async () => {
  for (const isReader of [false, true]) {
    await assertHolding(holderDies(isReader), { bound: 1 });
    await assertHolding(waiterDies(isReader), { bound: 1 });
  }
});

/** It has looked, and sleeps without another look. */
const sleeps = (isReader: boolean): Body => uses(isReader, { isEntered: true, looksAgain: false });

/** A dead thread writes; of those who wait one looks. */
const told = scenario("three wait, and are told", [
  () => Promise.resolve(),
  writes({ isEntered: true, rechecks: true }),
  sleeps(true),
  sleeps(false),
], {
  readers: [2],
  before(wasm, lock, agents) {
    wasm.rwTryLock(lock, agents[0]!);
    wasm.agentDied(agents[0]!);
    for (const asleep of agents.slice(2)) wasm.agentTakeSignals(asleep, -1);
  },
  waiting: [1, 2, 3],
  check: ({ results }) =>
    assertEquals(results.slice(1), [LOCK_ABANDONED, LOCK_ABANDONED, LOCK_ABANDONED]),
});

/** A dead thread reads, twice; two come to write. */
const reclaimed = scenario("two give back what a dead thread holds", [
  () => Promise.resolve(),
  writes(),
  writes(),
], {
  ...counts(2),
  before(wasm, lock, [first], [record]) {
    wasm.rwTryRead(lock, record!);
    wasm.rwTryRead(lock, record!);
    wasm.agentDied(first!);
  },
});

/** Takes it over if it can. */
const recovers: Body = async (thread, state) => {
  const { wasm } = thread;
  const isTaken = await wasm.rwRecover(state.lock, state.agents[thread.id]!) !== 0;
  if (!isTaken) return 0;
  await wasm.increment(state.data);
  await unlock(thread, state, false);
  return 1;
};

const recovered = scenario("two take it over, and one waits", [
  () => Promise.resolve(),
  recovers,
  recovers,
  reads(),
], {
  readers: [],
  before(wasm, lock, [first]) {
    wasm.rwTryLock(lock, first!);
    wasm.agentDied(first!);
  },
  check({ words, state, results }) {
    assertEquals([results[1], results[2]].toSorted(), [0, 1]);
    assertEquals(words[state.data >>> 2], 1);
    assertEquals(look(words, state).writer, 0);
  },
});

/** Thread 0 has been declared dead and goes on for a while: it gives back its lock, which others have given back already. */
const lingers = (isReader: boolean) =>
  scenario("a dead one unlocks", [
    (thread, state) =>
      isReader
        ? thread.wasm.rwReadUnlock(state.lock, state.agents[0]!, state.records[0]!, 1)
        : unlock(thread, state, false),
    async ({ wasm }, { lock, agents: [dead, self], records }) => {
      await wasm.agentDied(dead!);
      if (isReader) {
        await wasm.rwTryRead(lock, records[1]!);
        await wasm.rwLook(lock, self!);
        return;
      }
      return await wasm.rwRecover(lock, self!) || await wasm.rwTryLock(lock, self!);
    },
  ], {
    ...(isReader ? read : written),
    readers: [],
    check({ words, state, results }) {
      const { writer, readers, noted } = look(words, state);
      if (isReader) assertEquals([readers, ...noted], [1, 0, 1]);
      else assertEquals(writer === state.agents[1], results[1] === 1);
    },
  });

Deno.test("rwmutex: all are told once, and the dead cannot unlock it", async () => {
  await assertHolding(told, { bound: 1 });
  await assertHolding(reclaimed, { bound: 2 });
  await assertHolding(recovered, { bound: 1 });
  for (const isReader of [false, true]) await assertHolding(lingers(isReader));
});

testMistakes("rwmutex", ENTRY, [
  {
    when: "a writer gets in without a swap",
    find: "cas64(lock + RW_STATE, 0, <u64>self) == 0;",
    replace:
      "load64(lock + RW_STATE) == 0 && cas64(lock + RW_STATE, load64(lock + RW_STATE), <u64>self) >= 0;",
    model: twoWrite,
  },
  {
    when: "a reader gets in beside a writer",
    find: "  while (writerOf(state) == 0 && load32(",
    replace: "  while (load32(",
    model: readAndWrite,
  },
  {
    when: "a reader gets in past those who wait",
    find: "  while (writerOf(state) == 0 && load32(lock + LOCK_QUEUE + QUEUE_COUNT) == 0) {",
    replace: "  while (writerOf(state) == 0) {",
    model: heldBack,
  },
  {
    when: "a reader does not note what it holds",
    find: "      add32(record + RECORD_COUNT, 1);\n      return true;",
    replace: "      return true;",
    model: readAndWrite,
  },
  {
    when: "who is granted it to read has it noted nowhere",
    find: "          if (agent != 0) add32(record + RECORD_COUNT, 1);\n          else add64",
    replace: "          if (agent == 0) add64",
    model: run,
    options: { bound: 2 },
  },
  {
    when: "what could not be granted to a reader does not go back",
    find: "          else add64(lock + RW_STATE, -RW_READER);\n",
    replace: "",
    model: readerGivesUp,
    options: { bound: 2 },
  },
  {
    when: "what could not be granted to a writer does not go back",
    find: "agent == 0 ? 0 : <u64>(<u32>agent | MUTEX_HANDED)",
    replace: "<u64>(<u32>agent | MUTEX_HANDED)",
    model: writerGivesUp,
    options: { bound: 2 },
  },
  {
    when: "a writer is let in to readers",
    find: "if (writerOf(state) != 0 || (record == 0 && state != 0)) {",
    replace: "if (writerOf(state) != 0) {",
    also: {
      find: "} else if (cas64(lock + RW_STATE, 0, own) == 0) {",
      replace: "} else if (cas64(lock + RW_STATE, state, own) == state) {",
    },
    model: readAndWrite,
  },
  {
    when: "one reader of a run is let in only",
    find: "    result = delivered(agent, self, result);",
    replace: "    if (agent != 0) return delivered(agent, self, result);",
    model: run,
    options: { bound: 2 },
  },
  {
    when: "unlock() looks for waiters before it frees the lock",
    find:
      "  if (cas64(lock + RW_STATE, <u64>self, 0) != <u64>self) return LOCK_CONTENDED;\n  return settleIfWaited(lock, self);",
    replace:
      "  const waits = load32(lock + LOCK_QUEUE + QUEUE_COUNT) != 0;\n  if (cas64(lock + RW_STATE, <u64>self, 0) != <u64>self) return LOCK_CONTENDED;\n  return waits ? rwSettle(lock, self) : WOKE_NONE;",
    model: twoWrite,
  },
  {
    when: "the last reader lets nobody in",
    find: "  return load64(lock + RW_STATE) != 0 ? WOKE_NONE : settleIfWaited(lock, self);",
    replace: "  return WOKE_NONE;",
    model: readAndWrite,
  },
  {
    when: "what a writer was granted looks as if it were held",
    find: "agent == 0 ? 0 : <u64>(<u32>agent | MUTEX_HANDED)",
    replace: "<u64>agent",
    model: late,
  },
  {
    when: "a read lock is given back without a swap",
    find:
      "    const seen = cas32(record + RECORD_COUNT, count, count - 1);\n    if (seen == count) {",
    replace: "    const seen = xchg32(record + RECORD_COUNT, count - 1);\n    if (true) {",
    model: twice,
  },
  {
    when: "what a dead reader held is given back twice",
    find: "    add64(lock + RW_STATE, -(<u64>xchg32(record + RECORD_COUNT, 0) * RW_READER));",
    replace:
      "    add64(lock + RW_STATE, -(<u64>load32(record + RECORD_COUNT) * RW_READER));\n    xchg32(record + RECORD_COUNT, 0);",
    model: reclaimed,
    options: { bound: 2 },
  },
  {
    when: "what a dead reader held is kept",
    find: "  if (readersOf(state) != 0) reclaim(lock);\n",
    replace: "",
    model: holderDies(true),
    options: { bound: 1 },
  },
  {
    when: "what a living reader holds is given back",
    find:
      "    if (load32(<usize>load<u32>(record + RECORD_AGENT) + AGENT_STATE) != AGENT_DEAD) continue;\n",
    replace: "",
    model: readAndWrite,
  },
  {
    when: "a dead waiter is granted it",
    file: "wasm/assembly/queue.ts",
    find: "return load32(agent + AGENT_STATE) == AGENT_DEAD ? 0 : agent;",
    replace: "return agent;",
    model: waiterDies(false),
    options: { bound: 1 },
  },
  {
    when: "nobody asks whether the writer lives",
    file: "wasm/assembly/mutex.ts",
    find: "return word == MUTEX_ABANDONED || load32(agentOf(word) + AGENT_STATE) == AGENT_DEAD;",
    replace: "return word == MUTEX_ABANDONED;",
    model: holderDies(false),
    options: { bound: 1 },
  },
  {
    when: "who finds it abandoned tells one only",
    find: "    queueWakeAll(lock + LOCK_QUEUE, self);\n",
    replace: "    queueWake(lock + LOCK_QUEUE, self);\n",
    also: {
      find: "import { claimNode, delivered, link, queueWakeAll } from",
      replace: "import { claimNode, delivered, link, queueWake } from",
    },
    model: told,
    options: { bound: 1 },
  },
  {
    when: "who takes it over does not look whether somebody was faster",
    find: "return cas64(lock + RW_STATE, MUTEX_ABANDONED, <u64>self) == MUTEX_ABANDONED;",
    replace: "return cas64(lock + RW_STATE, load64(lock + RW_STATE), <u64>self) != 0;",
    model: recovered,
    options: { bound: 1 },
  },
  {
    when: "a dead writer can unlock",
    find: "  if (load32(self + AGENT_STATE) == AGENT_DEAD) return WOKE_NONE;\n  let state: u64;",
    replace: "  let state: u64;",
    model: lingers(false),
  },
  {
    when: "a dead reader can unlock",
    find:
      "  if (load32(self + AGENT_STATE) == AGENT_DEAD) return WOKE_NONE;\n  if (!isAny) return LOCK_MISUSED;",
    replace: "  if (!isAny) return LOCK_MISUSED;",
    model: lingers(true),
  },
]);

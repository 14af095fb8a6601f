/** Checks the checker: that it finds what is there, and does not find what is not. */
import { assert, assertEquals, assertLess, assertStringIncludes } from "../support/assert.ts";
import { mutant } from "./build.ts";
import { assertFails, assertHolds, assertMutantFails, explore, Op, replay } from "./loom.ts";
import {
  COUNTER,
  counts,
  ENTRY,
  FLAG,
  HEAD,
  LOCK,
  NODES,
  popOne,
  popTwoPushOne,
  scenario,
  stackScenario,
  type ToyBody,
  toys,
  type ToyScenario,
  twice,
  untagged,
} from "./toys.ts";

Deno.test("explore() finds a lost update with a single preemption", async () => {
  const report = await explore(toys, scenario(twice(["incrementRacy", COUNTER]), counts(2)));
  const { trace, listing } = assertFails(report, "check");
  assertEquals(trace, "ba2b");
  assertStringIncludes(listing, "a: store @64 0x0 → 0x1");
});

Deno.test("explore() finds no failure in counters that are atomic", async () => {
  for (const name of ["increment", "incrementCas"] as const) {
    const bodies: ToyBody[] = [0, 1, 2].map(() => async ({ wasm }) => {
      for (let i = 0; i < 2; i++) await wasm[name](COUNTER);
    });
    const report = await explore(toys, scenario(bodies, counts(6)));
    assertHolds(report);
    assert(report.exhaustive);
  }
});

Deno.test("explore() counts every interleaving once when it does not reduce", async () => {
  const bodies = twice<ToyBody>(async ({ wasm }) => {
    for (let i = 0; i < 5; i++) await wasm.increment(COUNTER);
  });
  const { schedules } = await explore(toys, scenario(bodies, counts(10)), { reduce: false });
  assertEquals(schedules, 252); // 10 over 5
});

Deno.test("explore() respects the bound of preemptions", async () => {
  const bodies = twice<ToyBody>(["incrementRacy", COUNTER]);
  assertHolds(await explore(toys, scenario(bodies, counts(2)), { bound: 0 }));
  assertFails(await explore(toys, scenario(bodies, counts(2)), { bound: 1 }), "check");
});

Deno.test("explore() reaches the same ends whether it reduces or not", async () => {
  const popAndPush: ToyBody = async ({ id, wasm, record, log }) => {
    const node = await record("pop", undefined, () => wasm.pop(HEAD));
    log(node);
    await record("push", NODES[id]!, () => wasm.push(HEAD, NODES[id]!));
  };
  const increments: ToyBody = async ({ wasm }) => {
    await wasm.incrementLocked(LOCK, COUNTER);
    return await wasm.waitFor(FLAG, 0, 0.001);
  };
  const notifies: ToyBody = async ({ wasm }) => {
    await wasm.incrementLocked(LOCK, COUNTER);
    return await wasm.wakeAll(FLAG);
  };
  const polls: ToyBody = async ({ wasm, repeat }) => {
    const before = await wasm.read(FLAG);
    return await repeat(async () => await wasm.read(FLAG) === 0 ? undefined : before);
  };
  const scenarios: [ToyScenario, bound: number][] = [
    [scenario(twice(popAndPush), { racy: (ptr) => ptr >= 512 }), Infinity],
    [scenario([...twice(popAndPush), popOne], { racy: (ptr) => ptr >= 512 }), 2],
    [scenario([increments, notifies], { timeouts: "anytime" }), Infinity],
    [scenario([...twice(increments), notifies]), 2],
    [scenario(twice(increments), { kill: { thread: 1 }, allowParked: true }), Infinity],
    [scenario([polls, ["increment", FLAG]]), Infinity],
    [stackScenario([popOne, popTwoPushOne]), Infinity],
  ];
  for (const [scenario, bound] of scenarios) {
    const [all, reduced] = [new Set<string>(), new Set<string>()];
    for (const [ends, reduce] of [[all, false], [reduced, true]] as const) {
      const report = await explore(toys, {
        ...scenario,
        check({ words, results, log, history, killed, parked }) {
          const before = history.map(({ end }) => history.map(({ begin }) => end < begin));
          const memory = [COUNTER, LOCK, FLAG, HEAD, ...NODES].map((ptr) => words[ptr >>> 2]);
          ends.add(JSON.stringify([memory, results, log, history.length, before, killed, parked]));
        },
      }, { reduce, bound });
      assertHolds(report);
    }
    assert(all.size > 1);
    assertEquals(reduced.size, all.size);
    assertEquals(reduced.difference(all).size, 0);
  }
});

Deno.test("explore() finds a mutex right, and one that forgets to notify a deadlock", async () => {
  const locked = scenario(twice(["incrementLocked", LOCK, COUNTER]), {
    ...counts(2),
    label: (ptr) => ptr === LOCK ? "lock" : undefined,
  });
  const report = await explore(toys, locked);
  assertHolds(report);
  assert(report.exhaustive);
  const failure = await assertMutantFails(
    { file: "tests/model/assembly/toy/mutex.ts", find: "  notify(ptr, 1);\n", replace: "" },
    locked,
    {},
    ENTRY,
  );
  assertEquals(failure.kind, "deadlock");
  assertStringIncludes(failure.message, "on lock@128");
  assertStringIncludes(failure.listing, "wait lock@128");
});

Deno.test("explore() finds a tagged stack right, and an untagged one its ABA", async () => {
  const stack = stackScenario([popOne, popTwoPushOne]);
  assertHolds(await explore(toys, stack));
  assertHolds(await explore(toys, stackScenario([popOne, popOne, popTwoPushOne]), { bound: 2 }));
  assertEquals((await assertMutantFails(untagged, stack, {}, ENTRY)).kind, "check");
});

Deno.test("replay() runs the schedule of a failure again", async () => {
  const stack = stackScenario([popOne, popTwoPushOne]);
  const module = await mutant(untagged, ENTRY);
  const found = assertFails(await explore(module, stack), "check");
  const again = assertFails(await replay(module, stack, found.trace), "check");
  assertEquals(again.listing, found.listing);
  // The same schedule on the right stack.
  assertHolds(await replay(toys, stack, found.trace));
});

Deno.test("explore() finds by random schedules what it finds exhaustively", async () => {
  const stack = stackScenario([popOne, popTwoPushOne]);
  const random = { seed: 1, schedules: 2_000 };
  const module = await mutant(untagged, ENTRY);
  const found = assertFails(await explore(module, stack, { random }), "check");
  assertEquals(assertFails(await explore(module, stack, { random }), "check"), found);
  const report = await explore(toys, stack, { random });
  assertHolds(report);
  assertEquals([report.schedules, report.exhaustive], [2_000, false]);
});

Deno.test("explore() reports a data race between plain accesses", async () => {
  const plain = scenario(twice(["incrementPlain", COUNTER]));
  const { message, listing } = assertFails(await explore(toys, plain), "race");
  assertStringIncludes(message, "@64");
  assertStringIncludes(listing, "plainLoad @64");
  const mixed = scenario([["incrementPlain", COUNTER], ["increment", COUNTER]]);
  assertStringIncludes(assertFails(await explore(toys, mixed), "race").message, "add of");
  // Undeclared, the stale read of a link.
  const { racy: _, ...stack } = stackScenario([popOne, popTwoPushOne]);
  assertFails(await explore(toys, stack), "race");
});

Deno.test("explore() schedules plain accesses that are declared to race", async () => {
  const bodies = twice<ToyBody>(["incrementPlain", COUNTER]);
  const report = await explore(toys, scenario(bodies, { ...counts(2), racy: () => true }));
  assertEquals(assertFails(report, "check").trace, "ba2b");
});

Deno.test("explore() reports no race where an atomic orders plain accesses", async () => {
  const bodies: ToyBody[] = [["publish", FLAG, 7], ["receive", FLAG], ["receive", FLAG]];
  const report = await explore(toys, {
    ...scenario(bodies),
    check: ({ results }) => results.slice(1).every((result) => result === 0 || result === 7),
  });
  assertHolds(report);
  await assertMutantFails(
    {
      file: "tests/model/assembly/toy/publish.ts",
      find: "if (load32(flag) == 0) return 0;",
      replace: "",
    },
    scenario(bodies),
    {},
    ENTRY,
  );
});

Deno.test("explore() reports a trap and an error of a body", async () => {
  const trapping = scenario([["trap"], ["increment", COUNTER]]);
  assertFails(await explore(toys, trapping), "trap");
  const throwing = scenario([["increment", COUNTER], () => {
    throw new Error("no");
  }]);
  assertStringIncludes(assertFails(await explore(toys, throwing), "thrown").message, "no");
});

Deno.test("explore() checks the invariant between any two steps", async () => {
  const bodies: ToyBody[] = [async ({ wasm }) => {
    await wasm.increment(COUNTER);
    await wasm.increment(LOCK);
  }, ["read", COUNTER]];
  const same = scenario(bodies, {
    invariant: ({ wasm }) => wasm.read(COUNTER) === wasm.read(LOCK),
  });
  assertFails(await explore(toys, same), "invariant");
  const ordered = scenario(bodies, {
    invariant: ({ wasm }) => wasm.read(COUNTER) >= wasm.read(LOCK),
  });
  assertHolds(await explore(toys, ordered));
});

Deno.test("explore() lets a spinning thread wait for the others", async () => {
  const report = await explore(
    toys,
    scenario(twice(["incrementSpinning", LOCK, COUNTER]), counts(2)),
    { maxSpin: 4 },
  );
  assertHolds(report);
  assert(report.throttled > 0);
  assert(!report.exhaustive);
});

Deno.test("explore() reports a livelock when a thread spins for ever", async () => {
  const report = await explore(toys, scenario(twice(["spinLock", LOCK])));
  assertFails(report, "livelock");
});

Deno.test("explore() fails when it has cut every schedule", async () => {
  const bodies = twice<ToyBody>(["incrementCas", COUNTER]);
  const report = await explore(toys, scenario(bodies), { maxDepth: 3 });
  assertEquals(assertFails(report, "cut").trace, "");
  const some = await explore(toys, scenario(bodies, counts(2)), { maxDepth: 4 });
  assertHolds(some);
  assert(some.cut > 0);
});

Deno.test("explore() fails when maxSteps does not suffice", async () => {
  const report = await explore(toys, scenario(twice(["incrementCas", COUNTER])), { maxSteps: 10 });
  assertFails(report, "incomplete");
});

Deno.test("explore() wakes parked threads in their order", async () => {
  const waits: ToyBody = ({ wasm }) => wasm.waitFor(FLAG, 0, -1);
  const wakes: ToyBody = async ({ notify }) => [await notify(FLAG, 1), await notify(FLAG)];
  const report = await explore(toys, {
    ...scenario([waits, wakes, waits], { allowParked: true }),
    check({ results, parked }) {
      const [first, second] = results[1] as [number, number];
      assertEquals(first + second + parked.length, 2);
      for (const id of [0, 2]) assertEquals(results[id], parked.includes(id) ? undefined : 0);
    },
  });
  assertHolds(report);
});

Deno.test("explore() lets a wait time out as its scenario says", async () => {
  const waitsAndSets: ToyBody[] = [
    ({ wasm }) => wasm.waitFor(FLAG, 0, 0.001),
    async ({ wasm }) => {
      await wasm.increment(COUNTER);
      await wasm.increment(FLAG);
      await wasm.increment(COUNTER);
      return await wasm.wakeAll(FLAG);
    },
  ];
  for (
    const [timeouts, expected] of [
      // Woken; not equal; timed out, since the wait began when the other had ended.
      ["idle", ["0 1", "1 0"]],
      ["changed", ["0 1", "1 0", "2 0"]],
      ["anytime", ["0 1", "1 0", "2 0"]],
    ] as const
  ) {
    const ends = new Set<string>();
    assertHolds(
      await explore(toys, {
        ...scenario(waitsAndSets, { timeouts }),
        check: ({ results }) => void ends.add(results.join(" ")),
      }),
    );
    assertEquals([...ends].toSorted(), [...expected]);
  }
  const alone = scenario([({ wasm }) => wasm.waitFor(FLAG, 0, 0.001)], {
    timeouts: "idle",
    check: ({ results }) => results[0] === 2,
  });
  assertHolds(await explore(toys, alone));
});

Deno.test("explore() lets naps end once their word has changed", async () => {
  const naps = twice<ToyBody>(async ({ wasm }) => {
    await wasm.lockNapping(LOCK);
    await wasm.spinUnlock(LOCK);
  });
  for (const timeouts of ["idle", "changed", "anytime"] as const) {
    assertHolds(await explore(toys, scenario(naps, { timeouts })));
  }
});

Deno.test("explore() finds that a thread can die while it holds a lock", async () => {
  const other: ToyBody = ["incrementSpinning", LOCK, COUNTER];
  const safe = scenario([["incrementSpinning", LOCK, COUNTER], other], {
    kill: { thread: 0 },
    check: ({ words, killed }) => words[COUNTER >>> 2] === 2 - killed.length,
  });
  const report = await explore(toys, safe, { maxSpin: 4 });
  assertHolds(report);
  const unsafe = { ...safe, threads: [["addLooping", LOCK, COUNTER, 1], other] as const };
  const { kind, trace, listing } = assertFails(await explore(toys, unsafe), "livelock");
  assertEquals([kind, trace.includes("A")], ["livelock", true]);
  assertStringIncludes(listing, "a: kill");
});

Deno.test("explore() lets a parked thread die, and its wake-up with it", async () => {
  const dies = scenario(
    [({ wasm }) => wasm.waitFor(FLAG, 0, -1), async ({ wasm }) => {
      await wasm.increment(FLAG);
      return await wasm.wakeAll(FLAG);
    }],
    { kill: { thread: 0, at: ({ op, parked }) => parked || op === Op.wake } },
  );
  const ends = new Set<string>();
  const check: ToyScenario["check"] = ({ results, killed }) => {
    ends.add(`${results[0]} ${results[1]} ${killed}`);
  };
  assertHolds(await explore(toys, { ...dies, check }));
  assertEquals([...ends].toSorted(), ["0 1 ", "1 0 ", "undefined 0 0", "undefined 1 0"]);
});

Deno.test("explore() tells whoever wants to know that a thread has ended", async () => {
  const ends = new Set<string>();
  const report = await explore(
    toys,
    scenario([
      ["incrementSpinning", LOCK, COUNTER],
      async ({ wait, wasm }) => [await wait(FLAG, 0), await wasm.read(COUNTER)],
    ], {
      kill: { thread: 0, tells: () => FLAG },
      check({ results, killed }) {
        const [waited, counter] = results[1] as [number, number];
        assertEquals(counter, 1 - killed.length);
        ends.add(`${waited} ${killed}`);
      },
    }),
  );
  assertHolds(report);
  assertEquals([...ends].toSorted(), ["0 ", "0 0", "1 ", "1 0"]);
});

Deno.test("explore() schedules operations done in JavaScript", async () => {
  const increments: ToyBody = ({ atomic }) =>
    atomic(COUNTER, (words) => Atomics.add(words, COUNTER >>> 2, 1));
  assertHolds(await explore(toys, scenario([increments, ["increment", COUNTER]], counts(2))));
  const racy: ToyBody = async ({ atomic }) => {
    const before = await atomic(COUNTER, (words) => words[COUNTER >>> 2]!);
    await atomic(COUNTER, (words) => words[COUNTER >>> 2] = before + 1);
  };
  assertFails(await explore(toys, scenario([racy, ["increment", COUNTER]], counts(2))), "check");
  const handsOver: ToyBody[] = [async ({ wait, log }) => {
    while (await wait(FLAG, 0) !== 1);
    log("woken");
  }, async ({ atomic, notify }) => {
    await atomic(FLAG, (words) => words[FLAG >>> 2] = 1);
    await notify(FLAG);
  }];
  assertHolds(
    await explore(toys, scenario(handsOver, { check: ({ log }) => log.length === 1 })),
  );
});

Deno.test("explore() polls again only once another thread has written", async () => {
  const polls: ToyBody = ({ wasm, repeat }) =>
    repeat(async () => await wasm.read(FLAG) === 0 ? undefined : await wasm.read(COUNTER));
  const sets: ToyBody = async ({ wasm }) => {
    for (const ptr of [COUNTER, LOCK, COUNTER, FLAG]) await wasm.increment(ptr);
  };
  const polled = scenario([polls, sets, polls], {
    check: ({ results }) => results[0] === 2 && results[2] === 2,
  });
  const report = await explore(toys, polled);
  assertHolds(report);
  assert(report.exhaustive);
  assertLess(report.states, 100);
  const { message } = assertFails(
    await explore(toys, scenario([polls, ["increment", COUNTER]])),
    "livelock",
  );
  assertStringIncludes(message, "in vain");
});

Deno.test("explore() reports a body that is not deterministic", async () => {
  let calls = 0;
  const body: ToyBody = async ({ wasm }) => {
    if (calls++ % 3 === 0) await wasm.increment(LOCK);
    await wasm.increment(COUNTER);
  };
  assertFails(await explore(toys, scenario(twice(body))), "nondeterminism");
});

Deno.test("explore() starts each schedule from the memory that setup left, even if it grows", async () => {
  const grows: ToyBody = async ({ wasm }, _state) => {
    await wasm.increment(COUNTER);
  };
  let memory: WebAssembly.Memory | undefined;
  const report = await explore(toys, {
    ...scenario(twice(grows), { pages: 1, maxPages: 3 }),
    setup(wasm, words) {
      memory = (wasm as unknown as { memory: WebAssembly.Memory }).memory;
      words[COUNTER >>> 2] = 5;
      return null;
    },
    check({ words }) {
      assertEquals([words.length, words[COUNTER >>> 2]], [16384, 7]);
      memory!.grow(1);
    },
  });
  assertHolds(report);
  assert(report.schedules > 1);
});

Deno.test("explore() can give each thread its own imports", async () => {
  const asked: number[] = [];
  const report = await explore(toys, {
    ...scenario([["increment", COUNTER], ["increment", COUNTER]], counts(2)),
    env: (thread) => (asked.push(thread), { extra: thread }),
  });
  assertHolds(report);
  assertEquals(asked, [-1, 0, 1]);
});

/**
 * The programs and the warnings of the seed 004 about groups, each as it says it behaves, or as it should where that is a defect. The
 * libraries that it describes are named in the tests.
 *
 * @module
 */
import { Channel, select, sleep } from "../../mod.ts";
import { background, withCancel, withTimeout } from "../../src/context/mod.ts";
import {
  all,
  ErrGroup,
  last,
  race,
  retry,
  SchedGroup,
  SingleFlight,
  take,
  waterfall,
} from "../../src/group/mod.ts";
import { assert, assertEquals, assertStrictEquals } from "../support/assert.ts";
import { test } from "../support/test.ts";
import { virtualTime } from "../support/virtual_time.ts";
import { isPending, settled } from "./waiting.ts";

/** A function that takes so long, and then returns or fails with `end`. */
function afterwards<T>(ms: number, end: T): () => Promise<T> {
  return async () => {
    await sleep(ms);
    if (end instanceof Error) throw end;
    return end;
  };
}

/** Lets `ms` milliseconds pass, and then whoever has become ready go on: also those who give the event loop a turn. */
async function pass(ms: number): Promise<void> {
  for (const part of [ms, 0, 0]) await time!.pass(part);
}

/** What `promise` comes to by the time that `ms` have passed. */
async function within(ms: number, promise: Promise<unknown>): Promise<unknown> {
  const end = settled(promise);
  await pass(ms);
  return await Promise.race([end, Promise.resolve("pending")]);
}

let time: ReturnType<typeof virtualTime> | undefined;

/** A test in virtual time. */
function timed(name: string, body: () => Promise<void>): void {
  test(name, async () => {
    using own = virtualTime();
    time = own;
    await body();
    assertStrictEquals(own.timers, 0);
  });
}

// ---- errgroup

timed(
  "errgroup: three tasks of 5, 10 and 15 s, the second fails: Wait returns its error after all have ended",
  async () => {
    const log: string[] = [];
    const group = new ErrGroup();
    const failure = new Error("failed to exec #2");
    group.go(() => sleep(5000).then(() => log.push("exec #1")));
    group.go(async () => {
      await sleep(10_000);
      log.push("exec #2");
      throw failure;
    });
    group.go(() => sleep(15_000).then(() => log.push("exec #3")));
    const waited = group.wait();
    assertEquals(await within(14_999, waited), "pending");
    assertEquals(await within(1, waited), { reason: failure });
    assertEquals(log, ["exec #1", "exec #2", "exec #3"]);
  },
);

timed("errgroup: the context tells the other tasks of the first error", async () => {
  const [group, ctx] = ErrGroup.withContext(background());
  const failure = new Error("failed to exec #2");
  let stopped = 0;
  for (let i = 0; i < 2; i++) {
    group.go(async (own) => {
      assertStrictEquals(own, ctx);
      await own.done!.receive();
      stopped++;
    });
  }
  group.go(afterwards(10_000, failure));
  assertEquals(await within(10_000, group.wait()), { reason: failure });
  assertStrictEquals(stopped, 2);
});

timed("errgroup: a cancelled parent does not end the tasks that run", async () => {
  const [parent, cancel] = withCancel(background());
  const [group, ctx] = ErrGroup.withContext(parent);
  let ended = false;
  group.go(() => sleep(1000).then(() => ended = true));
  cancel();
  assert(ctx.err !== undefined);
  assertEquals(await within(999, group.wait()), "pending");
  assertEquals(await within(1, group.wait()), { value: undefined });
  assert(ended);
});

timed("errgroup: a pipeline whose stages are a group, with the errors of all", async () => {
  const [group, ctx] = ErrGroup.withContext(background(), { errors: "all" });
  const paths = new Channel<string>();
  const sums = new Channel<number>();
  group.go(async () => {
    for (const path of ["a", "bb", "ccc"]) {
      await sleep(1);
      await paths.send(path, { signal: ctx.signal });
    }
    paths.close();
  });
  const workers = new ErrGroup({ errors: "all" });
  for (let i = 0; i < 3; i++) {
    await workers.go(async () => {
      for await (const path of paths) await sums.send(path.length);
      throw new Error(`worker ${i} is done with it`);
    });
  }
  group.go(() => workers.wait().finally(() => sums.close()));
  const got: number[] = [];
  group.go(async () => {
    for await (const sum of sums) got.push(sum);
  });
  const { reason } = await within(10, group.wait()) as { reason: AggregateError };
  assertEquals(got.toSorted(), [1, 2, 3]);
  const [nested] = reason.errors as AggregateError[];
  assertEquals(nested!.errors.map(({ message }: Error) => message).toSorted(), [
    "worker 0 is done with it",
    "worker 1 is done with it",
    "worker 2 is done with it",
  ]);
});

// ---- bilibili/errgroup

timed(
  "bilibili/errgroup: what is beyond the number of workers starts when one is free, not when Wait is called",
  async () => {
    const group = new ErrGroup({ limit: 2, queue: Infinity });
    const started: number[] = [];
    for (let i = 0; i < 6; i++) {
      await group.go(() => {
        started.push(i);
        return sleep(10);
      });
    }
    await pass(9);
    assertEquals(started, [0, 1]);
    await pass(1);
    assertEquals(started, [0, 1, 2, 3]);
    await pass(10);
    assertEquals(started, [0, 1, 2, 3, 4, 5]);
    assertEquals(await within(10, group.wait()), { value: undefined });
  },
);

timed("bilibili/errgroup: tasks that many add at once are all run, each once", async () => {
  const group = new ErrGroup({ limit: 4, queue: Infinity });
  const ran = new Map<string, number>();
  const adding = Array.from({ length: 50 }, async (_, adder) => {
    for (let i = 0; i < 40; i++) {
      const name = `${adder}/${i}`;
      await group.go(async () => {
        await null;
        ran.set(name, (ran.get(name) ?? 0) + 1);
      });
    }
  });
  await Promise.all(adding);
  await group.wait();
  assertStrictEquals(ran.size, 2000);
  assert([...ran.values()].every((times) => times === 1));
});

timed("bilibili/errgroup: a panic is recovered and becomes the error", async () => {
  const group = new ErrGroup({ recover: (error) => new Error("recovered", { cause: error }) });
  const panic = new TypeError("nil map");
  group.go(() => {
    throw panic;
  });
  const { reason } = await within(0, group.wait()) as { reason: Error };
  assertEquals([reason.message, reason.cause === panic], ["recovered", true]);
});

// ---- neilotoole/errgroup

timed(
  "neilotoole/errgroup: numG run, qSize wait in the queue, and Go waits when it is full",
  async () => {
    const [group] = ErrGroup.withContext(background(), { limit: 2, queue: 3 });
    const taken = Array.from({ length: 7 }, () => group.go(() => sleep(10)));
    const pending = (): Promise<boolean[]> =>
      Promise.all(
        taken.map((each) => Promise.race([each.then(() => false), pass(0).then(() => true)])),
      );
    assertEquals(await pending(), [false, false, false, false, false, true, true]);
    await pass(10);
    assertEquals(await pending(), [false, false, false, false, false, false, false]);
    assertEquals(await within(30, group.wait()), { value: undefined });
  },
);

// ---- facebookgo/errgroup

timed("facebookgo/errgroup: Wait returns every error, here the one of exec #2", async () => {
  const log: string[] = [];
  const group = new ErrGroup({ errors: "all" });
  group.go(() => sleep(5000).then(() => log.push("exec #1")));
  group.go(async () => {
    await sleep(10_000);
    log.push("exec #2");
    throw new Error("failed to exec #2");
  });
  group.go(() => sleep(15_000).then(() => log.push("exec #3")));
  const { reason } = await within(15_000, group.wait()) as { reason: AggregateError };
  assertEquals(reason.errors.map(({ message }: Error) => message), ["failed to exec #2"]);
  assertEquals(log, ["exec #1", "exec #2", "exec #3"]);
});

// ---- go-pkgz/syncs

for (const [name, queue] of [["SizedGroup", Infinity], ["SizedGroup, preemptive", 0]] as const) {
  timed(`${name}: 1000 tasks of 5 ms, ten at a time`, async () => {
    const group = new ErrGroup({ limit: 10, queue });
    let [count, now, most] = [0, 0, 0];
    let taken = 0;
    const add = async (): Promise<void> => {
      for (; taken < 1000; taken++) {
        await group.go(async () => {
          most = Math.max(most, ++now);
          await sleep(5);
          now--;
          count++;
        });
      }
    };
    const adding = add();
    // Without preemption all are taken up before the first has ended.
    if (queue === Infinity) await adding;
    let isOver = false;
    const ended = adding.then(() => group.wait()).then(() => isOver = true);
    while (!isOver) {
      await pass(5);
      if (queue === 0) assert(taken <= count + 10, "more were taken up than there were places");
    }
    await ended;
    assertEquals([count, most], [1000, 10]);
  });
}

timed(
  "ErrSizedGroup: after the first error later tasks can be refused, and each task has the context",
  async () => {
    const [group, ctx] = ErrGroup.withContext(background(), { limit: 1 });
    const failure = new Error("first");
    const ran: number[] = [];
    await group.go(afterwards(10, failure));
    const waiting = settled(group.go(() => ran.push(1), { signal: ctx.signal }));
    assertEquals(await within(10, group.wait()), { reason: failure });
    assertEquals(await waiting, { reason: failure });
    assertEquals(await settled(group.go(() => ran.push(2), { signal: ctx.signal })), {
      reason: failure,
    });
    assertEquals(ran, []);
  },
);

// ---- SingleFlight

timed(
  "singleflight: a cache entry that expires costs the data base one query, and a write is not merged",
  async () => {
    const flights = new SingleFlight<string, string>();
    const cache = new Map<string, string>();
    let queries = 0;
    const load = async (key: string): Promise<string> => {
      const hit = cache.get(key);
      if (hit !== undefined) return hit;
      const { value } = await flights.do(key, async () => {
        queries++;
        await sleep(100);
        cache.set(key, `row of ${key}`);
        return `row of ${key}`;
      });
      return value;
    };
    const loads = Promise.all(Array.from({ length: 1000 }, () => load("k")));
    await pass(100);
    assertEquals(await loads, Array.from({ length: 1000 }, () => "row of k"));
    assertStrictEquals(queries, 1);
    // The seed asks whether it can merge writes: of two that come at once one is lost.
    const written: number[] = [];
    const write = (n: number) => () => String(written.push(n));
    await Promise.all([flights.do("w", write(1)), flights.do("w", write(2))]);
    assertEquals(written, [1]);
  },
);

// ---- gollback

timed(
  "gollback: All waits for all, and gives the results in the order of the functions",
  async () => {
    const fns = [afterwards(30, 1), afterwards(10, 2), afterwards(20, 3)];
    const results = all(background(), fns);
    assertEquals(await within(29, results), "pending");
    assertEquals(await within(1, results), { value: [1, 2, 3] });
  },
);

timed("gollback: Race returns the first that has no error, and cancels the others", async () => {
  let cancelled = false;
  const raced = race<number>(background(), [
    async (ctx) => {
      await ctx.done!.receive();
      cancelled = true;
      return 1;
    },
    afterwards(10, new Error("too fast")) as () => Promise<never>,
    afterwards(20, 3),
  ]);
  assertEquals(await within(20, raced), { value: 3 });
  assert(cancelled);
});

timed("gollback: Race returns the last error when none succeeds", async () => {
  const fns = [30, 10, 20].map((ms) => afterwards(ms, new Error(`after ${ms}`)));
  const { reason } = await within(30, race(background(), fns)) as { reason: Error };
  assertEquals(reason.message, "after 30");
});

timed(
  "gollback: Retry tries five times and returns the error; with 0 it goes on until it succeeds",
  async () => {
    let tries = 0;
    const failing = (): Promise<never> => Promise.reject(new Error(`failed ${++tries} times`));
    const { reason } = await settled(retry(background(), 5, failing)) as { reason: Error };
    assertEquals([reason.message, tries], ["failed 5 times", 5]);
    tries = 0;
    const lucky = (): number => {
      if (++tries < 100) throw new Error("not yet");
      return tries;
    };
    assertEquals(await settled(retry(background(), 0, lucky)), { value: 100 });
  },
);

timed("gollback: Retry ends with the context", async () => {
  const [ctx, cancel] = withTimeout(background(), 50);
  const retried = retry(ctx, 0, () => Promise.reject(new Error("never")), {
    delayMs: 20,
    factor: 1,
  });
  assertEquals(await within(49, retried), "pending");
  assertEquals(await within(1, retried), { reason: ctx.err });
  cancel();
});

// ---- Hunch

timed("Hunch: All gives no results once there is an error", async () => {
  const failure = new Error("second");
  const fns: (() => Promise<unknown>)[] = [afterwards(30, 1), afterwards(10, failure)];
  assertEquals(await within(10, all(background(), fns)), { reason: failure });
  await pass(20);
});

timed("Hunch: Take gives the first two of three", async () => {
  const fns = [afterwards(30, 1), afterwards(10, 2), afterwards(20, 3)];
  assertEquals(await within(20, take(background(), 2, fns)), { value: [2, 3] });
  await pass(10);
});

timed("Hunch: Last with 1 gives the last", async () => {
  const fns = [afterwards(30, 1), afterwards(10, 2), afterwards(20, 3)];
  assertEquals(await within(30, last(background(), 1, fns)), { value: [1] });
});

timed(
  "Hunch: Waterfall runs one after the other, each with the result before it, and ends with the first error",
  async () => {
    const failure = new Error("third");
    const plus = (n: number) => async (_: unknown, previous: unknown) => {
      await sleep(10);
      return (previous as number ?? 0) + n;
    };
    const fall = waterfall(background(), [plus(1), plus(10), plus(100)]);
    assertEquals(await within(29, fall), "pending");
    assertEquals(await within(1, fall), { value: 111 });
    const fails = waterfall(background(), [plus(1), () => Promise.reject(failure), plus(100)]);
    assertEquals(await within(10, fails), { reason: failure });
  },
);

// ---- schedgroup

timed(
  "schedgroup: five tasks, 100 ms apart, in their order although they are given in the reverse",
  async () => {
    const group = new SchedGroup(background());
    const log: number[] = [];
    for (let i = 5; i > 0; i--) group.delay(i * 100, () => log.push(i));
    assertStrictEquals(time!.timers, 1);
    const waited = group.wait();
    assertEquals(await within(499, waited), "pending");
    assertEquals(log, [1, 2, 3, 4]);
    assertEquals(await within(1, waited), { value: undefined });
    assertEquals(log, [1, 2, 3, 4, 5]);
  },
);

timed("schedgroup: Wait returns the context's error when it is cancelled", async () => {
  const [ctx, cancel] = withTimeout(background(), 250);
  const group = new SchedGroup(ctx);
  const log: number[] = [];
  for (let i = 1; i <= 5; i++) group.schedule(new Date(Date.now() + i * 100), () => log.push(i));
  assertEquals(await within(250, group.wait()), { reason: ctx.err });
  assertEquals(log, [1, 2]);
  cancel();
});

test("schedgroup: a select can wait for it beside other things", async () => {
  const group = new SchedGroup();
  const ended = new Channel<void>(1);
  const never = new Channel<void>();
  group.delay(1, () => {});
  const waited = group.wait().then(() => ended.send());
  assertEquals((await select({ ended, never })).case, "ended");
  assert(!await isPending(waited));
});

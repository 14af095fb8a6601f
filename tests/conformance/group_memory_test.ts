/**
 * What groups leave behind: nothing, also when what they hang on lives on.
 *
 * @module
 */
import { background, withCancel } from "../../src/context/mod.ts";
import { all, ErrGroup, race, retry, SchedGroup, SingleFlight } from "../../src/group/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { collectUntil } from "../support/collect.ts";
import { test } from "../support/test.ts";
import { settled, turn } from "./waiting.ts";

/** Things that are to be collected. */
class Watched {
  readonly #refs: WeakRef<object>[] = [];

  add<T extends object>(thing: T): T {
    this.#refs.push(new WeakRef(thing));
    return thing;
  }

  async assertGone(): Promise<void> {
    assert(this.#refs.length > 0);
    const left = (): number => this.#refs.filter((ref) => ref.deref() !== undefined).length;
    await collectUntil(() => left() === 0);
    assertEquals(left(), 0);
  }
}

/** Runs `body` a hundred times. What it has made is not in any frame that goes on. */
async function repeat(body: () => Promise<void>): Promise<void> {
  for (let i = 0; i < 100; i++) await body();
}

test("SchedGroup lets go of its functions when its context is cancelled", async () => {
  const watched = new Watched();
  const [ctx, cancel] = withCancel(background());
  const group = new SchedGroup(ctx);
  for (let i = 0; i < 10_000; i++) group.delay(60_000 + i, watched.add(() => i));
  cancel();
  await watched.assertGone();
  assertEquals(await settled(group.wait()), { reason: ctx.err });
});

test("SchedGroup lets go of each function that has run", async () => {
  const watched = new Watched();
  const [ctx, cancel] = withCancel(background());
  const group = new SchedGroup(ctx);
  group.delay(60_000, () => {});
  for (let i = 0; i < 3000; i++) group.delay(0, watched.add(() => i));
  await turn();
  await watched.assertGone();
  cancel();
  await settled(group.wait());
});

test("SchedGroup is not kept by its context once all have run", async () => {
  const watched = new Watched();
  const [ctx, cancel] = withCancel(background());
  await repeat(async () => {
    const group = watched.add(new SchedGroup(ctx));
    group.delay(0, () => {});
    await group.wait();
  });
  await watched.assertGone();
  cancel();
});

test("all(), race() and retry() leave nothing at a context that goes on", async () => {
  const watched = new Watched();
  const [ctx, cancel] = withCancel(background());
  await repeat(async () => {
    await all(ctx, [(own) => void watched.add(own), () => {}]);
    await race(ctx, [(own) => void watched.add(own), () => new Promise(() => {})]);
    await retry(ctx, 2, (own) => void watched.add(own));
    await settled(retry(ctx, 2, (own) => Promise.reject(watched.add(own)), { delayMs: 0.1 }));
  });
  await watched.assertGone();
  cancel();
});

test("ErrGroup leaves nothing at a parent that goes on", async () => {
  const watched = new Watched();
  const [parent, cancel] = withCancel(background());
  await repeat(async () => {
    const [group, ctx] = ErrGroup.withContext(parent, { limit: 1, queue: 1 });
    watched.add(group);
    watched.add(ctx);
    for (let n = 0; n < 4; n++) group.go(() => turn());
    await group.wait();
  });
  await watched.assertGone();
  cancel();
});

test("ErrGroup lets go of a function whose wait for a place was aborted", async () => {
  const watched = new Watched();
  const group = new ErrGroup({ limit: 0 });
  const controller = new AbortController();
  const refused = Array.from({ length: 100 }, (_, i) => {
    return settled(group.go(watched.add(() => i), { signal: controller.signal }));
  });
  controller.abort();
  await Promise.all(refused);
  refused.length = 0;
  await watched.assertGone();
  await group.wait();
});

test("SingleFlight lets go of keys and values once the call has ended", async () => {
  const watched = new Watched();
  const flights = new SingleFlight<object, object>();
  const fresh = (): object => watched.add({});
  await repeat(async () => {
    const key = fresh();
    await Promise.all([flights.do(key, fresh), flights.do(key, fresh)]);
    await settled(flights.do(key, () => Promise.reject(fresh())));
    await flights.doChannel(key, fresh).receive();
  });
  await watched.assertGone();
  assertEquals(await flights.do({}, () => watched), { value: watched, shared: false });
});

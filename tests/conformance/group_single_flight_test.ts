/**
 * `SingleFlight`: calls that are merged, and how they end.
 *
 * @module
 */
import { Channel, Pool, select } from "../../mod.ts";
import { SingleFlight } from "../../src/group/mod.ts";
import { assert, assertEquals, assertStrictEquals } from "../support/assert.ts";
import { echo } from "../support/tasks.ts";
import { test } from "../support/test.ts";
import { isPending, settled, turn } from "./waiting.ts";

/** A function that counts its calls and returns when the test says so. */
class Query {
  calls = 0;
  readonly #rows = new Channel<() => string>();

  readonly run = async (): Promise<string> => {
    this.calls++;
    return (await this.#rows.receive())!();
  };

  async answer(row: string): Promise<void> {
    await this.#rows.send(() => row);
  }

  async fail(error: unknown): Promise<void> {
    await this.#rows.send(() => {
      throw error;
    });
  }
}

test("SingleFlight.do() gives what its function returns, not shared, when it is alone", async () => {
  const flights = new SingleFlight<string, number>();
  assertEquals(await flights.do("k", () => 1), { value: 1, shared: false });
  assertEquals(await flights.do("k", () => Promise.resolve(2)), { value: 2, shared: false });
});

test("SingleFlight.do() calls one function for all who ask meanwhile, and says that it is shared", async () => {
  const flights = new SingleFlight();
  const query = new Query();
  const asked = Array.from({ length: 1000 }, () => flights.do("k", query.run));
  await query.answer("row");
  const flown = await Promise.all(asked);
  assertStrictEquals(query.calls, 1);
  assertEquals(flown.length, 1000);
  for (const each of flown) assertEquals(each, { value: "row", shared: true });
});

test("SingleFlight.do() calls the first function within the call, and none of the others", async () => {
  const flights = new SingleFlight();
  const query = new Query();
  const first = flights.do("k", query.run);
  assertStrictEquals(query.calls, 1);
  const second = flights.do("k", () => assert(false));
  await query.answer("row");
  assertEquals(await first, await second);
});

test("SingleFlight.do() calls anew once a call has ended, and when it has failed", async () => {
  const flights = new SingleFlight<string, number>();
  let calls = 0;
  const next = (): Promise<number> => Promise.resolve(++calls);
  await flights.do("k", next);
  await settled(flights.do("k", () => {
    throw new Error("boom");
  }));
  assertEquals(await flights.do("k", next), { value: 2, shared: false });
});

test("SingleFlight.do() keeps keys apart, of any kind", async () => {
  const flights = new SingleFlight<unknown, unknown>();
  const keys = ["k", "l", 1, NaN, undefined, {}, {}];
  const flown = await Promise.all(keys.map((key) => flights.do(key, () => key)));
  for (const [index, { value, shared }] of flown.entries()) {
    assertStrictEquals(value, keys[index]);
    assertStrictEquals(shared, false);
  }
  const both = [flights.do(NaN, () => 1), flights.do(NaN, () => 2)];
  assertEquals(await Promise.all(both), [{ value: 1, shared: true }, { value: 1, shared: true }]);
});

test("SingleFlight.do() rejects for all with the same error, thrown or rejected", async () => {
  const error = new Error("no data base");
  const ways: (() => Promise<string>)[] = [() => Promise.reject(error), () => {
    throw error;
  }];
  for (const fn of ways) {
    const flights = new SingleFlight<string, string>();
    const ends = await Promise.all([1, 2, 3].map(() => settled(flights.do("k", fn))));
    for (const end of ends) assertStrictEquals((end as { reason: unknown }).reason, error);
  }
});

test("SingleFlight.do() that is aborted ends its own wait alone, also the first one's", async () => {
  for (const aborted of [0, 1]) {
    const flights = new SingleFlight();
    const query = new Query();
    const controller = new AbortController();
    const asked = [0, 1].map((index) =>
      settled(
        flights.do("k", query.run, index === aborted ? { signal: controller.signal } : undefined),
      )
    );
    controller.abort("enough");
    assertEquals(await asked[aborted], { reason: "enough" });
    assert(await isPending(asked[1 - aborted]!));
    await query.answer("row");
    assertEquals(await asked[1 - aborted], { value: { value: "row", shared: true } });
    assertStrictEquals(query.calls, 1);
  }
});

test("SingleFlight.do() drops a failure that nobody is left to get", async () => {
  const flights = new SingleFlight();
  const query = new Query();
  const controller = new AbortController();
  const asked = settled(flights.do("k", query.run, { signal: controller.signal }));
  controller.abort("enough");
  assertEquals(await asked, { reason: "enough" });
  await query.fail(new Error("nobody's"));
  await turn();
  assertEquals(await flights.do("k", () => 1), { value: 1, shared: false });
});

test("SingleFlight.do() with an aborted signal neither calls its function nor joins a call", async () => {
  const flights = new SingleFlight();
  const signal = AbortSignal.abort("no");
  const query = new Query();
  assertEquals(await settled(flights.do("k", query.run, { signal })), { reason: "no" });
  assertStrictEquals(query.calls, 0);
  const asked = flights.do("k", query.run);
  assertEquals(await settled(flights.do("k", query.run, { signal })), { reason: "no" });
  await query.answer("row");
  assertEquals(await asked, { value: "row", shared: false });
});

test("SingleFlight.forget() lets the next call start anew, and who waits wait on", async () => {
  const flights = new SingleFlight();
  const [old, fresh] = [new Query(), new Query()];
  const first = flights.do("k", old.run);
  flights.forget("k");
  const second = flights.do("k", fresh.run);
  const third = flights.do("k", () => assert(false));
  await fresh.answer("new");
  assertEquals(await Promise.all([second, third]), [
    { value: "new", shared: true },
    { value: "new", shared: true },
  ]);
  assert(await isPending(first));
  await old.answer("old");
  assertEquals(await first, { value: "old", shared: false });
  flights.forget("nothing under way");
});

test("SingleFlight does not let a forgotten call end the one that came after it", async () => {
  const flights = new SingleFlight();
  const [old, fresh] = [new Query(), new Query()];
  const first = flights.do("k", old.run);
  flights.forget("k");
  const second = flights.do("k", fresh.run);
  await old.answer("old");
  await first;
  // The second is still under way: this one joins it.
  const third = flights.do("k", () => assert(false));
  await fresh.answer("new");
  assertEquals(await Promise.all([second, third]), [
    { value: "new", shared: true },
    { value: "new", shared: true },
  ]);
});

test("SingleFlight.doChannel() gives the result through a channel, to each caller its own", async () => {
  const flights = new SingleFlight();
  const query = new Query();
  const channels = [1, 2].map(() => flights.doChannel("k", query.run));
  assertStrictEquals(query.calls, 0, "called inside the call");
  const asked = flights.do("k", query.run);
  await query.answer("row");
  const expected = { value: "row", shared: true };
  for (const channel of channels) assertEquals(await channel.receive(), expected);
  assertEquals(await asked, expected);
  assertStrictEquals(query.calls, 1);
});

test("SingleFlight.doChannel() leaves its channel open, as Go does", async () => {
  const channel = new SingleFlight().doChannel("k", () => 1);
  assertEquals(await channel.receive(), { value: 1, shared: false });
  assertEquals([channel.tryReceive().state, channel.closed], ["empty", false]);
});

test("SingleFlight.doChannel() gives a failure as a result, which nobody has to receive", async () => {
  const flights = new SingleFlight();
  const error = new Error("no data base");
  const channel = flights.doChannel("k", () => {
    throw error;
  });
  flights.doChannel("k", () => 1);
  const result = (await channel.receive())!;
  assertEquals(Object.keys(result), ["error", "shared"]);
  assertStrictEquals(result.error, error);
  assertStrictEquals(result.shared, true);
  const nothing = (await flights.doChannel("k", () => Promise.reject(undefined)).receive())!;
  assertEquals("error" in nothing, true);
});

test("SingleFlight.doChannel() is for a select with a time limit", async () => {
  const flights = new SingleFlight();
  const query = new Query();
  const result = flights.doChannel("k", query.run);
  const late = new Channel<string>(1);
  late.trySend("late");
  assertEquals((await select({ result, late })).case, "late");
  await query.answer("row");
  assertEquals((await select({ result, late })).case, "result");
});

test("SingleFlight merges calls of a task on another thread", async () => {
  await using pool = new Pool({ threads: 1 });
  const flights = new SingleFlight();
  const asked = [1, 2].map((n) => flights.do("k", () => pool.go(echo, n)));
  assertEquals(await Promise.all(asked), [
    { value: 1, shared: true },
    { value: 1, shared: true },
  ]);
});

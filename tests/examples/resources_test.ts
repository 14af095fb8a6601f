/**
 * Tests of `examples/resources.ts`: its queries in virtual time, and the program as a process of its own.
 *
 * @module
 */
import { query } from "../../examples/resources.ts";
import { background, withCancel } from "../../src/context/mod.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { checkUsage, Example, runExample } from "../support/example.ts";
import { test } from "../support/test.ts";
import { virtualTime } from "../support/virtual_time.ts";

/** Five queries at once, twice: the first takes a second, the second two, and so on. Two connections are kept. */
function load() {
  const lines: string[] = [];
  let queries = 0;
  const print = (line: string) => void lines.push(line);
  const delayMs = () => (queries++ % 5 + 1) * 1000;
  return { lines, load: { queries: 5, waves: 2, keep: 2, delayMs, print } };
}

test("query() opens a connection for each query at once, and uses again those that it has kept", async () => {
  using time = virtualTime();
  const { lines, load: twice } = load();
  const querying = query(background(), twice);
  await time.pass(5000);
  assertEquals(lines.slice(0, 5), [1, 2, 3, 4, 5].map((id) => `connection ${id} opened`));
  // The third comes back when two are kept already.
  assertEquals(lines.slice(5, 12), [
    ...[1, 2, 3].map((id) => `query ${id} answered by connection ${id}`),
    "connection 3 closed",
    "query 4 answered by connection 4",
    "connection 4 closed",
    "query 5 answered by connection 5",
  ]);
  await time.pass(5000);
  assertEquals([await querying, time.timers], [{ opened: 8, closed: 8 }, 0]);
  assertEquals(lines.filter((line) => line.startsWith("query")).slice(5), [
    "query 6 answered by connection 1",
    "query 7 answered by connection 2",
    "query 8 answered by connection 6",
    "query 9 answered by connection 7",
    "query 10 answered by connection 8",
  ]);
});

test("query() closes all connections when its context ends", async () => {
  using time = virtualTime();
  const { lines, load: twice } = load();
  const [ctx, cancel] = withCancel(background());
  const querying = query(ctx, twice);
  await time.pass(1500);
  cancel();
  assertEquals([await querying, time.timers], [{ opened: 5, closed: 5 }, 0]);
  assertEquals(lines.filter((line) => line.startsWith("query")).length, 1);
});

test("resources answers all queries, and closes what it has opened", async () => {
  const { code, lines, err } = await runExample("resources", "--most", "20");
  assertEquals([code, err], [0, ""]);
  assertEquals(lines.filter((line) => line.startsWith("query")).length, 50);
  assertEquals(lines.at(-1), "48 connections opened, 48 closed");
});

for (const [signal, expected] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(`resources closes what it has opened at ${signal}, and ends with ${expected}`, async () => {
    await using example = new Example(["resources", "--most", "1000000", "--keep", "25"]);
    await example.until(/^connection 25 opened$/);
    example.kill(signal);
    const { code, lines, err } = await example.end();
    assertEquals([code, err], [expected, ""]);
    assertMatch(lines.at(-1)!, /^25 connections opened, 25 closed$/);
  });
}

test("resources ends with 64 when its arguments are wrong", () =>
  checkUsage("resources", [["--keep 0", "--keep", "0"], ["--most x", "--most", "x"]]));

/**
 * Tests of `examples/token_ring.ts`: its ring on this thread and on several, and the program as a process of its own.
 *
 * @module
 */
import { passAround } from "../../examples/token_ring.ts";
import { Pool } from "../../mod.ts";
import { background, withCancel } from "../../src/context/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { checkUsage, Example, runExample } from "../support/example.ts";
import { test } from "../support/test.ts";
import { virtualTime } from "../support/virtual_time.ts";

/** 1 2 3 4 1 2 3 4, and so on. */
function turns(members: number, rounds: number): number[] {
  return Array.from({ length: members * rounds }, (_, turn) => turn % members + 1);
}

for (const [members, rounds] of [[4, 3], [1, 5], [2, 1], [100, 10]] as const) {
  test(`passAround() lets ${members} members speak in turn, ${rounds} times, and ends`, async () => {
    const heard: number[] = [];
    const ring = { members, rounds, everyMs: 0 };
    await passAround(background(), ring, (number) => heard.push(number));
    assertEquals(heard, turns(members, rounds));
  });
}

test("passAround() lets members on threads speak in turn, and ends", async () => {
  await using pool = new Pool({ threads: 3 });
  const heard: number[] = [];
  const ring = { members: 7, rounds: 20, everyMs: 0, pool };
  await passAround(background(), ring, (number) => heard.push(number));
  assertEquals(heard, turns(7, 20));
});

test("passAround() waits before the token is passed on, and not after its end", async () => {
  using time = virtualTime();
  const heard: number[] = [];
  const ring = { members: 2, rounds: 2, everyMs: 1000 };
  const passing = passAround(background(), ring, (number) => heard.push(number));
  await time.pass(500);
  assertEquals(heard, [1]);
  await time.pass(1000);
  assertEquals(heard, [1, 2]);
  await time.pass(1000);
  assertEquals(heard, [1, 2, 1]);
  await time.pass(1000);
  await passing;
  assertEquals([heard, time.timers], [[1, 2, 1, 2], 0]);
});

test("passAround() ends with its context, wherever the token is", async () => {
  using time = virtualTime();
  const [ctx, cancel] = withCancel(background());
  const heard: number[] = [];
  const ring = { members: 3, rounds: 100, everyMs: 1000 };
  const passing = passAround(ctx, ring, (number) => heard.push(number));
  await time.pass(1500);
  cancel();
  await passing;
  assertEquals([heard, time.timers], [[1, 2], 0]);
});

test("passAround() says nothing when its context has ended", async () => {
  const [ctx, cancel] = withCancel(background());
  cancel();
  const heard: number[] = [];
  await passAround(ctx, { members: 1000, rounds: 1, everyMs: 0 }, (number) => heard.push(number));
  assertEquals(heard, []);
});

test("token_ring prints a line for each round", async () => {
  const { code, lines, err } = await runExample("token_ring", "--every", "0");
  assertEquals([code, lines, err], [0, Array(3).fill("1 2 3 4"), ""]);
});

test("token_ring prints the same with its members on threads", async () => {
  const options = ["--every", "0", "--threads", "2"];
  const { code, lines, err } = await runExample("--allow-read", "token_ring", ...options);
  assertEquals([code, lines, err], [0, Array(3).fill("1 2 3 4"), ""]);
});

for (const [signal, expected] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  for (const threads of ["0", "2"]) {
    test(`token_ring --threads ${threads} ends with ${expected} at ${signal}`, async () => {
      const options = ["--members", "1", "--rounds", "1000", "--threads", threads];
      await using example = new Example(["--allow-read", "token_ring", ...options]);
      await example.until(/^1$/);
      example.kill(signal);
      const { code, err } = await example.end();
      assertEquals([code, err], [expected, ""]);
    });
  }
}

test("token_ring ends with 64 when its arguments are wrong", () =>
  checkUsage("token_ring", [["--members 0", "--members", "0"], ["--every x", "--every", "x"]]));

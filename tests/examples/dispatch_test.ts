/**
 * Tests of `examples/dispatch.ts`: how many jobs it takes, and the program as a process of its own.
 *
 * @module
 */
import { dispatchAll } from "../../examples/dispatch.ts";
import { Channel, sleep } from "../../mod.ts";
import { background, withCancel } from "../../src/context/mod.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { checkUsage, Example, runExample } from "../support/example.ts";
import { test } from "../support/test.ts";
import { virtualTime } from "../support/virtual_time.ts";

/** A thousand jobs, which say when they are taken, and end when they are let. */
class Jobs {
  taken = 0;
  running = 0;
  readonly done: number[] = [];
  readonly gate = new Channel<void>();

  *[Symbol.iterator](): Iterator<number> {
    while (this.taken < 1000) yield this.taken++;
  }

  readonly handle = async (job: number): Promise<void> => {
    this.running++;
    await this.gate.receive();
    this.running--;
    this.done.push(job);
  };
}

test("dispatchAll() takes no more jobs than there are workers and places, however many there are", async () => {
  using time = virtualTime();
  const jobs = new Jobs();
  const dispatching = dispatchAll(background(), jobs, jobs.handle, { workers: 3, queue: 5 });
  await time.pass(1000);
  // One more stands before the queue. A dispatcher with a goroutine for each job takes all thousand.
  assertEquals([jobs.running, jobs.taken], [3, 3 + 5 + 1]);
  jobs.gate.close();
  assertEquals([await dispatching, jobs.done.length, time.timers], [1000, 1000, 0]);
});

test("dispatchAll() gives a job to whichever worker is free", async () => {
  using time = virtualTime();
  const began: string[] = [];
  const handle = async (ms: number): Promise<void> => {
    began.push(`${ms} at ${now()}`);
    await sleep(ms);
  };
  const startedAt = performance.now();
  const now = () => Math.round(performance.now() - startedAt);
  const plan = { workers: 2, queue: 10 };
  const dispatching = dispatchAll(background(), [1000, 100, 200, 300], handle, plan);
  await time.pass(1000);
  await dispatching;
  assertEquals(began, ["1000 at 0", "100 at 0", "200 at 100", "300 at 300"]);
});

test("dispatchAll() does what was submitted when its context ends, and takes no more", async () => {
  using time = virtualTime();
  const [ctx, cancel] = withCancel(background());
  const jobs = new Jobs();
  const dispatching = dispatchAll(ctx, jobs, jobs.handle, { workers: 3, queue: 5 });
  await time.pass(1000);
  cancel();
  jobs.gate.close();
  assertEquals([await dispatching, jobs.done.length, jobs.taken], [8, 8, 9]);
});

test("dispatch uploads every file, and no more at once than there are workers", async () => {
  const options = ["--delay", "5", "--jobs", "30", "--workers", "3"];
  const { code, lines, err } = await runExample("--allow-net=127.0.0.1", "dispatch", ...options);
  assertEquals([code, err], [0, ""]);
  assertMatch(lines[0]!, /^uploading to http:\/\/127\.0\.0\.1:\d+$/);
  assertEquals(
    lines.slice(1, -1).sort(),
    Array.from({ length: 30 }, (_, index) => `file-${index + 1}.txt: 204`).sort(),
  );
  assertEquals(lines.at(-1), "30 files, 501 bytes, at most 3 at once");
});

for (const [signal, expected] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(`dispatch ends with ${expected} at ${signal}, when what was submitted is uploaded`, async () => {
    const options = ["--delay", "50", "--jobs", "1000000"];
    await using example = new Example(["--allow-net=127.0.0.1", "dispatch", ...options]);
    await example.until(/^file-1.txt: 204$/);
    example.kill(signal);
    const { code, lines, err } = await example.end();
    assertEquals([code, err], [expected, ""]);
    const uploaded = lines.filter((line) => line.endsWith(": 204")).length;
    assertMatch(lines.at(-1)!, new RegExp(`^${uploaded} files, `));
  });
}

test("dispatch ends with 1 when its port is in use", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = String((listener.addr as Deno.NetAddr).port);
  const { code, lines, err } = await runExample(
    "--allow-net=127.0.0.1",
    "dispatch",
    "--port",
    port,
  );
  assertEquals([code, lines], [1, []]);
  assertMatch(err, /^dispatch: .*(EADDRINUSE|address (already )?in use).*\n$/i);
});

test("dispatch ends with 64 when its arguments are wrong", () =>
  checkUsage("dispatch", [["--workers 0", "--workers", "0"], ["--queue x", "--queue", "x"]]));

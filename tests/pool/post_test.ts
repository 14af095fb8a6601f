/**
 * The post of a pool: nothing stays with the owner, whatever becomes of tasks and threads.
 *
 * @module
 */
import { Channel, i32, PoolClosedError, transfer, WorkerCrashedError } from "../../mod.ts";
import { core } from "../../src/memory/core.ts";
import { POOL_HIRED, TASK_ARGUMENTS, TASK_PARCEL } from "../../src/memory/layout.ts";
import { writeValue } from "../../src/memory/value.ts";
import { Crew } from "../../src/pool/crew.ts";
import type { Goroutine } from "../../src/pool/goroutine.ts";
import { discardParcel, type Parcel } from "../../src/pool/parcel.ts";
import { takeArguments } from "../../src/pool/payload.ts";
import { type Note, Office } from "../../src/pool/post.ts";
import { workerModule } from "../../src/pool/thread.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { blockOn, echo, noop } from "../support/tasks.ts";
import {
  forkGreetAndDie,
  greet,
  leaveJoin,
  makeBuffer,
  passStreamOn,
} from "../support/tasks_transfer.ts";
import { test } from "../support/test.ts";

/** Agents of threads that only exist as numbers here. */
const [OWNER, FIRST, SECOND, DEAD] = [1, 2, 3, 4];

/** A parcel with a stream in it, and when that is cancelled. */
function streamInParcel(): { parcel: Parcel; cancelled: Promise<unknown> } {
  let cancel!: () => void;
  const cancelled = new Promise<void>((resolve) => cancel = resolve);
  const stream = new ReadableStream({ cancel: () => cancel() });
  const { port1, port2 } = new MessageChannel();
  port1.postMessage([stream], [stream]);
  return { parcel: [port2, port1], cancelled };
}

function office(): Office {
  // No parcel of its own is deposited: the pool's address is not used.
  return new Office(0, OWNER, (agent) => agent === FIRST || agent === SECOND);
}

/** A line to a thread: what is sent along it. */
function line(): { notes: Note[]; send: (note: Note) => void } {
  const notes: Note[] = [];
  return { notes, send: (note) => notes.push(note) };
}

test("Office gives a parcel to who asks, before or after it has come", async () => {
  const post = office();
  const { notes, send } = line();
  for (const key of [1, 2]) {
    const { parcel } = streamInParcel();
    const deposit: Note = { type: "millrace.deposit", key, parcel, to: 0 };
    const fetch: Note = { type: "millrace.fetch", key, by: FIRST };
    if (key === 1) post.receive(deposit, FIRST, send);
    post.receive(fetch, SECOND, send);
    if (key === 2) post.receive(deposit, FIRST, send);
    assertEquals(notes.at(-1), { type: "millrace.deliver", key, parcel });
    assertEquals(post.size, 0);
    await discardParcel(parcel);
  }
});

test("Office says that a parcel is lost when its thread has ended, before or after the question", () => {
  const post = office();
  const { notes, send } = line();
  post.receive({ type: "millrace.fetch", key: 1, by: DEAD }, SECOND, send);
  assertEquals(notes, [{ type: "millrace.deliver", key: 1, parcel: undefined }]);
  post.receive({ type: "millrace.fetch", key: 2, by: FIRST }, SECOND, send);
  post.receive({ type: "millrace.fetch", key: 3, by: SECOND }, FIRST, send);
  assertEquals(post.size, 2);
  post.ended(FIRST);
  // The one who asked for 3 has ended itself.
  assertEquals(notes.slice(1), [{ type: "millrace.deliver", key: 2, parcel: undefined }]);
  assertEquals(post.size, 0);
});

test("Office ends what nobody will ask for", async () => {
  const post = office();
  const { send } = line();
  const cases: [Note["type"], number, number, () => void][] = [
    ["millrace.deposit", FIRST, 0, () => {
      post.receive({ type: "millrace.discard", key: 0 }, FIRST, send);
    }],
    ["millrace.deposit", FIRST, SECOND, () => post.ended(SECOND)],
    ["millrace.deposit", FIRST, DEAD, () => {}],
    ["millrace.deposit", DEAD, 0, () => post.sweep()],
    ["millrace.deposit", FIRST, 0, () => void post.close()],
  ];
  for (const [key, [type, from, to, end]] of cases.entries()) {
    const { parcel, cancelled } = streamInParcel();
    post.receive({ type, key, parcel, to } as Note, from, send);
    end();
    await cancelled;
    assertEquals(post.size, 0);
  }
});

test("Office keeps at the pool's rest what a living thread has deposited", async () => {
  const post = office();
  const { parcel, cancelled } = streamInParcel();
  post.receive({ type: "millrace.deposit", key: 1, parcel, to: 0 }, FIRST, line().send);
  post.sweep();
  assertEquals(post.size, 1);
  await post.close();
  await cancelled;
});

function newCrew(options?: { threads: number; idleTimeoutMs: number }): Crew {
  const module = workerModule(undefined);
  const base = { name: "post", module, ranking: undefined, queue: undefined };
  return new Crew({ ...base, threads: 1, idleTimeoutMs: Infinity, ...options });
}

/** Submits a task as `pool.go` does. */
function go(crew: Crew, fn: { taskId: string }, ...args: unknown[]): Goroutine<unknown> {
  return crew.submit({ id: fn.taskId, args, rank: 0, above: go });
}

test("Crew keeps no parcel of tasks that ran, failed, were cancelled or died", async () => {
  const crew = newCrew();
  const port = (): MessagePort => transfer(new MessageChannel().port2);
  await go(crew, greet, { port: port() });
  await go(crew, makeBuffer, 1 << 20);
  const stream = await go(crew, passStreamOn, 1) as ReadableStream;
  await stream.cancel();
  await assertRejects(
    () => go(crew, { taskId: `${import.meta.url}#none` }, port()).join(),
    TypeError,
  );
  const { port1, port2 } = new MessageChannel();
  const greeted = new Promise((resolve) => port1.onmessage = resolve);
  await assertRejects(
    () => go(crew, forkGreetAndDie, transfer(port2)).join(),
    WorkerCrashedError,
  );
  await greeted;
  port1.close();
  using started = new Channel(i32, 1);
  using until = new Channel(i32, 1);
  const blocked = go(crew, blockOn, started, until);
  await started.receive();
  const queued = go(crew, echo, port());
  assertEquals(crew.post.size, 1);
  assert(queued.cancel());
  assertEquals(crew.post.size, 0);
  until.close();
  await blocked;
  await go(crew, noop);
  await crew.close();
  assertEquals(crew.post.size, 0);
});

test("Crew keeps no parcel of tasks that its end called off", async () => {
  const crew = newCrew();
  using started = new Channel(i32, 1);
  const blocked = go(crew, blockOn, started, new Channel(i32, 1));
  await started.receive();
  const queued = [1, 2, 3].map(() => go(crew, echo, transfer(new MessageChannel().port2)));
  assertEquals(crew.post.size, 3);
  const ended = crew.terminate(1000);
  for (const each of [blocked, ...queued]) await assertRejects(() => each.join(), PoolClosedError);
  await ended;
  assertEquals(crew.post.size, 0);
});

test("Crew hears a thread that has left its place, and answers it, until it has ended", async () => {
  const crew = newCrew({ threads: 2, idleTimeoutMs: 1 });
  using started = new Channel(i32, 1);
  using until = new Channel(i32, 1);
  using lengths = new Channel(i32, 1);
  await go(crew, leaveJoin, until, lengths, started);
  // The thread with the fork has something suspended; the other one leaves.
  while (core().loadU32(crew.ptr + POOL_HIRED) > 1) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  // The pool is about to be quiet, and keeps the process alive no more.
  const keepAlive = setInterval(() => {}, 1000);
  until.close();
  assertEquals(await lengths.receive(), 1 << 20);
  clearInterval(keepAlive);
  await crew.close();
  assertEquals(crew.post.size, 0);
});

test("Goroutine rejects when this thread cannot have what was moved to it, or what it moves back", async () => {
  const crew = newCrew();
  const refusal = new TypeError("not here");
  crew.post.fetch = () => Promise.reject(refusal);
  const making = go(crew, makeBuffer, 1 << 20);
  assertEquals(await making.join().catch((error) => error), refusal);
  await crew.close();
  const task = core().fn.taskNew(core().agent, 0, 0, writeValue(["an argument"]), 0) >>> 0;
  core().writeU32(task + TASK_PARCEL, 1);
  assertEquals(
    await Promise.resolve(takeArguments(task, crew.post)).catch((error) => error),
    refusal,
  );
  assertEquals(core().readU32(task + TASK_ARGUMENTS), 0);
  core().fn.free(task);
});

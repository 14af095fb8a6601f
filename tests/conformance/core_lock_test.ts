/**
 * The core's locks, under a thread that holds one for long.
 *
 * @module
 */
import { Channel, i32 } from "../../mod.ts";
import { assertEquals } from "../support/assert.ts";
import { test } from "../support/test.ts";

/** As much of the core as is needed here; every copy of the module on this thread has the same. */
interface Core {
  readonly i32: Int32Array;
  readonly seed: { readonly memory: WebAssembly.Memory };
  readonly agent: number;
  readonly fn: {
    rendezvousNew(wideBytes: number, kind: number, element: number): number;
    rendezvousLeave(channel: number, isSender: number, node: number): void;
    waiterNew(agent: number, id: number, nodes: number): number;
    free(ptr: number): void;
  };
}

interface Threads {
  readonly Worker: new (code: string, options: { eval: true; workerData: unknown }) => {
    once(event: "message", listener: () => void): void;
    terminate(): Promise<unknown>;
  };
}

/** Where the lock of a rendezvous is, and the first node of a waiter. */
const [LOCK, NODE] = [32, 16];

// V8's baseline compiler, up to 11.3 at least, loses the address of `memory.atomic.wait32` over the call: who had slept for a lock went
// on with that at address 0, and with two of them neither came back.
test("A thread that sleeps for a lock takes that one", async () => {
  using channel = new Channel(i32);
  const received = channel.receive();
  channel.close();
  await received;
  const { core } = (globalThis as unknown as Record<symbol, { readonly core: Core }>)[
    Symbol.for("millrace.agent/1")
  ]!;
  const { fn, agent } = core;
  const rendezvous = fn.rendezvousNew(0, 1, 0);
  const waiter = fn.waiterNew(agent, 1, 1);
  const lock = (rendezvous + LOCK) >>> 2;
  Atomics.store(core.i32, lock, 1);
  const { Worker } = process.getBuiltinModule("node:worker_threads") as unknown as Threads;
  const gate = new Int32Array(new SharedArrayBuffer(8));
  const holder = new Worker(
    `const { parentPort, workerData: { memory, lock, gate } } = require("node:worker_threads");
    parentPort.postMessage("started");
    Atomics.wait(gate, 0, 0);
    Atomics.wait(gate, 1, 0, 20);
    Atomics.store(new Int32Array(memory.buffer), lock, 0);`,
    { eval: true, workerData: { memory: core.seed.memory, lock, gate } },
  );
  // From here on this thread does not get round to whatever a thread may need of it to start.
  await new Promise<void>((resolve) => holder.once("message", resolve));
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
  fn.rendezvousLeave(rendezvous, 0, waiter + NODE);
  assertEquals([Atomics.load(core.i32, lock), Atomics.load(core.i32, 0)], [0, 0]);
  await holder.terminate();
  fn.free(waiter);
  fn.free(rendezvous);
});

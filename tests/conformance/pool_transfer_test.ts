/**
 * transfer(): what is moved to another thread, or to another goroutine of a pool without threads.
 *
 * @module
 */
import {
  AgentCannotBlockError,
  any,
  CanceledError,
  Channel,
  i32,
  Pool,
  PoolClosedError,
  PoolFullError,
  transfer,
  type Transferable,
  WorkerCrashedError,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import { runScript } from "../support/scripts.ts";
import { blockOn, echo, noop } from "../support/tasks.ts";
import { record } from "../support/tasks_pool.ts";
import {
  collect,
  forkGreet,
  forkGreetAndDie,
  greet,
  hearOfMoved,
  holdAndDie,
  joinMoved,
  makeBuffer,
  makeStream,
  pass,
  passStreamOn,
  pour,
  raise,
  returnMoved,
} from "../support/tasks_transfer.ts";
import { test } from "../support/test.ts";
import { isPending } from "./waiting.ts";

const MEBIBYTE = 1 << 20;

const ARGUMENTS_ARE_MOVED =
  /Cannot block this thread: its arguments are moved, which takes turns of the event loop; await it instead$/;
const RESULT_IS_MOVED =
  /Cannot block this thread: its result is moved here, which takes turns of the event loop; await it instead$/;

/** A port, and what the other one hears first. */
function listener(): { port: MessagePort; heard: Promise<unknown> } {
  const { port1, port2 } = new MessageChannel();
  const heard = new Promise((resolve) => {
    port1.onmessage = ({ data }) => {
      port1.close();
      resolve(data);
    };
  });
  return { port: port2, heard };
}

/** A stream, and when it is cancelled. */
function source(): { stream: ReadableStream<number>; cancelled: Promise<unknown> } {
  let cancel!: (reason: unknown) => void;
  const cancelled = new Promise((resolve) => cancel = resolve);
  return { stream: new ReadableStream<number>({ cancel }), cancelled };
}

/** Reports whether this thread has no use of `port` any more. */
function isPortGone(port: MessagePort): boolean {
  const { port1, port2 } = new MessageChannel();
  try {
    port1.postMessage(null, [port]);
    return false;
  } catch {
    return true;
  } finally {
    port1.close();
    port2.close();
  }
}

for (const threads of [0, 2]) {
  const pools = threads === 0 ? "a pool without threads" : "a thread";

  for (const byteLength of [0, 16, MEBIBYTE]) {
    test(`transfer() moves an ArrayBuffer of ${byteLength} bytes to ${pools} and back`, async () => {
      await using pool = new Pool({ threads });
      const bytes = new Uint8Array(byteLength).fill(41);
      const { buffer } = bytes;
      const raised = pool.go(raise, transfer(buffer));
      assertThrows(() => new Uint8Array(buffer), TypeError);
      assertEquals([buffer.byteLength, bytes.length], [0, 0]);
      const back = new Uint8Array(await raised);
      assertEquals([back.length, back.every((byte) => byte === 42)], [byteLength, true]);
    });
  }

  for (const byteLength of [64, MEBIBYTE]) {
    test(`transfer() moves the views of an ArrayBuffer of ${byteLength} bytes with it to ${pools}`, async () => {
      await using pool = new Pool({ threads });
      const bytes = new Uint8Array(byteLength).map((_, at) => at);
      const views = {
        whole: bytes,
        part: new Uint16Array(bytes.buffer, 8, 4),
        data: new DataView(bytes.buffer, 3),
      };
      const running = pool.go(
        (given, marked) => {
          given.whole[8] = 255;
          const isSame = [given.whole, given.part, given.data].every((view) =>
            view.buffer === marked
          );
          return [
            isSame,
            given.part.length,
            given.part[0],
            given.data.getUint8(5),
            marked.byteLength,
          ];
        },
        views,
        transfer(bytes.buffer),
      );
      assertEquals(await running, [true, 4, 0x09ff, 255, byteLength]);
      assertEquals(views.part.length, 0);
    });

    test(`transfer() moves an ArrayBuffer of ${byteLength} bytes from ${pools}, with its views`, async () => {
      await using pool = new Pool({ threads });
      const { buffer, view } = await pool.go(makeBuffer, byteLength);
      assertStrictEquals(view.buffer, buffer);
      assertEquals([view.length, view[1]], [byteLength, 7]);
    });
  }

  test(`transfer() moves a buffer of which only a view is among the arguments to ${pools}`, async () => {
    await using pool = new Pool({ threads });
    const bytes = new Uint8Array([1, 2, 3]);
    transfer(bytes.buffer);
    assertEquals(await pool.go((part: Uint8Array) => [...part], bytes.subarray(1)), [2, 3]);
    assertEquals(bytes.length, 0);
  });

  test(`transfer() moves a resizable ArrayBuffer to ${pools}`, async () => {
    await using pool = new Pool({ threads });
    const buffer = new ArrayBuffer(8, { maxByteLength: 32 });
    const running = pool.go((moved: ArrayBuffer) => {
      moved.resize(32);
      return moved.byteLength;
    }, transfer(buffer));
    assertEquals([buffer.byteLength, await running], [0, 32]);
  });

  test(`transfer() moves a MessagePort at any depth to ${pools}`, async () => {
    await using pool = new Pool({ threads });
    const { port, heard } = listener();
    const running = pool.go(greet, { port: transfer(port) });
    assert(isPortGone(port));
    await running;
    assertEquals(await heard, "hello");
  });

  test(`transfer() moves several objects of several kinds at once to ${pools}`, async () => {
    await using pool = new Pool({ threads });
    const [first, second] = [listener(), listener()];
    const buffer = new ArrayBuffer(5);
    const running = pool.go(({ ports, buffer, again }) => {
      for (const port of ports) {
        port.postMessage([buffer.byteLength, buffer === again]);
        port.close();
      }
    }, {
      ports: new Set([transfer(first.port), transfer(second.port)]),
      buffer: transfer(buffer),
      again: buffer,
    });
    await running;
    assertEquals(await Promise.all([first.heard, second.heard]), [[5, true], [5, true]]);
    assertEquals(buffer.byteLength, 0);
  });

  test(`transfer() in a fork moves on what was moved to ${pools}, once`, async () => {
    await using pool = new Pool({ threads });
    const { port, heard } = listener();
    assertEquals(await pool.go(forkGreet, transfer(port)), "TypeError");
    assertEquals(await heard, "hello");
  });

  test(`transfer() moves nothing to ${pools} when Pool.go() throws, and it can be tried again`, async () => {
    await using pool = new Pool({ threads });
    const buffer = new ArrayBuffer(8);
    const { port, heard } = listener();
    const moved = new ArrayBuffer(8);
    structuredClone(moved, { transfer: [moved] });
    const locked = new ReadableStream();
    locked.getReader();
    const dead = new MessageChannel().port1;
    new MessageChannel().port1.postMessage(null, [dead]);
    const refused: [unknown, RegExp][] = [
      [() => {}, /at \[0\]\.bad|value at \[0\]\.bad/],
      [transfer(moved), /Cannot move an object \(ArrayBuffer\): it is detached.*\(at \[0\]\.bad\)/],
      [transfer(locked), /Cannot move an object \(ReadableStream\): it is locked.*\[0\]\.bad/],
      [transfer(dead), /Cannot move .*MessagePort/],
      [new MessageChannel().port1, /value at \[0\]\.bad .* mark it with transfer\(\)/],
    ];
    for (const [bad, message] of refused) {
      const marked = { buffer: transfer(buffer), port: transfer(port), bad };
      const { message: said } = assertThrows(() => pool.go(echo, marked), TypeError);
      assertMatch(said, message);
      assertEquals(buffer.byteLength, 8);
    }
    await pool.go(({ port, buffer }) => port.postMessage(buffer.byteLength), { port, buffer });
    assertEquals([await heard, buffer.byteLength], [8, 0]);
  });

  test(`transfer() moves nothing when the pool (${pools}) is closed`, async () => {
    const pool = new Pool({ threads });
    await pool.close();
    const buffer = new ArrayBuffer(8);
    assertThrows(() => pool.go(echo, transfer(buffer)), PoolClosedError);
    assertEquals(buffer.byteLength, 8);
  });

  test(`Goroutine rejects when what it returns to ${pools} has been moved before`, async () => {
    await using pool = new Pool({ threads });
    const { message } = await assertRejects(() => pool.go(returnMoved).join(), TypeError);
    assertMatch(message, /Cannot move an object \(ArrayBuffer\): it is detached.*\(at \.buffer\)/);
  });

  test(`Goroutine.cancel() ends what was moved to ${pools}`, async () => {
    await using pool = new Pool({ threads: Math.min(threads, 1) });
    using started = new Channel(i32, 1);
    using until = new Channel(i32, 1);
    const blocked = threads === 0 ? undefined : pool.go(blockOn, started, until);
    if (blocked !== undefined) await started.receive();
    const { stream, cancelled } = source();
    const { port1, port2 } = new MessageChannel();
    const queued = pool.go(echo, transfer(stream));
    const other = pool.go(echo, [transfer(port2)]);
    assertEquals([queued.cancel(), other.cancel()], [true, true]);
    await assertRejects(() => queued.join(), CanceledError);
    await cancelled;
    port1.close();
    until.close();
    await blocked;
  });

  test(`Pool.terminate() ends what was moved to ${pools} and has not been fetched`, async () => {
    const pool = new Pool({ threads: Math.min(threads, 1) });
    using started = new Channel(i32, 1);
    using until = new Channel(i32, 1);
    if (threads > 0) {
      const blocked = pool.go(blockOn, started, until);
      blocked.join().catch((error) => assertInstanceOf(error, PoolClosedError));
      await started.receive();
    }
    const { stream, cancelled } = source();
    const queued = pool.go(collect, transfer(stream));
    const ended = pool.terminate();
    await assertRejects(() => queued.join(), PoolClosedError);
    await ended;
    await cancelled;
  });

  test(`Goroutine.joinSync() refuses to wait for what is moved to ${pools}, and it can be awaited`, async () => {
    await using pool = new Pool({ threads });
    const { port, heard } = listener();
    const greeting = pool.go(greet, { port: transfer(port) });
    const { message } = assertThrows(() => greeting.joinSync(), AgentCannotBlockError);
    assertMatch(message, ARGUMENTS_ARE_MOVED);
    assertEquals([await greeting, await heard], [undefined, "hello"]);
    assertEquals(greeting.joinSync(), undefined);
  });

  test(`Goroutine.joinSync() refuses to wait for what ${pools} moves back, and it can be awaited`, async () => {
    await using pool = new Pool({ threads });
    const making = pool.go(makeBuffer, MEBIBYTE);
    for (let i = 0; i < 2; i++) {
      const { message } = assertThrows(() => making.joinSync(), AgentCannotBlockError);
      assertMatch(message, RESULT_IS_MOVED);
    }
    assertEquals((await making).view.length, MEBIBYTE);
    assertEquals(making.joinSync().view.length, MEBIBYTE);
  });

  test(`Goroutine.joinSync() gets small buffers that are moved to ${pools} and back`, async () => {
    await using pool = new Pool({ threads });
    const bytes = new Uint8Array(16).fill(41);
    const raised = new Uint8Array(pool.go(raise, transfer(bytes.buffer)).joinSync());
    assertEquals([bytes.length, raised.length, raised[15]], [0, 16, 42]);
  });

  test(`Goroutine.joinSync() in a task refuses to wait for moved values of forks on ${pools}`, async () => {
    await using pool = new Pool({ threads });
    const { port, heard } = listener();
    const [toFork, fromFork, byteLength] = await pool.go(joinMoved, transfer(port));
    assertMatch(toFork, ARGUMENTS_ARE_MOVED);
    assertMatch(fromFork, RESULT_IS_MOVED);
    assertEquals([byteLength, await heard], [MEBIBYTE, "hello"]);
  });

  const streams: Record<string, () => { made: Transferable; use: (pool: Pool) => Promise<void> }> =
    {
      ReadableStream: () => {
        const made = new ReadableStream<number>({
          start(controller): void {
            for (const chunk of [1, 2, 3]) controller.enqueue(chunk);
            controller.close();
          },
        });
        return {
          made,
          use: async (pool) => {
            const running = pool.go(collect, transfer(made));
            assert(made.locked);
            assertEquals(await running, [1, 2, 3]);
          },
        };
      },
      WritableStream: () => {
        const written: number[] = [];
        let close!: () => void;
        const closed = new Promise<void>((resolve) => close = resolve);
        const made = new WritableStream<number>({
          write(chunk): void {
            written.push(chunk);
          },
          close: () => close(),
        });
        return {
          made,
          use: async (pool) => {
            await pool.go(pour, transfer(made));
            await closed;
            assertEquals(written, [1, 2, 3]);
          },
        };
      },
      TransformStream: () => {
        const made = new TransformStream<number, number>({
          transform: (chunk, controller) => controller.enqueue(chunk * 10),
        });
        return {
          made,
          use: async (pool) => {
            assertEquals(await pool.go(pass, transfer(made)), [10, 20, 30]);
          },
        };
      },
      OffscreenCanvas: () => {
        const made = new OffscreenCanvas(3, 2);
        return {
          made,
          use: async (pool) => {
            const size = pool.go((canvas) => [canvas.width, canvas.height], transfer(made));
            assertEquals(await size, [3, 2]);
          },
        };
      },
    };
  for (const [name, make] of Object.entries(streams)) {
    if (!(name in globalThis)) {
      test(`transfer() to ${pools} has no ${name} to refuse on this runtime`, () => {
        assertThrows(() => transfer({ constructor: { name } } as never), TypeError);
      });
    } else if (isTransferredHere(make().made)) {
      test(`transfer() moves a ${name} to ${pools}`, async () => {
        await using pool = new Pool({ threads });
        await make().use(pool);
      });
    } else {
      test(`transfer() refuses a ${name}, which this runtime does not move, to ${pools}`, () => {
        const { message } = assertThrows(() => transfer(make().made), TypeError);
        assertEquals(
          message,
          `Cannot move an object (${name}): this runtime does not transfer such objects`,
        );
      });
    }
  }

  if (isTransferredHere(new ReadableStream({ start: (controller) => controller.close() }))) {
    test(`transfer() moves a stream that a task of ${pools} goes on feeding`, async () => {
      await using pool = new Pool({ threads });
      const chunks: number[] = [];
      for await (const chunk of await pool.go(makeStream, 5)) chunks.push(chunk);
      assertEquals(chunks, [0, 1, 2, 3, 4]);
    });

    test(`transfer() moves a stream from fork to task and on, from ${pools}`, async () => {
      await using pool = new Pool({ threads });
      const chunks: number[] = [];
      for await (const chunk of await pool.go(passStreamOn, 5)) chunks.push(chunk);
      assertEquals(chunks, [0, 1, 2, 3, 4]);
    });
  }
}

/** Asks the runtime. */
function isTransferredHere(sample: Transferable): boolean {
  try {
    structuredClone(sample, { transfer: [sample as ArrayBuffer] });
    return true;
  } catch {
    return false;
  }
}

test("transfer() returns its value and refuses what cannot be moved", () => {
  const buffer = new ArrayBuffer(1);
  assertStrictEquals(transfer(buffer), buffer);
  assertEquals(buffer.byteLength, 1);
  const misuses: [unknown, string][] = [
    [undefined, "undefined"],
    [1, "1"],
    ["text", '"text"'],
    [{}, "an object (Object)"],
    [[buffer], "an array of 1"],
    [new Uint8Array(1), "an object (Uint8Array)"],
    [new SharedArrayBuffer(1), "an object (SharedArrayBuffer)"],
    [new AbortController().signal, "an object (AbortSignal)"],
  ];
  for (const [value, shown] of misuses) {
    const { message } = assertThrows(() => transfer(value as never), TypeError);
    assertEquals(message.slice(0, message.indexOf(": expected")), `Cannot move ${shown}`);
  }
});

test("Channel.send() copies a marked buffer and refuses a marked port", async () => {
  using channel = new Channel(any<unknown>(), 1);
  const buffer = new ArrayBuffer(8);
  await channel.send(transfer(buffer));
  assertEquals([buffer.byteLength, (await channel.receive() as ArrayBuffer).byteLength], [8, 8]);
  const { port, heard } = listener();
  const { message } = assertThrows(() => channel.trySend({ port: transfer(port) }), TypeError);
  assertMatch(message, /value at \.port .*mark it with transfer\(\) in a call of pool\.go\(\)/);
  port.postMessage("still here");
  assertEquals(await heard, "still here");
});

test("Pool runs other tasks of a thread on which one waits for what was moved to it", async () => {
  await using pool = new Pool({ threads: 1 });
  await pool.go(noop);
  using ran = new Channel(i32, 1);
  const { port, heard } = listener();
  const greeting = pool.go(greet, { port: transfer(port) });
  pool.go(record, ran, 7);
  // The owner of the pool blocks: what lies with it cannot be fetched.
  assertEquals(ran.receiveSync(), 7);
  await greeting;
  assertEquals(await heard, "hello");
});

test("Goroutine.joinSync() leaves to another thread a fork that something is moved to", async () => {
  // One thread blocks for the fork that hears, which may block another.
  await using pool = new Pool({ threads: 3 });
  using told = new Channel(i32, 0);
  const { port, heard } = listener();
  assertEquals(await pool.go(hearOfMoved, transfer(port), told), 7);
  assertEquals(await heard, "hello");
});

test("transfer() moves nothing when the pool is full", async () => {
  await using pool = new Pool({ threads: 1, queue: 1, whenFull: "reject" });
  using started = new Channel(i32, 1);
  using until = new Channel(i32, 1);
  const blocked = pool.go(blockOn, started, until);
  await started.receive();
  const queued = pool.go(noop);
  const buffer = new ArrayBuffer(MEBIBYTE);
  assertThrows(() => pool.go(echo, transfer(buffer)), PoolFullError);
  assertEquals(buffer.byteLength, MEBIBYTE);
  until.close();
  await Promise.all([blocked, queued]);
});

test("Pool moves at once what is moved to a goroutine that waits for room, which may be cancelled", async () => {
  await using pool = new Pool({ threads: 1, queue: 1 });
  using started = new Channel(i32, 1);
  using until = new Channel(i32, 1);
  const blocked = pool.go(blockOn, started, until);
  await started.receive();
  const queued = pool.go(noop);
  const { port, heard } = listener();
  const [buffer, { port1, port2 }] = [new ArrayBuffer(MEBIBYTE), new MessageChannel()];
  const { stream, cancelled } = source();
  const held = [
    pool.go(greet, { port: transfer(port) }),
    pool.go(echo, [transfer(buffer), transfer(port2), transfer(stream)]),
  ] as const;
  assertEquals([isPortGone(port), buffer.byteLength, stream.locked], [true, 0, true]);
  assert(held[1].cancel());
  await cancelled;
  port1.close();
  until.close();
  await Promise.all([blocked, queued, held[0]]);
  assertEquals(await heard, "hello");
});

test("Pool.terminate() ends what was moved to goroutines that wait for room", async () => {
  const pool = new Pool({ threads: 1, queue: 1 });
  using started = new Channel(i32, 1);
  using until = new Channel(i32, 1);
  const blocked = pool.go(blockOn, started, until);
  blocked.join().catch((error) => assertInstanceOf(error, PoolClosedError));
  await started.receive();
  pool.go(noop);
  const { stream, cancelled } = source();
  const held = pool.go(collect, transfer(stream));
  const ended = pool.terminate();
  await assertRejects(() => held.join(), PoolClosedError);
  await ended;
  await cancelled;
});

test("Goroutine gets what was moved to it by a thread that has died", async () => {
  await using pool = new Pool({ threads: 1 });
  const { port, heard } = listener();
  await assertRejects(() => pool.go(forkGreetAndDie, transfer(port)).join(), WorkerCrashedError);
  assertEquals(await heard, "hello");
});

test("Pool goes on when a thread dies that holds what was moved to it", async () => {
  await using pool = new Pool({ threads: 1 });
  using started = new Channel(i32, 1);
  using until = new Channel(i32, 1);
  const { port1, port2 } = new MessageChannel();
  const crashed = pool.go(holdAndDie, transfer(port2), started, until);
  await started.receive();
  assert(await isPending(crashed.join()));
  until.close();
  await assertRejects(() => crashed.join(), WorkerCrashedError);
  port1.close();
  assertEquals(await pool.go(echo, 1), 1);
});

test("transfer() lets a process end that has moved things, awaited or not", async () => {
  const { code, stdout, stderr } = await runScript("moveAndLeave");
  assertEquals([code, stderr], [0, ""]);
  assertEquals(stdout.trimEnd().split("\n"), ["[ 7, 0 ]", "hello"]);
});

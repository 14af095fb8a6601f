/**
 * What a task carries: its arguments on the way to who runs it, its result on the way back.
 *
 * @module
 */
import { PoolClosedError, WorkerCrashedError } from "../errors.ts";
import { core } from "../memory/core.ts";
import { TASK_ARGUMENTS, TASK_PARCEL, TASK_SUBMITTER } from "../memory/layout.ts";
import { type Moves, newMoves } from "../memory/moves.ts";
import { discardValue, readValue, writeValue } from "../memory/value.ts";
import { discardObjects, pack, type Parcel } from "./parcel.ts";
import type { Post } from "./post.ts";

/**
 * Bytes of moved buffers, in all, up to which they are copied: above that a parcel, which has to be fetched, is the faster way. Measured, see the README.
 */
const COPY_LIMIT = 256 * 1024;

/** Arguments of a task that have been written down; nothing has been moved yet. */
export interface Written {
  /** What `writeValue` made of them; 0 when there are none. */
  readonly message: number;
  /** What is to be moved with them. */
  readonly moves: Moves | undefined;
}

/** Writes the arguments of a task. */
export function writeArguments(args: readonly unknown[]): Written {
  if (args.length === 0) return { message: 0, moves: undefined };
  const moves = newMoves(COPY_LIMIT);
  return { message: writeValue(args, moves), moves };
}

/** Reports whether a task cannot begin at once: something that was moved to it has to be fetched first. */
export function needsParcel(task: number): boolean {
  return core().readU32(task + TASK_PARCEL) !== 0;
}

/**
 * Reads the arguments of a task that is about to run, after fetching what was moved to it. They are freed, whatever comes of the reading.
 *
 * @returns a promise if {@linkcode needsParcel} says so
 */
export function takeArguments(task: number, post: Post): unknown[] | Promise<unknown[]> {
  if (needsParcel(task)) return takeMoved(task, post);
  const args = detachArguments(task);
  return args === 0 ? [] : readValue(args) as unknown[];
}

async function takeMoved(task: number, post: Post): Promise<unknown[]> {
  const c = core();
  const submitter = c.readU32(task + TASK_SUBMITTER);
  let objects;
  try {
    objects = await post.fetch(c.readU32(task + TASK_PARCEL), submitter);
  } catch (error) {
    discardArguments(task);
    throw error;
  }
  c.writeU32(task + TASK_PARCEL, 0);
  const args = detachArguments(task);
  if (objects === undefined) {
    discardValue(args);
    throw new WorkerCrashedError("the thread that moved arguments to this goroutine died");
  }
  if (args === 0) {
    discardObjects(objects);
    throw new PoolClosedError("this goroutine was given up before its arguments had come");
  }
  return readValue(args, objects) as unknown[];
}

/** Frees the arguments of a task that will not run. */
export function discardArguments(task: number): void {
  discardValue(detachArguments(task));
}

/** Takes the message off the task, once: its runner may end with it in hand, or be given up while it reaches for it. */
function detachArguments(task: number): number {
  return core().exchangeU32(task + TASK_ARGUMENTS, 0);
}

/** A value that has been written down, and what was moved with it: gone from this thread. */
export interface Packed {
  /** What `writeValue` made of it. */
  readonly message: number;
  /** What the message needs beside it; `undefined`: nothing. */
  readonly parcel: Parcel | undefined;
}

/**
 * Writes a value, and moves away what is marked in it.
 *
 * @throws {TypeError} if something in it can be neither sent nor moved; nothing has been moved then
 * @throws {SharedMemoryExhaustedError} if there is no room; likewise
 */
export function writeAndPack(value: unknown): Packed {
  const moves = newMoves(COPY_LIMIT);
  const message = writeValue(value, moves);
  try {
    return { message, parcel: moves && pack(moves) };
  } catch (error) {
    discardValue(message);
    throw error;
  }
}

/** Writes arguments that stay on this thread, and moves away what is marked in them. */
export function packArguments(args: readonly unknown[]): Packed {
  return args.length === 0 ? { message: 0, parcel: undefined } : writeAndPack(args);
}

/** Writes the result of a task, and moves away what is marked in it. Only the task's runner calls this. */
export function writeResult(task: number, value: unknown, post: Post): number {
  const { message, parcel } = writeAndPack(value);
  if (parcel !== undefined) {
    const c = core();
    c.writeU32(task + TASK_PARCEL, post.deposit(parcel, c.readU32(task + TASK_SUBMITTER)));
  }
  return message;
}

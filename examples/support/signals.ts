/**
 * What the operating system says, as a context.
 *
 * @module
 */
import { constants } from "node:os";
import process from "node:process";
import {
  background,
  type CancelFunc,
  type Context,
  withCancelCause,
} from "../../src/context/mod.ts";

/** A signal that asks a program to end; SIGINT is Ctrl-C. */
export type SignalName = "SIGINT" | "SIGTERM";

/** The signals that a program listens to. */
export const SIGNALS: readonly SignalName[] = ["SIGINT", "SIGTERM"];

/** The cause of a context that a signal has ended. */
export class Interruption extends Error {
  /** Which signal it was. */
  readonly signal: SignalName;

  /** Names the signal. */
  constructor(signal: SignalName) {
    super(`interrupted by ${signal}`);
    this.signal = signal;
  }
}

/** What a shell reports of a program that `signal` has ended: 130, 143. */
export function exitCodeOf(signal: SignalName): number {
  return 128 + constants.signals[signal];
}

/**
 * Makes a context that SIGINT or SIGTERM ends (Go: `signal.NotifyContext`); its cause is an {@linkcode Interruption}. From then on a signal
 * ends the process, as it does by default: so a second one is for a program that does not come to its end.
 *
 * @returns The context, and what ends it without a signal: call it when there is nothing left to interrupt.
 */
export function signalContext(): [Context, CancelFunc] {
  const [ctx, cancel] = withCancelCause(background());
  const end = (cause?: Interruption): void => {
    for (const each of SIGNALS) process.off(each, heard);
    cancel(cause);
  };
  const heard = (signal: SignalName): void => end(new Interruption(signal));
  for (const each of SIGNALS) process.on(each, heard);
  return [ctx, () => end()];
}

/**
 * Alarms: timers of any length, where the engine's own end at 2^31 ms.
 *
 * @module
 */
import { unref } from "../internal/unref.ts";

/** The longest delay that the engine's timers take. */
const LONGEST_MS = 0x7fffffff;

/** An alarm that has been set. */
export interface Alarm {
  /** The engine's timer for the leg that is running. */
  timer: ReturnType<typeof setTimeout>;
}

/**
 * Calls `ring` at `deadline` (as `performance.now()` counts), never before it.
 *
 * @param keepsAlive Keep the process alive until then.
 */
export function setAlarm(deadline: number, ring: () => void, keepsAlive = true): Alarm {
  const alarm = {} as Alarm;
  const begin = (left: number): void => {
    alarm.timer = setTimeout(leg, Math.min(Math.ceil(left), LONGEST_MS));
    if (!keepsAlive) unref(alarm.timer);
  };
  const leg = (): void => {
    const left = deadline - performance.now();
    if (left > 0) begin(left);
    else ring();
  };
  begin(Math.max(0, deadline - performance.now()));
  return alarm;
}

/** Takes an alarm back; harmless when it has rung, or there is none. */
export function clearAlarm(alarm: Alarm | undefined): void {
  if (alarm !== undefined) clearTimeout(alarm.timer);
}

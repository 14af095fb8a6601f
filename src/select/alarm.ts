/**
 * Alarms: timers of any length, where the engine's own end at 2^31 ms.
 *
 * @module
 */

/** The longest delay that the engine's timers take. */
const LONGEST_MS = 0x7fffffff;

/** An alarm that has been set. */
export interface Alarm {
  /** The engine's timer for the leg that is running. */
  timer: ReturnType<typeof setTimeout>;
}

/** Calls `ring` at `deadline` (as `performance.now()` counts), never before it. Keeps the process alive until then. */
export function setAlarm(deadline: number, ring: () => void): Alarm {
  const alarm = {} as Alarm;
  const leg = (): void => {
    const left = deadline - performance.now();
    if (left > 0) alarm.timer = setTimeout(leg, Math.min(Math.ceil(left), LONGEST_MS));
    else ring();
  };
  alarm.timer = setTimeout(
    leg,
    Math.min(Math.max(0, Math.ceil(deadline - performance.now())), LONGEST_MS),
  );
  return alarm;
}

/** Takes an alarm back; harmless when it has rung, or there is none. */
export function clearAlarm(alarm: Alarm | undefined): void {
  if (alarm !== undefined) clearTimeout(alarm.timer);
}

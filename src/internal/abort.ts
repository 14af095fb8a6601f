/**
 * Listening to abort signals: one listener a signal, however many wait on it.
 *
 * A server's signal may have thousands of goroutines waiting on it. Runtimes take many listeners on one signal for a leak, and
 * say so.
 *
 * @module
 */

/** Who is told of an abort. */
export interface Abortable {
  /** The signal has been aborted. It is forgotten already. */
  aborted(signal: AbortSignal): void;
}

const waiting = new WeakMap<AbortSignal, Set<Abortable>>();

function tell(this: AbortSignal): void {
  const all = waiting.get(this);
  waiting.delete(this);
  this.removeEventListener("abort", tell);
  for (const each of all ?? []) each.aborted(this);
}

/** Tells `who` once `signal` is aborted, unless {@linkcode stopListening} comes first. It has not been aborted yet. */
export function listenTo(signal: AbortSignal, who: Abortable): void {
  const all = waiting.get(signal);
  if (all !== undefined) {
    all.add(who);
    return;
  }
  waiting.set(signal, new Set([who]));
  signal.addEventListener("abort", tell);
}

/** Forgets `who`; harmless when it is not waiting. The last one takes the listener along. */
export function stopListening(signal: AbortSignal, who: Abortable): void {
  const all = waiting.get(signal);
  if (all === undefined || !all.delete(who) || all.size > 0) return;
  waiting.delete(signal);
  signal.removeEventListener("abort", tell);
}

/** What `promise` comes to, or the signal's reason if that comes first: what began the promise may have aborted it. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const who = { aborted: () => reject(signal.reason) };
    if (signal.aborted) reject(signal.reason);
    else listenTo(signal, who);
    promise.then(resolve, reject).finally(() => stopListening(signal, who));
  });
}

/**
 * The garbage collector, called by name.
 *
 * @module
 */

let run: (() => void) | undefined;

/** Collects garbage, and lets run what waits for that. */
export async function collect(): Promise<void> {
  run ??= collector();
  // What a WeakRef was asked for stays until the turn has ended.
  await turn();
  run();
  await turn();
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Collects garbage until `isDone`, at most so often that it will not be any more; reports whether it is. */
export async function collectUntil(isDone: () => boolean, rounds = 200): Promise<boolean> {
  for (let round = 0; round < rounds && !isDone(); round++) await collect();
  return isDone();
}

function collector(): () => void {
  const { setFlagsFromString } = globalThis.process.getBuiltinModule("node:v8");
  const { runInNewContext } = globalThis.process.getBuiltinModule("node:vm");
  setFlagsFromString("--expose-gc");
  // A context that is made after the flag was set has the function.
  return runInNewContext("gc") as () => void;
}

/**
 * What the machine has.
 *
 * @module
 */

interface OsModule {
  availableParallelism(): number;
}

/** How many threads the hardware runs at once, at least 1. (Node 20 has no `navigator`.) */
export function hardwareThreads(): number {
  const { navigator, process } = globalThis as {
    navigator?: { hardwareConcurrency?: number };
    process?: { getBuiltinModule?(name: string): unknown };
  };
  if (navigator?.hardwareConcurrency !== undefined) return navigator.hardwareConcurrency;
  const os = process?.getBuiltinModule?.("node:os") as OsModule | undefined;
  return os?.availableParallelism() ?? 1;
}

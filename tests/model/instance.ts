/** Instances of a model's module, linked to the checker. */
import { killPoints } from "./build.ts";
import { Op } from "./operations.ts";

/** What the trampoline calls, for one thread; see `assembly/trampoline.ts`. */
export interface Hooks {
  arrive(op: number, ptr: number): number;
  plain(op: number, ptr: number, byteLength: number): number;
  park(ptr: number, expected: number, timed: number): number;
  wake(ptr: number, count: number): number;
  /** Resolves when the thread has its turn. */
  turn(): Promise<number>;
  /** The thread may be killed. */
  readonly isMortal: boolean;
  /** Imports of the module besides the hooks. */
  readonly env: Record<string, WebAssembly.ImportValue>;
}

export interface Instance {
  readonly exports: WebAssembly.Exports;
  /** The functions among the exports, suspended as the scheduler wants, hence returning promises. */
  readonly calls: [string, (...args: unknown[]) => Promise<unknown>][];
}

type Callable = (...args: unknown[]) => unknown;

/** JavaScript Promise Integration, which the standard typings lack. */
interface Jspi {
  Suspending: new (imported: () => Promise<number>) => WebAssembly.ImportValue;
  promising(exported: Callable): (...args: unknown[]) => Promise<unknown>;
}
const jspi = WebAssembly as unknown as Jspi;

/** Instantiates a module for one thread. */
export function instantiate(
  module: WebAssembly.Module,
  trampoline: WebAssembly.Module,
  { arrive, plain, park, wake, turn, isMortal, env }: Hooks,
): Instance {
  const points = isMortal ? killPoints(module) : new Set();
  const model = {
    isMortal: isMortal ? 1 : 0,
    enter: (site: number) => points.has(site) ? arrive(Op.killPoint, site) : 0,
    arrive: (op: number, ptr: number) => arrive(op, ptr >>> 0),
    plain: (op: number, ptr: number, byteLength: number) => plain(op, ptr >>> 0, byteLength),
    park: (ptr: number, value: number, timed: number) => park(ptr >>> 0, value, timed),
    wake: (ptr: number, count: number) => wake(ptr >>> 0, count),
    pause: new jspi.Suspending(turn),
  };
  const { memory: _own, ...hooks } = new WebAssembly.Instance(trampoline, { model }).exports;
  const abort = () => {
    throw new Error("abort");
  };
  const imports = { env: { ...hooks, spinLimit: 0, canBlock: 1, abort, ...env } };
  const { exports } = new WebAssembly.Instance(module, imports);
  const calls = Object.entries(exports).flatMap(([name, value]): Instance["calls"] =>
    typeof value === "function" ? [[name, jspi.promising(value as Callable)]] : []
  );
  return { exports, calls };
}

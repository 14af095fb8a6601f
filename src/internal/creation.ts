/**
 * Where goroutines were created: what an uncaught failure reports beside its own stack, as Go does.
 *
 * Recording a stack costs more than starting a goroutine does (measured: 1–2 µs against 0.1 µs). So it is done for each of
 * the first few thousand, which is every one in most programs, and for one in 256 after that.
 *
 * @module
 */

const ALWAYS = 4096;
const SOMETIMES = 256;

let created = 0;

/** Where a goroutine was created: its `stack` is the creator's. */
export interface Trace {
  /** Undefined where the engine keeps none. */
  stack?: string;
}

/** What V8 has and the standard has not: a stack without the frames above and including `above`. */
interface Tracing {
  captureStackTrace?(target: object, above: unknown): void;
}

/** The next goroutine's number, which names it in messages. */
export function nextNumber(): number {
  return ++created;
}

/**
 * Records who is creating goroutine `id`; `undefined` for those that are not recorded.
 *
 * @param above The public function that was called: its caller is the creator.
 */
export function traceCreation(id: number, above: unknown): Trace | undefined {
  // Small enough to be inlined.
  return id > ALWAYS && id % SOMETIMES !== 0 ? undefined : recordCreation(above);
}

function recordCreation(above: unknown): Trace {
  const { captureStackTrace } = Error as Tracing;
  if (captureStackTrace === undefined) return new Error();
  const trace = {};
  captureStackTrace(trace, above);
  return trace;
}

/**
 * Says in the error's stack which goroutine failed, and where it was created.
 *
 * @param error What it failed with; left as it is when it is no `Error`.
 */
export function appendCreation(
  error: unknown,
  name: string,
  id: number,
  trace: Trace | undefined,
): void {
  try {
    if (!(error instanceof Error)) return;
    const label = name === "" ? `goroutine ${id}` : `goroutine ${id} [${name}]`;
    // The first line of V8's stacks is the message, which is empty here. Whoever prepares stacks may make something else of them.
    const stack: unknown = trace?.stack;
    const creator = typeof stack === "string"
      ? stack.replace(/^Error\n/, "\n")
      : " (not recorded: one in 256 is)";
    const creation = `${label}, created by${creator}`;
    if ("Deno" in globalThis && isMadeHere(error)) remember(error, creation);
    error.stack = `${error.stack}\n${creation}`;
  } catch {
    // A frozen error keeps its stack as it is, as does one that has been made to throw; the failure itself matters more.
  }
}

/** Reports whether the engine keeps frames for `error`: one that came from another thread has the text of its stack alone. */
function isMadeHere(error: Error): boolean {
  return Object.getOwnPropertyDescriptor(error, "stack")?.get !== undefined;
}

/**
 * Creations by their errors, in Deno: it reports an uncaught error by the frames that it was made with, whatever its stack
 * says by now. Undefined until the first failure, so that who has none has no listener.
 */
let creations: WeakMap<Error, string> | undefined;

/** Sees to it that `creation` is printed, above Deno's own report, if nobody catches `error`. */
function remember(error: Error, creation: string): void {
  if (creations === undefined) {
    creations = new WeakMap();
    addEventListener("unhandledrejection", ({ reason }) => {
      const uncaught = creations!.get(reason as Error);
      if (uncaught !== undefined) console.error(uncaught);
    });
  }
  creations.set(error, creation);
}

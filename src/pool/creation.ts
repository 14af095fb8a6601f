/**
 * Where goroutines were created: what an uncaught failure reports beside its own stack, as Go does.
 *
 * Recording a stack costs more than starting a goroutine does (measured: 1–2 µs against 0.1 µs). So it is done for each of
 * the first few thousand, which is every one in most programs, and for one in sixty-four after that.
 *
 * @module
 */

const ALWAYS = 4096;
const SOMETIMES = 64;

let created = 0;

/** The number of a goroutine, and its creation if it was recorded. */
export interface Creation {
  /** Number that names the goroutine in messages. */
  readonly id: number;
  /** Its `stack` is the creator's; `undefined`: not recorded. */
  readonly trace: { stack?: string } | undefined;
}

/** What V8 has and the standard has not: a stack without the frames above and including `above`. */
interface Tracing {
  captureStackTrace?(target: object, above: unknown): void;
}

/**
 * Numbers a goroutine and records who is creating it.
 *
 * @param above The public function that was called: its caller is the creator.
 */
export function recordCreation(above: unknown): Creation {
  const id = ++created;
  if (id > ALWAYS && id % SOMETIMES !== 0) return { id, trace: undefined };
  const { captureStackTrace } = Error as Tracing;
  if (captureStackTrace === undefined) return { id, trace: new Error() };
  const trace = {};
  captureStackTrace(trace, above);
  return { id, trace };
}

/**
 * Says in the error's stack which goroutine failed, and where it was created.
 *
 * @param error What it failed with; left as it is when it is no `Error`.
 */
export function appendCreation(error: unknown, name: string, { id, trace }: Creation): void {
  if (!(error instanceof Error)) return;
  const label = name === "" ? `goroutine ${id}` : `goroutine ${id} [${name}]`;
  // The first line of V8's stacks is the message, which is empty here.
  const creator = trace?.stack?.replace(/^Error\n/, "\n") ?? " (not recorded: one in 64 is)";
  try {
    error.stack = `${error.stack}\n${label}, created by${creator}`;
  } catch {
    // A frozen error keeps its stack as it is; the failure itself matters more.
  }
}

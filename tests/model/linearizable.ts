/**
 * Linearizability of recorded operations: each appears to happen at one moment between its beginning and its
 * end, and what they return is what a sequential specification returns in the order of these moments.
 *
 * The search is that of Wing and Gong (1993), with Lowe's memory of configurations already tried (2017).
 */
import type { Operation } from "./types.ts";

/** A sequential specification. */
export interface Specification<State> {
  readonly initial: State;
  /**
   * Applies one operation.
   *
   * @returns Every state it may lead to, given that it returned `operation.output`; none if it cannot have. For an
   * operation that never ended (`end` infinite) any output is possible.
   */
  apply(state: State, operation: Operation): readonly State[];
  /** Names a state; equal names, equal futures. JSON if absent. */
  name?(state: State): string;
}

/** Throws unless the operations are linearizable. Those that never ended may have happened or not. */
export function assertLinearizable<State>(
  history: readonly Operation[],
  specification: Specification<State>,
): void {
  const { initial, name = JSON.stringify } = specification;
  const operations = history.filter(({ begin }) => begin !== Infinity);
  const tried = new Set<string>();

  function search(state: State, done: readonly boolean[]): boolean {
    if (operations.every(({ end }, index) => done[index] || end === Infinity)) return true;
    const configuration = `${done.map(Number).join("")} ${name(state)}`;
    if (tried.has(configuration)) return false;
    tried.add(configuration);
    return operations.some((operation, index) => {
      if (done[index]) return false;
      const isFirst = operations.every((other, at) => done[at] || !precedes(other, operation));
      if (!isFirst) return false;
      const next = done.with(index, true);
      return specification.apply(state, operation).some((after) => search(after, next));
    });
  }

  if (search(initial, operations.map(() => false))) return;
  const lines = operations.toSorted((a, b) => a.begin - b.begin).map(format);
  throw new Error(`not linearizable:\n${lines.join("\n")}`);
}

/** Reports whether `a` ended before `b` began. */
function precedes(a: Operation, b: Operation): boolean {
  if (a.thread === b.thread) return a.index < b.index;
  return a.end < b.begin;
}

function format({ thread, name, input, output, begin, end }: Operation): string {
  const result = end === Infinity ? "never ended" : JSON.stringify(output);
  return `  steps ${begin}–${end}, thread ${thread}: ${name}(${
    JSON.stringify(input) ?? ""
  }) ${result}`;
}

/**
 * Linearizability of recorded operations: each appears to happen at one moment between its beginning and its
 * end, and what they return is what a sequential specification returns in the order of these moments.
 *
 * Set-linearizability, where a specification has `together`: two operations may then happen at one and the same moment, as
 * a send and its receive do where nothing is between them (Neiger, "Set-linearizability", 1994).
 *
 * The search is that of Wing and Gong (1993), with Lowe's memory of configurations already tried (2017). A client's operations
 * have an order of their own, so a configuration is how far each client has come, and the state.
 */
import type { Operation } from "./types.ts";

/** A sequential specification. */
export interface Specification<State> {
  readonly initial: State;
  /**
   * Applies one operation.
   *
   * @param waiting Operations of others that have not happened and have `waits`: each of them waited from that moment on,
   * and still does.
   * @returns Every state it may lead to, given that it returned `operation.output`; none if it cannot have. For an
   * operation that never ended (`end` infinite) any output is possible.
   */
  apply(state: State, operation: Operation, waiting: readonly Operation[]): readonly State[];
  /** The same for two operations of different clients that happen at one moment, given in any order. */
  together?(
    state: State,
    first: Operation,
    second: Operation,
    waiting: readonly Operation[],
  ): readonly State[];
  /** Names a state; equal names, equal futures. JSON if absent. */
  name?(state: State): string;
}

/** Throws unless the operations are linearizable. Those that never ended may have happened or not. */
export function assertLinearizable<State>(
  history: readonly Operation[],
  specification: Specification<State>,
): void {
  const operations = history.filter(({ begin }) => begin !== Infinity);
  const search = new Search(operations, specification);
  if (search.run(specification.initial)) return;
  const lines = operations.toSorted((a, b) => a.begin - b.begin).map(format);
  throw new Error(`not linearizable:\n${lines.join("\n")}\n${search.describe()}`);
}

class Search<State> {
  readonly #specification: Specification<State>;
  /** The operations of each client, in its order. */
  readonly #clients: readonly (readonly Operation[])[];
  /** Where each thread's are. */
  readonly #client = new Map<number, number>();
  /** How many of each client's have happened. */
  readonly #done: number[];
  /** How many of those that have ended have not happened. */
  #left: number;
  readonly #tried = new Set<string>();
  /** The moments up to here. */
  readonly #moments: (readonly Operation[])[] = [];
  /** The longest order that was found, what state it leads to, and what had to come next. */
  #furthest: {
    readonly moments: readonly (readonly Operation[])[];
    readonly state: string;
    readonly next: readonly Operation[];
  } | undefined;

  constructor(operations: readonly Operation[], specification: Specification<State>) {
    this.#specification = specification;
    const clients: Operation[][] = [];
    for (const operation of operations.toSorted((a, b) => a.index - b.index)) {
      const client = this.#client.get(operation.thread) ?? clients.push([]) - 1;
      this.#client.set(operation.thread, client);
      clients[client]!.push(operation);
    }
    this.#clients = clients;
    this.#done = clients.map(() => 0);
    this.#left = operations.filter(({ end }) => end !== Infinity).length;
  }

  run(state: State): boolean {
    if (this.#left === 0) return true;
    const { name = JSON.stringify } = this.#specification;
    const named = name(state);
    const configuration = `${this.#done} ${named}`;
    if (this.#tried.has(configuration)) return false;
    this.#tried.add(configuration);
    const next = this.#next();
    if (this.#moments.length >= (this.#furthest?.moments.length ?? 0)) {
      this.#furthest = { moments: [...this.#moments], state: named, next };
    }
    return this.#tryEach(state, next) || this.#tryPairs(state, next);
  }

  #tryEach(state: State, next: readonly Operation[]): boolean {
    return next.some((operation) => {
      const waiting = this.#waiting(operation);
      const after = this.#specification.apply(state, operation, waiting);
      return after.length > 0 && this.#goOn([operation], after);
    });
  }

  #tryPairs(state: State, next: readonly Operation[]): boolean {
    const specification = this.#specification;
    if (specification.together === undefined) return false;
    for (let i = 1; i < next.length; i++) {
      for (let j = 0; j < i; j++) {
        const [first, second] = [next[j]!, next[i]!];
        const waiting = this.#waiting(first, second);
        const after = specification.together(state, first, second, waiting);
        if (after.length > 0 && this.#goOn([first, second], after)) return true;
      }
    }
    return false;
  }

  #goOn(moment: readonly Operation[], states: readonly State[]): boolean {
    this.#move(moment, 1);
    this.#moments.push(moment);
    if (states.some((state) => this.run(state))) return true;
    this.#moments.pop();
    this.#move(moment, -1);
    return false;
  }

  #move(moment: readonly Operation[], by: 1 | -1): void {
    for (const { thread, end } of moment) {
      this.#done[this.#client.get(thread)!]! += by;
      if (end !== Infinity) this.#left -= by;
    }
  }

  /** The operations that may happen next, the earliest first: none that has not happened ended before they began. */
  #next(): Operation[] {
    const heads: Operation[] = [];
    for (const [client, own] of this.#clients.entries()) {
      const head = own[this.#done[client]!];
      if (head !== undefined) heads.push(head);
    }
    const firstEnd = heads.reduce((first, { end }) => Math.min(first, end), Infinity);
    return heads.filter(({ begin }) => begin <= firstEnd).sort((a, b) => a.begin - b.begin);
  }

  #waiting(...besides: readonly Operation[]): Operation[] {
    const waiting: Operation[] = [];
    for (const [client, own] of this.#clients.entries()) {
      const head = own[this.#done[client]!];
      if (head?.waits !== undefined && !besides.includes(head)) waiting.push(head);
    }
    return waiting;
  }

  /** Says how far an order goes, for whoever has to find out what is wrong. */
  describe(): string {
    const { moments, state, next } = this.#furthest!;
    const before = moments.length === 0
      ? "the beginning"
      : `these moments:\n${moments.map(formatMoment).join("\n")}`;
    const rest = next.map(format).join("\n");
    return `no order goes further than ${before}\nthe state is then ${state}, in which none of these can happen:\n${rest}`;
  }
}

function format(operation: Operation): string {
  const { thread, begin, end, waits } = operation;
  const waiting = waits === undefined ? "" : `, waiting from ${waits}`;
  return `  steps ${begin}–${end}, thread ${thread}: ${formatCall(operation)}${waiting}`;
}

function formatMoment(moment: readonly Operation[]): string {
  return `  ${moment.map(formatCall).join("  with  ")}`;
}

function formatCall({ name, input, output, end }: Operation): string {
  const result = end === Infinity ? "never ended" : JSON.stringify(output);
  return `${name}(${JSON.stringify(input) ?? ""}) ${result}`;
}

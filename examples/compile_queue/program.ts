/**
 * What is compiled: functions whose bodies are statements, some of which are functions themselves. Generated, or read from
 * a text.
 *
 * @module
 */
import { randomFrom } from "./random.ts";

/** A function. */
export interface Func {
  readonly name: string;
  readonly body: readonly Statement[];
}

/** An assignment, a `return`, or a closure: a function without a name. */
export type Statement = string | { readonly body: readonly Statement[] };

/** What to generate. */
export interface Shape {
  /** Number of functions, without their closures. */
  readonly functions: number;
  /** How deep closures stand in closures; 0: there are none. */
  readonly depth: number;
  /** The same numbers and the same seed: the same functions. */
  readonly seed: number;
}

const MOST_STATEMENTS = 40;
/** How often a statement is a closure. */
const CLOSURES = 0.04;

/** Generates functions of very different lengths, whose closures have closures. */
export function generate({ functions, depth, seed }: Shape): Func[] {
  const random = randomFrom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const operand = (): string => random() < 0.5 ? `v${below(8)}` : String(below(1000));
  const expression = (depth: number): string => {
    if (depth === 0 || random() < 0.2) return operand();
    const text = `${expression(depth - 1)} ${"+-*/"[below(4)]} ${expression(depth - 1)}`;
    return random() < 0.3 ? `(${text})` : text;
  };
  const statement = (depth: number): Statement =>
    depth > 0 && random() < CLOSURES
      ? { body: body(depth - 1) }
      : `v${below(8)} = ${expression(3)}`;
  const body = (depth: number): Statement[] =>
    Array.from({ length: 1 + below(MOST_STATEMENTS) }, () => statement(depth));
  return Array.from({ length: functions }, (_, index) => ({
    name: `f${String(index).padStart(String(functions - 1).length, "0")}`,
    body: body(depth),
  }));
}

/**
 * Reads functions from a text, a statement on each line. Statements are not looked into: that is the compiler's business.
 *
 * ```
 * func area {
 *   a = width * height
 *   func {
 *     a = a + 1
 *   }
 *   return a
 * }
 * ```
 *
 * @throws {SyntaxError} if the braces do not fit, a statement stands outside, or a name is missing or used twice
 */
export function parseProgram(text: string): Func[] {
  const functions = new Map<string, Func>();
  const open: Statement[][] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const statement = line.trim();
    const refuse = (reason: string) => new SyntaxError(`line ${index + 1}: ${reason}`);
    const around = open.at(-1);
    const opening = /^func(?:\s+(\w+))?\s*\{$/.exec(statement);
    if (statement === "") continue;
    if (statement === "}") {
      if (open.pop() === undefined) throw refuse("unexpected }");
    } else if (opening !== null) {
      const body: Statement[] = [];
      const name = opening[1];
      if (around !== undefined) {
        if (name !== undefined) throw refuse("a closure has no name");
        around.push({ body });
      } else {
        if (name === undefined) throw refuse("a function needs a name");
        if (functions.has(name)) throw refuse(`${name} is declared twice`);
        functions.set(name, { name, body });
      }
      open.push(body);
    } else {
      if (around === undefined) throw refuse("expected func NAME {");
      around.push(statement);
    }
  }
  if (open.length > 0) throw new SyntaxError("expected } at the end");
  return Array.from(functions.values());
}

/**
 * Compiling one function: the work of `../compile_queue.ts`, real and the same wherever it is done.
 *
 * It is a module of its own because each thread imports the module of the task that it runs.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { task } from "../../mod.ts";
import { translate } from "./expression.ts";
import type { Func } from "./program.ts";

/** What has become of a function. */
export interface Compiled {
  readonly name: string;
  /** The number of the worker that compiled it. */
  readonly worker: number;
  readonly statements: number;
  readonly instructions: number;
  /** A hash of its code. */
  readonly hash: string;
  /** Functions that were found inside, which are yet to be compiled. */
  readonly closures: readonly Func[];
}

/** How often the code is gone through, in place of a back end's passes: about a millisecond for a function. */
const PASSES = 300;

/**
 * Compiles a function, without its closures.
 *
 * @param fn The function.
 * @param worker The number of the worker that does it.
 * @throws {SyntaxError} if a statement cannot be understood; the message names the function and the statement
 */
export const compile = task(import.meta.url, "compile", (fn: Func, worker: number): Compiled => {
  const code: string[] = [];
  const closures: Func[] = [];
  for (const [index, statement] of fn.body.entries()) {
    if (typeof statement === "string") {
      try {
        code.push(...translate(statement));
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        throw new SyntaxError(`${fn.name}, statement ${index + 1}: ${error.message}`);
      }
    } else {
      // As Go names them.
      const name = `${fn.name}.func${closures.length + 1}`;
      closures.push({ name, body: statement.body });
      code.push(`closure ${name}`);
    }
  }
  return {
    name: fn.name,
    worker,
    statements: fn.body.length,
    instructions: code.length,
    hash: hashOf(code),
    closures,
  };
});

/** SHA-256 of the instructions, pass after pass. */
function hashOf(code: readonly string[]): string {
  const text = code.map((instruction) => `${instruction}\n`).join("");
  const sha256 = createHash("sha256");
  for (let pass = 0; pass < PASSES; pass++) sha256.update(text);
  return sha256.digest("hex");
}

/**
 * How a context has ended.
 *
 * @module
 */
import { CanceledError, DeadlineExceededError } from "../errors.ts";

/** An end, shared by all contexts that it has reached. */
export class End {
  /** Reports whether a deadline was over; otherwise somebody has cancelled. */
  readonly isDeadline: boolean;
  /** When it came, as `performance.now()` counts. */
  readonly at: number;
  /** What was given as the cause; `undefined`: nothing. */
  readonly given: unknown;
  // Made when somebody asks: most contexts are cancelled because the work is done, and a stack costs more than the rest of it.
  #err: CanceledError | DeadlineExceededError | undefined = undefined;

  constructor(isDeadline: boolean, at: number, given: unknown) {
    this.isDeadline = isDeadline;
    this.at = at;
    this.given = given;
  }

  /** The error that says so. */
  get err(): CanceledError | DeadlineExceededError {
    return this.#err ??= this.isDeadline ? new DeadlineExceededError() : new CanceledError();
  }

  /** Why it came; the error, if nobody has said. */
  get cause(): unknown {
    return this.given === undefined ? this.err : this.given;
  }
}

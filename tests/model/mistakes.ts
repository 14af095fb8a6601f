/** Mistakes seeded into the core, each of which a model must find: a model that cannot fail proves nothing. */
import { assertMutantFails, type Options, type Scenario } from "./loom.ts";

/** A mistake in one of the core's files. */
export interface Mistake<E extends object, S> {
  /** What is wrong, as the end of a sentence that begins "the model fails when". */
  readonly when: string;
  /** A text that occurs once in the file, and what stands there instead. */
  readonly find: string;
  readonly replace: string;
  /** The model that must find it, and how far it must look. */
  readonly model: Scenario<E, S>;
  readonly options?: Options;
  /** If the file is not that of the part. */
  readonly file?: string;
}

/** Registers a test for each mistake. */
export function testMistakes<E extends object, S>(
  part: string,
  entry: string,
  mistakes: readonly Mistake<E, S>[],
): void {
  for (const { when, find, replace, model, options, file } of mistakes) {
    Deno.test(`${part}: the model fails when ${when}`, async () => {
      const patch = { file: file ?? `wasm/assembly/${part}.ts`, find, replace };
      await assertMutantFails(patch, model, options, entry);
    });
  }
}

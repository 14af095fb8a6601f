/** Mistakes seeded into the core, each of which a model must find: a model that cannot fail proves nothing. */
import { assertMutantFails, type Options, type Scenario } from "./loom.ts";

/** A change of one of the core's files. */
interface Change {
  /** A text that occurs once in the file, and what stands there instead. */
  readonly find: string;
  readonly replace: string;
  /** If the file is not that of the part. */
  readonly file?: string;
}

/** A mistake. */
export interface Mistake<E extends object, S> extends Change {
  /** What is wrong, as the end of a sentence that begins "the model fails when". */
  readonly when: string;
  /** If it takes further changes. */
  readonly also?: Change | readonly Change[];
  /** The model that must find it, and how far it must look. */
  readonly model: Scenario<E, S>;
  readonly options?: Options;
}

/**
 * Registers a test for each mistake.
 *
 * @param ownFile Where they are seeded, unless they say otherwise.
 */
export function testMistakes<E extends object, S>(
  part: string,
  entry: string,
  mistakes: readonly Mistake<E, S>[],
  ownFile = `wasm/assembly/${part}.ts`,
): void {
  for (const mistake of mistakes) {
    const { when, model, options, also = [] } = mistake;
    Deno.test(`${part}: the model fails when ${when}`, async () => {
      const patches = [mistake, also].flat().map(({ find, replace, file }) => ({
        file: file ?? ownFile,
        find,
        replace,
      }));
      await assertMutantFails(patches, model, options, entry);
    });
  }
}

/** Models of `wasm/assembly/object.ts`, and of the pins of a ring, which are counted alike. */
import { assert, assertEquals } from "../support/assert.ts";
import { OBJECT_REFERENCES } from "../../src/memory/layout.ts";
import { buildModel } from "./build.ts";
import { assertHolds, explore, type Scenario } from "./loom.ts";
import { testMistakes } from "./mistakes.ts";

const ENTRY = "wasm/assembly/object.ts";

interface Objects {
  objectRetain(object: number): void;
  objectRelease(object: number): number;
}

const core = await buildModel(ENTRY);

/** Two hold a reference each; one of them makes another. */
const shared: Scenario<Objects, number> = {
  name: "two hold an object",
  setup(_wasm, words) {
    const object = 64;
    words[(object + OBJECT_REFERENCES) >>> 2] = 2;
    return object;
  },
  threads: [
    async ({ wasm }, object) => [await wasm.objectRelease(object)],
    async ({ wasm }, object) => {
      await wasm.objectRetain(object);
      return [await wasm.objectRelease(object), await wasm.objectRelease(object)];
    },
  ],
  check({ results, words, state }) {
    const last = (results as number[][]).flat().filter((isLast) => isLast !== 0);
    assertEquals([last.length, words[(state + OBJECT_REFERENCES) >>> 2]], [1, 0]);
  },
};

Deno.test("object: one release is the last", async () => {
  const report = await explore(core, shared);
  assertHolds(report);
  assert(report.exhaustive);
});

testMistakes("object", ENTRY, [
  {
    when: "who is the last is asked after the release",
    find: "return add32(object + OBJECT_REFERENCES, -1) == 1;",
    replace:
      "add32(object + OBJECT_REFERENCES, -1);\n  return add32(object + OBJECT_REFERENCES, 0) == 0;",
    model: shared,
  },
]);

import { assertRejects, assertStringIncludes } from "../support/assert.ts";
import { mutant } from "./build.ts";
import { ENTRY } from "./toys.ts";

Deno.test("mutant() refuses a patch that does not occur exactly once", async () => {
  const file = "tests/model/assembly/toy/stack.ts";
  const patches = [
    [{ file, find: "no such text", replace: "" }, "occurs 0 times"],
    [{ file, find: "seen", replace: "" }, "not once"],
    [{ file: "mod.ts", find: "", replace: "" }, "not a source"],
    [{ file, find: "let seen = load64(head);\n  while", replace: "let" }, "Cannot compile"],
  ] as const;
  for (const [patch, message] of patches) {
    const error = await assertRejects(() => mutant(patch, ENTRY), Error);
    assertStringIncludes(error.message, message);
  }
});

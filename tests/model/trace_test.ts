import { assertEquals } from "../support/assert.ts";
import { formatTrace, parseTrace } from "./trace.ts";

Deno.test("parseTrace() reads what formatTrace() writes", () => {
  const choices = [0, 0, 0, 1, 64, 2, 2, 66, 0];
  assertEquals(formatTrace(choices), "a3bAc2Ca");
  assertEquals(parseTrace("a3bAc2Ca"), choices);
});

/**
 * Tests of `examples/list.ts`: how it reads a program's head, and what it prints.
 *
 * @module
 */
import { firstSentence, list } from "../../examples/list.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { checkUsage, runExample } from "../support/example.ts";
import { test } from "../support/test.ts";

test("firstSentence() reads up to the first full stop, over line ends and not into the next paragraph", () => {
  const table: readonly (readonly [source: string, sentence: string])[] = [
    ["/**\n * Does it. And more.\n *\n * @module\n */\n", "Does it."],
    ["/** Does it all. */\nimport x;", "Does it all."],
    [
      "/**\n * Does it\n * on two lines, of a.ts and b.ts. Not this.\n */",
      "Does it on two lines, of a.ts and b.ts.",
    ],
    ["/**\n * Does what?\n */", "Does what?"],
  ];
  for (const [source, sentence] of table) assertEquals(firstSentence(source), sentence);
});

test("firstSentence() throws when there is no sentence at the head", () => {
  for (
    const source of [
      "",
      "import x;\n/** Does it. */",
      "/** @module */",
      "/**\n * No stop\n *\n * Does it.\n */",
      "// Does it.",
    ]
  ) {
    assertThrows(() => firstSentence(source), SyntaxError, "comment at its head");
  }
});

test("list() has every program, and names the one that says nothing about itself", async () => {
  const folder = await Deno.makeTempDir({ prefix: "millrace-list-" });
  try {
    const url = new URL(`file://${folder}/`);
    for (const name of ["b.ts", "a.ts", "list.ts", "readme.md"]) {
      await Deno.writeTextFile(new URL(name, url), `/** Is ${name}! */`);
    }
    await Deno.mkdir(new URL("folder", url));
    assertEquals(list(url), [["a", "Is a.ts!"], ["b", "Is b.ts!"]]);
    await Deno.writeTextFile(new URL("c.ts", url), "export {};");
    assertThrows(() => list(url), SyntaxError, "c.ts: expected a comment");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

test("list prints a line for each program of the folder, with permission for no more than that", async () => {
  const { code, lines, err } = await runExample("--allow-read=examples", "list");
  assertEquals([code, err], [0, ""]);
  const programs = [...Deno.readDirSync(new URL("../../examples", import.meta.url))]
    .filter(({ isFile, name }) => isFile && name !== "list.ts").map(({ name }) =>
      name.slice(0, -3)
    );
  assertEquals(lines.map((line) => line.split(" ")[0]), programs.sort());
  for (const line of lines) assert(/^\w+ {2,}\S.*[.!?]$/.test(line), line);
});

test("list ends with 64 when it is given arguments", () => checkUsage("list", []));

/**
 * Runs the table of the README that says how Go is written here: the code of each cell is checked and run.
 *
 * The section has a block of code that each cell may use, and tables: Go on the left, millrace on the right. The code spans of a cell on the right are
 * one snippet. All become one file of tests, each with variables of its own, and `deno test` runs that as it runs anybody's: with types, and looking
 * for what is left behind.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { assertEquals, assertGreater, assertMatch, assertThrows } from "./support/assert.ts";
import { test } from "./support/test.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** A section with tables of snippets. */
interface Section {
  /** The import declarations of its block. */
  readonly imports: string;
  /** The rest of the block. */
  readonly variables: string;
  readonly rows: readonly Row[];
}

interface Row {
  /** What is on the left, as it is written. */
  readonly go: string;
  /** The code on the right. */
  readonly snippet: string;
}

/**
 * Reads the section under `heading`.
 *
 * @throws {SyntaxError} if there is none, or it is not as expected
 */
function sectionOf(markdown: string, heading: string): Section {
  const from = markdown.indexOf(`\n## ${heading}\n`);
  if (from < 0) throw new SyntaxError(`There is no section ${heading}`);
  const to = markdown.indexOf("\n## ", from + 1);
  const section = markdown.slice(from, to < 0 ? undefined : to);
  const [block, code] = /^```ts\n(.*?)^```$/ms.exec(section) ?? [];
  if (code === undefined) throw new SyntaxError(`The section ${heading} has no block of code`);
  const imports = code.match(/^import\b.*?;$/gms)?.join("\n") ?? "";
  const variables = code.replace(/^import\b.*?;$/gms, "").trim();
  const rows = section.replace(block!, "").split(/\n\n+/).flatMap(rowsOf);
  if (rows.length === 0) throw new SyntaxError(`The section ${heading} has no table`);
  return { imports, variables, rows };
}

/** The rows of a paragraph, if it is a table. */
function rowsOf(paragraph: string): Row[] {
  const lines = paragraph.trim().split("\n");
  if (!lines[0]!.startsWith("|")) return [];
  return lines.slice(2).map((line) => {
    const [, go, millrace, ...rest] = line.split(/(?<!\\)\|/).map((cell) =>
      cell.trim().replaceAll("\\|", "|")
    );
    const spans = millrace?.match(/`[^`]+`/g) ?? [];
    if (spans.length === 0 || rest.length !== 1) {
      throw new SyntaxError(`Expected two cells, the second with code: ${line}`);
    }
    return { go: go!, snippet: spans.map((span) => span.slice(1, -1)).join("\n") };
  });
}

/** A file of tests, one for each row. */
function testsOf({ imports, variables, rows }: Section): string {
  const tests = rows.map(({ go, snippet }) =>
    `Deno.test({
  name: ${JSON.stringify(go)},
  timeout: 20_000,
  sanitizeOps: true,
  sanitizeResources: true,
  async fn(): Promise<void> {
    ${variables}
    {
      ${snippet}
    }
  },
});`
  );
  return [imports, ...tests].join("\n");
}

/** How the tests of a section have ended. */
interface Ended {
  readonly code: number;
  readonly passed: number;
  readonly output: string;
}

/** Checks the types of all snippets, and runs them. */
async function run(section: Section): Promise<Ended> {
  const folder = await Deno.makeTempDir({ prefix: "millrace-readme-" });
  try {
    await Deno.writeTextFile(`${folder}/rows_test.ts`, testsOf(section));
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--allow-all", "--check", "--config", `${ROOT}/deno.json`, folder],
      env: { NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    const output = decoder.decode(stdout) + decoder.decode(stderr);
    const [, passed] = /^(?:ok|FAILED) \| (\d+) passed/m.exec(output) ?? [];
    return { code, passed: Number(passed ?? 0), output };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A README with a table, and one row that says `snippet`. */
function readme(snippet: string): string {
  return `# x

## Before

| a | \`not code\` |

## Table

\`\`\`ts
import {
  Channel,
} from "@millrace/millrace";
import { background } from "@millrace/millrace/context";

const ch = new Channel<number>(1);
const ctx = background();
\`\`\`

| Go | millrace |
| --- | --- |
| \`ch <- 1\` | \`await ch.send(1);\`<br>and \`ch.close();\` |
| x \\| y | ${snippet} |

## After

| a | b |
`;
}

test("README.md: the code of each cell of From Go is right, runs, and leaves nothing behind", async () => {
  const section = sectionOf(await Deno.readTextFile(`${ROOT}/README.md`), "From Go");
  assertGreater(section.rows.length, 40);
  const { code, passed, output } = await run(section);
  assertEquals([code, passed], [0, section.rows.length], output);
});

test("sectionOf() reads the block and the tables of one section", () => {
  assertEquals(sectionOf(readme("`ctx \\|\\| 1;`"), "Table"), {
    imports:
      'import {\n  Channel,\n} from "@millrace/millrace";\nimport { background } from "@millrace/millrace/context";',
    variables: "const ch = new Channel<number>(1);\nconst ctx = background();",
    rows: [
      { go: "`ch <- 1`", snippet: "await ch.send(1);\nch.close();" },
      { go: "x | y", snippet: "ctx || 1;" },
    ],
  });
});

test("sectionOf() throws when something is missing", () => {
  assertThrows(() => sectionOf(readme("`1;`"), "Other"), SyntaxError, "no section Other");
  assertThrows(() => sectionOf(readme("`1;`"), "Before"), SyntaxError, "no block");
  assertThrows(() => sectionOf(readme("no code"), "Table"), SyntaxError, "Expected two cells");
  assertThrows(() => sectionOf(readme("`1;` | `2;`"), "Table"), SyntaxError, "Expected two cells");
  const withoutTable = readme("`1;`").replaceAll(/^\|.*\n/gm, "");
  assertThrows(() => sectionOf(withoutTable, "Table"), SyntaxError, "no table");
});

test("run() passes what is right, and names what throws, waits for ever, or leaves a timer behind", async () => {
  const { imports, variables, rows } = sectionOf(readme("`ch.close();` `ch.close();`"), "Table");
  const more: Row[] = [
    { go: "waits", snippet: "await ch.receive();" },
    { go: "leaves", snippet: "setTimeout(() => {}, 100_000);" },
  ];
  const { code, passed, output } = await run({ imports, variables, rows: [...rows, ...more] });
  assertEquals([code, passed], [1, 1], output);
  assertMatch(output, /^x \| y \.\.\. FAILED.*^waits \.\.\. FAILED.*^leaves \.\.\. FAILED/ms);
  assertMatch(output, /close of closed channel/);
});

test("run() fails when a snippet has a type that does not fit", async () => {
  const { code, passed, output } = await run(sectionOf(readme('`await ch.send("1");`'), "Table"));
  assertEquals([code, passed], [1, 0], output);
  assertMatch(output, /TS2345/);
});

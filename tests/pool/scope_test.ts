import { parse } from "acorn";
import { assertEquals } from "../support/assert.ts";
import { test } from "../support/test.ts";
import { dependenciesOf, type FunctionNode } from "../../src/pool/scope.ts";

/** Source of a function, and what it names without declaring it, in order. */
const sources: readonly (readonly [source: string, names: string])[] = [
  // Parameters
  ["(a, b) => a + b + c", "c"],
  ["({ a, b: { c }, ...d }, [e, , f], ...g) => [a, b, c, d, e, f, g]", "b"],
  ["(a, b = a, c = d) => b", "d"],
  ["(a = x) => { var x; return x; }", "x"],
  ["({ [key]: a = other }) => a", "key other"],
  ["(a) => ({ a, b: 1, [c]: 2, d() {}, get e() { return f; } })", "c f"],
  // Names that are no variables
  ["(a) => a.b.c?.d[e].f", "e"],
  ["(a) => { outer: for (;;) { if (a) break outer; continue outer; } }", ""],
  ["(a) => ({ b: a }).b", ""],
  ["() => class { b = 1; c() {} static d = 2; #e = 3; f() { return this.#e; } }", ""],
  ["() => class { [b] = c; [d]() {} }", "b c d"],
  ["(a) => `${a} ${b}`", "b"],
  ["(a) => tag`${a}`", "tag"],
  // Blocks
  ["() => { { let a = 1; } return a; }", "a"],
  ["() => { { var a = 1; } return a; }", ""],
  ["() => { { function a() {} } return a; }", "a"],
  ["() => { { class a {} } return a; }", "a"],
  ["() => { return a; const a = 1; }", ""],
  ["() => { return a(); function a() {} }", ""],
  ["() => { if (b) { var { c, d: [e] } = {}; } return c + e + d; }", "b d"],
  ["() => { for (const a of b) a; return a; }", "b a"],
  ["() => { for (var a in b); return a; }", "b"],
  ["() => { for (let i = 0, n = m; i < n; i++) i; return i; }", "m i"],
  ["() => { for (const a of a) a; }", ""],
  ["() => { try { a; } catch (a) { a; } finally { b; } }", "a b"],
  ["() => { try { } catch ({ message: m }) { m; message; } }", "message"],
  ["() => { try { } catch { e; } }", "e"],
  ["(a) => { switch (a) { case b: let c = 1; break; default: c; } return c; }", "b c"],
  ["() => { using a = b; a; }", "b"],
  ["async () => { await using a = b(); for await (const c of a) c; }", "b"],
  // Functions within
  ["() => { const f = function g() { return g; }; return g; }", "g"],
  ["() => (a) => (b) => a + b + c", "c"],
  ["function f() { return f; }", ""],
  ["() => { function f(a = b) { var b; return a; } return f; }", "b"],
  ["() => { { function f() { var a; } } a; }", "a"],
  ["() => class A extends B { static a = A; b = C; }", "B C"],
  ["() => { const A = class B { c = B; }; return B; }", "B"],
  ["async function* f() { yield* g; await h; }", "g h"],
  // What is around it
  ["() => this", "this"],
  ["() => () => this.a", "this"],
  ["function () { return this; }", ""],
  ["function () { return () => this; }", ""],
  ["() => { function f() { return this; } return f; }", ""],
  ["() => class { a = this; static { this.b; } c() { return this; } }", ""],
  ["() => class { static { var a; { let b; } a; b; } }", "b"],
  ["() => arguments", "arguments"],
  ["function () { return () => arguments; }", ""],
  ["() => import.meta.url", "import.meta"],
  ["function () { return new.target; }", ""],
  // Assignments, and what only looks
  ["() => { a = 1; b += 2; c++; delete d.e; }", "a b c d"],
  ["() => { [a, { b: c, ...d }] = e; }", "a c d e"],
  ["() => typeof a", "a"],
  ["() => { debugger; label: { break label; } }", ""],
  ["(a) => { with_ = a; }", "with_"],
];

/** Parses the source of a function. */
function functionOf(source: string): FunctionNode {
  const { body } = parse(`(${source}\n)`, { ecmaVersion: "latest", sourceType: "module" });
  const [statement] = body;
  if (statement?.type !== "ExpressionStatement") throw new Error(source);
  return statement.expression as FunctionNode;
}

for (const [source, names] of sources) {
  test(`dependenciesOf() finds ${names === "" ? "nothing" : names} in ${source}`, () => {
    assertEquals([...dependenciesOf(functionOf(source)).names].join(" "), names);
  });
}

test("dependenciesOf() finds relative imports, and no others", () => {
  const source = `() => [import("./a.ts"), import("../b.ts"), import("/c.ts"), import("node:fs"),
    import("https://d.example/e.ts"), import(f)]`;
  const { names, imports } = dependenciesOf(functionOf(source));
  assertEquals([...imports], ["./a.ts", "../b.ts", "/c.ts"]);
  assertEquals([...names], ["f"]);
});

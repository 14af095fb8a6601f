/**
 * What a function's source names without declaring it: a walk over its syntax tree with the scopes of the language.
 *
 * The tree is acorn's. Module code is strict, so a function declared in a block is the block's. A name is looked for in the scopes around
 * the place where it is used, declarations further down included: reading one too early is an error of its own, on any thread.
 *
 * @module
 */
import type { AnyNode, Class, Pattern } from "acorn";

/** A function, of whatever form. */
export type FunctionNode = Extract<
  AnyNode,
  { type: "ArrowFunctionExpression" | "FunctionDeclaration" | "FunctionExpression" }
>;

/** What makes a function depend on where it stands. */
export interface Dependencies {
  /** Names that it does not declare; `this`, `arguments` and `import.meta` of what is around it among them. */
  readonly names: ReadonlySet<string>;
  /** Relative specifiers that it imports. */
  readonly imports: ReadonlySet<string>;
}

/** Finds what `fn` depends on. */
export function dependenciesOf(fn: FunctionNode): Dependencies {
  const walk = new Walk();
  walk.enterFunction(fn, NOTHING);
  return walk;
}

/** The names that one part of a program declares, and those around it. */
class Scope {
  readonly #outer: Scope | undefined;
  readonly #names = new Set<string>();

  constructor(outer?: Scope) {
    this.#outer = outer;
  }

  add(name: string): void {
    this.#names.add(name);
  }

  has(name: string): boolean {
    return this.#names.has(name) || this.#outer !== undefined && this.#outer.has(name);
  }
}

const NOTHING = new Scope();

class Walk implements Dependencies {
  readonly names = new Set<string>();
  readonly imports = new Set<string>();

  enterFunction(fn: FunctionNode, outer: Scope): void {
    // The name of a function expression is known within it alone; that of a declaration, around it as well.
    const named = new Scope(outer);
    if (fn.type === "FunctionExpression" && fn.id) named.add(fn.id.name);
    // Parameters do not see what the body declares.
    const parameters = new Scope(named);
    if (fn.type !== "ArrowFunctionExpression") {
      parameters.add("this");
      parameters.add("arguments");
    }
    for (const parameter of fn.params) bind(parameter, parameters);
    for (const parameter of fn.params) this.visit(parameter, parameters);
    const body = new Scope(parameters);
    hoist(fn.body, body);
    if (fn.body.type === "BlockStatement") this.#block(fn.body.body, body);
    else this.visit(fn.body, body);
  }

  /** Visits statements whose declarations belong to `scope`. */
  #block(statements: readonly AnyNode[], scope: Scope): void {
    for (const statement of statements) declare(statement, scope);
    for (const statement of statements) this.visit(statement, scope);
  }

  visit(node: AnyNode, scope: Scope): void {
    switch (node.type) {
      case "Identifier":
        if (!scope.has(node.name)) this.names.add(node.name);
        return;
      case "ThisExpression":
        if (!scope.has("this")) this.names.add("this");
        return;
      case "MetaProperty":
        if (node.meta.name === "import") this.names.add("import.meta");
        return;
      case "ImportExpression": {
        const { source } = node;
        if (source.type === "Literal" && /^\.{0,2}\//.test(String(source.value))) {
          this.imports.add(String(source.value));
        }
        return this.#children(node, scope);
      }
      case "ArrowFunctionExpression":
      case "FunctionDeclaration":
      case "FunctionExpression":
        return this.enterFunction(node, scope);
      case "ClassDeclaration":
      case "ClassExpression":
        return this.#class(node, scope);
      case "BlockStatement":
        return this.#block(node.body, new Scope(scope));
      case "SwitchStatement": {
        this.visit(node.discriminant, scope);
        const cases = new Scope(scope);
        for (const { consequent } of node.cases) {
          for (const statement of consequent) declare(statement, cases);
        }
        for (const part of node.cases) this.#children(part, cases);
        return;
      }
      case "ForStatement":
      case "ForInStatement":
      case "ForOfStatement": {
        const loop = new Scope(scope);
        const head = node.type === "ForStatement" ? node.init : node.left;
        if (head) declare(head, loop);
        return this.#children(node, loop);
      }
      case "CatchClause": {
        const caught = new Scope(scope);
        if (node.param) bind(node.param, caught);
        return this.#children(node, caught);
      }
      // Below: names of properties and labels, which are no variables.
      case "MemberExpression":
        this.visit(node.object, scope);
        if (node.computed) this.visit(node.property, scope);
        return;
      case "Property":
      case "MethodDefinition":
        if (node.computed) this.visit(node.key, scope);
        return this.visit(node.value, scope);
      case "PropertyDefinition":
        if (node.computed) this.visit(node.key, scope);
        if (node.value) this.visit(node.value, withThis(scope));
        return;
      case "StaticBlock": {
        const block = withThis(scope);
        for (const statement of node.body) hoist(statement, block);
        return this.#block(node.body, block);
      }
      case "LabeledStatement":
        return this.visit(node.body, scope);
      case "BreakStatement":
      case "ContinueStatement":
        return;
      default:
        this.#children(node, scope);
    }
  }

  #class(node: Class, outer: Scope): void {
    const scope = new Scope(outer);
    if (node.id) scope.add(node.id.name);
    if (node.superClass) this.visit(node.superClass, scope);
    for (const part of node.body.body) this.visit(part, scope);
  }

  /** Visits all parts of a node. A pattern's own names come by as well: they have been declared. */
  #children(node: AnyNode, scope: Scope): void {
    for (const child of childrenOf(node)) this.visit(child, scope);
  }
}

function withThis(outer: Scope): Scope {
  const scope = new Scope(outer);
  scope.add("this");
  return scope;
}

function* childrenOf(node: AnyNode): Generator<AnyNode> {
  for (const value of Object.values(node)) {
    for (const part of Array.isArray(value) ? value : [value]) {
      if (typeof part?.type === "string") yield part;
    }
  }
}

/** Declares in `scope` what `statement`, which stands directly in it, declares there. */
function declare(statement: AnyNode, scope: Scope): void {
  if (statement.type === "VariableDeclaration") {
    // Those of `var` have been hoisted.
    if (statement.kind === "var") return;
    for (const { id } of statement.declarations) bind(id, scope);
  } else if (statement.type === "FunctionDeclaration" || statement.type === "ClassDeclaration") {
    if (statement.id) scope.add(statement.id.name);
  }
}

/** Declares in `scope` every `var` below `node` that belongs to the function around it. */
function hoist(node: AnyNode, scope: Scope): void {
  switch (node.type) {
    case "ArrowFunctionExpression":
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ClassDeclaration":
    case "ClassExpression":
      return;
    case "VariableDeclaration":
      if (node.kind === "var") { for (const { id } of node.declarations) bind(id, scope); }
  }
  for (const child of childrenOf(node)) hoist(child, scope);
}

/** Declares in `scope` the names that a pattern binds. */
function bind(pattern: Pattern, scope: Scope): void {
  switch (pattern.type) {
    case "Identifier":
      return scope.add(pattern.name);
    case "ObjectPattern":
      for (const part of pattern.properties) {
        bind(part.type === "RestElement" ? part.argument : part.value, scope);
      }
      return;
    case "ArrayPattern":
      for (const part of pattern.elements) if (part) bind(part, scope);
      return;
    case "AssignmentPattern":
      return bind(pattern.left, scope);
    case "RestElement":
      return bind(pattern.argument, scope);
  }
}

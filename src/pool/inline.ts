/**
 * Inline functions: self-contained functions that go to another thread as source.
 *
 * A function that names something outside itself would find it missing there, or something else of that name. So its source is
 * parsed, once, and what it names must be its own or one of the {@linkcode GLOBALS}. There it is a module of its own,
 * imported from a `data:` URL (Deno, Node) or a `blob:` URL (browsers): no `eval`.
 *
 * @module
 */
import { type Expression, parse } from "acorn";
import { registry, type TaskFunction } from "./registry.ts";
import { dependenciesOf, type FunctionNode } from "./scope.ts";

/**
 * What an inline function may name: the globals of the language, and those that Deno, Node and browsers have on every thread.
 *
 * A list, and not whatever this thread's `globalThis` has: what a program has put there is not on the others, and a page has names
 * such as `name` and `status` that one's own variables often have. The rest can be had as `globalThis.rest`.
 */
const GLOBALS: ReadonlySet<string> = new Set(
  `globalThis undefined NaN Infinity isFinite isNaN parseFloat parseInt
  decodeURI decodeURIComponent encodeURI encodeURIComponent
  AggregateError Array ArrayBuffer AsyncDisposableStack Atomics BigInt BigInt64Array BigUint64Array Boolean DataView Date
  DisposableStack Error EvalError FinalizationRegistry Float16Array Float32Array Float64Array Function Int16Array Int32Array
  Int8Array Intl Iterator JSON Map Math Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set
  SharedArrayBuffer String SuppressedError Symbol SyntaxError Temporal TypeError URIError Uint16Array Uint32Array Uint8Array
  Uint8ClampedArray WeakMap WeakRef WeakSet WebAssembly
  AbortController AbortSignal Blob BroadcastChannel ByteLengthQueuingStrategy CompressionStream CountQueuingStrategy
  CustomEvent DOMException DecompressionStream Event EventTarget File FormData Headers ImageBitmap ImageData MessageChannel
  MessageEvent MessagePort OffscreenCanvas ReadableStream Request Response TextDecoder TextDecoderStream TextEncoder
  TextEncoderStream TransformStream URL URLPattern URLSearchParams WebSocket WritableStream
  atob btoa clearInterval clearTimeout console createImageBitmap crypto fetch performance queueMicrotask setInterval
  setTimeout structuredClone
  Buffer Deno clearImmediate process setImmediate`.split(/\s+/),
);

/** Begins the name of an inline function in place of a module's URL; its source follows. */
const SCHEME = "millrace-inline:";

/** Names of inline functions that have been found to be self-contained. */
const ids = new WeakMap<TaskFunction, string>();
/** The names themselves: a closure that a loop makes again and again is checked once. */
const checked = new Set<string>();

/**
 * The name under which any thread finds the inline function `fn`.
 *
 * @param refusal How an error begins.
 * @throws {TypeError} if it is not self-contained, or no function that can be sent
 */
export function inlineId(fn: TaskFunction, refusal: string): string {
  let id = ids.get(fn);
  if (id !== undefined) return id;
  const source = Function.prototype.toString.call(fn);
  // The name stands where a task's does, and is only for messages.
  id = `${SCHEME}${source}#${String(fn.name).replaceAll("#", "")}`;
  if (!checked.has(id)) {
    const refused = whyNot(source);
    if (refused !== undefined) {
      throw new TypeError(`${refusal}: ${refused.message}`, refused.options);
    }
    checked.add(id);
    // What is self-contained runs here as it is: a thread that blocks for what it has forked can load nothing.
    if (!registry.has(id)) registry.set(id, fn);
  }
  ids.set(fn, id);
  return id;
}

/** Reports whether `id` names an inline function. */
export function isInline(id: string): boolean {
  return id.startsWith(SCHEME);
}

interface Refusal {
  readonly message: string;
  readonly options?: ErrorOptions;
}

/** Why the function with this source cannot go to another thread; `undefined` if it can. */
function whyNot(source: string): Refusal | undefined {
  if (/\{\s*\[native code\]\s*\}\s*$/.test(source)) {
    return { message: "a native or bound function has no source" };
  }
  let node;
  try {
    node = expressionOf(source);
  } catch (cause) {
    const { message } = cause as Error;
    return {
      message: `its source is no function by itself (a method, say): ${message}`,
      options: { cause },
    };
  }
  if (node === undefined || node.type === "ClassExpression") {
    return { message: "expected a function, not a class" };
  }
  if (node.generator) {
    return { message: "what a generator gives cannot be sent; send into a channel instead" };
  }
  const { names, imports } = dependenciesOf(node);
  const free = [...names].filter((name) => !GLOBALS.has(name));
  if (free.length > 0) {
    return {
      message: `it names ${free.join(", ")} and does not declare it; ` +
        "pass what it needs as arguments, or declare it with task(import.meta.url, name, fn)",
    };
  }
  if (imports.size > 0) {
    return { message: `it imports ${[...imports].join(", ")}, and has no file to start from` };
  }
  return undefined;
}

/** The function, or class, that `source` is; `undefined` if it is another expression. */
function expressionOf(
  source: string,
): FunctionNode | Extract<Expression, { type: "ClassExpression" }> | undefined {
  // A line of its own for the end: the source may end with a comment.
  const { body } = parse(`(${source}\n)`, { ecmaVersion: "latest", sourceType: "module" });
  const [statement] = body;
  if (body.length !== 1 || statement?.type !== "ExpressionStatement") return undefined;
  const { expression } = statement;
  switch (expression.type) {
    case "ArrowFunctionExpression":
    case "FunctionExpression":
    case "ClassExpression":
      return expression;
    default:
      return undefined;
  }
}

/**
 * Loads the inline function that `id` names, on a thread that has not seen it.
 *
 * @throws what importing it throws: where a page's content security policy allows no `blob:` scripts, say
 */
export async function loadInline(id: string): Promise<TaskFunction> {
  const hash = id.lastIndexOf("#");
  const name = id.slice(hash + 1) || "anonymous";
  // Stacks name the source, not its text.
  const source = `export default (${id.slice(SCHEME.length, hash)}
);
//# sourceURL=inline:${encodeURIComponent(name)}`;
  const isBrowser = globalThis.process?.getBuiltinModule === undefined;
  const url = isBrowser
    ? URL.createObjectURL(new Blob([source], { type: "text/javascript" }))
    : `data:text/javascript,${encodeURIComponent(source)}`;
  try {
    const module = await import(url) as { default: TaskFunction };
    registry.set(id, module.default);
    return module.default;
  } finally {
    if (isBrowser) URL.revokeObjectURL(url);
  }
}

/**
 * Handles as elements: channels of channels, of locks. The element is the object's address; a reference travels with it.
 *
 * @module
 */
import { show } from "../internal/check.ts";
import { core } from "./core.ts";
import { type ElementType, registerElementType } from "./element.ts";
import {
  exportHandle,
  importHandle,
  isShareable,
  KIND_CHANNEL,
  releaseObject,
  type Shareable,
  shared,
} from "./handle.ts";
import { OBJECT_KIND } from "./layout.ts";

/**
 * An element type that may also be called, which gives the same type: `mutexOf` and `mutexOf()` are one.
 *
 * @typeParam T The handles that such a channel carries.
 */
export type HandleElement<T> = ElementType<T> & (() => ElementType<T>);

/** The type of handles of one kind. */
export class HandleType implements ElementType<Shareable> {
  readonly name: string;
  readonly wideBytes = 0;
  readonly #kind: number;
  readonly #expected: string;
  readonly #isRight: (ptr: number) => boolean;

  /**
   * @param name The type's name.
   * @param kind What the handles stand for.
   * @param expected What they are called in messages, with an article.
   * @param isRight Tells the right ones among the objects of the kind, where not all are.
   */
  constructor(
    name: string,
    kind: number,
    expected: string,
    isRight: (ptr: number) => boolean = () => true,
  ) {
    this.name = name;
    this.#kind = kind;
    this.#expected = expected;
    this.#isRight = isRight;
  }

  encode(value: Shareable): number {
    // A by-reference channel says why it is none of the typed ones; where no channel is expected, that is beside the point.
    const isOdd = !isShareable(value) ||
      this.#kind !== KIND_CHANNEL && typeof value[shared] === "string";
    if (isOdd) throw this.#refuse(value);
    const ptr = exportHandle(value);
    const c = core();
    if (c.readU32(ptr + OBJECT_KIND) !== this.#kind || !this.#isRight(ptr)) {
      throw this.#refuse(value);
    }
    c.fn.objectRetain(ptr);
    return ptr;
  }

  #refuse(value: unknown): TypeError {
    return new TypeError(`Cannot send ${show(value)}: expected ${this.#expected}`);
  }

  decode(ptr: number): Shareable {
    return importHandle(ptr);
  }

  peek(ptr: number): Shareable {
    core().fn.objectRetain(ptr);
    return importHandle(ptr);
  }

  discard(ptr: number): void {
    releaseObject(ptr);
  }
}

/**
 * Makes the element type of handles of `kind`, and makes it known by its name.
 *
 * @param name The name under which it is exported: other threads find it by that.
 * @param kind What the handles stand for.
 * @param expected What they are called in messages, with an article.
 * @param isRight Tells the right ones among the objects of the kind, where not all are.
 */
export function handlesOf<T extends Shareable>(
  name: string,
  kind: number,
  expected: string,
  isRight?: (ptr: number) => boolean,
): HandleElement<T> {
  const type = new HandleType(name, kind, expected, isRight);
  const element: () => unknown = () => element;
  Object.defineProperties(element, {
    name: { value: name },
    wideBytes: { value: type.wideBytes },
    encode: { value: (value: Shareable) => type.encode(value) },
    decode: { value: (ptr: number) => type.decode(ptr) },
    peek: { value: (ptr: number) => type.peek(ptr) },
    discard: { value: (ptr: number) => type.discard(ptr) },
  });
  registerElementType(element as unknown as ElementType<unknown>);
  return element as unknown as HandleElement<T>;
}

/**
 * Handles as elements: channels of channels, of locks. The element is the object's address; a reference travels with it.
 *
 * @module
 */
import { show } from "../internal/check.ts";
import { core } from "./core.ts";
import type { ElementType } from "./element.ts";
import {
  exportHandle,
  importHandle,
  isShareable,
  releaseObject,
  type Shareable,
} from "./handle.ts";
import { OBJECT_ELEMENT, OBJECT_KIND } from "./layout.ts";
import { peekText } from "./message.ts";

/** The type of handles of one kind. */
export class HandleType implements ElementType<Shareable> {
  readonly name: string;
  readonly wideBytes = 0;
  readonly #kind: number;
  readonly #element: string | undefined;

  /**
   * @param name The type's name.
   * @param kind What the handles stand for.
   * @param element Name of the type of the objects' own elements, where they have one.
   */
  constructor(name: string, kind: number, element?: string) {
    this.name = name;
    this.#kind = kind;
    this.#element = element;
  }

  encode(value: Shareable): number {
    if (!isShareable(value)) {
      throw new TypeError(`Cannot send ${show(value)}: expected a handle, ${this.name}`);
    }
    const ptr = exportHandle(value);
    const c = core();
    const isRight = c.readU32(ptr + OBJECT_KIND) === this.#kind &&
      (this.#element === undefined || peekText(c.readU32(ptr + OBJECT_ELEMENT)) === this.#element);
    if (!isRight) throw new TypeError(`Cannot send ${show(value)}: expected ${this.name}`);
    c.fn.objectRetain(ptr);
    return ptr;
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

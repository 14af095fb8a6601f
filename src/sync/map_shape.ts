/**
 * How the keys and values of a map stand in shared memory.
 *
 * @module
 */
import { isNumeric } from "../memory/canonical.ts";
import type { ElementType } from "../memory/element.ts";
import {
  KEY_NARROW,
  VALUE_BLOCK,
  VALUE_F32,
  VALUE_F64,
  VALUE_LONG,
  VALUE_NARROW,
} from "../memory/layout.ts";
import { type Keys, keysOf } from "./map_keys.ts";

/** What follows from the two types of a map. */
export class MapShape {
  readonly keys: Keys<unknown>;
  readonly type: ElementType<unknown>;
  /** A `VALUE_…` form. */
  readonly form: number;
  /** Reports whether a key is handed to the core as a number. */
  readonly isNarrow: boolean;
  /** Reports whether a value is a block; otherwise it is a number in place. */
  readonly isBlock: boolean;
  /** Reports whether the bytes of a value are handed to the core by their address. */
  readonly isWide: boolean;
  /** Bytes of a value in its pair. */
  readonly valueBytes: number;
  /** Bytes of the scratch before the key: room for two values. */
  readonly keyOffset: number;
  /** Reports whether a pair owns nothing but its memory: the core frees it by itself. */
  readonly isPlain: boolean;

  /**
   * @param key The type of the keys.
   * @param value The type of the values.
   */
  constructor(key: ElementType<unknown>, value: ElementType<unknown>) {
    this.keys = keysOf(key);
    this.type = value;
    this.form = formOf(value);
    this.isNarrow = this.keys.form === KEY_NARROW;
    this.isBlock = this.form === VALUE_BLOCK;
    this.isWide = value.wideBytes > 0;
    this.valueBytes = Math.max(8, (value.wideBytes + 7) & ~7);
    this.keyOffset = 2 * this.valueBytes;
    this.isPlain = !this.isBlock && !this.keys.holdHandles;
  }
}

function formOf(type: ElementType<unknown>): number {
  if (!isNumeric(type)) return VALUE_BLOCK;
  if (type.name === "f32") return VALUE_F32;
  if (type.name === "f64") return VALUE_F64;
  return type.wideBytes > 0 ? VALUE_LONG : VALUE_NARROW;
}

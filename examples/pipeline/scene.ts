/**
 * What the scenes of `../pipeline.ts` are.
 *
 * @module
 */
import type { Context } from "../../src/context/mod.ts";

/** Prints a line. */
export type Print = (line: string) => void;

/** Part of the program. It ends with `ctx`; it prints what it shows. */
export type Scene = (ctx: Context, print: Print) => Promise<void>;

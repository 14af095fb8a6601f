/**
 * A task of a program that is bundled.
 *
 * @module
 */
import { task } from "../../../mod.ts";

/** The area of a square. */
export const area = task(import.meta.url, "area", (side: number): number => side * side);

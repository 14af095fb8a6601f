/**
 * Tasks of a program that is bundled; one forks another, and one of another module.
 *
 * @module
 */
import { Pool, task } from "../../../mod.ts";
import { area } from "./areas.ts";

/** The length of a hypotenuse, from two areas that other threads may compute. */
export const hypotenuse = task(
  import.meta.url,
  "hypotenuse",
  async (a: number, b: number): Promise<number> => {
    const pool = Pool.current!;
    const second = pool.go(area, b);
    return Math.sqrt(await pool.go(area, a) + await second);
  },
);

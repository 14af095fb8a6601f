/**
 * A program to be bundled, with tasks in several modules. Its threads load the bundle itself, or the worker file that its argument
 * names.
 *
 * @module
 */
import { Pool } from "../../../mod.ts";
import { area } from "./areas.ts";
import { hypotenuse } from "./lengths.ts";

async function main(): Promise<void> {
  const file = process.argv[2];
  const worker = file === undefined ? {} : { worker: new URL(file, import.meta.url) };
  const pool = new Pool({ threads: 2, ...worker });
  const results = [pool.go(area, 5), pool.go(hypotenuse, 3, 4), pool.go((n) => n + 1, 1)];
  console.log(`main: ${(await Promise.all(results)).join()}`);
  await pool.close();
}

// In a bundle every thread loads this too.
if (Pool.current === undefined) await main();

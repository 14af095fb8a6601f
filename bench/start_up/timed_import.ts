/** Imports the module, or `empty.ts` if told so, and prints how many nanoseconds that took. */

import process from "node:process";

const isEmpty = process.argv[2] === "empty";
const start = performance.now();
if (isEmpty) await import("./empty.ts");
else await import("../../mod.ts");
console.log((performance.now() - start) * 1e6);

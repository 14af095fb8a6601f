/** What the threads of poolifier load. */

import { ThreadWorker } from "poolifier";
import { fib, one } from "./work.ts";

export default new ThreadWorker<number, number>({ one, fib: (n?: number) => fib(n!) });

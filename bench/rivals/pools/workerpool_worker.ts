/** What the threads of workerpool load. */

import workerpool from "workerpool";
import { fib, one } from "./work.ts";

workerpool.worker({ one, fib });

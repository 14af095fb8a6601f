/** How long it takes from nothing to something done: each round in a process of its own. */

import { ownReport, programCommand, wholeProcess } from "../support/child.ts";
import type { Match } from "../support/match.ts";

const GO = "Go";
const EMPTY = "an empty program";
const EMPTY_MODULE = "an empty module";
const RAW_WORKER = "a raw worker";

const program = (name: string, ...args: string[]) => programCommand(import.meta.url, name, args);

/** Whole processes, from their start to their exit, and the import alone. */
export const startUpMatches: readonly Match[] = [
  {
    name: "start-up",
    rows: [
      {
        row: "import to first pool task done, whole process",
        ours: "pool task",
        rivals: [{ name: RAW_WORKER, goal: { plusMs: 10, rival: RAW_WORKER } }, { name: GO }],
      },
      {
        row: "import to first goroutine done, whole process",
        ours: "goroutine",
        rivals: [{ name: EMPTY }, { name: GO }],
      },
      {
        row: "import and nothing else, whole process",
        ours: "import",
        rivals: [{ name: EMPTY }],
      },
    ],
    go: { [GO]: "process" },
    open: () => [
      wholeProcess("pool task", program("pool_task")),
      wholeProcess("goroutine", program("goroutine")),
      wholeProcess("import", program("import")),
      wholeProcess(RAW_WORKER, program("raw_worker")),
      wholeProcess(EMPTY, program("empty")),
    ],
  },
  {
    name: "import",
    rows: [{
      row: "import of the module, within a process",
      ours: "module",
      rivals: [{ name: EMPTY_MODULE }],
    }],
    go: {},
    open: () => [
      ownReport("module", program("timed_import")),
      ownReport(EMPTY_MODULE, program("timed_import", "empty")),
    ],
  },
];

import { situation } from "../support/situation.ts";
import { limits, timeouts, timers } from "./timers.ts";

// Timers that never fire: most are stopped before they are due.
situation({
  group: "time/stopped",
  ops: 1_000,
  bodies: {
    "setTimeout + clearTimeout": timeouts,
    "Timer + stop": timers,
    "trySelect with after": limits,
  },
});

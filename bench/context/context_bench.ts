import { background, withCancel, withTimeout } from "../../src/context/mod.ts";
import { situation } from "../support/situation.ts";
import {
  abortSignal,
  cancelChild,
  cancelWaiting,
  chainOfValues,
  lookUp,
  selectJob,
  trySelectJob,
} from "./context.ts";

const [parent] = withCancel(background());
const [timed] = withTimeout(background(), 1e9);

// A request's context, made at its begin and cancelled at its end.
situation({
  group: "context/cancel",
  ops: 1_000,
  bodies: {
    "AbortController": abortSignal,
    "withCancel, nobody waits": (ops) => cancelChild(parent, ops),
    "withCancel, somebody waits": (ops) => cancelWaiting(parent, ops),
  },
});

// What a handler looks up that middleware has put there.
const chain = chainOfValues();
situation({
  group: "context/value depth=10",
  ops: 1_000,
  bodies: { "value": (ops) => lookUp(chain, ops) },
});

// A worker's loop that looks for the end with each job.
situation({
  group: "context/select",
  ops: 1_000,
  bodies: {
    "trySelect": (ops) => trySelectJob(parent, ops),
    "trySelect, with a deadline": (ops) => trySelectJob(timed, ops),
    "select, awaited": (ops) => selectJob(parent, ops),
  },
});

/**
 * A model checker for the WebAssembly that ships: explores how the threads of a scenario can interleave, one
 * atomic operation at a time. See README.md for how to write a model.
 *
 * @example
 * ```ts
 * const report = await explore(await buildModel("tests/model/assembly/toy/counter.ts"), {
 *   name: "two increments",
 *   setup: () => ({}),
 *   threads: [["increment", 64], ["increment", 64]],
 *   check: ({ words }) => words[16] === 2,
 * });
 * assertHolds(report);
 * ```
 */
import { buildTrampoline, mutant, type Patch } from "./build.ts";
import { Machine } from "./machine.ts";
import type { Ending } from "./schedule.ts";
import { ExhaustiveSearch, RandomSearch, Replay, type Search } from "./search.ts";
import { formatSteps, formatTrace, parseTrace } from "./trace.ts";
import type { Failure, Options, Report, Scenario } from "./types.ts";

export { Op } from "./operations.ts";
export type * from "./types.ts";

/** Where a search with a bound stops, unless the environment says otherwise: most take less, the deepest would take minutes. */
const ENOUGH_STEPS = Number(Deno.env.get("MILLRACE_MODEL_STEPS") ?? 2_000_000);

/** Explores a scenario, up to the first failure. */
export function explore<E extends object, S>(
  module: WebAssembly.Module,
  scenario: Scenario<E, S>,
  options: Options = {},
): Promise<Report> {
  const { bound = Infinity, reduce = true, random } = options;
  const search = random === undefined
    ? new ExhaustiveSearch(bound, reduce)
    : new RandomSearch(random.seed, random.schedules);
  return run(module, scenario, options, search);
}

/** Runs the one schedule that `trace` names. */
export function replay<E extends object, S>(
  module: WebAssembly.Module,
  scenario: Scenario<E, S>,
  trace: string,
  options: Options = {},
): Promise<Report> {
  return run(module, scenario, options, new Replay(parseTrace(trace)));
}

async function run<E extends object, S>(
  module: WebAssembly.Module,
  scenario: Scenario<E, S>,
  options: Options,
  search: Search,
): Promise<Report> {
  const { maxDepth = 1_000, maxSpin = 32, maxSteps = 20_000_000 } = options;
  const trampoline = await buildTrampoline();
  const started = performance.now();
  const machine = new Machine(module, trampoline, scenario, { maxDepth, maxSpin });
  const endings: Record<Ending, number> = { complete: 0, pruned: 0, cut: 0, failed: 0 };
  const enoughSteps = options.bound === undefined ? Infinity : options.enoughSteps ?? ENOUGH_STEPS;
  let isCutShort = false;
  let failure: Failure | undefined;
  while (failure === undefined) {
    const strategy = search.next();
    if (strategy === undefined) {
      if (endings.complete === 0) {
        failure = bare("cut", `all ${endings.cut} schedules were cut at ${maxDepth} steps`);
      }
      break;
    }
    endings[await machine.run(strategy)]++;
    if (machine.problem !== undefined) failure = await explain(machine);
    else if (machine.steps >= enoughSteps) {
      isCutShort = true;
      break;
    } else if (machine.steps >= maxSteps) {
      failure = bare(
        "incomplete",
        `more than ${maxSteps} steps: lower the bound, or raise maxSteps`,
      );
    }
  }
  const wasExhaustive = search instanceof ExhaustiveSearch && failure === undefined && !isCutShort;
  return {
    exhaustive: wasExhaustive && endings.cut + machine.throttled === 0,
    failure,
    schedules: endings.complete,
    pruned: endings.pruned,
    cut: endings.cut,
    throttled: machine.throttled,
    states: search.states,
    steps: machine.steps,
    milliseconds: performance.now() - started,
  };
}

/** Runs the schedule that failed once more, writing it down. */
async function explain<E extends object, S>(machine: Machine<E, S>): Promise<Failure> {
  const problem = machine.problem!;
  const prefix = [...machine.trace];
  const trace = formatTrace(prefix);
  if (problem.kind === "nondeterminism") return { ...problem, trace, listing: "" };
  machine.listing = [];
  await machine.run({ prefix, choose: () => -2 });
  const listing = formatSteps(machine.listing, (ptr) => machine.name(ptr));
  return { ...problem, trace, listing };
}

function bare(kind: Failure["kind"], message: string): Failure {
  return { kind, message, trace: "", listing: "" };
}

/** Throws if the exploration found a failure, with the schedule that leads to it. */
export function assertHolds({ failure }: Report): void {
  if (failure === undefined) return;
  const { kind, message, trace, listing, cause } = failure;
  const how = trace === "" ? "" : `\nreplay: "${trace}"\n${listing}`;
  throw new Error(`${kind}: ${message}${how}`, { cause });
}

/** Throws unless the exploration found a failure of this kind, or of one of these kinds. */
export function assertFails(report: Report, ...kinds: Failure["kind"][]): Failure {
  const { failure } = report;
  if (failure === undefined) {
    throw new Error(`No failure found in ${report.schedules} schedules and ${report.steps} steps`);
  }
  if (!kinds.includes(failure.kind)) {
    throw new Error(`Found "${failure.kind}" instead of ${kinds.join(" or ")}: ${failure.message}`);
  }
  return failure;
}

/** What a seeded mistake may show itself as. */
const SYMPTOMS = ["check", "deadlock", "invariant", "livelock", "race", "thrown", "trap"] as const;

/**
 * Throws unless the mistake is found: a model that cannot fail proves nothing.
 *
 * @param entry The entry file that the scenario's own module was built from.
 */
export async function assertMutantFails<E extends object, S>(
  patch: Patch | readonly Patch[],
  scenario: Scenario<E, S>,
  options: Options = {},
  entry?: string,
): Promise<Failure> {
  const all = { ...options, enoughSteps: Infinity };
  const report = await explore(await mutant(patch, entry), scenario, all);
  return assertFails(report, ...SYMPTOMS);
}

/**
 * Recorded histories of channels against their sequential specifications, as `tests/conformance/linearizable_test.ts` has them,
 * but with other seeds each time, for longer, and with rounds of all sizes.
 *
 * `MILLRACE_STRESS_SECONDS` says how long (default 5), `MILLRACE_STRESS_SEED` begins with the round that failed: it fixes the
 * flavor and what the clients do, not how the threads run.
 *
 * @module
 */
import { Pool } from "../../mod.ts";
import { assert } from "../support/assert.ts";
import { seeded } from "../conformance/waiting.ts";
import {
  localFlavors,
  type RoundOptions,
  runRound,
  sharedFlavors,
} from "../support/recorded_rounds.ts";

const seconds = Number(Deno.env.get("MILLRACE_STRESS_SECONDS") ?? 5);
const firstSeed = Number(Deno.env.get("MILLRACE_STRESS_SEED") ?? Date.now() % 1_000_000_000);

/** Threads of the pools: clients that block need one each. */
const BLOCKING = 5;

/** Makes up a round. */
function optionsOf(seed: number, blocking: Pool, suspending: Pool): RoundOptions {
  const random = seeded(seed ^ 0x5eed);
  const steps = 4 + random(16);
  const clients = {
    blocking: random(BLOCKING + 1),
    suspending: random(6),
    here: 1 + random(6),
  };
  return { clients, steps, blocking, suspending };
}

Deno.test("Channel is linearizable in random rounds of threads and goroutines", async () => {
  console.log(`linearizability: seed ${firstSeed}, ${seconds} s`);
  await using blocking = new Pool({ threads: BLOCKING, name: "blocking" });
  await using suspending = new Pool({ threads: 2, name: "suspending" });
  const end = performance.now() + seconds * 1000;
  let operations = 0;
  let seed = firstSeed;
  for (; performance.now() < end; seed++) {
    // One in eight is by reference: there chance has less to do.
    const flavors = seed % 8 === 0 ? localFlavors : sharedFlavors;
    const flavor = flavors[Math.floor(seed / 8) % flavors.length]!;
    const options = optionsOf(seed, blocking, suspending);
    operations += await runRound(
      flavor,
      seed,
      flavor.cargo === "by reference"
        ? { ...options, clients: { blocking: 0, suspending: 0, here: 4 + options.clients.here } }
        : options,
    );
  }
  console.log(`linearizability: ${seed - firstSeed} rounds, ${operations} operations`);
  assert(operations > 0);
});

/**
 * Every flavor of channel against its sequential specification (`tests/support/channel_specs.ts`): random steps of several clients
 * are recorded, and what they returned must be explained by moments at which they happened, with and
 * without what had not ended by some moment. What clients do follows from the seed; when, from the machine.
 *
 * The longer version is `tests/stress/linearizable_stress_test.ts`.
 */
import { Pool } from "../../mod.ts";
import { assertGreater } from "../support/assert.ts";
import {
  localFlavors,
  type RecordedFlavor,
  type RoundOptions,
  runRound,
  sharedFlavors,
} from "../support/recorded_rounds.ts";
import { test } from "../support/test.ts";

/** Rounds of a test. */
const ROUNDS = 8;

/** Nobody closes the pools, and the process ends all the same. */
const blocking = new Pool({ threads: 3, name: "blocking" });
const suspending = new Pool({ threads: 2, name: "suspending" });

const oneThread: RoundOptions = {
  clients: { blocking: 0, suspending: 0, here: 10 },
  steps: 10,
};
const blockingThreads: RoundOptions = {
  clients: { blocking: 3, suspending: 0, here: 2 },
  steps: 12,
  blocking,
};
const sharedThreads: RoundOptions = {
  clients: { blocking: 0, suspending: 5, here: 1 },
  steps: 12,
  suspending,
};

function testRounds(name: string, flavor: RecordedFlavor, options: RoundOptions): void {
  test(`Channel is linearizable ${name} [${flavor.name}]`, async () => {
    let operations = 0;
    for (let seed = 1; seed <= ROUNDS; seed++) operations += await runRound(flavor, seed, options);
    assertGreater(operations, 20 * ROUNDS);
  });
}

for (const flavor of [...localFlavors, ...sharedFlavors]) {
  testRounds("when goroutines of one thread use it", flavor, oneThread);
}

for (const flavor of sharedFlavors) {
  testRounds("when threads use it that block, try and suspend", flavor, blockingThreads);
  testRounds("when goroutines use it that share threads", flavor, sharedThreads);
}

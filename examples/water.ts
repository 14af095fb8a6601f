/**
 * Makes water of hydrogen and oxygen: each atom is a goroutine, and a barrier holds two of the one and one of the other until they are a molecule.
 *
 * ```
 *   H H H H … ──▶ Semaphore(2) ──▶ ┐
 *                                  ├──▶ CyclicBarrier(3) ──▶ HHO
 *   O O …     ──▶ Semaphore(1) ──▶ ┘
 * ```
 *
 * The atoms come within a time, in any order. The semaphores let no third hydrogen and no second oxygen atom into a molecule; the barrier keeps
 * the places taken until it is complete. So every three atoms are HHO, HOH or OHH, wherever they are.
 *
 * Run it as `deno run examples/water.ts [--molecules N] [--spread MS]`, or with its atoms on threads, which load their code, as
 * `deno run --allow-read examples/water.ts --threads N`.
 *
 * | exit code | when                      |
 * | --------- | ------------------------- |
 * | 0         | all of it is water        |
 * | 1         | something else came out   |
 * | 64        | the arguments are wrong   |
 *
 * @module
 */
import { go, Pool } from "../mod.ts";
import { program, whole } from "./support/program.ts";
import { type Atom, bond, build } from "./water/plant.ts";

/** How water is made. */
export interface Order {
  readonly molecules: number;
  /** The time within which the atoms come. */
  readonly spreadMs: number;
  /** Where the atoms are; none: on this thread. */
  readonly pool?: Pool | undefined;
}

/** Makes water, and returns the molecules as they came. */
export async function makeWater({ molecules, spreadMs, pool }: Order): Promise<string[]> {
  const plant = build(molecules);
  const bonding = Array.from({ length: 3 * molecules }, (_, count) => {
    const atom: Atom = count < molecules ? "O" : "H";
    return pool === undefined
      ? go(bond, atom, plant, spreadMs)
      : pool.go(bond, atom, plant, spreadMs);
  });
  for (const each of bonding) await each;
  plant.atoms.close();
  const made: string[] = [];
  let molecule = "";
  for await (const atom of plant.atoms) {
    molecule += atom;
    if (molecule.length < 3) continue;
    made.push(molecule);
    molecule = "";
  }
  return made;
}

/** Molecules on a line. */
const ON_A_LINE = 20;

await program(
  import.meta,
  { molecules: whole(100, 1, 100_000), spread: whole(100, 0, 1e6), threads: whole(0, 0, 256) },
  async ({ molecules, spread: spreadMs, threads }) => {
    await using pool = threads === 0 ? undefined : new Pool({ threads });
    const made = await makeWater({ molecules, spreadMs, pool });
    for (let first = 0; first < made.length; first += ON_A_LINE) {
      console.log(made.slice(first, first + ON_A_LINE).join(" "));
    }
    const water = made.filter((each) => /^(HHO|HOH|OHH)$/.test(each)).length;
    console.log(`${3 * molecules} atoms: ${water} molecules of water`);
    return water === molecules ? 0 : 1;
  },
);

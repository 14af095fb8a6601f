/**
 * What an atom of `../water.ts` does. It is a module of its own because each thread imports the module of the task that it runs.
 *
 * @module
 */
import { Channel, CyclicBarrier, Semaphore, sleep, task, text } from "../../mod.ts";

/** An atom. */
export type Atom = "H" | "O";

/** Where atoms become water. All of it is in shared memory: the atoms may be on any thread. */
export interface Plant {
  /** Places in the molecule that is being made. */
  readonly places: { readonly H: Semaphore; readonly O: Semaphore };
  /** Holds those up that have a place, until all places are taken. */
  readonly barrier: CyclicBarrier;
  /** The atoms, one after the other, as they got their places. */
  readonly atoms: Channel<string>;
}

/** Builds a plant for so many molecules. */
export function build(molecules: number): Plant {
  return {
    places: { H: new Semaphore(2), O: new Semaphore(1) },
    barrier: new CyclicBarrier(3),
    atoms: new Channel(text, 3 * molecules),
  };
}

/**
 * Comes within `spreadMs`, takes a place, and keeps it until the molecule is complete. Nobody has a place in the next one before that, so the atoms come in threes.
 */
export const bond = task(
  import.meta.url,
  "bond",
  async (atom: Atom, { places, barrier, atoms }: Plant, spreadMs: number): Promise<void> => {
    await sleep(Math.random() * spreadMs);
    using _ = await places[atom].acquire();
    await atoms.send(atom);
    await barrier.wait();
  },
);

/**
 * Loads icons when the first of them is asked for, once, whoever asks: with an RWMutex, and with a Once.
 *
 * ```
 *   rwmutex:  rLock ── there? ──▶ the icon         once:  do(load) ──▶ the icon
 *               └─ no: unlock it, lock ── still not there? load
 * ```
 *
 * - Between the two locks of the first form somebody else may have loaded them, so it looks again. A read lock cannot become a write lock: it is
 *   given up first, by the `using` that ends with its block, and so never by the unlock of the other.
 * - When loading fails, the first form tries again with the next call. A Once does not: its function has been called.
 *
 * Run it as `deno run --allow-read=examples/icons examples/icons.ts [--form rwmutex|once] [--readers N]`.
 *
 * | exit code | when                      |
 * | --------- | ------------------------- |
 * | 0         | all icons are there       |
 * | 1         | they could not be loaded  |
 * | 64        | the arguments are wrong   |
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { Once, RWMutex, WaitGroup } from "../mod.ts";
import { EXIT_FAILED, oneOf, program, whole } from "./support/program.ts";
import { Screen } from "./support/screen.ts";

const NAMES = ["spades", "hearts", "diamonds", "clubs"];

/** Icons by their names. */
export type Icons = ReadonlyMap<string, string>;

/** Gives icons; the first call loads all of them. */
export interface Album {
  /**
   * The icon of this name.
   *
   * @throws {RangeError} if there is none
   * @throws what loading fails with
   */
  icon(name: string): Promise<string>;
}

/** Guards the icons by a lock that any number of readers hold at once. */
export class RWMutexAlbum implements Album {
  readonly #load: () => Promise<Icons>;
  readonly #mutex = new RWMutex();
  /** Guarded by the mutex. */
  #icons: Icons | undefined;

  constructor(load: () => Promise<Icons>) {
    this.#load = load;
  }

  async icon(name: string): Promise<string> {
    {
      using _ = await this.#mutex.rLock();
      if (this.#icons !== undefined) return pick(this.#icons, name);
    }
    using _ = await this.#mutex.lock();
    return pick(this.#icons ??= await this.#load(), name);
  }
}

/** Leaves to a Once who loads, and who waits for it. */
export class OnceAlbum implements Album {
  readonly #load: () => Promise<Icons>;
  readonly #once = new Once();
  #icons: Icons = new Map();

  constructor(load: () => Promise<Icons>) {
    this.#load = load;
  }

  async icon(name: string): Promise<string> {
    await this.#once.do(async () => {
      this.#icons = await this.#load();
    });
    return pick(this.#icons, name);
  }
}

function pick(icons: Icons, name: string): string {
  const icon = icons.get(name);
  if (icon === undefined) throw new RangeError(`There is no icon ${JSON.stringify(name)}`);
  return icon;
}

/** Loads the icons from their files. */
async function loadIcons(): Promise<Icons> {
  console.log("loading");
  const entries = await Promise.all(NAMES.map(async (name): Promise<[string, string]> => {
    const file = new URL(`icons/${name}.svg`, import.meta.url);
    return [name, await readFile(file, "utf8")];
  }));
  return new Map(entries);
}

const ALBUMS = { rwmutex: RWMutexAlbum, once: OnceAlbum };

await program(
  import.meta,
  { form: oneOf("rwmutex", "once"), readers: whole(3, 1, 10_000) },
  async ({ form, readers }) => {
    const { complain, print } = new Screen("icons");
    const album = new ALBUMS[form](loadIcons);
    using reading = new WaitGroup();
    let exitCode = 0;
    for (let reader = 1; reader <= readers; reader++) {
      reading.go(async () => {
        try {
          const icons = await Promise.all(NAMES.map((name) => album.icon(name)));
          const sizes = icons.map((icon, index) => `${NAMES[index]} ${icon.length}`);
          print(`reader ${reader}: ${sizes.join(", ")} characters`);
        } catch (error) {
          complain(error instanceof Error ? error.message : String(error));
          exitCode = EXIT_FAILED;
        }
      });
    }
    await reading.wait();
    return exitCode;
  },
);

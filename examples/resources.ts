/**
 * Shares connections among many queries: a `ResourcePool`, which makes one when none is free and keeps a few.
 *
 * ```
 *   query ──▶ acquire ──▶ a free connection, or a new one ──▶ release ──▶ kept, or closed when enough are
 * ```
 *
 * All queries come at once, each with a goroutine of its own, so each needs a connection of its own; of those that come back two are kept. A second
 * wave finds these two, and makes the others anew.
 *
 * Run it as `deno run examples/resources.ts [--queries N] [--waves N] [--keep N] [--most MS]`; a query takes up to `--most` milliseconds.
 *
 * | exit code | when                                       |
 * | --------- | ------------------------------------------ |
 * | 0         | all queries were answered                  |
 * | 64        | the arguments are wrong                    |
 * | 130, 143  | SIGINT or SIGTERM came; all are closed too |
 *
 * @module
 */
import { sleep } from "../mod.ts";
import type { Context } from "../src/context/mod.ts";
import { ErrGroup } from "../src/group/mod.ts";
import { ResourcePool } from "../src/patterns/mod.ts";
import { exitCodeOf, program, untilSignal, whole } from "./support/program.ts";

/** What is asked. */
export interface Load {
  /** How many queries come at once. */
  readonly queries: number;
  /** How often they come. */
  readonly waves: number;
  /** How many free connections are kept. */
  readonly keep: number;
  /** How long the next query takes. */
  delayMs(): number;
  /** Prints a line. */
  print(line: string): void;
}

/** What has become of the connections. */
export interface Usage {
  /** How many there were. */
  opened: number;
  /** How many are closed. */
  closed: number;
}

/** Something dear, as a connection to a data base is. */
interface Connection {
  readonly id: number;
  close(): void;
}

/** Answers all queries, and closes all connections, also when `parent` ends before; what it returns has counted them all. */
export async function query(parent: Context, load: Load): Promise<Usage> {
  const { queries, waves, keep, delayMs, print } = load;
  const usage: Usage = { opened: 0, closed: 0 };
  const connect = (): Connection => {
    const id = ++usage.opened;
    print(`connection ${id} opened`);
    return {
      id,
      close() {
        usage.closed++;
        print(`connection ${id} closed`);
      },
    };
  };
  await using pool = new ResourcePool(connect, keep);
  for (let wave = 0; wave < waves && parent.err === undefined; wave++) {
    const [group, ctx] = ErrGroup.withContext(parent);
    for (let number = 1; number <= queries; number++) {
      group.go(async () => {
        const connection = await pool.acquire({ signal: ctx.signal });
        try {
          await sleep(delayMs(), { signal: ctx.signal });
          print(`query ${wave * queries + number} answered by connection ${connection.id}`);
        } finally {
          await pool.release(connection);
        }
      });
    }
    try {
      await group.wait();
    } catch (error) {
      if (parent.err === undefined) throw error;
    }
  }
  return usage;
}

await program(
  import.meta,
  {
    queries: whole(25, 1, 10_000),
    waves: whole(2, 1, 1000),
    keep: whole(2, 1, 10_000),
    most: whole(1000, 0, 1e6),
  },
  untilSignal(async ({ most, ...shape }, ctx) => {
    const delayMs = () => Math.random() * most;
    const { opened, closed } = await query(ctx, { ...shape, delayMs, print: console.log });
    console.log(`${opened} connections opened, ${closed} closed`);
    return exitCodeOf(ctx);
  }),
);

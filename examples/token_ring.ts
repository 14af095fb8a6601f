/**
 * Passes a token around a ring of goroutines, each of which says its number when it has it: 1 2 3 4, 1 2 3 4.
 *
 * ```
 *   ┌──▶ 1 ───▶ 2 ───▶ 3 ───▶ 4 ──┐     on this thread: channels of plain values
 *   └─────────── token ◀──────────┘     on threads: typed channels, the same function
 * ```
 *
 * - Whoever has the token may speak: the order needs no lock.
 * - The token counts down, and the ring ends with it. Each member closes the channel to the next, so that the end goes around as the token did.
 *
 * Run it as `deno run examples/token_ring.ts [--members N] [--rounds N] [--every MS]`, or with its members on threads, which load their code, as
 * `deno run --allow-read examples/token_ring.ts --threads N`.
 *
 * | exit code | when                               |
 * | --------- | ---------------------------------- |
 * | 0         | the token has gone round           |
 * | 64        | the arguments are wrong            |
 * | 130, 143  | SIGINT or SIGTERM came before that |
 *
 * @module
 */
import process from "node:process";
import { Channel, go, i32, Pool } from "../mod.ts";
import type { Context } from "../src/context/mod.ts";
import { exitCodeOf, program, untilSignal, whole } from "./support/program.ts";
import { member } from "./token_ring/member.ts";

/** A ring. */
export interface Ring {
  readonly members: number;
  readonly rounds: number;
  /** How long each keeps the token. */
  readonly everyMs: number;
  /** Where the members are; none: on this thread. */
  readonly pool?: Pool | undefined;
}

/** Starts a ring, and calls `hear` with the numbers that are said, until all members have ended. */
export async function passAround(
  ctx: Context,
  { members, rounds, everyMs, pool }: Ring,
  hear: (number: number) => void,
): Promise<void> {
  const connect = (): Channel<number> =>
    pool === undefined ? new Channel<number>(1) : new Channel(i32, 1);
  const said = connect();
  const links = Array.from({ length: members }, connect);
  links[0]!.trySend(members * rounds);
  const ring = links.map((previous, index) => {
    const next = links[(index + 1) % members]!;
    const self = { number: index + 1, previous, next, said, everyMs };
    return pool === undefined ? go(member, ctx, self) : pool.go(member, ctx, self);
  });
  const ending = Promise.all(ring).finally(() => said.close());
  for await (const number of said) hear(number);
  await ending;
}

await program(
  import.meta,
  {
    members: whole(4, 1, 10_000),
    rounds: whole(3, 1, 100_000),
    every: whole(250, 0, 1e9),
    threads: whole(0, 0, 256),
  },
  untilSignal(async ({ every: everyMs, threads, ...shape }, ctx) => {
    await using pool = threads === 0 ? undefined : new Pool({ threads });
    await passAround(ctx, { ...shape, everyMs, pool }, (number) => {
      process.stdout.write(number === shape.members ? `${number}\n` : `${number} `);
    });
    return exitCodeOf(ctx);
  }),
);

/**
 * A member of the ring of `../token_ring.ts`. It is a module of its own because each thread imports the module of the task that it runs.
 *
 * @module
 */
import { after, type ReceiveChannel, select, send, type SendChannel, task } from "../../mod.ts";
import type { Context } from "../../src/context/mod.ts";

/** What a member is given. */
export interface Member {
  /** What it says when it has the token. */
  readonly number: number;
  /** Where the token comes from. What it carries is how often it is still to be had, this time included. */
  readonly previous: ReceiveChannel<number>;
  /** Where it goes. */
  readonly next: SendChannel<number>;
  /** Where the member says its number. */
  readonly said: SendChannel<number>;
  /** How long it keeps the token. */
  readonly everyMs: number;
}

/**
 * Says its number each time the token comes, and passes it on. Whoever has it last lets it vanish, and closes the channel to the next, who does the
 * same, and so on around. When `ctx` ends all of them do that at once.
 */
export const member = task(
  import.meta.url,
  "member",
  async (ctx: Context, { number, previous, next, said, everyMs }: Member): Promise<void> => {
    while (ctx.err === undefined) {
      const token = await select({ previous, stop: ctx.done });
      if (token.case === "stop" || !token.ok) break;
      const told = await select({ said: send(said, number), stop: ctx.done });
      if (told.case === "stop" || token.value === 1) break;
      if (everyMs > 0) await select({ late: after(everyMs), stop: ctx.done });
      // There is room: nobody else has a token.
      await next.send(token.value - 1);
    }
    next.close();
  },
);

/**
 * Contexts that have come from another thread.
 *
 * @module
 */
import { importHandle, KIND_CONTEXT, registerKind } from "../memory/handle.ts";
import { core } from "../memory/core.ts";
import { type HandleElement, handlesOf } from "../memory/handle_type.ts";
import { BaseContext, RootContext } from "./base.ts";
import { CancelContext } from "./cancel_context.ts";
import type { Entry } from "./entries.ts";
import { SharedContext } from "./shared_context.ts";
import type { Context } from "./types.ts";

/** The values that have come with a context, read when somebody asks for one. */
class SentContext extends BaseContext {
  readonly scope: BaseContext["scope"];
  readonly #from: SharedContext;
  #entries: readonly Entry[] | undefined = undefined;

  /** @param from Where they are; somebody else holds it, or {@linkcode hold} is called. */
  constructor(parent: BaseContext, from: SharedContext) {
    super(parent);
    this.scope = parent.scope;
    this.#from = from;
  }

  override get entries(): readonly Entry[] {
    return this.#entries ??= this.#from.entries;
  }

  override has(key: unknown): boolean {
    return this.#find(key) !== undefined;
  }

  override get(key: unknown): unknown {
    return this.#find(key)?.value;
  }

  #find(key: unknown): Entry | undefined {
    return this.entries.find((entry) => entry.key === key);
  }
}

function revive(ptr: number): BaseContext {
  const from = new SharedContext(ptr);
  const values = new SentContext(parentOf(from), from);
  if (!from.canEnd) {
    values.hold(from);
    return values;
  }
  return new CancelContext(values, { deadline: from.deadline, origin: from });
}

/** The context above one that has come from another thread. */
function parentOf({ above }: SharedContext): BaseContext {
  if (above === 0) return new RootContext();
  core().fn.objectRetain(above);
  return importHandle(above) as BaseContext;
}

registerKind(KIND_CONTEXT, { revive, abandon: SharedContext.abandon });

/**
 * The element type of contexts: for a channel that carries them, or a field of a struct.
 *
 * What is received is the very context that was sent. See `mutexOf`.
 *
 * @example
 * ```ts
 * import { Channel, struct, text } from "@millrace/millrace";
 * import { background, contextOf, withTimeout } from "@millrace/millrace/context";
 *
 * const jobs = new Channel(struct({ ctx: contextOf, path: text }), 8);
 * const [ctx, cancel] = withTimeout(background(), 1000);
 * await jobs.send({ ctx, path: "/etc/hosts" });
 * console.log((await jobs.receive())?.ctx === ctx); // true
 * cancel();
 * ```
 */
export const contextOf: HandleElement<Context> = handlesOf(
  "contextOf",
  KIND_CONTEXT,
  "a Context",
) as HandleElement<unknown> as HandleElement<Context>;

/**
 * What a channel is, flavor by flavor: a sequential specification of each, as a pure state machine that
 * `tests/model/linearizable.ts` checks recorded histories against.
 *
 * A history has one object, a channel. An operation over several takes part in the history of each channel that it
 * touched, which is enough: (set-)linearizability is local, a history is so if the histories of its objects are.
 * Only of a select that has not ended, and may have had its effect on any of its channels, this does not say that it was one.
 * How many values wait (`size`) is no part of it: over a ring it is a snapshot.
 *
 * | operation (`name`)                               | `input`                 | `output`                                      |
 * | ------------------------------------------------ | ----------------------- | --------------------------------------------- |
 * | `send`, and `sendMany`'s, one each               | value                   | `"sent"`, `"closed"`                          |
 * | `trySend`                                        | value                   | `"sent"`, `"closed"`, `"not ready"`           |
 * | `receive`, and `receiveMany`'s, one each         |                         | `{ value }`, `"closed"`, `{ reason }`         |
 * | `tryReceive`                                     |                         | the same, `"not ready"`                       |
 * | `select send`, `trySelect send`, and … `receive` | as without `select`     | as without; the case that had effect          |
 * | `select`: one that has not ended                 | its cases here          |                                               |
 * | `no more`: `receiveMany` took less than it might |                         | `"not ready"`                                 |
 * | `close`                                          | reason's number, `null` | `"closed"`, `"was closed"`                    |
 * | `closed`: the property                           |                         | boolean                                       |
 *
 * ## Waiting
 *
 * An operation that blocks has no effect until it can complete, so it happens at no moment before that: `apply` gives no
 * state for a `send` while the buffer is full, and the checker has to find it a later moment. One that never ended may have
 * had its effect, or not. One that was aborted has had none, and stands in no history.
 *
 * A promise that is pending when the call returns waits from then on, visibly (`waits`). Then more can be said than its result:
 *
 * - W1 In a rendezvous, a `trySend` that began later and finds nobody is wrong, if a receiver waits; likewise a `tryReceive`.
 * - W2 A close that began later finds a wake-up lost, if a sender waits and there is room, or, in a rendezvous, both a sender and
 *   a receiver wait. Over a ring a sender that was woken has to try again, and that it has not yet done so is no mistake: there
 *   it says nothing. (A receiver beside a value would be another's W3, or end before the channel is drained.)
 * - W3 By-reference channels serve first come, first served: who began later does not get ahead.
 *
 * ## Rendezvous
 *
 * Where nothing is between them, a send and its receive happen at one moment, within the time of both: neither may have ended
 * before the other began. A sequence of single operations cannot say that (it would let a send end and then its receive
 * begin, which is a buffer of one). So here the specification is *set*-sequential: a step of it is one operation or a pair,
 * `together`, and a send has effect in a pair alone. Two that only try do not meet: each needs somebody who waits.
 *
 * @module
 */
import type { Specification } from "../model/linearizable.ts";
import type { Operation } from "../model/types.ts";

/** A channel between two operations. */
export interface ChannelState {
  /** What is in it, oldest first. */
  readonly values: readonly unknown[];
  /** `false` while it is open, then the number of the reason that it was closed with, `null` for none. */
  readonly closed: false | null | number;
}

/** What an operation does, whatever it is called. */
type Role = "send" | "receive" | "no more" | "close" | "closed";

const ROLES: Readonly<Record<string, { readonly role: Role; readonly tries?: true }>> = {
  "send": { role: "send" },
  "sendMany": { role: "send" },
  "select send": { role: "send" },
  "trySend": { role: "send", tries: true },
  "trySelect send": { role: "send", tries: true },
  "receive": { role: "receive" },
  "receiveMany": { role: "receive" },
  "select receive": { role: "receive" },
  "tryReceive": { role: "receive", tries: true },
  "trySelect receive": { role: "receive", tries: true },
  "no more": { role: "no more" },
  "close": { role: "close" },
  "closed": { role: "closed" },
};

function kindOf({ name }: Operation): { readonly role: Role; readonly tries?: true } {
  const kind = ROLES[name];
  if (kind === undefined) throw new TypeError(`Cannot judge ${name}(): no channel has it`);
  return kind;
}

/** What an operation may be: itself, or any case of a select that has not ended. */
function readings(operation: Operation): readonly Operation[] {
  if (operation.name !== "select") return [operation];
  const cases = operation.input as readonly { readonly send?: unknown }[];
  return cases.map((each) =>
    "send" in each
      ? { ...operation, name: "select send", input: each.send }
      : { ...operation, name: "select receive", input: null }
  );
}

/** Reports whether the operation returned `expected`, or did not return. */
function gives({ output, end }: Operation, expected: unknown): boolean {
  return end === Infinity || JSON.stringify(output) === JSON.stringify(expected);
}

/** What a channel that has been closed gives once nothing is in it. */
function endOf(closed: null | number): unknown {
  return closed === null ? "closed" : { reason: closed };
}

/** Those of `waiting` that do what is asked for and have waited since before `operation` began. */
function before(operation: Operation, waiting: readonly Operation[], role: Role): boolean {
  return waiting.some((other) => kindOf(other).role === role && other.waits! < operation.begin);
}

/** What all flavors have in common: the end, and questions. */
function applyCommon(
  state: ChannelState,
  operation: Operation,
  isWakeUpLost: () => boolean,
): readonly ChannelState[] {
  const { values, closed } = state;
  if (kindOf(operation).role === "closed") return gives(operation, closed !== false) ? [state] : [];
  if (closed !== false) return gives(operation, "was closed") ? [state] : [];
  if (!gives(operation, "closed") || isWakeUpLost()) return [];
  return [{ values, closed: operation.input as null | number }];
}

/** A channel with a buffer; `isFair`: W2 and W3 hold. */
function buffered(capacity: number, isFair: boolean): Specification<ChannelState> {
  function applyOne(
    state: ChannelState,
    operation: Operation,
    waiting: readonly Operation[],
  ): readonly ChannelState[] {
    const { values, closed } = state;
    const { role, tries } = kindOf(operation);
    const isOvertaking = () => isFair && before(operation, waiting, role);
    switch (role) {
      case "send":
        if (closed !== false) return gives(operation, "closed") ? [state] : [];
        if (values.length < capacity) {
          const sent = { values: [...values, operation.input], closed };
          return gives(operation, "sent") && !isOvertaking() ? [sent] : [];
        }
        return tries && gives(operation, "not ready") ? [state] : [];
      case "receive":
        if (values.length > 0) {
          const received = { values: values.slice(1), closed };
          return gives(operation, { value: values[0] }) && !isOvertaking() ? [received] : [];
        }
        if (closed !== false) return gives(operation, endOf(closed)) ? [state] : [];
        return tries && gives(operation, "not ready") ? [state] : [];
      case "no more":
        return values.length === 0 ? [state] : [];
      default:
        return applyCommon(
          state,
          operation,
          () => isFair && values.length < capacity && before(operation, waiting, "send"),
        );
    }
  }
  return {
    initial: { values: [], closed: false },
    apply: (state, operation, waiting) =>
      readings(operation).flatMap((reading) => applyOne(state, reading, waiting)),
  };
}

/** A channel of capacity 0; `isFair`: W3 holds. */
function rendezvous(isFair: boolean): Specification<ChannelState> {
  function applyOne(
    state: ChannelState,
    operation: Operation,
    waiting: readonly Operation[],
  ): readonly ChannelState[] {
    const { closed } = state;
    const { role, tries } = kindOf(operation);
    const finds = (other: Role) => before(operation, waiting, other);
    switch (role) {
      case "send":
        if (closed !== false) return gives(operation, "closed") ? [state] : [];
        return tries && gives(operation, "not ready") && !finds("receive") ? [state] : [];
      case "receive":
        if (closed !== false) return gives(operation, endOf(closed)) ? [state] : [];
        return tries && gives(operation, "not ready") && !finds("send") ? [state] : [];
      case "no more":
        return closed !== false || !finds("send") ? [state] : [];
      default:
        return applyCommon(state, operation, () => finds("send") && finds("receive"));
    }
  }

  function meet(
    state: ChannelState,
    sender: Operation,
    receiver: Operation,
    waiting: readonly Operation[],
  ): readonly ChannelState[] {
    const [sends, receives] = [kindOf(sender), kindOf(receiver)];
    if (sends.role !== "send" || receives.role !== "receive") return [];
    if (state.closed !== false || sends.tries && receives.tries) return [];
    if (!gives(sender, "sent") || !gives(receiver, { value: sender.input })) return [];
    const isOvertaking = before(sender, waiting, "send") || before(receiver, waiting, "receive");
    return isFair && isOvertaking ? [] : [state];
  }

  return {
    initial: { values: [], closed: false },
    apply: (state, operation, waiting) =>
      readings(operation).flatMap((reading) => applyOne(state, reading, waiting)),
    together: (state, first, second, waiting) =>
      readings(first).flatMap((one) =>
        readings(second).flatMap((other) => [
          ...meet(state, one, other, waiting),
          ...meet(state, other, one, waiting),
        ])
      ),
  };
}

/** The specification of each flavor. */
export const specifications: {
  readonly localRendezvous: () => Specification<ChannelState>;
  readonly localBuffered: (capacity: number) => Specification<ChannelState>;
  readonly localUnbounded: () => Specification<ChannelState>;
  readonly sharedRing: (capacity: number) => Specification<ChannelState>;
  readonly sharedRendezvous: () => Specification<ChannelState>;
} = {
  localRendezvous: () => rendezvous(true),
  localBuffered: (capacity) => buffered(capacity, true),
  localUnbounded: () => buffered(Infinity, true),
  sharedRing: (capacity) => buffered(capacity, false),
  sharedRendezvous: () => rendezvous(false),
};

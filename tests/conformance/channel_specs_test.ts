/**
 * The specifications of channels, and what checks histories against them: histories written by hand, right ones and wrong ones, for every
 * flavor. A checker that took these wrong ones for right would take anything.
 */
import { assertLinearizable, type Specification } from "../model/linearizable.ts";
import type { Operation } from "../model/types.ts";
import { assertStringIncludes, assertThrows } from "../support/assert.ts";
import { type ChannelState, specifications } from "../support/channel_specs.ts";
import { test } from "../support/test.ts";

/** A flavor, and what its tests need to know of it. */
interface Specified {
  readonly name: string;
  readonly capacity: number;
  /** First come, first served; see W3. */
  readonly isFair: boolean;
  readonly specification: Specification<ChannelState>;
}

const { localRendezvous, localBuffered, localUnbounded, sharedRing, sharedRendezvous } =
  specifications;

const all: readonly Specified[] = [
  {
    ...{ name: "local rendezvous", capacity: 0, isFair: true },
    specification: localRendezvous(),
  },
  ...[1, 3].map((capacity) => ({
    ...{ name: `local, capacity ${capacity}`, capacity, isFair: true },
    specification: localBuffered(capacity),
  })),
  {
    ...{ name: "local, unbounded", capacity: Infinity, isFair: true },
    specification: localUnbounded(),
  },
  ...[1, 3].map((capacity) => ({
    ...{ name: `shared ring, capacity ${capacity}`, capacity, isFair: false },
    specification: sharedRing(capacity),
  })),
  {
    ...{ name: "shared rendezvous", capacity: 0, isFair: false },
    specification: sharedRendezvous(),
  },
];
const rendezvous = all.filter(({ capacity }) => capacity === 0);
const buffered = all.filter(({ capacity }) => capacity > 0);
const bounded = all.filter(({ capacity }) => capacity < Infinity);
const fair = all.filter(({ isFair }) => isFair);

/** An operation by a client of its own: from when to when, what, and what came of it. */
type Line = readonly [
  begin: number,
  end: number,
  name: string,
  input: unknown,
  output: unknown,
  waits?: number,
];

function history(lines: readonly Line[]): Operation[] {
  return lines.map(([begin, end, name, input, output, waits], thread) => ({
    ...{ thread, index: 0, begin, end, name, input, output },
    ...(waits !== undefined && { waits }),
  }));
}

const value = (n: number): { value: number } => ({ value: n });

function testRight(
  what: string,
  chosen: readonly Specified[],
  lines: (flavor: Specified) => readonly Line[],
): void {
  for (const flavor of chosen) {
    test(`a history in which ${what} is linearizable [${flavor.name}]`, () => {
      assertLinearizable(history(lines(flavor)), flavor.specification);
    });
  }
}

/** @param culprit What the message names among what cannot happen. */
function testWrong(
  what: string,
  chosen: readonly Specified[],
  culprit: string,
  lines: (flavor: Specified) => readonly Line[],
): void {
  for (const flavor of chosen) {
    test(`a history in which ${what} is refused [${flavor.name}]`, () => {
      const { message } = assertThrows(
        () => assertLinearizable(history(lines(flavor)), flavor.specification),
        Error,
        "not linearizable",
      );
      const [, impossible] = message.split("in which none of these can happen:");
      assertStringIncludes(impossible ?? "", culprit);
    });
  }
}

/** So many sends, one after the other, of 0, 1, … */
function sends(count: number): Line[] {
  return Array.from({ length: count }, (_, n) => [10 * n, 10 * n + 5, "send", n, "sent"]);
}

// ---- right ones

testRight("nothing happens", all, () => []);

testRight("a send meets its receive", all, () => [
  [1, 4, "send", 1, "sent"],
  [2, 3, "receive", null, value(1)],
]);

testRight("values are received as they were sent, one at a time", buffered, () => [
  [1, 2, "send", 1, "sent"],
  [3, 4, "receive", null, value(1)],
  [5, 6, "trySend", 2, "sent"],
  [7, 8, "tryReceive", null, value(2)],
  [9, 10, "tryReceive", null, "not ready"],
]);

testRight("the buffer is full, and then is not", bounded.filter((f) => f.capacity > 0), (f) => [
  ...sends(f.capacity),
  [100, 101, "trySend", 50, "not ready"],
  [102, 110, "send", 60, "sent"],
  [105, 106, "receive", null, value(0)],
]);

testRight("overlapping sends are received in either order", all, () => [
  [1, 20, "send", 1, "sent"],
  [2, 20, "send", 2, "sent"],
  [3, 5, "receive", null, value(2)],
  [6, 8, "receive", null, value(1)],
]);

testRight("nobody waits for those who try", rendezvous, () => [
  [1, 2, "trySend", 1, "not ready"],
  [3, 4, "tryReceive", null, "not ready"],
  [1, 4, "receive", null, value(2)],
  [1, 4, "send", 2, "sent"],
]);

testRight("those who wait meet those who try", rendezvous, () => [
  [1, 5, "receive", null, value(1), 2],
  [3, 4, "trySend", 1, "sent"],
  [6, 10, "send", 2, "sent", 7],
  [8, 9, "tryReceive", null, value(2)],
]);

testRight("it is drained after the close", buffered, () => [
  [1, 2, "send", 1, "sent"],
  [3, 4, "close", 7, "closed"],
  [5, 6, "closed", null, true],
  [7, 8, "send", 2, "closed"],
  [9, 10, "receive", null, value(1)],
  [11, 12, "receive", null, { reason: 7 }],
  [13, 14, "close", null, "was closed"],
]);

testRight("a close ends those who wait", all, () => [
  [1, 10, "receive", null, "closed", 2],
  [3, 11, "select receive", null, "closed"],
  [5, 6, "close", null, "closed"],
]);

testRight("a send that never ended has been received", all, () => [
  [1, Infinity, "send", 1, undefined],
  [2, 3, "receive", null, value(1)],
]);

testRight("a send that never ended has not happened", all, () => [
  [1, Infinity, "send", 1, undefined],
  [2, 3, "closed", null, false],
  [4, 5, "close", null, "closed"],
  [6, 7, "receive", null, "closed"],
]);

testRight("a select that never ended has had one of its cases", all, () => [
  [1, Infinity, "select", [{}, { send: 5 }], undefined],
  [2, 3, "receive", null, value(5)],
]);

testRight("a receive that never ended has taken the value", all, () => [
  [1, Infinity, "receive", null, undefined],
  [2, 3, "send", 1, "sent"],
  [4, 5, "tryReceive", null, "not ready"],
]);

testRight("who waits is overtaken", all.filter(({ isFair }) => !isFair), () => [
  [1, 20, "receive", null, value(2), 2],
  [3, 10, "receive", null, value(1)],
  [4, 5, "send", 1, "sent"],
  [12, 20, "send", 2, "sent"],
]);

// ---- wrong ones: values

testWrong("a value is lost", buffered, '"not ready"', () => [
  [1, 2, "send", 1, "sent"],
  [3, 4, "tryReceive", null, "not ready"],
]);

testWrong("a value is lost to a receive that waits", rendezvous, 'send(1) "sent"', () => [
  [1, 10, "receive", null, "closed", 2],
  [3, 4, "send", 1, "sent"],
  [5, 6, "close", null, "closed"],
]);

testWrong("a value is received twice", all, '{"value":1}', () => [
  [1, 10, "send", 1, "sent"],
  [2, 4, "receive", null, value(1)],
  [5, 6, "receive", null, value(1)],
]);

testWrong("a value is received that nobody sent", all, '{"value":2}', () => [
  [1, 10, "send", 1, "sent"],
  [2, 3, "receive", null, value(1)],
  [4, 5, "receive", null, value(2)],
]);

testWrong("a value is received before it is sent", all, '{"value":1}', () => [
  [1, 2, "receive", null, value(1)],
  [3, 4, "send", 1, "sent"],
]);

testWrong("a value is damaged", all, '{"value":-1}', () => [
  [1, 10, "send", 1, "sent"],
  [2, 3, "receive", null, value(-1)],
]);

testWrong(
  "values change places",
  buffered.filter(({ capacity }) => capacity > 1),
  '{"value":2}',
  () => [
    [1, 2, "send", 1, "sent"],
    [3, 4, "send", 2, "sent"],
    [5, 6, "receive", null, value(2)],
    [7, 8, "receive", null, value(1)],
  ],
);

testWrong("values of one batch change places", all, '{"value":2}', () => [
  [1, 20, "sendMany", 1, "sent"],
  [21, 40, "sendMany", 2, "sent"],
  [2, 4, "receive", null, value(2)],
  [5, 30, "receive", null, value(1)],
]);

testWrong("a batch leaves something behind", buffered, "no more", () => [
  [1, 2, "send", 1, "sent"],
  [3, 4, "no more", null, "not ready"],
]);

testWrong("a send that never ended is received twice", all, '{"value":1}', () => [
  [1, Infinity, "send", 1, undefined],
  [2, 3, "receive", null, value(1)],
  [4, 5, "receive", null, value(1)],
]);

testWrong("a select that never ended has had two of its cases", all, '{"value":6}', () => [
  [1, Infinity, "select", [{ send: 5 }, { send: 6 }], undefined],
  [2, 3, "receive", null, value(5)],
  [4, 5, "receive", null, value(6)],
]);

// ---- wrong ones: room

testWrong(
  "a send completes on a full buffer",
  bounded.filter(({ capacity }) => capacity > 0),
  'send(99) "sent"',
  ({ capacity }) => [...sends(capacity), [100, 101, "send", 99, "sent"]],
);

testWrong("a trySend is refused although there is room", buffered, '"not ready"', () => [
  [1, 2, "trySend", 1, "not ready"],
]);

testWrong("a send completes without a receive", rendezvous, 'send(1) "sent"', () => [
  [1, 2, "send", 1, "sent"],
]);

testWrong("a send completes before its receive begins", rendezvous, 'send(1) "sent"', () => [
  [1, 2, "send", 1, "sent"],
  [3, 4, "receive", null, value(1)],
]);

testWrong("one send meets two receives", rendezvous, '{"value":1}', () => [
  [1, 5, "send", 1, "sent"],
  [1, 5, "receive", null, value(1)],
  [1, 5, "receive", null, value(1)],
]);

testWrong("two that only try meet", rendezvous, 'trySend(1) "sent"', () => [
  [1, 3, "trySend", 1, "sent"],
  [2, 4, "tryReceive", null, value(1)],
]);

testWrong("a trySend does not find the receiver that waits", rendezvous, '"not ready"', () => [
  [1, 10, "receive", null, value(2), 2],
  [3, 4, "trySend", 1, "not ready"],
  [5, 9, "send", 2, "sent"],
]);

testWrong("a tryReceive does not find the sender that waits", rendezvous, '"not ready"', () => [
  [1, 10, "send", 1, "sent", 2],
  [3, 4, "tryReceive", null, "not ready"],
  [5, 9, "receive", null, value(1)],
]);

// ---- wrong ones: the end

testWrong(
  "a receive ends before the channel is drained",
  buffered,
  'receive(null) "closed"',
  () => [
    [1, 2, "send", 1, "sent"],
    [3, 4, "close", null, "closed"],
    [5, 6, "receive", null, "closed"],
    [7, 8, "receive", null, value(1)],
  ],
);

testWrong(
  "a receive ends although nobody closed the channel",
  all,
  'receive(null) "closed"',
  () => [
    [1, 2, "receive", null, "closed"],
  ],
);

testWrong("a value is sent after the close", all, 'send(1) "sent"', () => [
  [1, 2, "close", null, "closed"],
  [3, 6, "send", 1, "sent"],
  [4, 5, "receive", null, value(1)],
]);

testWrong("a value comes after the end", all, '{"value":1}', () => [
  [1, 20, "send", 1, "sent"],
  [2, 3, "close", null, "closed"],
  [4, 5, "receive", null, "closed"],
  [6, 7, "receive", null, value(1)],
]);

testWrong("a send is refused although nobody closed the channel", all, '"closed"', () => [
  [1, 2, "trySend", 1, "closed"],
]);

testWrong("a tryReceive finds it empty after the close", all, '"not ready"', () => [
  [1, 2, "close", null, "closed"],
  [3, 4, "tryReceive", null, "not ready"],
]);

testWrong("it is closed twice", all, 'close(2) "closed"', () => [
  [1, 2, "close", 1, "closed"],
  [3, 4, "close", 2, "closed"],
]);

testWrong("a close is refused although nobody closed it", all, '"was closed"', () => [
  [1, 2, "close", 1, "was closed"],
]);

testWrong("the reason is another's", all, '{"reason":2}', () => [
  [1, 2, "close", 1, "closed"],
  [3, 4, "receive", null, { reason: 2 }],
]);

testWrong("the reason is lost", all, 'receive(null) "closed"', () => [
  [1, 2, "close", 1, "closed"],
  [3, 4, "receive", null, "closed"],
]);

testWrong("it is open again", all, "closed(null) false", () => [
  [1, 2, "close", null, "closed"],
  [3, 4, "closed", null, false],
]);

// ---- wrong ones: waiting

testWrong("a sender and a receiver both wait until the close", rendezvous, "close(null)", () => [
  [1, 10, "receive", null, "closed", 2],
  [3, 11, "send", 1, "closed", 4],
  [5, 6, "close", null, "closed"],
]);

testWrong(
  "a sender waits beside room until the close",
  fair.filter(({ capacity }) => capacity > 0),
  "close(null)",
  () => [
    [1, 10, "send", 1, "closed", 2],
    [3, 4, "close", null, "closed"],
  ],
);

testWrong("a receiver overtakes one that waits", fair, '{"value":1}', () => [
  [1, 20, "receive", null, value(2), 2],
  [3, 10, "receive", null, value(1), 4],
  [5, 8, "send", 1, "sent"],
  [11, 15, "send", 2, "sent"],
]);

testWrong(
  "a sender overtakes one that waits",
  fair.filter(({ capacity }) => capacity < Infinity),
  "60",
  ({ capacity }) => [
    ...sends(capacity),
    [100, 120, "send", 50, "sent", 101],
    [102, 119, "send", 60, "sent", 103],
    ...Array.from(
      { length: capacity },
      (_, n): Line => [104 + 2 * n, 105 + 2 * n, "receive", null, value(n)],
    ),
    [112, 113, "receive", null, value(60)],
    [114, 115, "receive", null, value(50)],
  ],
);

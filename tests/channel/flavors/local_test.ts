/** By-reference channels from within: who is asked, and in which order. */
import { LocalFlavor } from "../../../src/channel/flavors/local.ts";
import { type Case, CLOSED, EMPTY, type ReceiveCase, type Wait } from "../../../src/select/case.ts";
import { assertEquals, assertStrictEquals } from "../../support/assert.ts";
import { test } from "../../support/test.ts";

/** A wait that writes down what it is asked, and can be over. */
class FakeWait implements Wait {
  claims = 0;
  finished = 0;
  readonly #isOver: boolean;

  constructor(isOver: boolean = false) {
    this.#isOver = isOver;
  }

  claim(): boolean {
    this.claims++;
    return !this.#isOver;
  }

  finish(): void {
    this.finished++;
  }

  enterShared(): void {}
  enterFirst(): void {}
  leaveShared(): void {}
  entered(): void {}
  rearm(): void {}

  nodeOf(): number {
    return 0;
  }

  countIn(): number {
    return 0;
  }
}

/** Lets `party` wait. */
function enter(party: Case, isOver: boolean = false): FakeWait {
  const wait = new FakeWait(isOver);
  party.enter(wait);
  return wait;
}

test("LocalFlavor.offer() gives to the receiver that came first", () => {
  const flavor = new LocalFlavor<number>(0);
  const cases = [flavor.receiveCase(), flavor.receiveCase()];
  const waits = cases.map((each) => enter(each));
  assertStrictEquals(flavor.offer(5), true);
  assertEquals(waits.map(({ finished }) => finished), [1, 0]);
  assertStrictEquals(cases[0]!.outcome(), 5);
});

test("LocalFlavor.offer() passes over a receiver whose wait is over", () => {
  const flavor = new LocalFlavor<number>(0);
  const over = enter(flavor.receiveCase(), true);
  const waiting = enter(flavor.receiveCase());
  assertStrictEquals(flavor.offer(5), true);
  assertEquals([over.finished, waiting.finished], [0, 1]);
});

test("LocalFlavor.offer() is false when the waits of all receivers are over", () => {
  const flavor = new LocalFlavor<number>(0);
  enter(flavor.receiveCase(), true);
  enter(flavor.receiveCase(), true);
  assertStrictEquals(flavor.offer(5), false);
});

test("LocalFlavor.offer() does not ask a receiver that has left", () => {
  const flavor = new LocalFlavor<number>(1);
  const party: ReceiveCase<number> = flavor.receiveCase();
  const wait = enter(party);
  party.leave(false);
  assertStrictEquals(flavor.offer(5), true);
  assertEquals([wait.claims, flavor.size], [0, 1]);
});

test("LocalFlavor.offer() asks a receiver once, and never after it was served", () => {
  const flavor = new LocalFlavor<number>(1);
  const wait = enter(flavor.receiveCase());
  flavor.offer(5);
  flavor.offer(6);
  assertEquals([wait.claims, wait.finished, flavor.size], [1, 1, 1]);
});

test("LocalFlavor.poll() takes from the sender that came first", () => {
  const flavor = new LocalFlavor<number>(0);
  const waits = [5, 6].map((value) => enter(flavor.sendCase(value)));
  assertStrictEquals(flavor.poll(), 5);
  assertEquals(waits.map(({ finished }) => finished), [1, 0]);
});

test("LocalFlavor.poll() passes over a sender whose wait is over", () => {
  const flavor = new LocalFlavor<number>(0);
  enter(flavor.sendCase(5), true);
  enter(flavor.sendCase(6));
  assertEquals([flavor.poll(), flavor.poll()], [6, EMPTY]);
});

test("LocalFlavor.poll() does not ask a sender that has left", () => {
  const flavor = new LocalFlavor<number>(0);
  const party: Case = flavor.sendCase(5);
  const wait = enter(party);
  party.leave(false);
  assertEquals([flavor.poll(), wait.claims], [EMPTY, 0]);
});

test("LocalFlavor.poll() gives the place that has become free to the sender that came first", () => {
  const flavor = new LocalFlavor<number>(2);
  flavor.offer(1);
  flavor.offer(2);
  const waits = [3, 4].map((value) => enter(flavor.sendCase(value)));
  assertStrictEquals(flavor.poll(), 1);
  assertEquals([flavor.size, waits.map(({ finished }) => finished)], [2, [1, 0]]);
  assertEquals([flavor.poll(), flavor.poll(), flavor.poll(), flavor.poll()], [2, 3, 4, EMPTY]);
});

test("LocalFlavor.poll() leaves the place free when the waits of all senders are over", () => {
  const flavor = new LocalFlavor<number>(1);
  flavor.offer(1);
  enter(flavor.sendCase(2), true);
  assertEquals([flavor.poll(), flavor.size, flavor.offer(3)], [1, 0, true]);
});

test("LocalFlavor.close() ends every wait once, and asks nobody who has left", () => {
  const flavor = new LocalFlavor<number>(0);
  const parties: ReceiveCase<number>[] = [1, 2, 3].map(() => flavor.receiveCase());
  const waits = parties.map((each) => enter(each));
  parties[1]!.leave(false);
  flavor.close(undefined);
  assertEquals(waits.map(({ claims, finished }) => [claims, finished]), [[1, 1], [0, 0], [1, 1]]);
  assertStrictEquals(parties[0]!.outcome(), CLOSED);
});

test("a case of a LocalFlavor that has left can wait again", () => {
  const flavor = new LocalFlavor<number>(0);
  const party: ReceiveCase<number> = flavor.receiveCase();
  enter(party);
  party.leave(false);
  party.leave(false);
  const wait = enter(party);
  flavor.offer(5);
  assertEquals([wait.finished, party.outcome()], [1, 5]);
});

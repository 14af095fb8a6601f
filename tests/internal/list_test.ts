import { List, ListNode } from "../../src/internal/list.ts";
import { seeded } from "../conformance/waiting.ts";
import { assertEquals, assertStrictEquals } from "../support/assert.ts";
import { test } from "../support/test.ts";

class Numbered extends ListNode {
  readonly number: number;

  constructor(number: number) {
    super();
    this.number = number;
  }
}

/** A list of nodes 0 … count - 1, and the nodes. */
function listOf(count: number): { list: List<Numbered>; nodes: Numbered[] } {
  const list = new List<Numbered>();
  const nodes = Array.from({ length: count }, (_, number) => new Numbered(number));
  for (const node of nodes) list.push(node);
  return { list, nodes };
}

/** Takes everything out. */
function drain(list: List<Numbered>): number[] {
  const numbers: number[] = [];
  for (let node = list.shift(); node !== undefined; node = list.shift()) numbers.push(node.number);
  return numbers;
}

test("List.shift() takes nodes in the order of their arrival", () => {
  assertEquals(drain(listOf(5).list), [0, 1, 2, 3, 4]);
});

test("List.shift() is undefined when the list is empty", () => {
  assertStrictEquals(new List<Numbered>().shift(), undefined);
});

test("List.isEmpty tells whether a node stands in it", () => {
  const { list } = listOf(1);
  const before = list.isEmpty;
  list.shift();
  assertEquals([before, list.isEmpty], [false, true]);
});

for (const taken of [[0], [2], [4], [0, 4], [1, 2, 3], [0, 1, 2, 3, 4]]) {
  test(`List.remove() takes out ${taken} of five, and the others keep their order`, () => {
    const { list, nodes } = listOf(5);
    for (const number of taken) list.remove(nodes[number]!);
    assertEquals(drain(list), [0, 1, 2, 3, 4].filter((number) => !taken.includes(number)));
  });
}

for (const place of [-1, 0, 1, 2]) {
  test(`List.insertAfter() puts a node after ${place < 0 ? "none" : `node ${place}`} of three`, () => {
    const { list, nodes } = listOf(3);
    const node = new Numbered(9);
    list.insertAfter(nodes[place], node);
    assertStrictEquals(list.last, place === 2 ? node : nodes[2]);
    assertEquals(drain(list), [0, 1, 2].toSpliced(place + 1, 0, 9));
  });
}

test("List.last is the node that came last, and undefined when the list is empty", () => {
  const { list, nodes } = listOf(2);
  assertStrictEquals(list.last, nodes[1]);
  list.remove(nodes[1]!);
  assertStrictEquals(list.last, nodes[0]);
  list.remove(nodes[0]!);
  assertStrictEquals(list.last, undefined);
});

test("List.remove() twice is harmless", () => {
  const { list, nodes } = listOf(3);
  list.remove(nodes[1]!);
  list.remove(nodes[1]!);
  assertEquals(drain(list), [0, 2]);
});

test("List.remove() leaves a node of another list where it is", () => {
  const one = listOf(2);
  const two = listOf(2);
  one.list.remove(two.nodes[0]!);
  assertEquals([drain(one.list), drain(two.list)], [[0, 1], [0, 1]]);
});

test("List.push() takes a node that was taken out", () => {
  const { list, nodes } = listOf(3);
  list.remove(nodes[0]!);
  list.push(nodes[0]!);
  assertEquals(drain(list), [1, 2, 0]);
});

test("List.remove() leaves the node no link", () => {
  const { list, nodes } = listOf(3);
  const node = nodes[1]!;
  list.remove(node);
  assertEquals([node.list, node.next, node.previous], [undefined, undefined, undefined]);
});

test("List.forEach() visits every node in order", () => {
  const visited: number[] = [];
  listOf(4).list.forEach((node) => visited.push(node.number));
  assertEquals(visited, [0, 1, 2, 3]);
});

test("List.forEach() lets the visitor take the node out", () => {
  const { list } = listOf(4);
  const visited: number[] = [];
  list.forEach((node) => {
    visited.push(node.number);
    list.remove(node);
  });
  assertEquals([visited, list.isEmpty], [[0, 1, 2, 3], true]);
});

test("List is an array under a random mix of push, shift and remove", () => {
  const list = new List<Numbered>();
  const random = seeded(3);
  let model: Numbered[] = [];
  for (let step = 0; step < 5000; step++) {
    const what = random(3);
    if (what === 0 || model.length === 0) {
      const node = new Numbered(step);
      list.push(node);
      model.push(node);
    } else if (what === 1) {
      assertStrictEquals(list.shift(), model.shift());
    } else {
      const node = model[random(model.length)]!;
      list.remove(node);
      model = model.filter((each) => each !== node);
    }
  }
  assertEquals(drain(list), model.map((node) => node.number));
});

import { assertStringIncludes } from "../support/assert.ts";
import { assertLinearizable, type Specification } from "./linearizable.ts";
import { assertFails, assertHolds, explore } from "./loom.ts";
import { HEAD, NODES, scenario, type ToyBody, toys, type ToyScenario } from "./toys.ts";

Deno.test("assertLinearizable() tells a stack from a register", async () => {
  const pushes = (node: number): ToyBody => ({ wasm, record }) =>
    record("push", node, async () => (await wasm.push(HEAD, node), null));
  const pops: ToyBody = async ({ wasm, record }) => {
    for (let i = 0; i < 2; i++) await record("pop", null, () => wasm.pop(HEAD));
  };
  const bodies = [pushes(NODES[0]!), pushes(NODES[1]!), pops];
  const racy = (ptr: number) => ptr >= 512;
  const stack: Specification<number[]> = {
    initial: [],
    apply(state, { name, input, output }) {
      if (name === "push") return [[...state, input as number]];
      return output === (state.at(-1) ?? 0) ? [state.slice(0, -1)] : [];
    },
  };
  const queue: Specification<number[]> = {
    initial: [],
    apply(state, { name, input, output }) {
      if (name === "push") return [[...state, input as number]];
      return output === (state[0] ?? 0) ? [state.slice(1)] : [];
    },
  };
  const check = <S>(specification: Specification<S>): ToyScenario =>
    scenario(bodies, { racy, check: ({ history }) => assertLinearizable(history, specification) });
  assertHolds(await explore(toys, check(stack)));
  const failure = assertFails(await explore(toys, check(queue)), "check");
  assertStringIncludes(failure.message, "not linearizable");
});

Deno.test("assertLinearizable() lets an operation that never ended have happened or not", () => {
  const set: Specification<number> = {
    initial: 0,
    apply: (state, { name, input, output }) =>
      name === "set" ? [input as number] : output === state ? [state] : [],
  };
  const operation = { thread: 0, index: 0, input: 1, output: undefined, begin: 0, end: Infinity };
  const read = { thread: 1, index: 0, name: "get", input: null, begin: 1, end: 2 };
  for (const output of [0, 1]) {
    assertLinearizable([{ ...operation, name: "set" }, { ...read, output }], set);
  }
});

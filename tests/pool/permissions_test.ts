import { assert, assertEquals } from "../support/assert.ts";
import { scriptFile } from "../support/scripts.ts";
import { test } from "../support/test.ts";

test("Pool.go() runs an inline function with no more permission than the pool itself needs", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "--allow-read", scriptFile(), "goInline"],
  }).output();
  const decoder = new TextDecoder();
  assertEquals([code, decoder.decode(stdout)], [0, "3\n"], decoder.decode(stderr));
});

test("Pool rejects every task when no thread can be started, and the process ends", async () => {
  // Without permission to read, no thread can load the module of the workers.
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", scriptFile(), "startThreadsInVain"],
  }).output();
  const decoder = new TextDecoder();
  assertEquals(code, 0, decoder.decode(stderr));
  const names = decoder.decode(stdout).trimEnd().split("\n");
  assertEquals(names.length, 6);
  assert(names.every((name) => name === "WorkerCrashedError"));
});

import { assert, assertEquals } from "../support/assert.ts";
import { scriptFile } from "../support/scripts.ts";
import { test } from "../support/test.ts";

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

/**
 * Programs of `examples/` at a terminal.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { argumentsOf, type Command } from "./example.ts";

/** Whether there is a terminal to be had: `script` gives a command one, and types what it is itself sent. */
export const HAS_TERMINAL: boolean = await new Deno.Command("sh", {
  args: ["-c", "command -v script"],
}).output().then(({ success }) => success);

/** What is typed, and when. */
export interface Typing {
  readonly keys: string;
  /** What is to be seen first. */
  readonly at: RegExp;
}

/** How a program has ended, and what was written to its terminal. */
export interface Shown {
  readonly code: number;
  readonly screen: string;
}

/** The lines of progress that were to be seen. */
export function progressIn({ screen }: Shown): string[] {
  // Each stands after the sequence that erases what is there, and no newline follows.
  return screen.split("\r\x1b[K").filter((text) => text !== "" && !text.includes("\n"));
}

/**
 * Runs a program at a terminal to its end.
 *
 * @param after A shell command that writes there as well when the program has ended.
 */
export async function showExample(
  command: Command,
  typing?: Typing,
  after = "true",
): Promise<Shown> {
  const words = [Deno.execPath(), ...argumentsOf(command)].map((word) => `'${word}'`);
  await using process = new Deno.Command("script", {
    args: ["-qec", `${words.join(" ")}; code=$?; ${after}; exit $code`, "/dev/null"],
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const keyboard = process.stdin.getWriter();
  let screen = "";
  let left = typing;
  for await (const chunk of process.stdout.pipeThrough(new TextDecoderStream())) {
    screen += chunk;
    if (left === undefined || !left.at.test(screen)) continue;
    await keyboard.write(new TextEncoder().encode(left.keys));
    left = undefined;
  }
  await keyboard.close();
  return { code: (await process.status).code, screen };
}

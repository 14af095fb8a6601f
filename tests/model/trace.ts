/**
 * Traces: which thread went on at each step. As text, a letter names the thread and a number after it how many
 * steps it took; a capital letter kills the thread. `a3b7Ac` is: three steps of thread 0, seven of thread 1, the
 * death of thread 0, one step of thread 2.
 */
import { KILL, type Step } from "./machine.ts";
import { Op, opName } from "./operations.ts";

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** Writes a trace. */
export function formatTrace(choices: readonly number[]): string {
  let text = "";
  for (let start = 0; start < choices.length;) {
    let end = start + 1;
    while (end < choices.length && choices[end] === choices[start]) end++;
    const choice = choices[start];
    const letter = LETTERS[choice % KILL];
    text += choice >= KILL ? letter.toUpperCase() : letter;
    if (end - start > 1) text += end - start;
    start = end;
  }
  return text;
}

/** Reads a trace. */
export function parseTrace(text: string): number[] {
  if (!/^([a-zA-Z]\d*)*$/.test(text)) throw new SyntaxError(`Cannot read trace: ${text}`);
  return Array.from(text.matchAll(/([a-zA-Z])(\d*)/g)).flatMap(([, letter, count]) => {
    const thread = LETTERS.indexOf(letter.toLowerCase());
    const choice = letter === letter.toLowerCase() ? thread : thread + KILL;
    return new Array<number>(count === "" ? 1 : Number(count)).fill(choice);
  });
}

/** Writes the steps of a schedule, one a line, a blank line where the thread changes. */
export function formatSteps(steps: readonly Step[], name: (ptr: number) => string): string {
  return steps.map(({ thread, op, ptr, before, after }, index) => {
    const local = op === Op.wake || op === Op.kill || op === Op.killPoint;
    const place = local ? "" : ` ${name(ptr)}`;
    const value = local || op === Op.notify || op === Op.timeout
      ? ""
      : before === after
      ? ` ${hex(before)}`
      : ` ${hex(before)} → ${hex(after)}`;
    const gap = index > 0 && steps[index - 1].thread !== thread ? "\n" : "";
    return `${gap}  ${LETTERS[thread]}: ${opName(op)}${place}${value}`;
  }).join("\n");
}

/** The 8-byte cell around the word, as two halves: the higher address first. */
function hex(cell: bigint): string {
  const digits = cell.toString(16).padStart(16, "0");
  return `${digits.slice(0, 8)}_${digits.slice(8)}`;
}

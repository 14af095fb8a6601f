/**
 * Traces: which thread went on at each step. As text, a letter names the thread and a number after it how many
 * steps it took; a capital letter kills the thread. `a3b7Ac` is: three steps of thread 0, seven of thread 1, the
 * death of thread 0, one step of thread 2.
 */
import { Op, opName } from "./operations.ts";
import { KILL, type Step } from "./schedule.ts";

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** Writes a trace. */
export function formatTrace(choices: readonly number[]): string {
  let text = "";
  for (let start = 0; start < choices.length;) {
    let end = start + 1;
    while (end < choices.length && choices[end] === choices[start]) end++;
    const choice = choices[start]!;
    const letter = LETTERS[choice % KILL]!;
    text += choice >= KILL ? letter.toUpperCase() : letter;
    if (end - start > 1) text += end - start;
    start = end;
  }
  return text;
}

/** Reads a trace. */
export function parseTrace(text: string): number[] {
  if (!/^([a-zA-Z]\d*)*$/.test(text)) throw new SyntaxError(`Cannot read trace: ${text}`);
  return Array.from(text.matchAll(/([a-zA-Z])(\d*)/g)).flatMap(([, letter = "", count = ""]) => {
    const thread = LETTERS.indexOf(letter.toLowerCase());
    const choice = letter === letter.toLowerCase() ? thread : thread + KILL;
    return new Array<number>(count === "" ? 1 : Number(count)).fill(choice);
  });
}

/** Writes the steps of a schedule, one a line, with an empty line where the thread changes. */
export function formatSteps(steps: readonly Step[], name: (ptr: number) => string): string {
  let last = steps[0]?.thread;
  return steps.map((step) => {
    const gap = step.thread === last ? "" : "\n";
    last = step.thread;
    return `${gap}  ${LETTERS[step.thread]}: ${formatStep(step, name)}`;
  }).join("\n");
}

function formatStep({ op, ptr, before, after }: Step, name: (ptr: number) => string): string {
  if (op === Op.wake || op === Op.kill || op === Op.killPoint) return opName(op);
  const place = `${opName(op)} ${name(ptr)}`;
  if (op === Op.notify || op === Op.timeout) return place;
  // One word, unless the other half of the cell has changed, too.
  const half = (ptr >>> 2) & 1;
  const other = 1 - half;
  const show = before[other] === after[other]
    ? (cell: Step["before"]) => `0x${hex(cell[half]!)}`
    : (cell: Step["before"]) =>
      `0x${hex(cell[1]).padStart(8, "0")}_${hex(cell[0]).padStart(8, "0")}`;
  const [from, to] = [show(before), show(after)];
  return from === to ? `${place} ${from}` : `${place} ${from} → ${to}`;
}

function hex(word: number): string {
  return (word >>> 0).toString(16);
}

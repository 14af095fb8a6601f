/**
 * Hashes every file of one or more directory trees, on all cores.
 *
 * It is the `du` of "The Go Programming Language" (8.8 and 8.9) with more to do for each file than to look up its size,
 * and so with threads:
 *
 * ```
 *   walk ───── paths ─────▶ hash, on N threads ───── reports ─────▶ collect ◀───── ticker
 *   20 reads at once        in chunks                               totals, progress
 *
 *   Enter, SIGINT, SIGTERM ─▶ done: nothing is sent there; closing it stops all of them
 * ```
 *
 * Run it as `deno task demo [--threads N] [--json] PATH...`. It ends with the digest that this prints:
 *
 * ```sh
 * cd PATH && find . -type f | LC_ALL=C sort | xargs -r -d '\n' sha256sum | sha256sum
 * ```
 *
 * - Several PATHs: the lines of one tree after those of the other, in the order given, and one digest of them all.
 * - A PATH that is a file: one line, `<digest>  ./<its name>`.
 * - A PATH that is a symbolic link is followed. Links inside a tree are not, and special files are skipped.
 * - A backslash, newline or carriage return in a name is escaped as sha256sum (coreutils 9) does it; a newline is too
 *   much for the `xargs` above, not for this program.
 * - Names that are not UTF-8 are exact on Node. Deno cannot open such files: they count as unreadable.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { isatty } from "node:tty";
import { fileURLToPath } from "node:url";
import {
  any,
  bool,
  Channel,
  GOMAXPROCS,
  type Goroutine,
  Pool,
  select,
  Semaphore,
  send,
  sleep,
  text,
  Ticker,
  WaitGroup,
} from "../mod.ts";
import {
  onOneLine,
  type Options,
  parseOptions,
  type Tree,
  USAGE,
  UsageError,
} from "./du/arguments.ts";
import {
  type ByteString,
  type Channels,
  hash,
  type HashedFile,
  pathOf,
  reasonOf,
  type Report,
  type Share,
} from "./du/hash.ts";

/** Directories that are read at the same time, at most. */
const MAX_READS = 20;
/** Paths that may wait for a thread: so many that the walk hardly ever has to wait, which costs more than their memory. */
const PATHS_CAPACITY = 1 << 16;
const REPORTS_CAPACITY = 256;
const PROGRESS_MS = 500;
/** Between the starts of two threads. */
const PAUSE_MS = 2;

/** What has been done, perhaps only in part. */
interface Totals {
  readonly files: HashedFile[];
  bytes: number;
  errors: number;
}

/** How a run has ended. */
interface Outcome extends Totals {
  readonly shares: readonly Share[];
  readonly seconds: number;
  readonly wasCancelled: boolean;
}

/** Runs the program, and returns its exit status. */
async function main(args: string[]): Promise<number> {
  const screen = new Screen();
  let options: Options;
  try {
    options = parseOptions(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    screen.complain(error.message);
    return 2;
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const { json, threads, trees } = options;
  const outcome = await hashTrees(trees, threads, screen);
  const digest = digestOf(outcome.files, trees.length);
  process.stdout.write(json ? asJson(outcome, digest, threads) : asText(outcome, digest));
  if (outcome.wasCancelled) return 130;
  return outcome.errors > 0 ? 1 : 0;
}

/** Starts everything, and waits until everything has ended. */
async function hashTrees(
  trees: readonly Tree[],
  threads: number,
  screen: Screen,
): Promise<Outcome> {
  using paths = new Channel(text, PATHS_CAPACITY);
  using reports = new Channel(any<Report>(), REPORTS_CAPACITY);
  using busy = new Channel(bool, threads);
  using done = new Channel(bool, 1);
  const channels: Channels = { paths, reports, busy, done };
  const cancel = (): void => {
    if (!done.closed) done.close();
  };
  using _listening = listenForCancel(cancel);
  await using pool = new Pool({ threads });

  // As many threads as there are cores are there before the clock starts; more than that start while the others work.
  const hashers = await startHashing(pool, trees, channels);
  const startedAt = performance.now();
  const hashing = hashOn(pool, trees, channels, hashers);
  const walking = walk(trees, channels);
  const collecting = collect(trees, channels, threads, screen);
  // With a thread lost, there is nobody to do the rest.
  hashing.catch(cancel);
  await Promise.allSettled([walking, hashing]);
  reports.close();

  await walking;
  return {
    shares: await hashing,
    ...await collecting,
    seconds: (performance.now() - startedAt) / 1000,
    wasCancelled: done.closed,
  };
}

/** Starts a hasher on each of the first threads, up to the number of cores. */
async function startHashing(
  pool: Pool,
  trees: readonly Tree[],
  channels: Channels,
): Promise<Goroutine<Share>[]> {
  const directories = trees.map((tree) => tree.directory);
  const hashers: Goroutine<Share>[] = [];
  while (hashers.length < Math.min(pool.threads, GOMAXPROCS()) && !channels.done.closed) {
    hashers.push(pool.go(hash, directories, channels));
    // Starting a thread takes some 25 ms of this one: in between, signals are heard.
    await sleep(PAUSE_MS);
  }
  return hashers;
}

/** Starts a hasher on each of the other threads while there is work for them, and waits for all. */
async function hashOn(
  pool: Pool,
  trees: readonly Tree[],
  channels: Channels,
  hashers: Goroutine<Share>[],
): Promise<Share[]> {
  const { paths, done } = channels;
  const directories = trees.map((tree) => tree.directory);
  const isOver = (): boolean => done.closed || (paths.closed && paths.size === 0);
  while (hashers.length < pool.threads && !isOver()) {
    hashers.push(pool.go(hash, directories, channels));
    await sleep(PAUSE_MS);
  }
  return Promise.all(hashers);
}

/** Sends the name of every file to `paths`, and closes it. Each directory has a goroutine of its own. */
async function walk(trees: readonly Tree[], { paths, reports, done }: Channels): Promise<void> {
  using tokens = new Semaphore(MAX_READS);
  using visits = new WaitGroup();
  const directories = trees.map((tree) => tree.directory);

  const found = async (file: ByteString): Promise<void> => {
    await select({ sent: send(paths, file), cancelled: done });
  };
  const visit = async (directory: ByteString): Promise<void> => {
    using _token = await tokens.acquire();
    if (done.closed) return;
    let entries: Dirent[] = [];
    try {
      entries = await readDirectory(pathOf(directory, directories));
    } catch (error) {
      const failure = { name: directory, reason: reasonOf(error) };
      await reports.send({ bytesRead: 0, hashed: [], failures: [failure] });
    }
    for (const entry of entries) {
      if (done.closed) return;
      const name = directory + entry.name;
      if (entry.isDirectory()) visits.go(() => visit(`${name}/`));
      else if (entry.isFile()) await found(name);
    }
  };

  for (const [index, { file }] of trees.entries()) {
    if (file === undefined) visits.go(() => visit(`${index}/`));
    else await found(`${index}/${file}`);
  }
  await visits.wait();
  paths.close();
}

/** The entries of a directory, with their names as byte strings. */
function readDirectory(path: Buffer): Promise<Dirent[]> {
  return readdir(path, { withFileTypes: true, encoding: "latin1" });
}

/** Adds up the reports until there are no more, and shows the progress. */
async function collect(
  trees: readonly Tree[],
  { reports, busy }: Channels,
  threads: number,
  screen: Screen,
): Promise<Totals> {
  const totals: Totals = { files: [], bytes: 0, errors: 0 };
  const startedAt = performance.now();
  let bytesRead = 0;
  using ticker = new Ticker(PROGRESS_MS);
  for (;;) {
    const got = await select({
      report: reports,
      tick: screen.isTerminal ? ticker.channel : null,
    });
    if (got.case === "tick") {
      const seconds = (performance.now() - startedAt) / 1000;
      screen.showProgress(
        `${count(totals.files.length, "file")}, ${inUnits(bytesRead)}, ` +
          `${inUnits(bytesRead / seconds)}/s, ${busy.size} of ${count(threads, "thread")} busy`,
      );
      continue;
    }
    if (!got.ok) break;
    const { hashed, failures } = got.value;
    bytesRead += got.value.bytesRead;
    for (const file of hashed) {
      totals.files.push(file);
      totals.bytes += file.bytes;
    }
    for (const { name, reason } of failures) {
      totals.errors++;
      screen.complain(`cannot read ${shownName(name, trees)}: ${reason}`);
    }
  }
  screen.showProgress("");
  return totals;
}

/**
 * Calls `cancel` at SIGINT, at SIGTERM, and at Enter if standard input is a terminal, until it is disposed. Input that
 * comes from elsewhere is left alone.
 */
function listenForCancel(cancel: () => void): Disposable {
  const typed = (input: Buffer): void => {
    if (/[\r\n]/.test(input.toString())) cancel();
  };
  const hasKeyboard = isatty(0);
  process.on("SIGINT", cancel);
  process.on("SIGTERM", cancel);
  if (hasKeyboard) process.stdin.on("data", typed);
  return {
    [Symbol.dispose](): void {
      process.off("SIGINT", cancel);
      process.off("SIGTERM", cancel);
      if (hasKeyboard) process.stdin.off("data", typed).pause();
    },
  };
}

/** Standard error: messages, and at its end a line of progress if it is a terminal. */
class Screen {
  readonly isTerminal = isatty(2);
  #progress = "";

  /** Prints a message. */
  complain(message: string): void {
    const progress = this.#progress;
    this.showProgress("");
    process.stderr.write(`du: ${message}\n`);
    this.showProgress(progress);
  }

  /** Replaces the line of progress; with an empty one it is gone. */
  showProgress(line: string): void {
    if (line !== this.#progress) process.stderr.write(`\r\x1b[K${line}`);
    this.#progress = line;
  }
}

/** A call of `update` for each line would take longer than the hashing. */
const LINES_AT_ONCE = 1000;

/** SHA-256 of the lines that sha256sum would print, tree by tree, each sorted by the bytes of the paths. */
function digestOf(files: readonly HashedFile[], treeCount: number): string {
  const trees = Array.from({ length: treeCount }, (): HashedFile[] => []);
  for (const file of files) trees[Number.parseInt(file.name)]!.push(file);
  const sha256 = createHash("sha256");
  for (const tree of trees) {
    tree.sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
    for (let start = 0; start < tree.length; start += LINES_AT_ONCE) {
      const lines = tree.slice(start, start + LINES_AT_ONCE).map(lineOf);
      sha256.update(lines.join(""), "latin1");
    }
  }
  return sha256.digest("hex");
}

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r" };

/** The line of sha256sum. A backslash before the digest says that there are escapes in the name. */
function lineOf({ name, digest }: HashedFile): ByteString {
  const path = `.${name.slice(name.indexOf("/"))}`;
  const escaped = path.replace(/[\\\n\r]/g, (character) => ESCAPES[character]!);
  return `${escaped === path ? "" : "\\"}${digest}  ${escaped}\n`;
}

/** What `--json` prints. */
function asJson(
  { files, bytes, errors, seconds }: Outcome,
  digest: string,
  threads: number,
): string {
  const object = {
    files: files.length,
    bytes,
    errors,
    digest,
    threads,
    seconds: Number(seconds.toFixed(3)),
  };
  return `${JSON.stringify(object)}\n`;
}

/** What is printed otherwise. */
function asText(outcome: Outcome, digest: string): string {
  const { files, bytes, errors, shares, seconds, wasCancelled } = outcome;
  const lines = [
    `${wasCancelled ? "Stopped after " : ""}${count(files.length, "file")}, ${inUnits(bytes)}, ` +
    `${count(errors, "error")}, ${seconds.toFixed(2)} s, ${inUnits(bytes / seconds)}/s`,
    ...shares.map((share, index) => {
      const percent = Math.round(100 * share.bytes / Math.max(bytes, 1));
      return `  thread ${index + 1}: ${count(share.files, "file")}, ${
        inUnits(share.bytes)
      }, ${percent} %`;
    }),
    `sha256 ${digest}`,
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** `1 file`, `5,000 files`. */
function count(n: number, noun: string): string {
  return `${n.toLocaleString("en-US")} ${noun}${n === 1 ? "" : "s"}`;
}

/** `512 B`, `1.5 MB`, `2.0 GB`. */
function inUnits(bytes: number): string {
  if (bytes < 1e3) return `${Math.round(bytes)} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** The path of `name` for people: from where the program was called, on one line. */
function shownName(name: ByteString, trees: readonly Tree[]): string {
  const slash = name.indexOf("/");
  const path = Buffer.from(name.slice(slash + 1), "latin1").toString();
  return onOneLine(join(trees[Number(name.slice(0, slash))]!.shown, path));
}

// Node 20 does not know `import.meta.main`.
if (import.meta.main ?? process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = await main(process.argv.slice(2));
}

/**
 * What the threads of `../du.ts` do: take the name of a file, read it in chunks, hash it, report.
 *
 * It is a module of its own because each thread imports the module of the task that it runs.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { type Channel, task } from "../../mod.ts";

/**
 * Bytes as a string, one character (U+0000 to U+00FF) for each: what Node calls "latin1".
 *
 * The name of a file is bytes and need not be UTF-8. Written like this no name is lost, names sort by their bytes, and
 * a channel of `text` carries them.
 */
export type ByteString = string;

/** A file that has been read to its end. */
export interface HashedFile {
  /** The number of its tree and its path in there, as in `0/src/main.ts`. */
  readonly name: ByteString;
  /** SHA-256 of its content, in hexadecimal digits. */
  readonly digest: string;
  /** Length of its content. */
  readonly bytes: number;
}

/** A file or directory that could not be read. */
export interface Failure {
  /** As in {@linkcode HashedFile}. */
  readonly name: ByteString;
  /** Why not. */
  readonly reason: string;
}

/** What a thread has done since its last report. */
export interface Report {
  /** Bytes read, also of a file that is not finished. */
  readonly bytesRead: number;
  /** Files that are finished. */
  readonly hashed: readonly HashedFile[];
  /** Files that could not be read. */
  readonly failures: readonly Failure[];
}

/** What a thread has done in all. */
export interface Share {
  /** Files that it finished. */
  readonly files: number;
  /** Length of their content. */
  readonly bytes: number;
}

/** What connects the program and its threads. Each of these channels is the same one on every thread. */
export interface Channels {
  /** Names of files, from the walk to the threads. */
  readonly paths: Channel<ByteString>;
  /** What has become of them, from the threads to the main thread. */
  readonly reports: Channel<Report>;
  /** Holds a token for each thread that is busy with a file. */
  readonly busy: Channel<boolean>;
  /** Nothing is ever sent here: closing it tells everybody to stop. */
  readonly done: Channel<boolean>;
}

/** So much is read at once. After each chunk a thread looks whether it has to stop. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Hashes files until `paths` is closed and drained, or `done` is closed.
 *
 * It waits and reads by blocking its thread. So it has the thread to itself, and a pool of N threads runs N of it at once.
 *
 * @param directories The directory that each tree starts from, by the tree's number.
 * @param channels Its connections.
 * @returns What this thread has done.
 */
export const hash = task(
  import.meta.url,
  "hash",
  (directories: readonly ByteString[], { paths, reports, busy, done }: Channels): Share => {
    const buffer = new Uint8Array(CHUNK_BYTES);
    const reporter = new Reporter(reports);
    for (;;) {
      const name = paths.receiveSync();
      if (name === undefined || done.closed) break;
      busy.trySend(true);
      try {
        const file = hashFile(pathOf(name, directories), buffer, done, reporter);
        if (file !== undefined) reporter.addHashed({ name, ...file });
      } catch (error) {
        reporter.addFailure({ name, reason: reasonOf(error) });
      }
      busy.tryReceive();
    }
    reporter.send();
    return reporter.share;
  },
);

/** Hashes the file at `path`, of any size; gives up, with `undefined`, when `done` is closed. */
function hashFile(
  path: Buffer,
  buffer: Uint8Array,
  done: Channel<boolean>,
  reporter: Reporter,
): { digest: string; bytes: number } | undefined {
  const sha256 = createHash("sha256");
  let bytes = 0;
  const fd = openSync(path, "r");
  try {
    for (;;) {
      const count = readSync(fd, buffer);
      if (count === 0) return { digest: sha256.digest("hex"), bytes };
      sha256.update(buffer.subarray(0, count));
      bytes += count;
      reporter.addBytes(count);
      if (done.closed) return undefined;
    }
  } finally {
    closeSync(fd);
  }
}

/**
 * Gathers what a thread does and sends it now and then: a report for every file would keep the main thread as busy as
 * the threads are.
 */
class Reporter {
  static readonly #MAX_FILES = 64;
  static readonly #PERIOD_MS = 100;

  readonly #reports: Channel<Report>;
  #bytesRead = 0;
  #hashed: HashedFile[] = [];
  #failures: Failure[] = [];
  #sentAt = performance.now();
  #share: Share = { files: 0, bytes: 0 };

  constructor(reports: Channel<Report>) {
    this.#reports = reports;
  }

  get share(): Share {
    return this.#share;
  }

  addBytes(count: number): void {
    this.#bytesRead += count;
    if (performance.now() - this.#sentAt >= Reporter.#PERIOD_MS) this.send();
  }

  addHashed(file: HashedFile): void {
    this.#share = { files: this.#share.files + 1, bytes: this.#share.bytes + file.bytes };
    this.#hashed.push(file);
    this.#sendIfFull();
  }

  addFailure(failure: Failure): void {
    this.#failures.push(failure);
    this.#sendIfFull();
  }

  #sendIfFull(): void {
    if (this.#hashed.length + this.#failures.length >= Reporter.#MAX_FILES) this.send();
  }

  send(): void {
    this.#reports.sendSync({
      bytesRead: this.#bytesRead,
      hashed: this.#hashed,
      failures: this.#failures,
    });
    this.#bytesRead = 0;
    this.#hashed = [];
    this.#failures = [];
    this.#sentAt = performance.now();
  }
}

/** Where the file or directory called `name` is, in the form in which `node:fs` takes any byte. */
export function pathOf(name: ByteString, directories: readonly ByteString[]): Buffer {
  const slash = name.indexOf("/");
  return Buffer.from(directories[Number(name.slice(0, slash))] + name.slice(slash), "latin1");
}

/** Why something could not be read: of `EACCES: permission denied, open '/x'` the part before the comma. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error ? error.message.split(", ", 1)[0]! : error.message;
}

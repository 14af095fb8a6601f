/**
 * The command line of `../du.ts`.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { type ByteString, reasonOf } from "./hash.ts";

const MAX_THREADS = 256;

/** What `--help` prints. */
export const USAGE = `Usage: deno task demo [--threads N] [--json] PATH...
Hashes every file below each PATH and prints totals, each thread's share, and the
digest of the list that sha256sum would print.

  --threads N  use N threads, 1 to ${MAX_THREADS}; default: one for each core
  --json       print one object: files, bytes, errors, digest, threads, seconds
  --help       print this text

Enter, SIGINT and SIGTERM stop it; the totals are then those of the files that it
has finished. Exit status: 0; 1 if something could not be read; 2 if an argument
is wrong; 130 if it was stopped.
`;

/** What the command line asks for. */
export interface Options {
  /** Whether to print the usage and do nothing else. */
  readonly help: boolean;
  /** Whether to print an object instead of text. */
  readonly json: boolean;
  /** How many threads to use. */
  readonly threads: number;
  /** Where to look for files. */
  readonly trees: readonly Tree[];
}

/** Where to look for files. */
export interface Tree {
  /** The directory in which the names of the tree start, as it is shown. */
  readonly shown: string;
  /** The same, as it is opened. */
  readonly directory: ByteString;
  /** The only file to hash, if not all below the directory. */
  readonly file?: ByteString;
}

/** A mistake on the command line; the message is one line. */
export class UsageError extends Error {}

/**
 * Reads the command line.
 *
 * @throws {UsageError} if it is wrong, or a path on it leads nowhere
 */
export function parseOptions(args: string[]): Options {
  const { values, positionals } = splitArguments(args);
  const { help = false, json = false, threads = String(availableParallelism()) } = values;
  if (help) return { help, json, threads: 0, trees: [] };
  if (!/^[1-9]\d{0,2}$/.test(threads) || Number(threads) > MAX_THREADS) {
    throw new UsageError(
      `--threads ${onOneLine(threads)}: expected a whole number from 1 to ${MAX_THREADS}`,
    );
  }
  if (positionals.length === 0) throw new UsageError("missing PATH; --help says more");
  return { help, json, threads: Number(threads), trees: positionals.map(findTree) };
}

function splitArguments(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        help: { type: "boolean", short: "h" },
        json: { type: "boolean" },
        threads: { type: "string" },
      },
    });
  } catch (error) {
    // After the first line, or the first sentence, comes advice.
    const [mistake] = (error as Error).message.split(/\n|\. /, 1);
    throw new UsageError(onOneLine(mistake!));
  }
}

/** Finds the directory, or the file, that `given` leads to from where `deno task` was called. */
function findTree(given: string): Tree {
  if (given === "") throw new UsageError("PATH is empty");
  const path = resolve(process.env["INIT_CWD"] ?? process.cwd(), given);
  let stats;
  try {
    stats = statSync(path);
  } catch (error) {
    throw new UsageError(`${onOneLine(given)}: ${reasonOf(error)}`);
  }
  if (stats.isDirectory()) return { shown: given, directory: toBytes(path) };
  if (!stats.isFile()) throw new UsageError(`${onOneLine(given)}: neither a directory nor a file`);
  return {
    shown: dirname(given),
    directory: toBytes(dirname(path)),
    file: toBytes(basename(path)),
  };
}

function toBytes(text: string): ByteString {
  return Buffer.from(text).toString("latin1");
}

/** `text` with its control characters, a newline among them, written as `\u{a}`. */
export function onOneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

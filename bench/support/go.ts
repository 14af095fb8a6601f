/**
 * The Go side: builds `rivals/go` into a temporary folder and runs one round of a row at a time, so
 * that Go takes its turn among the other contestants.
 */

import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { wholeProcess } from "./child.ts";
import type { Contestant } from "./measure.ts";
import { repositoryRoot } from "./runtime.ts";

/** The rows that `rivals/go/main.go` knows. */
export const goRows = [
  "sendReceiveOneThread",
  "rendezvousOneThread",
  "buffered1024OneThread",
  "threadToThread1024",
  "threadToThread1024Locked",
  "kib1ThreadToThread",
  "kib1SliceThreadToThread",
  "mpmc4x4",
  "selectTwoReady",
  "selectTwoWaiting",
  "mutexFree",
  "semaphoreFree",
  "semaphoreContended",
  "atomicFree",
  "atomicContended",
  "waitGroupFree",
  "barrierTwo",
  "mutexContended",
  "mutexWork",
  "mutexOversubscribed",
  "mutexCrowd",
  "rwMutex0",
  "rwMutex10",
  "rwMutex19",
  "goSpawnJoin",
  "poolTask",
  "poolBurst",
  "poolComputing",
  "mapOneIntReads",
  "mapOneIntWrites",
  "mapOneIntMixed",
  "mapOneTextReads",
  "mapOneTextWrites",
  "mapOneTextMixed",
  "mapTwoIntReads",
  "mapTwoIntWrites",
  "mapTwoIntMixed",
  "mapTwoTextReads",
  "mapTwoTextWrites",
  "mapTwoTextMixed",
  "pipeline",
  "contextCancel",
  "contextCancelWaiting",
  "contextValue",
  "contextSelect",
  "parkedResident",
  "parkedHeap",
] as const;

/** The name of one row of the Go program. */
export type GoRow = typeof goRows[number];

/** The Go program as a whole: it starts a goroutine, joins it, and exits. */
export type GoProcess = "process";
/** The curves that `rivals/go/curves.go` knows: rows that are told a size. */
export const goCurves = [
  "goroutinesParked",
  "selectOneOf",
  "selectParkedOn",
  "selectAllOf",
  "computingOn",
  "passBetween",
  "payloadCopied",
  "fillAndDrain",
  "submitAndJoin",
] as const;

/** The name of one curve of the Go program. */
export type GoCurve = typeof goCurves[number];

/** What the Go program prints. */
export interface GoReport {
  readonly go: string;
  /** The median of each row, in ns per operation; of rows that are about memory, in bytes. */
  readonly nsPerOp: { readonly [row in GoRow | GoCurve]?: number };
  readonly rounds: { readonly [row in GoRow | GoCurve]?: readonly number[] };
}

/** The built Go program. */
export interface GoRival {
  /** Where it is. */
  readonly binary: string;
  /** Runs the program once for these rows; with a size, for these curves at it. */
  measure(
    rows: readonly (GoRow | GoCurve)[],
    options: { readonly rounds: number; readonly targetMs: number; readonly size?: number },
  ): Promise<GoReport>;
  /** Makes a contestant of one row, or of the process as a whole. */
  contestant(row: GoRow | GoProcess, name?: string): Contestant;
  /** Makes a contestant of one curve at one size. */
  contestantAt(curve: GoCurve, size: number, name: string): Contestant;
}

/** The Go program as it was just built; disposing it removes it. */
export interface GoBuild extends GoRival, Disposable {
  /** As `go version` has it, such as `go1.19.8`. */
  readonly version: string;
}

const run = promisify(execFile);

/**
 * Builds the Go program.
 *
 * @param report Told, in one line, why there is no Go side when there is none.
 * @returns The program, or `undefined` where Go is not installed.
 * @throws If Go is installed and the program does not build.
 */
export function buildGo(report: (message: string) => void): GoBuild | undefined {
  let version: string;
  try {
    version = execFileSync("go", ["env", "GOVERSION"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    report("Go is not installed (no `go` on the PATH): its column stays empty");
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), "millrace-go-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const binary = join(folder, process.platform === "win32" ? "rival.exe" : "rival");
  try {
    execFileSync("go", ["build", "-buildvcs=false", "-o", binary, "."], {
      cwd: fileURLToPath(new URL("bench/rivals/go/", repositoryRoot())),
      stdio: ["ignore", "ignore", "inherit"],
    });
  } catch (error) {
    remove();
    throw new Error("Cannot build bench/rivals/go", { cause: error });
  }
  return { ...openGo(binary), version, [Symbol.dispose]: remove };
}

/** Makes a rival of the Go program that was built as `binary`. */
export function openGo(binary: string): GoRival {
  const measure: GoRival["measure"] = async (rows, { rounds, targetMs, size }) => {
    const { stdout } = await run(binary, [
      "-rows",
      rows.join(","),
      "-rounds",
      String(rounds),
      "-target",
      `${targetMs}ms`,
      ...size === undefined ? [] : ["-size", String(size)],
    ]);
    return parseGoReport(stdout);
  };
  const play = (row: GoRow | GoCurve, name: string, at: { readonly size?: number }) => ({
    name,
    async round(targetMs: number) {
      const nsPerOp = (await measure([row], { rounds: 1, targetMs, ...at })).nsPerOp[row];
      if (nsPerOp === undefined) throw new Error(`The Go program left out "${row}"`);
      return nsPerOp;
    },
  });
  return {
    binary,
    measure,
    contestant: (row, name = "Go") =>
      row === "process" ? wholeProcess(name, [binary, "-once"]) : play(row, name, {}),
    contestantAt: (curve, size, name) => play(curve, name, { size }),
  };
}

/** Reads what the Go program printed, and nothing that it does not promise. */
export function parseGoReport(text: string): GoReport {
  const report: unknown = JSON.parse(text);
  if (
    typeof report !== "object" || report === null || !("go" in report) || !("nsPerOp" in report) ||
    !("rounds" in report) || typeof report.go !== "string"
  ) {
    throw new TypeError("Cannot read the report of the Go program: a member is missing");
  }
  const { nsPerOp, rounds } = report;
  if (!isRecordOf(nsPerOp, isNumber) || !isRecordOf(rounds, isNumbers)) {
    throw new TypeError("Cannot read the report of the Go program: a row is not a number");
  }
  return { go: report.go, nsPerOp, rounds };
}

function isRecordOf<T>(
  value: unknown,
  isMember: (member: unknown) => member is T,
): value is Record<string, T> {
  return typeof value === "object" && value !== null && Object.values(value).every(isMember);
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isNumber);
}

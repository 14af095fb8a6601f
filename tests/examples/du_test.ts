/**
 * Tests of `examples/du.ts`: each runs it as a process of its own, with the permissions that `deno task demo` gives it.
 * What it prints is held against GNU's `find`, `sort` and `sha256sum`; what it does, against Linux's `/proc`.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };
import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertStringIncludes,
} from "../support/assert.ts";
import { test } from "../support/test.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** `deno task`, called from elsewhere than the task that runs the tests, which says where it was itself called. */
const TASK = ["env", "-u", "INIT_CWD", Deno.execPath(), "task"];

/** The demo's command without the arguments of the caller. */
const DEMO = [Deno.execPath(), ...config.tasks.demo.command.split(" ").slice(1)];

/**
 * From the signal to the end of the process, at most. It is meant to take less than a second; this leaves room for a machine
 * that has other things to do, and is far less than what is left of the work would take.
 */
const STOP_MS = 10_000;

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What `--json` prints. */
interface Totals {
  readonly files: number;
  readonly bytes: number;
  readonly errors: number;
  readonly digest: string;
  readonly threads: number;
  readonly seconds: number;
}

/** A directory that is gone at the end of the test. */
class TemporaryDirectory implements AsyncDisposable {
  readonly path = Deno.makeTempDirSync({ prefix: "millrace-du-" });

  /** Writes a file, and the directories above it. */
  write(name: string, content: string | Uint8Array = ""): void {
    const path = `${this.path}/${name}`;
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    Deno.writeFileSync(path, typeof content === "string" ? encode(content) : content);
  }

  /** Makes a file of `bytes` zeros that takes no room on the disk. */
  writeSparse(name: string, bytes: number): void {
    this.write(name);
    Deno.truncateSync(`${this.path}/${name}`, bytes);
  }

  /** Runs a shell script in the directory, and returns what it prints. */
  async shell(script: string): Promise<string> {
    const ended = await run(["sh", "-ec", script], { cwd: this.path });
    assertEquals([ended.code, ended.err], [0, ""]);
    return ended.out;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Not Deno.remove: some trees are deeper than a path can be long.
    await this.shell('chmod -R u+rwx . && rm -rf "$PWD"');
  }
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

interface RunOptions {
  /** Where it runs. */
  readonly cwd?: string;
  /** Where `deno task` was called. */
  readonly caller?: string;
  /** What comes on its standard input, a pipe; none: it is `/dev/null`. */
  readonly input?: string;
}

function start([command, ...args]: readonly string[], options: RunOptions = {}): Deno.ChildProcess {
  const { cwd = ROOT, caller, input } = options;
  return new Deno.Command(command!, {
    args,
    cwd,
    env: { LC_ALL: "C", NO_COLOR: "1", ...caller === undefined ? {} : { INIT_CWD: caller } },
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function end(process: Deno.ChildProcess): Promise<Ended> {
  const { code, stdout, stderr } = await process.output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

async function run(command: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const process = start(command, options);
  if (options.input !== undefined) {
    const writer = process.stdin.getWriter();
    await writer.write(encode(options.input));
    await writer.close();
  }
  return await end(process);
}

/** Runs the demo as if it were called in `caller`. */
function demo(caller: string, ...args: string[]): Promise<Ended> {
  return run([...DEMO, ...args], { caller });
}

/** Runs the demo with `--json`, and checks that it has nothing to complain of. */
async function totalsOf(caller: string, ...args: string[]): Promise<Totals> {
  const { code, out, err } = await demo(caller, "--json", ...args);
  assertEquals([code, err], [0, ""]);
  return JSON.parse(out);
}

/** The digest that the shell comes to. */
async function shellDigest(directory: TemporaryDirectory): Promise<string> {
  return (await directory.shell(
    "find . -type f | sort | xargs -r -d '\\n' sha256sum | sha256sum",
  )).split(" ")[0]!;
}

/** Waits until `condition` holds; the test's own time limit ends a wait that is in vain. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Reports whether the process has a file open whose path contains `part`. */
function hasOpen(pid: number, part: string): boolean {
  const directory = `/proc/${pid}/fd`;
  for (const { name } of Deno.readDirSync(directory)) {
    try {
      if (Deno.readLinkSync(`${directory}/${name}`).includes(part)) return true;
    } catch (error) {
      // It was closed in between.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return false;
}

/** The processes that the process `pid` has started. */
function childrenOf(pid: number): number[] {
  const threads = [...Deno.readDirSync(`/proc/${pid}/task`)];
  return threads.flatMap(({ name }) => {
    const line = Deno.readTextFileSync(`/proc/${pid}/task/${name}/children`).trim();
    return line === "" ? [] : line.split(" ").map(Number);
  });
}

/** Reports whether `command` is there. */
function isInstalled(command: string): boolean {
  return new Deno.Command("sh", { args: ["-c", `command -v ${command}`], stdout: "null" })
    .outputSync().success;
}

test("du comes to the shell's digest when names are odd", async () => {
  await using tree = new TemporaryDirectory();
  const names = [
    // In the order of bytes `-` and `.` come before the `/` that ends the name of a directory.
    "a/b",
    "a-b",
    "a.b",
    "a b",
    "a0",
    "A/b",
    "_",
    // UTF-16 sorts these two the other way round.
    "\u{ff61}",
    "\u{1f600}",
    "é/ü ñ/日本語",
    "e\u{301}",
    "-",
    "--json",
    "-dash/--threads",
    ".hidden/.too",
    " leading",
    "trailing ",
    "tab\there",
    "quotes'\"`$(no)",
    "back\\slash\\\\",
    "back\\slash/in/directory",
    "carriage\rreturn",
    "*?[]",
    "n".repeat(255),
    `${"deep/".repeat(60)}file`,
  ];
  for (const name of names) tree.write(name, `content of ${name}`);
  tree.write("empty");
  const chunk = 256 * 1024;
  for (const size of [chunk - 1, chunk, chunk + 1, 3 * chunk]) {
    tree.write(`size/${size}`, new Uint8Array(size).fill(size));
  }
  await tree.shell("mkdir -p empty_directory/in/side");

  const totals = await totalsOf(tree.path, ".");
  assertEquals(totals.digest, await shellDigest(tree));
  assertEquals(totals.files, names.length + 5);
});

test("du escapes a newline in a name as sha256sum does", async () => {
  await using tree = new TemporaryDirectory();
  for (const name of ["new\nline", "new\n", "new", "a\\\nb"]) tree.write(name, name);
  const expected = await tree.shell(
    "find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum",
  );
  assertEquals((await totalsOf(tree.path, ".")).digest, expected.split(" ")[0]);
});

test("du neither follows links nor opens special files", async () => {
  await using tree = new TemporaryDirectory();
  await using other = new TemporaryDirectory();
  other.write("outside", "outside");
  tree.write("inside", "inside");
  Deno.symlinkSync(other.path, `${tree.path}/directory`);
  Deno.symlinkSync(`${other.path}/outside`, `${tree.path}/file`);
  Deno.symlinkSync("nowhere", `${tree.path}/dangling`);
  Deno.symlinkSync(".", `${tree.path}/cycle`);
  await tree.shell("mkfifo fifo");

  const totals = await totalsOf(tree.path, ".");
  assertEquals([totals.files, totals.bytes], [1, 6]);
  assertEquals(totals.digest, await shellDigest(tree));
});

test("du follows a PATH that is a link itself", async () => {
  await using tree = new TemporaryDirectory();
  tree.write("real/file", "content");
  Deno.symlinkSync("real", `${tree.path}/link`);
  assertEquals(
    (await totalsOf(tree.path, "link")).digest,
    (await totalsOf(tree.path, "real")).digest,
  );
});

test("du prints one object with exactly these keys when --json is given", async () => {
  await using tree = new TemporaryDirectory();
  for (const name of ["a", "b/c"]) tree.write(name, "12345");
  const { code, out, err } = await demo(tree.path, "--json", "--threads", "3", ".");
  assertEquals([code, err], [0, ""]);
  assertMatch(out, /^\{.*\}\n$/);
  const { digest, seconds, ...rest } = JSON.parse(out);
  assertEquals(rest, { files: 2, bytes: 10, errors: 0, threads: 3 });
  assertEquals(Object.keys(JSON.parse(out)), [
    "files",
    "bytes",
    "errors",
    "digest",
    "threads",
    "seconds",
  ]);
  assertMatch(digest, /^[0-9a-f]{64}$/);
  assert(typeof seconds === "number" && seconds > 0 && seconds < 60);
});

test("du ends with totals and with what each thread did", async () => {
  await using tree = new TemporaryDirectory();
  for (let i = 0; i < 40; i++) tree.write(`${i}`, new Uint8Array(1000));
  const { code, out, err } = await demo(tree.path, "--threads", "2", ".");
  assertEquals([code, err], [0, ""]);
  assertStringIncludes(out, "40 files, 40.0 kB, 0 errors, ");
  assertStringIncludes(out, await shellDigest(tree));
  const shares = [...out.matchAll(/^ {2}thread (\d): (\d+) files?, ([\d.]+ k?B), (\d+) %$/gm)];
  // A second thread may find nothing left to do, and is then not started.
  assertEquals(shares.map((share) => share[1]), ["1", "2"].slice(0, shares.length));
  assertEquals(shares.reduce((sum, share) => sum + Number(share[2]), 0), 40);
});

test("du takes a file as PATH", async () => {
  await using tree = new TemporaryDirectory();
  tree.write("directory/only", "content");
  tree.write("directory/not this");
  const expected = await tree.shell("cd directory && sha256sum ./only | sha256sum");
  const totals = await totalsOf(tree.path, "directory/only");
  assertEquals([totals.files, totals.digest], [1, expected.split(" ")[0]]);
});

test("du takes the trees one after the other when there are several", async () => {
  await using tree = new TemporaryDirectory();
  const paths = Array.from({ length: 12 }, (_, index) => `tree ${index}`);
  for (const path of paths) {
    for (const name of ["z", "a"]) tree.write(`${path}/${name}`, `${path} ${name}`);
  }
  // The same one twice, and out of order: eleven comes after two.
  const args = [...paths, "tree 3", "tree 1/z"];
  const expected = await tree.shell(
    `(for i in 0 1 2 3 4 5 6 7 8 9 10 11 3; do cd "tree $i"; sha256sum ./a ./z; cd ..; done
    cd "tree 1"; sha256sum ./z) | sha256sum`,
  );
  const totals = await totalsOf(tree.path, ...args);
  assertEquals([totals.files, totals.digest], [27, expected.split(" ")[0]]);
});

test("du hashes no lines when the directory is empty", async () => {
  await using tree = new TemporaryDirectory();
  const { seconds: _, ...totals } = await totalsOf(tree.path, "--threads", "2", ".");
  const digest = (await tree.shell("sha256sum </dev/null")).split(" ")[0]!;
  assertEquals(totals, { files: 0, bytes: 0, errors: 0, digest, threads: 2 });
});

test("du comes to the same digest when there are more threads than files", async () => {
  await using tree = new TemporaryDirectory();
  for (const name of ["a", "b"]) tree.write(name, name);
  const totals = await totalsOf(tree.path, "--threads", "8", ".");
  assertEquals([totals.threads, totals.digest], [8, await shellDigest(tree)]);
});

for (const threads of ["1", "4"]) {
  test(`du closes what it opens: 5,000 files, 100 descriptors, --threads ${threads}`, async () => {
    await using tree = new TemporaryDirectory();
    for (let i = 0; i < 5000; i++) tree.write(`${i % 71}/${i % 7}/${i}`, `${i}`.repeat(i % 50));
    const command = [...DEMO, "--json", "--threads", threads, tree.path];
    const { code, out, err } = await run([
      "sh",
      "-c",
      'ulimit -n 100; exec "$@"',
      "sh",
      ...command,
    ]);
    assertEquals([code, err], [0, ""]);
    const totals: Totals = JSON.parse(out);
    assertEquals([totals.files, totals.digest], [5000, await shellDigest(tree)]);
  });
}

test("deno task demo resolves PATH where it is called", async () => {
  await using tree = new TemporaryDirectory();
  tree.write("here/file", "content");
  const command = [...TASK, "--quiet", "--config", `${ROOT}/deno.json`, "demo"];
  const { code, out, err } = await run([...command, "--json", "here"], { cwd: tree.path });
  assertEquals([code, err, JSON.parse(out).files], [0, "", 1]);
});

test("du names what it cannot read, counts it, and goes on, when a path is too long", async () => {
  await using tree = new TemporaryDirectory();
  tree.write("good", "good");
  // 26 levels of 200 bytes are more than PATH_MAX. No call takes such a path; so one half is moved into the other.
  const half = Array.from({ length: 13 }, () => "d".repeat(200)).join("/");
  for (const name of [half, `lower/${half}`]) {
    Deno.mkdirSync(`${tree.path}/${name}`, { recursive: true });
  }
  Deno.renameSync(`${tree.path}/lower`, `${tree.path}/${half}/lower`);
  tree.write("other/good", "good");
  const { code, out, err } = await demo(tree.path, "--json", ".");
  const { files, bytes, errors, digest }: Totals = JSON.parse(out);
  assertEquals([code, files, bytes, errors], [1, 2, 8, 1]);
  assertMatch(err, /^du: cannot read (d{200}\/)+lower\/(d{200}\/)+: ENAMETOOLONG: .+\n$/);
  const expected = await tree.shell("sha256sum ./good ./other/good | sha256sum");
  assertEquals(digest, expected.split(" ")[0]);
});

/** Runs a command without the capabilities by which root may read everything. */
const AS_ANYBODY = Deno.uid() === 0
  ? ["setpriv", "--inh-caps=-all", "--bounding-set=-dac_override,-dac_read_search"]
  : [];

Deno.test({
  name: "du names what it cannot read, counts it, and goes on, when permissions are missing",
  ignore: AS_ANYBODY.length > 0 && !isInstalled("setpriv"),
  fn: async () => {
    await using tree = new TemporaryDirectory();
    for (const name of ["good", "secret", "closed/in", "new\nline"]) tree.write(name, name);
    await tree.shell("chmod 0 secret closed 'new\nline'");
    const { code, out, err } = await run([...AS_ANYBODY, ...DEMO, "--json", "."], {
      caller: tree.path,
    });
    const { files, bytes, errors }: Totals = JSON.parse(out);
    assertEquals([code, files, bytes, errors], [1, 1, 4, 3]);
    assertEquals(err.trimEnd().split("\n").sort(), [
      "du: cannot read closed/: EACCES: permission denied",
      "du: cannot read new\\u{a}line: EACCES: permission denied",
      "du: cannot read secret: EACCES: permission denied",
    ]);
  },
});

test("du counts a file as unreadable when Deno cannot spell its name", async () => {
  await using tree = new TemporaryDirectory();
  await tree.shell("touch good \"$(printf 'bad\\377')\"");
  const { code, out, err } = await demo(tree.path, "--json", ".");
  const { files, errors }: Totals = JSON.parse(out);
  assertEquals([code, files, errors], [1, 1, 1]);
  assertMatch(err, /^du: cannot read bad\u{fffd}+: ENOENT: .+\n$/u);
});

test("du prints one line and exits with 2 when an argument is wrong", async () => {
  await using tree = new TemporaryDirectory();
  await tree.shell("mkfifo fifo");
  const table: readonly (readonly [string, ...string[]])[] = [
    ["PATH"],
    ["PATH", "--json"],
    ["--nope", "--nope", "."],
    ["-x", "-x", "."],
    ["--json", "--json=yes", "."],
    ["--threads 0", "--threads", "0", "."],
    ["--threads x", "--threads", "x", "."],
    ["--threads 1.5", "--threads", "1.5", "."],
    ["--threads 1e1", "--threads=1e1", "."],
    ["--threads -1", "--threads=-1", "."],
    ["--threads", "--threads", "-1", "."],
    ["--threads 257", "--threads", "257", "."],
    ["--threads", "--threads"],
    ["missing: ENOENT", "missing"],
    ["missing: ENOENT", ".", "missing", "."],
    ["PATH", ""],
    ["fifo", "fifo"],
  ];
  await Promise.all(table.map(async ([named, ...args]) => {
    const { code, out, err } = await demo(tree.path, ...args);
    assertEquals([args, code, out], [args, 2, ""]);
    assertMatch(err, /^du: [^\n]+\n$/);
    assertStringIncludes(err, named);
  }));
});

test("du prints its usage when asked to", async () => {
  const { code, out, err } = await demo(ROOT, "--help");
  assertEquals([code, err], [0, ""]);
  assertMatch(out, /^Usage: .*\[--threads N\] \[--json\] PATH/);
});

/** A tree that takes minutes. */
function makeHugeTree(): TemporaryDirectory {
  const tree = new TemporaryDirectory();
  for (let i = 0; i < 4; i++) tree.writeSparse(`huge ${i}`, 200e9);
  return tree;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`du stops within a second, with partial totals and 130, at ${signal}`, async () => {
    await using tree = makeHugeTree();
    tree.write("in/small", "small");
    await using process = start([...DEMO, "--json", "--threads", "2", tree.path]);
    await until(() => hasOpen(process.pid, "huge"));
    const signalled = performance.now();
    process.kill(signal);
    const { code, out, err } = await end(process);
    assertLess(performance.now() - signalled, STOP_MS);
    assertEquals([code, err], [130, ""]);
    const { files, bytes, errors }: Totals = JSON.parse(out);
    assert(files === 0 && bytes === 0 || files === 1 && bytes === 5);
    assertEquals(errors, 0);
  });
}

test("du stops while it is still starting threads", async () => {
  await using tree = makeHugeTree();
  await using process = start([...DEMO, "--json", "--threads", "256", tree.path]);
  await until(() => hasOpen(process.pid, "huge"));
  const signalled = performance.now();
  process.kill("SIGTERM");
  const { code, out, err } = await end(process);
  assertLess(performance.now() - signalled, STOP_MS);
  assertEquals([code, err, JSON.parse(out).threads], [130, "", 256]);
});

test("deno task demo stops as du does", async () => {
  await using tree = makeHugeTree();
  const command = [...TASK, "--quiet", "--config", `${ROOT}/deno.json`, "demo"];
  await using process = start([...command, "--json", "."], { cwd: tree.path });
  await until(() => childrenOf(process.pid).some((child) => hasOpen(child, "huge")));
  const signalled = performance.now();
  process.kill("SIGINT");
  const { code, out, err } = await end(process);
  assertLess(performance.now() - signalled, STOP_MS);
  assertEquals([code, err, JSON.parse(out).files], [130, "", 0]);
});

test("du stops when it is in the middle of a walk", async () => {
  await using tree = new TemporaryDirectory();
  for (let i = 0; i < 1200; i++) tree.write(`${i % 60}/${i}/x`);
  tree.writeSparse("huge", 200e9);
  await using process = start([...DEMO, "--threads", "1", tree.path, tree.path, tree.path]);
  await until(() => hasOpen(process.pid, tree.path));
  const signalled = performance.now();
  process.kill("SIGINT");
  const { code, out, err } = await end(process);
  assertLess(performance.now() - signalled, STOP_MS);
  assertEquals([code, err], [130, ""]);
  assertMatch(out, /^Stopped after [\d,]+ files?, /);
});

/** What is typed at a terminal to stop the demo, and the terminal's mode. */
const KEYS = {
  "Enter": ["\n", "sane"],
  "Enter in raw mode": ["\r", "raw"],
  "Ctrl-C": ["\x03", "sane"],
} as const;

for (const [key, [typed, mode]] of Object.entries(KEYS)) {
  Deno.test({
    name: `du shows its progress on a terminal, and stops at ${key}`,
    ignore: !isInstalled("script"),
    fn: async () => {
      await using tree = makeHugeTree();
      const command = [...DEMO, "--threads", "2", tree.path].map((word) => `'${word}'`).join(" ");
      // `script` gives the command a terminal; what is written to `script` is typed there.
      await using process = start(
        ["script", "-qec", `stty ${mode} && exec ${command}`, "/dev/null"],
        { input: "" },
      );
      const keyboard = process.stdin.getWriter();
      let screen = "";
      let typedAt = Infinity;
      const decoder = new TextDecoder();
      for await (const chunk of process.stdout) {
        screen += decoder.decode(chunk, { stream: true });
        if (typedAt === Infinity && /2 of 2 threads busy/.test(screen)) {
          typedAt = performance.now();
          await keyboard.write(encode(typed));
        }
      }
      const { code } = await process.status;
      assertLess(performance.now() - typedAt, STOP_MS);
      await keyboard.close();
      await process.stderr.cancel();
      assertEquals(code, 130);
      assertMatch(screen, /0 files, [\d.]+ [MG]B, [\d.]+ [MG]B\/s, 2 of 2 threads busy/);
      assertMatch(screen, /Stopped after 0 files, 0 B, 0 errors/);
    },
  });
}

test("du does not take piped input for Enter", async () => {
  await using tree = new TemporaryDirectory();
  tree.write("file", "content");
  const { code, out } = await run([...DEMO, "--json", tree.path], { input: "\n\n" });
  assertEquals([code, JSON.parse(out).files], [0, 1]);
});

test("du reads all it was given when a file takes many chunks", async () => {
  await using tree = new TemporaryDirectory();
  tree.writeSparse("zeros", 100e6 + 1);
  const totals = await totalsOf(tree.path, ".");
  assertGreater(totals.bytes, 100e6);
  assertEquals(totals.digest, await shellDigest(tree));
});

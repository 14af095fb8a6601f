/**
 * The smoke test in a real browser: `dist/` in a page with COOP/COEP, where tasks run on threads, and in
 * one without, where they run on the page's own.
 *
 * Run it as `deno task test:browser`, which builds `dist/` first. It drives Debian's Chromium;
 * `CHROMIUM` names another.
 *
 * @module
 */

import { chromium, type Page } from "playwright-core";
import { assertEquals, assertNotEquals } from "../support/assert.ts";
import { test } from "../support/test.ts";
import { serve } from "./server.ts";

const EXECUTABLE = Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Milliseconds for one page, from opening it to its last answer. */
const PAGE_TIMEOUT_MS = 30_000;

type Scripts = typeof import("./page/main.ts");

/** What a test may ask of an open page. */
interface SmokePage {
  /** Calls a function of `page/main.ts` in the page; its arguments and result travel as JSON. */
  call<Name extends keyof Scripts>(
    name: Name,
    ...args: Parameters<Scripts[Name]>
  ): Promise<Awaited<ReturnType<Scripts[Name]>>>;
}

/**
 * Runs `body` over a page in a browser of its own. Fails, even if `body` does not, when the page logs an
 * error, misses a file, or leaves an exception or a rejection uncaught.
 *
 * @param path Which page of the server.
 * @param expected Complaints that belong to it; each must come.
 */
async function withPage(
  path: string,
  body: (page: SmokePage) => Promise<void>,
  expected: readonly RegExp[] = [],
): Promise<void> {
  await using server = serve();
  await using browser = await chromium.launch({ executablePath: EXECUTABLE, args: FLAGS });
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.stack ?? error.message}`));
  await page.goto(server.origin + path);
  try {
    await within(PAGE_TIMEOUT_MS, body({ call: (name, ...args) => callPage(page, name, args) }));
  } finally {
    for (const complaint of complaints) console.error(complaint);
  }
  for (const pattern of expected) {
    const isOther = (complaint: string): boolean => !pattern.test(complaint);
    const others = complaints.filter(isOther);
    assertNotEquals(others.length, complaints.length, `The page did not complain of ${pattern}`);
    complaints.splice(0, Infinity, ...others);
  }
  assertEquals(complaints, [], "The page complained");
}

/** Calls a function of `page/main.ts`, as {@linkcode SmokePage.call} says. */
function callPage<Name extends keyof Scripts>(
  page: Page,
  name: Name,
  args: Parameters<Scripts[Name]>,
): Promise<Awaited<ReturnType<Scripts[Name]>>> {
  // A string, because the import is the page's, not this module's.
  return page.evaluate(
    `import("/dist/test/browser/page/main.js").then((m) => m.${name}(...${JSON.stringify(args)}))`,
  );
}

/** Settles as `promise` does, or rejects with a "TimeoutError" once `timeoutMs` are over. */
async function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(timeoutMs);
  const { promise: late, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  return await Promise.race([promise, late]);
}

test("an isolated page runs a task on another thread", async () => {
  await withPage("/isolated", async (page) => {
    assertEquals(await page.call("capability"), { isolated: true, threads: true });
    assertEquals(await page.call("poolTask", 1000), { sum: 500_500, thread: "worker" });
  });
});

test("an isolated page and a task on another thread pass values through typed channels", async () => {
  await withPage("/isolated", async (page) => {
    const squares = Array.from({ length: 100 }, (_, index) => (index + 1) ** 2);
    assertEquals(await page.call("channelRoundTrip", 100), squares);
  });
});

for (const [path, thread] of [["/isolated", "worker"], ["/plain", "page"]] as const) {
  test(`a page at ${path} runs an inline function on a ${thread}`, async () => {
    await withPage(path, async (page) => {
      assertEquals(await page.call("inlineFunction", 1000), { sum: 500_500, thread });
    });
  });
}

for (const path of ["/isolated", "/plain"]) {
  test(`a page at ${path} and a task see the same shared arrays and atomic values`, async () => {
    await withPage(path, async (page) => {
      assertEquals(await page.call("sharedRoundTrip"), { arrays: [[0, 1, 1], [5, 6]], count: 3 });
    });
  });
}

for (const path of ["/isolated", "/plain"]) {
  test(`a page at ${path} moves a canvas and a stream into a task, and a picture back`, async () => {
    await withPage(path, async (page) => {
      assertEquals(await page.call("movedRoundTrip"), {
        size: [2, 1],
        pixels: [255, 0, 0, 255, 0, 0, 255, 255],
        left: [0, true],
      });
    });
  });
}

test("a page has everything still when one of what it would move is unfit", async () => {
  await withPage("/plain", async (page) => {
    assertEquals(await page.call("refusedMoves"), {
      ends: ["TypeError", "TypeError"],
      isHere: [true, true, true, true, true, true],
    });
  });
});

test("a page that allows no inline workers runs a task on a thread from a worker file", async () => {
  await withPage("/strict", async (page) => {
    assertEquals(await page.call("ownWorkerTask", 1000), { sum: 500_500, thread: "worker" });
  });
});

test("a page that allows no inline workers rejects tasks where no worker file is named", async () => {
  await withPage("/strict", async (page) => {
    assertEquals(await page.call("failureOfTask"), "WorkerCrashedError");
  }, [/Content Security Policy/]);
});

test("a page terminates a pool whose thread never ends by itself", async () => {
  await withPage("/isolated", async (page) => {
    assertEquals(await page.call("terminateBusy"), "PoolClosedError");
  });
});

test("a page that is not isolated runs tasks on its own thread", async () => {
  await withPage("/plain", async (page) => {
    assertEquals(await page.call("capability"), { isolated: false, threads: false });
    assertEquals(await page.call("poolTask", 1000), { sum: 500_500, thread: "page" });
    const squares = Array.from({ length: 100 }, (_, index) => (index + 1) ** 2);
    assertEquals(await page.call("channelRoundTrip", 100), squares);
  });
});

test("the blocking forms throw on a page's own thread where they would have to wait", async () => {
  for (const path of ["/isolated", "/plain"]) {
    await withPage(path, async (page) => {
      const { left, ...ends } = await page.call("blockingForms");
      assertEquals(Object.keys(ends).length, 10);
      for (const [name, code] of Object.entries(ends)) {
        assertEquals([name, code], [name, "AGENT_CANNOT_BLOCK"]);
      }
      assertEquals(left, [3, 1, 0, false]);
    });
  }
});

import { assert, assertEquals } from "@std/assert";
import * as esbuild from "esbuild";
import { bundleOf, CHANNEL_MODULE, renderSizes } from "../../bench/size.ts";

/** Rooms that the channel's bundle may come from: what stands below it. */
const ROOMS =
  /^src\/(channel|select|park|memory|internal)\/|^src\/errors\.ts$|\/devalue\/[\d.]+\/|^<stdin>$/;

Deno.test("Channel brings neither pools nor locks, contexts or a parser into a bundle", async () => {
  try {
    const { inputs, minified, gzip } = await bundleOf("channel", CHANNEL_MODULE);
    const paths = Array.from(inputs.keys());
    assert(paths.includes("src/channel/channel.ts"), "the channel itself is missing");
    assertEquals(paths.filter((path) => !ROOMS.test(path)), []);
    assert(gzip > 0 && gzip < minified, `${minified} bytes are compressed to ${gzip}`);
  } finally {
    await esbuild.stop();
  }
});

Deno.test("renderSizes() lines up its columns", () => {
  const table = renderSizes([
    { name: "`./rate`", minified: 117_000, gzip: 39_540 },
    { name: "everything", minified: 1_395_000, gzip: 124_000 },
  ]);
  assertEquals(
    table,
    `| exports    | minified | gzip    |
| ---------- | -------- | ------- |
| \`./rate\`   | 117 KB   | 39.5 KB |
| everything | 1.4 MB   | 124 KB  |`,
  );
});

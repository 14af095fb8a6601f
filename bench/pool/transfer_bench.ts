import { Pool } from "../../mod.ts";
import { situation } from "../support/situation.ts";
import { poolRoundTrips, startMirror } from "./transfer.ts";

const pool = new Pool({ threads: 1 });
const mirror = startMirror();

// A buffer that one thread fills and another uses, handed to and fro: small ones are copied, the others move.
for (
  const [name, byteLength] of [["64 KiB", 1 << 16], ["1 MiB", 1 << 20], [
    "64 MiB",
    1 << 26,
  ]] as const
) {
  situation({
    group: `pool/transfer ${name}`,
    ops: 20,
    bodies: {
      "raw postMessage": (ops) => mirror.roundTrips(byteLength, ops),
      "pool.go": (ops) => poolRoundTrips(pool, byteLength, ops),
    },
  });
}

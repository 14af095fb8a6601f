import { Pool } from "../../mod.ts";
import { startThreads } from "../support/match.ts";
import { situation } from "../support/situation.ts";
import { everythingDivided } from "./scale.ts";

// Never closed: no bench knows which is the last. The process ends all the same.
const one = new Pool({ threads: 1 });
const two = new Pool({ threads: 2 });
for (const pool of [one, two]) await startThreads(pool);

// Work that divides itself, on one thread and on two.
for (const work of everythingDivided) {
  const { divided, plain } = work.open();
  situation({
    group: `pool/scale ${work.name}`,
    ops: work.unit,
    bodies: { "1 thread": divided(one), "2 threads": divided(two), "no pool": plain },
  });
}

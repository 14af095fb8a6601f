import { i32, Pool, SyncMap, text } from "../../mod.ts";
import { situation } from "../support/situation.ts";
import { filled, keyList, PlainTable, useMap, useMapOnTwo } from "./map.ts";

const pool = new Pool({ threads: 2 });

// A table that is looked up all the time and seldom changed (a cache), one that is only written (counters),
// and one whose keys come and go (sessions).
for (const kind of ["i32", "text"] as const) {
  const keys = keyList(kind);
  const plain = filled(new PlainTable(), keys);
  const map = filled(kind === "i32" ? new SyncMap(i32, i32) : new SyncMap(text, i32), keys);
  for (const mix of ["reads", "writes", "mixed"] as const) {
    situation({
      group: `sync/map ${kind} keys, ${mix}`,
      ops: 20_000,
      bodies: {
        "Map": (ops) => useMap(plain, keys, mix, ops),
        "SyncMap": (ops) => useMap(map, keys, mix, ops),
        "SyncMap, two threads": (ops) => useMapOnTwo(pool, map, kind, mix, ops),
      },
    });
  }
}

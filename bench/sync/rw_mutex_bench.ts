import { RWMutex } from "../../mod.ts";
import { situation } from "../support/situation.ts";
import { readersAndWriter } from "./rw_mutex.ts";

const mutex = new RWMutex();

// One writer that locks now and then, and 1 … 2^19 readers: what it costs that they exclude each other.
for (let power = 0; power < 20; power++) {
  const readers = 2 ** power;
  situation({
    group: `sync/rw_mutex readers=2^${power}`,
    ops: readers,
    bodies: {
      "readers lock for writing": (ops) => readersAndWriter(mutex, mutex, readers, ops),
      "readers lock for reading": (ops) => readersAndWriter(mutex, mutex.rLocker(), readers, ops),
    },
  });
}

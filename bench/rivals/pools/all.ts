/** The pools of npm that ours is set against. */

import { startComlink } from "./comlink.ts";
import { startMultithreading } from "./multithreading.ts";
import { startPiscina } from "./piscina.ts";
import { startPoolifier } from "./poolifier.ts";
import type { RivalPool } from "./rival_pool.ts";
import { startTinypool } from "./tinypool.ts";
import { startWorkerpool } from "./workerpool.ts";

/** Starts one of each, with two threads; comlink has one. */
export async function startRivalPools(): Promise<readonly RivalPool[]> {
  return [
    startPiscina(),
    startTinypool(),
    startWorkerpool(),
    startPoolifier(),
    await startMultithreading(),
    startComlink(),
  ];
}

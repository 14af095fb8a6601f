/** What the core exports. Every thread instantiates this module over the same memory. */
export {
  agentDied,
  agentRegister,
  agentSignal,
  agentSleep,
  agentSpin,
  agentTakeSignals,
  agentVacate,
  doorbellArm,
  doorbellDisarm,
  inboxPop,
} from "./agent";
export {
  add32,
  add64,
  and32,
  and64,
  cas32,
  cas64,
  load32,
  load64,
  or32,
  or64,
  store32,
  store64,
  xchg32,
  xchg64,
} from "./atomics";
export {
  barrierArrive,
  barrierIsBroken,
  barrierLeave,
  barrierLook,
  barrierNew,
  barrierReset,
  barrierWaiting,
} from "./barrier";
export { condBroadcast, condEnter, condLeave, condNew, condSignal } from "./cond";
export { allocate, free, heapInit, liveBytes, reservedBytes } from "./heap";
export { ringServe } from "./hungry";
export {
  bucketCancel,
  bucketNew,
  bucketReserve,
  bucketSetBurst,
  bucketSetLimit,
  leakyReserve,
  limiterBurst,
  limiterLimit,
} from "./limiter";
export { logCancel, logNew, logReserve, windowCancel, windowNew, windowReserve } from "./limiter_window";
export { mapDelete, mapDeleteIf, mapNew, mapStore, mapStoreIf, mapStoreNew } from "./map";
export { mapNarrowKey } from "./map_key";
export { mapLoad } from "./map_load";
export { mapDone, mapReclaim, mapRetire } from "./map_retire";
export { mapClear, mapFree, mapSeek, mapSize, mapTakeAll, mapVisit } from "./map_walk";
export {
  mutexComplete,
  mutexEnter,
  mutexIsLocked,
  mutexIsOpen,
  mutexIsOwn,
  mutexPass,
  mutexRecover,
  mutexRelease,
  mutexTryLock,
  mutexUnlock,
} from "./mutex";
export { objectNew, objectRelease, objectRetain } from "./object";
export { onceBegin, onceFinish, onceIsBy, onceIsDone } from "./once";
export {
  queueEnter,
  queueEnterFirst,
  queueLeave,
  queueWake,
  queueWakeAll,
  waiterClaim,
  waiterFiredIndex,
  waiterNew,
  waiterReset,
} from "./queue";
export {
  rendezvousClose,
  rendezvousEnter,
  rendezvousLeave,
  rendezvousNew,
  rendezvousReceive,
  rendezvousSend,
  rendezvousWasMet,
} from "./rendezvous";
export {
  ringCanReceive,
  ringCanSend,
  ringClose,
  ringNew,
  ringPin,
  ringReceive,
  ringReceiveMany,
  ringReceiveWide,
  ringSend,
  ringSendMany,
  ringSendWide,
  ringSize,
  ringUnpin,
} from "./ring";
export {
  rwComplete,
  rwEnter,
  rwFree,
  rwIsOwn,
  rwIsReader,
  rwIsWriter,
  rwLook,
  rwPass,
  rwReadUnlock,
  rwRecord,
  rwRecover,
  rwRelease,
  rwTryLock,
  rwTryRead,
  rwTrySlow,
  rwUnlock,
} from "./rwmutex";
export {
  poolAddFunction,
  poolFree,
  poolHasFree,
  poolIsQuiet,
  poolIsShort,
  poolNew,
  poolQueued,
  poolResize,
  poolTake,
  poolTellQuiet,
  poolWantRoom,
  workerEnter,
  workerExpect,
  workerFinished,
  workerFound,
  workerFree,
  workerGiveBack,
  workerIdle,
  workerIsBusy,
  workerIsFree,
  workerLeave,
  workerNew,
  workerReset,
  workerSearch,
  workerSpin,
  workerSubmit,
  workerTake,
  workerTakeFrom,
  workerTakeToward,
  workerWillBeFree,
  workerWoken,
} from "./scheduler";
export {
  groupAdd,
  groupIsOver,
  groupRound,
  semaphoreNew,
  semaphoreRelease,
  semaphoreResize,
  semaphoreSettle,
  semaphoreSize,
  semaphoreTryAcquire,
} from "./sync";
export { taskCancel, taskDisown, taskFinish, taskIsOrphan, taskNew, taskStart } from "./task";

/** What the core exports. Every thread instantiates this module over the same memory. */
export {
  agentDied,
  agentRegister,
  agentSignal,
  agentSleep,
  agentTakeSignals,
  agentVacate,
  doorbellArm,
  doorbellDisarm,
  inboxPop,
} from "./agent";
export { allocate, blockCapacity, free, heapInit, liveBytes, reservedBytes } from "./heap";
export { objectRelease, objectRetain } from "./object";
export {
  queueEnter,
  queueLeave,
  queueWake,
  queueWakeAll,
  waiterClaim,
  waiterFiredIndex,
  waiterNew,
  waiterReset,
} from "./queue";
export {
  ringCanReceive,
  ringCanSend,
  ringClose,
  ringNew,
  ringReceive,
  ringReceiveWide,
  ringSend,
  ringSendWide,
  ringSize,
  ringSpinReceive,
  ringSpinSend,
} from "./ring";
export {
  poolForget,
  poolNew,
  poolTake,
  taskCancel,
  taskFinish,
  taskNew,
  taskStart,
  taskSubmit,
  workerEnter,
  workerFind,
  workerFound,
  workerFree,
  workerIdle,
  workerLeave,
  workerNew,
  workerRan,
  workerSearch,
  workerUnidle,
} from "./scheduler";
export {
  groupAdd,
  groupIsDone,
  lockNew,
  mutexIsLocked,
  mutexTryLock,
  mutexUnlock,
  semaphoreRelease,
  semaphoreSettle,
  semaphoreTryAcquire,
} from "./sync";

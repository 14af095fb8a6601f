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
  ringReceiveWide,
  ringSend,
  ringSendWide,
  ringSize,
  ringSpinReceive,
  ringSpinSend,
  ringUnpin,
} from "./ring";
export {
  poolAddFunction,
  poolIsQuiet,
  poolNew,
  poolTake,
  poolTellQuiet,
  workerEnter,
  workerFinished,
  workerFound,
  workerFree,
  workerIdle,
  workerLeave,
  workerNew,
  workerSearch,
  workerSpin,
  workerSubmit,
  workerTake,
  workerWoken,
} from "./scheduler";
export {
  groupAdd,
  groupIsDone,
  groupIsOver,
  groupRound,
  lockNew,
  mutexIsLocked,
  mutexTryLock,
  mutexUnlock,
  mutexUnlockOwn,
  semaphoreRelease,
  semaphoreSettle,
  semaphoreTryAcquire,
} from "./sync";
export { taskCancel, taskFinish, taskIsOrphan, taskNew, taskStart } from "./task";

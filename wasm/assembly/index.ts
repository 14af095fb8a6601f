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
export { allocate, free, heapInit, liveBytes, reservedBytes } from "./heap";
export { mutexIsLocked, mutexTryLock, mutexUnlock, mutexUnlockOwn } from "./mutex";
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
  ringReceiveMany,
  ringReceiveWide,
  ringSend,
  ringSendMany,
  ringSendWide,
  ringSize,
  ringUnpin,
} from "./ring";
export {
  poolAddFunction,
  poolHasFree,
  poolIsQuiet,
  poolIsShort,
  poolNew,
  poolTake,
  poolTellQuiet,
  workerEnter,
  workerExpect,
  workerFinished,
  workerFound,
  workerFree,
  workerIdle,
  workerIsBusy,
  workerIsFree,
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
  semaphoreRelease,
  semaphoreSettle,
  semaphoreTryAcquire,
} from "./sync";
export { taskCancel, taskDisown, taskFinish, taskIsOrphan, taskNew, taskStart } from "./task";

/**
 * Every offset, size and code that both sides of the WASM boundary must agree on.
 *
 * `wasm/build.ts` reads the constants of this file and generates `src/memory/layout.ts` from them, so
 * that TypeScript never repeats a number. Offsets are bytes from the start of the structure. A word
 * marked *atomic* is only touched through the facade, one marked *locked* only under the lock named.
 */

// ---- Memory map -----------------------------------------------------------------------------------
// byte     what
// 0        never used, so that 0 is no pointer
// 128      heap: bump pointer                                            (see heap.ts)
// 256      heap: free-list heads, one u64 a size class
// 2048     registry of agents                                            (see agent.ts)
// 4096     first block of the heap

/** u64, atomic: first byte never handed out; 64 bits wide so that 4 GiB does not wrap to 0. */
export const HEAP_TOP: usize = 128;
/** u64 × `HEAP_CLASS_COUNT`, atomic: `tag << 32 | block` of each free list. */
export const HEAP_FREE_LISTS: usize = 256;
/** Number of size classes. */
export const HEAP_CLASS_COUNT: i32 = 104;
/** u32, atomic: newest agent ever registered; they are chained through `AGENT_CHAIN` and never leave. */
export const AGENT_CHAIN_HEAD: usize = 2048;
/** First block of the heap. */
export const HEAP_START: usize = 4096;
/** Size of a WebAssembly page in bytes. */
export const PAGE_SIZE: u64 = 65536;
/** Pages that a growth asks for at least (16 MiB): addresses, until something is stored there. The fewer growths, the better; see `newMemory` in core.ts. */
export const GROW_PAGES: i32 = 256;

// ---- Heap block: header, then payload ----------------------------------------------------------------
/** u32: size class, written when the block is carved or split. */
export const BLOCK_CLASS: usize = 0;
/** u32: `BLOCK_LIVE` or `BLOCK_FREE`; a second free finds the wrong word and traps. */
export const BLOCK_STATE: usize = 4;
/** Bytes of header before the payload. */
export const BLOCK_HEADER: usize = 8;
export const BLOCK_LIVE: u32 = 0x6c697665;
export const BLOCK_FREE: u32 = 0x66726565;

// ---- Inbox entry: the first words of everything that an agent can be sent (waiter, task) -----------------
/** u32, atomic: next entry, towards the newest. */
export const ENTRY_NEXT: usize = 0;
/** u32: index of the entry's owner in the owner agent's table; written by the owner. */
export const ENTRY_ID: usize = 4;

// ---- Agent -------------------------------------------------------------------------------------------
/** u32, atomic: the doorbell; `DOORBELL_AWAKE` or `DOORBELL_ASLEEP`. */
export const AGENT_DOORBELL: usize = 0;
/** u32, atomic: newest inbox entry; producers exchange themselves in. */
export const AGENT_INBOX_TAIL: usize = 128;
/** u32: oldest inbox entry; only the owner touches it. */
export const AGENT_INBOX_HEAD: usize = 256;
/** An inbox entry that keeps the list from ever being empty. */
export const AGENT_STUB: usize = 264;
/** u32, atomic: `SIGNAL_…` bits; set by others, read by the owner. */
export const AGENT_SIGNALS: usize = 272;
/** u32, atomic: `AGENT_ALIVE`, `AGENT_DEAD` or `AGENT_VACANT`. */
export const AGENT_STATE: usize = 276;
/** u32: the agent registered before this one. */
export const AGENT_CHAIN: usize = 280;
/** u32: one of the numbers that name agents in messages. */
export const AGENT_NUMBER: usize = 284;
/** Where the wide elements of the thread pass; `SCRATCH_BYTES`. */
export const AGENT_SCRATCH: usize = 288;
export const SCRATCH_BYTES: usize = 64;
export const AGENT_SIZE: usize = 384;

export const DOORBELL_AWAKE: u32 = 0;
export const DOORBELL_ASLEEP: u32 = 1;

/** The thread has been asked to stop. */
export const SIGNAL_STOP: u32 = 1;
/** A thread died: whoever waits looks again, since a wake-up may have died with it. */
export const SIGNAL_RECHECK: u32 = 2;

export const AGENT_ALIVE: u32 = 1;
export const AGENT_DEAD: u32 = 2;
export const AGENT_VACANT: u32 = 3;

// ---- Waiter: an inbox entry, then one node a case --------------------------------------------------------
/** u32, atomic: `CLAIM_NONE`, `CLAIM_SELF`, or 1 + the index of the case that won. */
export const WAITER_CLAIM: usize = 8;
/** u32: the agent whose goroutine waits. */
export const WAITER_AGENT: usize = 12;
/** First node. */
export const WAITER_NODES: usize = 16;
export const NODE_SIZE: usize = 32;

export const CLAIM_NONE: u32 = 0;
export const CLAIM_SELF: u32 = 0xffffffff;

// ---- Node: a waiter's place in one wait queue; all words locked by that queue's lock -----------------------
export const NODE_NEXT: usize = 0;
export const NODE_PREVIOUS: usize = 4;
/** u32: the queue it stands in, 0 for none. */
export const NODE_QUEUE: usize = 8;
export const NODE_WAITER: usize = 12;
/** u32: index of the case within the waiter. */
export const NODE_INDEX: usize = 16;
/** u32: how much of a counted resource it asks for (semaphore). */
export const NODE_NEED: usize = 20;
/** u32: the narrow element of a node that can be met: the sender's, or what the receiver was handed. */
export const NODE_PAYLOAD: usize = 20;
/** u32: address of the bytes of its wide element, on either side. */
export const NODE_BYTES: usize = 24;
/** u32: `NODE_WAS_MET` when a rendezvous' other side has met this one, or a ring has served it; `NODE_HUNGRY` while a ring has to. */
export const NODE_MET: usize = 28;
/** u32, locked: 1 in the node of a waiter that was granted what it waited for (semaphore, RWMutex), 0 when it is to try again. */
export const NODE_GRANTED: usize = 28;
export const NODE_WAS_MET: u32 = 1;
export const NODE_HUNGRY: u32 = 2;

// ---- Wait queue ------------------------------------------------------------------------------------------
/** u32, atomic: spin lock. */
export const QUEUE_LOCK: usize = 0;
/** u32, locked: the longest waiter. */
export const QUEUE_HEAD: usize = 4;
/** u32, locked: the newest waiter. */
export const QUEUE_TAIL: usize = 8;
/** u32, atomic, written under the lock: nodes in the queue; read without it to skip the lock. */
export const QUEUE_COUNT: usize = 12;
export const QUEUE_SIZE: usize = 16;
/** u32, atomic, written under the lock: hungry nodes in the queue. Only a ring's two queues have it; read plainly to skip the lock. */
export const QUEUE_HUNGRY: usize = 16;

// ---- Shared object: the first words of everything that a handle can name ----------------------------------
/** u32, atomic: handles and messages in flight that name the object. */
export const OBJECT_REFERENCES: usize = 0;
/** u32: which class of handle; written once. */
export const OBJECT_KIND: usize = 4;
/** u32: text message that describes the element type, where there is one; written once, freed with the object. */
export const OBJECT_ELEMENT: usize = 8;

// ---- Ring (a shared object) ---------------------------------------------------------------------------------
/** u32: slots; 0 says that it is no ring but a rendezvous, which has the words up to RING_SENDERS and no slots. */
export const RING_CAPACITY: usize = 12;
/** u32: bytes from slot to slot: 8, and for wide elements their bytes rounded up to 8. */
export const RING_STRIDE: usize = 16;
/** u32, atomic: 0 while open, then `CLOSED_PLAIN` or the message that holds the reason. */
export const RING_CLOSED: usize = 20;
export const CLOSED_PLAIN: u32 = 1;
/** u32, atomic: waiting parties, plus 1 while there are references; who brings it to 0 frees the ring. */
export const RING_PINS: usize = 24;
/** Wait queue of receivers. */
export const RING_RECEIVERS: usize = 32;
/** Wait queue of senders. */
export const RING_SENDERS: usize = 64;
/** u32: slot index at which consumers start to look; a hint. */
export const RING_HEAD: usize = 256;
/** u32: slot index at which producers start to look; a hint. */
export const RING_TAIL: usize = 384;
export const RING_SLOTS: usize = 512;
/** States of a slot, in the lowest bits of the upper half of its word. */
export const SLOT_EMPTY: u32 = 0;
export const SLOT_SEALED: u32 = 1;
export const SLOT_BUSY: u32 = 2;
export const SLOT_FULL: u32 = 3;
export const SLOT_STATE_MASK: u32 = 3;

/** Bytes of a rendezvous: a ring up to its queues. */
export const RENDEZVOUS_SIZE: usize = 96;

/** Results of the ring's operations. */
export const RING_OK: i32 = 0;
/** It worked, and a waiter of the calling agent itself was fired into its inbox. */
export const RING_OK_SELF: i32 = 1;
/** Nothing to receive, or no room to send. */
export const RING_WOULD_BLOCK: i32 = 2;
export const RING_IS_CLOSED: i32 = 3;
/** Added to a received payload when a waiter of the calling agent itself was fired into its inbox. */
export const SELF_FIRED: f64 = 4294967296;

// ---- Deque ---------------------------------------------------------------------------------------------------
/** i64, atomic: index of the next element to steal. */
export const DEQUE_TOP: usize = 0;
/** i64, atomic, written by the owner: index after the newest element. */
export const DEQUE_BOTTOM: usize = 128;
/** u32, atomic, written by the owner: the current buffer. */
export const DEQUE_BUFFER: usize = 136;
export const DEQUE_SIZE: usize = 256;
/** u32: element count of the buffer minus 1; a power of two minus 1. */
export const BUFFER_MASK: usize = 0;
/** u32: the smaller buffer that this one replaced, freed with the deque. */
export const BUFFER_OLDER: usize = 4;
export const BUFFER_ELEMENTS: usize = 8;
export const DEQUE_INITIAL: u32 = 64;
/** A steal lost a race: there may be more. */
export const DEQUE_RETRY: u32 = 1;

// ---- Lock objects (shared objects) -----------------------------------------------------------------------------
/** u64, atomic: in the low half what is still to be done, in the high half how often that has come to 0. */
export const GROUP_STATE: usize = 16;
/** Wait queue. */
export const LOCK_QUEUE: usize = 32;
export const LOCK_OBJECT_SIZE: usize = 48;
/** Result: the call was against the rules and changed nothing. */
export const LOCK_MISUSED: i32 = -1;
/** Result: the thread of the lock's holder has died. */
export const LOCK_ABANDONED: i32 = -2;
/** Result: the call was for the case that nobody waits, and has done nothing. */
export const LOCK_CONTENDED: i32 = -3;

/** Results of what fires waiters: nobody; another agent's; one of the caller's own, which lies in its inbox. */
export const WOKE_NONE: i32 = 0;
export const WOKE_OTHER: i32 = 1;
export const WOKE_SELF: i32 = 2;

// ---- Mutex (a lock object) -------------------------------------------------------------------------------------
/** u32, atomic: 0, the agent that holds it, with or without MUTEX_HANDED, or MUTEX_ABANDONED. */
export const MUTEX_OWNER: usize = 12;
/** Added to an agent: a waiter of its thread was handed the mutex and has not taken delivery. */
export const MUTEX_HANDED: u32 = 1;
/** The thread of its holder has died. The address of no agent. */
export const MUTEX_ABANDONED: u32 = 2;
/** Milliseconds, counted in whole ones, beyond which a waiter is handed the mutex. */
export const MUTEX_PATIENCE: u32 = 1;

// ---- RWMutex (a lock object) -----------------------------------------------------------------------------------
/** u32, atomic: newest record of read locks; they never leave. */
export const RW_RECORDS: usize = 12;
/** u64, atomic: in the low half the writer, as MUTEX_OWNER, in the high half the number of read locks. */
export const RW_STATE: usize = 16;
/** One read lock in RW_STATE. */
export const RW_READER: u64 = 4294967296;
/** u32: the record made before; written once. */
export const RECORD_NEXT: usize = 0;
/** u32: the agent whose read locks it counts; written once. */
export const RECORD_AGENT: usize = 4;
/** u32, atomic: read locks of that agent. */
export const RECORD_COUNT: usize = 8;
export const RECORD_SIZE: usize = 16;

// ---- Cond (a lock object; its queue stands under the lock of the locker's queue) -------------------------------
/** u32: the mutex or RWMutex that it belongs to; written once. */
export const COND_LOCKER: usize = 12;
/** u32: what a waiter asks of it; written once. */
export const COND_MODE: usize = 16;
export const COND_MUTEX: u32 = 0;
export const COND_WRITER: u32 = 1;
export const COND_READER: u32 = 2;
/** u32, locked: in a condition's node, whether it has had a signal. */
export const NODE_MOVED: usize = 24;
export const MOVED_BY_SIGNAL: u32 = 1;
export const MOVED_BY_BROADCAST: u32 = 2;

// ---- Semaphore (a shared object) ---------------------------------------------------------------------------------
/** u64, atomic: in the low half how many units there are, in the high half how many of them are held. */
export const SEMAPHORE_STATE: usize = 16;
/** Wait queue of requests for more than there is, at the time when they began to wait; the others wait in LOCK_QUEUE. */
export const SEMAPHORE_ASIDE: usize = 48;
export const SEMAPHORE_SIZE: usize = 64;

// ---- Barrier (a shared object); its queue stands at LOCK_QUEUE, and every word belongs to that queue's lock -----------
/** u32: how many make a round; written once. */
export const BARRIER_PARTIES: usize = 12;
/** u32, atomic, written under the lock: how many wait in the current round. */
export const BARRIER_ARRIVED: usize = 16;
/** u32, locked: number of the current round. */
export const BARRIER_ROUND: usize = 20;
/** u32, atomic, written under the lock: 1 while nobody can pass, from a break to a reset. */
export const BARRIER_BROKEN: usize = 24;
/** u32, locked: how the round before the current one ended. */
export const BARRIER_ENDED: usize = 28;
/** u32, locked: in the node of a waiter, the round that it waits in. */
export const NODE_ROUND: usize = 20;
/** u32, atomic: in the node of a waiter, how its round ended; BARRIER_WAITS while it has not. */
export const NODE_ENDED: usize = 24;

/** How a round ended: not yet; all have come; somebody gave up or died, or the barrier was reset. */
export const BARRIER_WAITS: u32 = 0;
export const BARRIER_TRIPPED: u32 = 1;
export const BARRIER_BROKE: u32 = 2;
/** Results of an arrival besides the number of those who are still to come: the barrier is broken; it would have to wait. */
export const ARRIVED_BROKEN: i32 = 0x3fffffff;
export const ARRIVED_TOO_EARLY: i32 = 0x3ffffffe;
/** Added to the result of an arrival when a waiter of the calling agent itself was fired into its inbox. */
export const ARRIVED_SELF: i32 = 0x40000000;

// ---- Once (a shared object); its queue stands at LOCK_QUEUE -----------------------------------------------------------
/** u32, atomic: `ONCE_FRESH`, `ONCE_DONE`, or the agent that runs the function. */
export const ONCE_STATE: usize = 12;
export const ONCE_FRESH: u32 = 0;
export const ONCE_DONE: u32 = 1;

// ---- Atomic cell (a shared object) --------------------------------------------------------------------------------------
/** u32: a `CELL_…` type; written once. */
export const CELL_TYPE: usize = 12;
/** The value: u32 or u64, atomic. In the middle, so that no other block shares its cache line. */
export const CELL_VALUE: usize = 56;
/** With the block's header 128 bytes: two cells never share a cache line. */
export const CELL_SIZE: usize = 120;
export const CELL_I32: u32 = 1;
export const CELL_U32: u32 = 2;
export const CELL_I64: u32 = 3;
export const CELL_BOOL: u32 = 4;

// ---- Context (a shared object); its queue, of those who wait for its end, stands at LOCK_QUEUE ----------------------------
/** u32, atomic: how it has ended: a `CONTEXT_…` code, or a message with the cause of its cancellation; written once. */
export const CONTEXT_END: usize = 12;
/** u32: the context above that it ends with, 0 for none; it holds a reference; written once. */
export const CONTEXT_ABOVE: usize = 16;
/** u32: message with the cause of the end that its deadline brings, 0 for none; written once. */
export const CONTEXT_CAUSE: usize = 20;
/** u32: message with the values between it and the one above, 0 for none; written once. */
export const CONTEXT_VALUES: usize = 24;
/** f64: its own deadline as a `Date` counts, infinite for none; written once. */
export const CONTEXT_DATE: usize = 48;
/** f64: the same by the clock that all threads have in common; written once. */
export const CONTEXT_DUE: usize = 56;
export const CONTEXT_SIZE: usize = 64;

/** It has not ended. */
export const CONTEXT_LIVE: u32 = 0;
/** It was cancelled, and nobody gave a cause. */
export const CONTEXT_CANCELED: u32 = 1;
/** Its deadline is over. */
export const CONTEXT_LATE: u32 = 2;
/** It has ended as the one above has. */
export const CONTEXT_FOLLOWED: u32 = 3;
/** It has no end of its own: it is asked for that of the one above, if there is one. */
export const CONTEXT_NONE: u32 = 4;

// ---- Shared array (a shared object) ---------------------------------------------------------------------------------------
/** u32: bytes of its elements; written once. */
export const ARRAY_BYTES: usize = 12;
export const ARRAY_ELEMENTS: usize = 16;

// ---- Task: an inbox entry ----------------------------------------------------------------------------------------
/** u32, atomic: `TASK_…` state. */
export const TASK_STATE: usize = 8;
/** u32: the agent that submitted it and is told the end; written once. */
export const TASK_SUBMITTER: usize = 12;
/** u32, atomic: the agent that runs it, 0 before it is started. */
export const TASK_RUNNER: usize = 16;
/** u32: message that names the function; lives as long as the pool. */
export const TASK_FUNCTION: usize = 20;
/** u32: message with the arguments, 0 for none; freed by the runner. */
export const TASK_ARGUMENTS: usize = 24;
/** u32: message with the result or the error, 0 for `undefined`; freed by the submitter. */
export const TASK_RESULT: usize = 28;
/** u32: number that names the goroutine in messages. */
export const TASK_NUMBER: usize = 32;
/** u32, locked by POOL_LOCK: its entry in the heap of a ranked pool; 0: it is not there. */
export const TASK_PLACE: usize = 36;
/** f64: in a ranked pool, the tasks with more go first; written once. */
export const TASK_WEIGHT: usize = 40;
/** u32: number of the parcel that its arguments, or later its result, need; 0: none. Published as those are. */
export const TASK_PARCEL: usize = 48;
export const TASK_SIZE: usize = 56;

export const TASK_QUEUED: u32 = 0;
export const TASK_STARTED: u32 = 1;
export const TASK_CANCELLED: u32 = 2;
export const TASK_SUCCEEDED: u32 = 3;
export const TASK_FAILED: u32 = 4;
export const TASK_DISOWNED: u32 = 5;

// ---- Function record: names the function of tasks; lives as long as the pool ---------------------------------------
/** u32: the record made before. */
export const FUNCTION_NEXT: usize = 0;
/** u32: a text message, `url#name`. */
export const FUNCTION_TEXT: usize = 4;
export const FUNCTION_SIZE: usize = 8;

// ---- Worker: a deque, then --------------------------------------------------------------------------------------
/** u32: its agent, 0 until its thread has started; written before the worker enters the pool's table. */
export const WORKER_AGENT: usize = 192;
/** u32: state of its random generator; the worker's own. */
export const WORKER_RANDOM: usize = 196;
/** u32: 1 while it is counted in POOL_SEARCHING and knows it; the worker's own. */
export const WORKER_SEARCHING: usize = 200;
/** u32: the task that it has taken and not yet started; the worker's own. */
export const WORKER_TAKEN: usize = 204;
/** u32: how many tasks it stole; the worker's own. */
export const WORKER_STOLE: usize = 208;
/** u32: 1 when its thread ended in order: nothing is to come for its agent any more. */
export const WORKER_IS_CLEAN: usize = 212;
/** u32, atomic, written by the owner: a `DISMISSED_…` code; the thread may not have an agent to be signalled yet. */
export const WORKER_IS_DISMISSED: usize = 216;
/** u32, atomic: 1 while it is counted in POOL_FREE; written by the worker, and by the owner before its thread starts. */
export const WORKER_FREE: usize = 220;
/** f64: milliseconds that it has been working, up to WORKER_SINCE; the worker's own, as all up to WORKER_HAS_LEFT. */
export const WORKER_BUSY_MS: usize = 224;
/** f64: when it last began or ceased to work, and when it entered; milliseconds since the epoch. */
export const WORKER_SINCE: usize = 232;
export const WORKER_ENTERED: usize = 240;
/** u32: 1 while it is working. */
export const WORKER_IS_WORKING: usize = 248;
/** u32, atomic: 0 while it works for the pool, then a `LEFT_…` code. */
export const WORKER_HAS_LEFT: usize = 252;
/** u32, atomic: an `IDLE_…` state; whoever changes it from OFFERED takes it off POOL_IDLE. */
export const WORKER_IDLE: usize = 256;
/** u32, atomic, written by the worker: tasks that it submitted, took, and finished. */
export const WORKER_SUBMITTED: usize = 384;
export const WORKER_TOOK: usize = 388;
export const WORKER_FINISHED: usize = 392;
export const WORKER_SIZE: usize = 512;

/** To stop at once. */
export const DISMISSED_TO_STOP: u32 = 1;
/** To take nothing more, and to leave when nothing is suspended. */
export const DISMISSED_TO_RETIRE: u32 = 2;

/** It takes no more tasks, has none suspended, and touches the pool no more. */
export const LEFT_IN_ORDER: u32 = 1;
/** Its thread is about to exit, with all that runs there. */
export const LEFT_BY_EXIT: u32 = 2;

/** It runs or searches. */
export const IDLE_NOT: u32 = 0;
/** It offers to be woken. */
export const IDLE_OFFERED: u32 = 1;
/** Somebody has taken the offer, and counts it in POOL_SEARCHING; it does not know yet. */
export const IDLE_CALLED: u32 = 2;

// ---- Pool (a shared object) ---------------------------------------------------------------------------------------
/** u32, atomic, written by the owner: entries of the table of workers that are in use. */
export const POOL_SLOTS: usize = 12;
/** u32: the agent that made the pool; told when nothing is pending. */
export const POOL_OWNER: usize = 16;
/** u32, atomic: newest function record. */
export const POOL_FUNCTIONS: usize = 20;
/** u32, written by the owner: threads that it has started and that have not ended. */
export const POOL_HIRED: usize = 24;
/** u32, atomic, written by the owner: threads that it may have. */
export const POOL_LIMIT: usize = 28;
/** u32: 1 where tasks wait in one queue, ranked by TASK_WEIGHT, instead of in deques; written once. */
export const POOL_IS_RANKED: usize = 32;
/** u32, atomic: 1 when the owner wants to be told once somebody has taken a task. */
export const POOL_WANTS_ROOM: usize = 36;
/** u32, atomic: the number that a parcel was given last. */
export const POOL_PARCELS: usize = 40;
/** u32, atomic: workers that offer to be woken. */
export const POOL_IDLE: usize = 128;
/** i32, atomic: workers that look for a task; for a moment it may be too low, even below 0. */
export const POOL_SEARCHING: usize = 132;
/** u32, atomic: workers that have nothing to run and no goroutine suspended, and threads that are starting. */
export const POOL_FREE: usize = 136;
/** u32, atomic: lock of the injector. */
export const POOL_LOCK: usize = 256;
/** u32, locked by POOL_LOCK: oldest and newest task of the injector, chained by ENTRY_NEXT. */
export const POOL_HEAD: usize = 260;
export const POOL_TAIL: usize = 264;
/** u32, atomic, written under the lock: tasks in the injector and in the heap. */
export const POOL_COUNT: usize = 268;
/** u32, locked by POOL_LOCK: the heap of a ranked pool, 0 before the first task; entries in it; how many it has had. */
export const POOL_RANKED: usize = 272;
export const POOL_RANKED_COUNT: usize = 276;
export const POOL_RANKED_SEQUENCE: usize = 280;
/** u32 × POOL_SLOTS, atomic: workers, 0 where there is none. Slot 0 is the owner's, who only submits. */
export const POOL_WORKERS: usize = 384;

// ---- Heap of a ranked pool: what has most weight is entry 1, its children are entries 2 and 3 ----------------------
/** u32: entries that it has room for; written once. */
export const RANKED_CAPACITY: usize = 0;
/** 16 bytes for each entry; there is none at 0, and the capacity stands there. */
export const RANKED_ENTRY_SIZE: usize = 16;
/** f64: weight of the task. */
export const RANKED_WEIGHT: usize = 0;
/** u32: its place among those of the same weight. */
export const RANKED_SEQUENCE: usize = 8;
/** u32: the task. */
export const RANKED_TASK: usize = 12;
/** Entries that a heap has room for at first, and at most: what `ranking.ts` can sift without a loop. */
export const RANKED_INITIAL: u32 = 63;
export const RANKED_MOST: u32 = 0xffffff;


/** A pool of the agent's has nothing pending. */
export const SIGNAL_QUIET: u32 = 4;
/** An idle worker has been chosen to look for a task. */
export const SIGNAL_WORK: u32 = 8;
/** The thread is to take no more tasks, and to end when nothing of its own is suspended. */
export const SIGNAL_RETIRE: u32 = 16;
/** Somebody has taken a task of the agent's pool, which may have room for another. */
export const SIGNAL_ROOM: u32 = 32;

// ---- Map (a shared object) ------------------------------------------------------------------------------------------
/** u32: a `KEY_…` form; written once, as is all up to MAP_TABLE. */
export const MAP_KEY_FORM: usize = 12;
/** u32: a `VALUE_…` form. */
export const MAP_VALUE_FORM: usize = 16;
/** u32: bytes that a value takes in its pair, a multiple of 8. */
export const MAP_VALUE_BYTES: usize = 20;
/** u32: 1 when a pair owns nothing but its memory, so that the core frees it; else the caller takes it apart. */
export const MAP_IS_PLAIN: usize = 24;
/** 16 bytes: secret of the hash. */
export const MAP_SEED: usize = 32;
/** u32, atomic: the table; while it is being replaced, the old one. */
export const MAP_TABLE: usize = 48;
/** u32, atomic: how often the map has been cleared; pairs of an earlier era are dead. */
export const MAP_ERA: usize = 52;
/** u32, atomic: how often dead pairs may have been left in the tables: with each clear, and by who was late for one. */
export const MAP_LITTERED: usize = 56;
/** u32, atomic: for how many of those times they have been taken out. */
export const MAP_PURGED: usize = 60;
/** u32, atomic: pairs in the tables, dead ones included; for a moment it may be too low, even below 0. */
export const MAP_COUNT: usize = 128;
/** u32, atomic: pairs that were taken out and not yet freed, chained by PAIR_NEXT. */
export const MAP_RETIRED: usize = 132;
export const MAP_SIZE: usize = 136;

/** A key is 32 bits, handed over as such. */
export const KEY_NARROW: u32 = 0;
/** A key is 64 bits, handed over by their address. */
export const KEY_LONG: u32 = 1;
/** A key is a record, a message in form: bytes of payload, number of handles, handles, payload; handed over by its address. */
export const KEY_RECORD: u32 = 2;

/** A value is 32 bits, changed in place. */
export const VALUE_NARROW: u32 = 0;
/** The same, compared as f32. */
export const VALUE_F32: u32 = 1;
/** A value is 64 bits, changed in place. */
export const VALUE_LONG: u32 = 2;
/** The same, compared as f64. */
export const VALUE_F64: u32 = 3;
/** A value is anything else: it never changes, its pair is replaced. */
export const VALUE_BLOCK: u32 = 4;

/** Results of the map's operations, beside values. */
export const MAP_ABSENT: f64 = -1;
export const MAP_NO_MEMORY: f64 = -2;
/** The key is there, with another value. */
export const MAP_MISMATCH: f64 = -3;
/** Result of `mapVisit`: the bucket has changed since it was found. */
export const MAP_CHANGED: u32 = 1;

/** What `mapSeek` writes: u32 table, u32 tag of the bucket, f64 a hash in it, f64 the hash after its own. */
export const SEEK_TABLE: usize = 0;
export const SEEK_TAG: usize = 4;
export const SEEK_HASH: usize = 8;
export const SEEK_END: usize = 16;
/** u32: the pair that the agent's thread is reading, or 0; nobody frees it meanwhile. */
export const AGENT_HAZARD: usize = 380;

// ---- Table of a map --------------------------------------------------------------------------------------------------
/** u32: number of buckets; written once. */
export const TABLE_COUNT: usize = 0;
/** u32: 0 or 4: which of the links of a pair belong to this table; written once. */
export const TABLE_LINK: usize = 4;
/** u32: the smaller table that this one replaced, freed with the map; written once. */
export const TABLE_OLDER: usize = 8;
/** u32, atomic: the larger table that replaces this one, or 0. */
export const TABLE_NEXT: usize = 12;
/** u32, atomic: the buckets before this one have moved; other ones may have. */
export const TABLE_SWEPT: usize = 16;
/** u64 × TABLE_COUNT, atomic: buckets. */
export const TABLE_BUCKETS: usize = 24;
/** Buckets of a new map's table: that and its header fill a block of the heap, and doubled they nearly do. */
export const TABLE_INITIAL: u32 = 12;

// ---- Pair of a map: a key and its value ----------------------------------------------------------------------------------
/** u32 × 2, atomic: the next pair of the bucket, for tables of either link. */
export const PAIR_NEXT: usize = 0;
/** u32: hash of the key; written once, as are the era and the key. */
export const PAIR_HASH: usize = 8;
/** u32: the era in which it was made. */
export const PAIR_ERA: usize = 12;
/** The value, MAP_VALUE_BYTES long; then the key, unless it is narrow: then the hash stands for it. */
export const PAIR_VALUE: usize = 16;

// ---- Limiter (a shared object) ---------------------------------------------------------------------------------------------
/** u32: a `LIMITER_…` algorithm; written once. */
export const LIMITER_TYPE: usize = 12;
/** u32, atomic: spin lock of all that is not written once. */
export const LIMITER_LOCK: usize = 16;
/** f64: `performance.timeOrigin` of the thread that made it, from which its instants count; written once. */
export const LIMITER_BASE: usize = 24;
/** f64, locked: events a second. */
export const LIMITER_LIMIT: usize = 32;
/** f64, locked: how many tokens a bucket holds, or how many events a window. */
export const LIMITER_BURST: usize = 40;
/** f64, locked: the latest instant that it has been used at. */
export const LIMITER_LAST: usize = 48;
/** f64, locked: the turn that was given last; -Infinity when there was none. */
export const LIMITER_EVENT: usize = 56;
/** f64, locked: tokens that a bucket held at LIMITER_LAST; below 0 what it owes to those who wait. */
export const BUCKET_TOKENS: usize = 64;
/** f64: milliseconds of a window; written once. */
export const WINDOW_MS: usize = 64;
/** f64: where the first window starts; written once. */
export const WINDOW_START: usize = 72;
/** f64, locked: number of the window that the last turn is in. */
export const WINDOW_INDEX: usize = 80;
/** f64, locked: turns in it. */
export const WINDOW_USED: usize = 88;
/** u32, locked: the slot of the oldest stamp of a log. */
export const LOG_HEAD: usize = 80;
/** u32, locked: number of the turn that was given last; wraps. */
export const LOG_NUMBER: usize = 84;
/** With the block's header 128 bytes: two limiters never share a cache line. */
export const LIMITER_SIZE: usize = 120;
/** f64 × LIMITER_BURST, locked: the turns that a log has given last, -Infinity where one is free. */
export const LOG_STAMPS: usize = 120;
export const LIMITER_BUCKET: u32 = 1;
export const LIMITER_LEAKY: u32 = 2;
export const LIMITER_WINDOW: u32 = 3;
export const LIMITER_LOG: u32 = 4;
/** It has no state: it stands for several others. */
export const LIMITER_MULTI: u32 = 5;
/** u32: how many those are; written once, as are they. */
export const MULTI_COUNT: usize = 16;
/** u32 × MULTI_COUNT: the limiters; it holds a reference to each. */
export const MULTI_LIMITERS: usize = 20;

/** Results of asking for a turn: none, or not soon enough; it is given; it would never come. */
export const TURN_REFUSED: i32 = 0;
export const TURN_GIVEN: i32 = 1;
export const TURN_NEVER: i32 = 2;
/** What is written of a turn, f64 each: when it is, and what its algorithm needs to take it back. */
export const TURN_AT: usize = 0;
export const TURN_FIRST: usize = 8;
export const TURN_SECOND: usize = 16;
export const TURN_THIRD: usize = 24;

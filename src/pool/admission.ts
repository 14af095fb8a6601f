/**
 * The bound on what waits for a thread: who submits more is refused, or waits here, on the submitting thread.
 *
 * What tasks fork is never held up, since a task that waited for room might hold what makes room. It counts all the same.
 *
 * @module
 */
import { PoolFullError } from "../errors.ts";
import { type Abortable, listenTo, stopListening } from "../internal/abort.ts";
import { Fifo } from "../internal/fifo.ts";
import { macrotask } from "../internal/macrotask.ts";

/** The bound, as the pool's options give it. */
export interface QueueBound {
  /** How many tasks may wait for a thread. */
  readonly most: number;
  /** What becomes of one more. */
  readonly whenFull: "wait" | "reject";
}

/** A goroutine that may be held up. */
export interface Candidate {
  /** Reports whether it is not to be started any more. */
  readonly isStale: boolean;
  /** Lets it into the queue. */
  enqueue(): void;
  /** The pool has come to its end. */
  giveUp(): void;
}

/** Somebody who waits for room. */
interface Hopeful extends Abortable {
  readonly signal: AbortSignal | undefined;
  resolve(): void;
  reject(reason: unknown): void;
}

/** Where the bound is kept. */
export interface Lobby {
  /** Number of tasks that wait for a thread, without those that were cancelled. */
  countQueued(): number;
  /** Asks to have {@linkcode Admission.look} called once there is less in the queue. */
  wantRoom(): void;
}

/** Lets goroutines into the queue of a pool, as far as its bound goes. */
export class Admission {
  readonly #bound: QueueBound;
  readonly #lobby: Lobby;
  /** Those that are held up; cancelled ones stay until it is their turn. */
  readonly #held = new Fifo<Candidate>();
  #heldCount = 0;
  readonly #hopefuls = new Set<Hopeful>();
  /** Places that are kept for those who were told of them and have not submitted yet: until the event loop has had a turn. */
  #kept = 0;
  #isKeeping = false;

  constructor(bound: QueueBound, lobby: Lobby) {
    this.#bound = bound;
    this.#lobby = lobby;
  }

  /** Number of goroutines that are held up. */
  get held(): number {
    return this.#heldCount;
  }

  /** Places in the queue that nobody has. */
  get #room(): number {
    return this.#bound.most - this.#lobby.countQueued();
  }

  /** Reports whether one more would be let in at once: not before those that are held up. */
  get #isOpen(): boolean {
    return this.#heldCount === 0 && this.#room > 0;
  }

  /**
   * Refuses one more, if it has to.
   *
   * @throws {PoolFullError}
   */
  check(): void {
    if (this.#bound.whenFull === "wait" || this.#isOpen) return;
    throw new PoolFullError(
      `Cannot run a task: ${this.#bound.most} are waiting for a thread already`,
    );
  }

  /** Lets `candidate` in, now or when it is its turn. */
  admit(candidate: Candidate): void {
    if (this.#kept > 0) this.#kept--;
    if (this.#isOpen) return candidate.enqueue();
    this.#held.push(candidate);
    this.#heldCount++;
    this.look();
  }

  /** A goroutine that is held up has been cancelled. */
  cancelled(): void {
    this.#heldCount--;
  }

  /** Resolves when one more would be let in. */
  ready(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#isOpen && this.#room > this.#kept) {
      this.#keep();
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const aborted = ({ reason }: AbortSignal) => {
        this.#forget(hopeful);
        reject(reason);
      };
      const hopeful: Hopeful = { signal, resolve, reject, aborted };
      this.#hopefuls.add(hopeful);
      if (signal !== undefined) listenTo(signal, hopeful);
      this.look();
    });
  }

  #forget(hopeful: Hopeful): void {
    this.#hopefuls.delete(hopeful);
    if (hopeful.signal !== undefined) stopListening(hopeful.signal, hopeful);
  }

  /**
   * Keeps a place for somebody who was told of it; or as many would be told as wait, and all but one be refused. Who has not submitted
   * after a turn of the event loop has thought better of it, perhaps, and others are told instead.
   */
  #keep(): void {
    this.#kept++;
    if (this.#isKeeping) return;
    this.#isKeeping = true;
    macrotask().then(() => {
      this.#isKeeping = false;
      this.#kept = 0;
      this.look();
    });
  }

  /** Reports whether anybody waits for room. */
  get #isAwaited(): boolean {
    return this.#heldCount > 0 || this.#hopefuls.size > 0;
  }

  /** There may be room: lets in who is held up, then tells as many as there are places left that they may try. */
  look(): void {
    // Where nobody waits the lobby is not asked: the pool may be gone.
    while (this.#isAwaited) {
      let room = this.#room;
      while (room > 0 && this.#held.size > 0) {
        const candidate = this.#held.shift();
        if (candidate.isStale) continue;
        this.#heldCount--;
        room--;
        candidate.enqueue();
      }
      room -= this.#kept;
      for (const hopeful of this.#hopefuls) {
        if (room-- <= 0) break;
        this.#forget(hopeful);
        this.#keep();
        hopeful.resolve();
      }
      if (!this.#isAwaited) return;
      // Asked, then looked once more: a task taken in between would have told nobody.
      this.#lobby.wantRoom();
      if (this.#room <= this.#kept) return;
    }
  }

  /** The pool takes nothing more: ends the hopes. */
  close(reason: () => unknown): void {
    for (const hopeful of this.#hopefuls) {
      this.#forget(hopeful);
      hopeful.reject(reason());
    }
  }

  /** Nobody is let in any more: gives out those that are held up and were not cancelled. */
  *callOff(): Generator<Candidate> {
    while (this.#held.size > 0) {
      const candidate = this.#held.shift();
      if (candidate.isStale) continue;
      this.#heldCount--;
      yield candidate;
    }
  }
}

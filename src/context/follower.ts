/**
 * Who is told of the end of a context.
 *
 * @module
 */
import { ListNode } from "../internal/list.ts";
import type { End } from "./end.ts";

/** Something that is to be done last of all, when every context has ended that ends with the first: it runs the caller's code. */
export interface Afterwards {
  /** Does it. */
  finish(): void;
}

/** Somebody who is told of the end of a context. */
export abstract class Follower extends ListNode {
  /** Reports whether somebody waits, so that a deadline has to keep the process alive. */
  abstract readonly awaits: boolean;
  /**
   * The context has ended; this has been taken out of its list. Runs no code of the caller's.
   *
   * @param afterwards Takes what does.
   */
  abstract leaderEnded(afterwards: Afterwards[]): void;
}

/** A context that can end, to those who follow it. */
export interface Leader {
  /** How it has ended; `undefined` as long as it has not. */
  readonly end: End | undefined;
  /** When it ends at the latest, as `performance.now()` counts; `Infinity`: that is open. */
  readonly due: number;
  /** Reports whether another thread may end it. */
  readonly isShared: boolean;
  /** Tells `follower` of the end, which has not come yet. */
  follow(follower: Follower): void;
  /** Forgets it; harmless when it does not follow. */
  unfollow(follower: Follower): void;
}

/**
 * An intrusive doubly linked list: entering, leaving by identity and taking the first are O(1) and allocate nothing.
 *
 * @module
 */

/** What may stand in a list; in at most one at a time. */
export abstract class ListNode {
  /** The list it stands in. */
  list: List<ListNode> | undefined = undefined;
  /** The one after it. */
  next: ListNode | undefined = undefined;
  /** The one before it. */
  previous: ListNode | undefined = undefined;
}

/** A list of nodes in order of arrival. */
export class List<T extends ListNode> {
  #first: T | undefined = undefined;
  #last: T | undefined = undefined;

  /** Reports whether nothing stands in it. */
  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  /** The first node; `undefined` when there is none. */
  get first(): T | undefined {
    return this.#first;
  }

  /** The last node; `undefined` when there is none. */
  get last(): T | undefined {
    return this.#last;
  }

  /** Puts `node`, which stands in no list, at the end. */
  push(node: T): void {
    this.insertAfter(this.#last, node);
  }

  /** Puts `node`, which stands in no list, after `previous`, which stands in this one; at the start if that is `undefined`. */
  insertAfter(previous: T | undefined, node: T): void {
    const next = previous === undefined ? this.#first : previous.next as T | undefined;
    node.list = this as unknown as List<ListNode>;
    node.previous = previous;
    node.next = next;
    if (previous === undefined) this.#first = node;
    else previous.next = node;
    if (next === undefined) this.#last = node;
    else next.previous = node;
  }

  /** Takes the first node out; `undefined` when there is none. */
  shift(): T | undefined {
    const first = this.#first;
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Takes `node` out; harmless when it does not stand in this list. */
  remove(node: T): void {
    if (node.list !== this as unknown) return;
    const { next, previous } = node;
    if (previous === undefined) this.#first = next as T | undefined;
    else previous.next = next;
    if (next === undefined) this.#last = previous as T | undefined;
    else next.previous = previous;
    node.list = undefined;
    node.next = undefined;
    node.previous = undefined;
  }

  /** Calls `visit` with each node; it may take the node out. */
  forEach(visit: (node: T) => void): void {
    for (let node = this.#first, next; node !== undefined; node = next) {
      next = node.next as T | undefined;
      visit(node);
    }
  }
}

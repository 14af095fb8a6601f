/**
 * Treiber's stack (1986) of nodes in memory: `head` is `tag << 32 | node`, a node's first word the next one.
 * The tag grows with every pop, so that a head popped and pushed back in between is told apart (ABA).
 */
import { cas64, load64 } from "../../../../wasm/assembly/atomics";

export function push(head: usize, node: usize): void {
  let seen = load64(head);
  for (;;) {
    // Plain: the node is the caller's until the swap publishes it.
    store<u32>(node, <u32>seen);
    const found = cas64(head, seen, (seen & 0xffffffff00000000) | <u64>node);
    if (found == seen) return;
    seen = found;
  }
}

export function pop(head: usize): usize {
  let seen = load64(head);
  while (<u32>seen != 0) {
    const node = <usize>(<u32>seen);
    // Plain, possibly stale: then the tag has moved, and the swap fails.
    const next = load<u32>(node);
    const tag = (seen >> 32) + 1;
    const found = cas64(head, seen, (tag << 32) | <u64>next);
    if (found == seen) return node;
    seen = found;
  }
  return 0;
}

/**
 * What the pools of other libraries run: plain functions, which their threads find by this module's URL and the functions'
 * names, or register by name.
 */

/** Does nothing. The result is there to be counted. */
export function one(): number {
  return 1;
}

/** A Fibonacci number by the definition: work that takes no memory. */
export function fib(n: number): number {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

/** What `loom_test.ts` checks the checker with. */
export * from "./counter";
export * from "./mutex";
export * from "./publish";
export * from "./spin";
export * from "./stack";

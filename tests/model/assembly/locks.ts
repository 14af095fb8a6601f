/** Mutexes and conditions, beside what all locks stand on. */
export * from "../../../wasm/assembly/cond";
export * from "../../../wasm/assembly/mutex";
export * from "../../../wasm/assembly/rwmutex";
export * from "./sync";

/** The mutex, beside what all locks stand on. */
export * from "../../../wasm/assembly/mutex";
export * from "./sync";

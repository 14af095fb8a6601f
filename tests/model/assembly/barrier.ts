/** Barriers, and waiting. */
export * from "../../../wasm/assembly/barrier";
export * from "./waiting";

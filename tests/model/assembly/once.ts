/** Things that are done once, and waiting. */
export * from "../../../wasm/assembly/once";
export { objectNew } from "../../../wasm/assembly/object";
export * from "./waiting";

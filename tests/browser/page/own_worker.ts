/**
 * The file that threads start from on a page whose policy forbids workers from inline source.
 *
 * @module
 */
import "../../../src/pool/worker.ts";

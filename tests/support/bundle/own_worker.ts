/**
 * The worker file of a program that is bundled.
 *
 * @module
 */
import "../../../src/pool/worker.ts";

/** A program that is over when its first goroutine is. */

import { go } from "../../mod.ts";
import { check } from "../support/measure.ts";

check("The result", await go(() => 1), 1);

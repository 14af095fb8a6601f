/** The module, and nothing done with it. */

import "../../mod.ts";

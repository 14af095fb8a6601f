import { situation } from "../support/situation.ts";
import { flights, groups, jobs, MEMBERS, promises } from "./group.ts";

// Ten short functions at a time, per function.
situation({
  group: `group/fan-out n=${MEMBERS}`,
  ops: 1_000,
  bodies: {
    "Promise.all": promises,
    "all": jobs,
    "ErrGroup": groups,
    "SingleFlight, one key": flights,
  },
});

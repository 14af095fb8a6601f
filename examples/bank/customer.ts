/**
 * A customer of `../bank.ts`. It is a module of its own because each thread imports the module of the task that it runs.
 *
 * @module
 */
import { type CyclicBarrier, task } from "../../mod.ts";
import { type Account, bankOf } from "./account.ts";

/**
 * Pays in 2 and takes out 1, `times` times.
 *
 * @param door Where the customers wait until all of them are there.
 * @returns how often there was too little to take out
 */
export const customer = task(
  import.meta.url,
  "customer",
  async (account: Account, times: number, door: CyclicBarrier): Promise<number> => {
    const bank = bankOf(account);
    let refused = 0;
    await door.wait();
    for (let time = 0; time < times; time++) {
      await bank.deposit(2);
      if (!await bank.withdraw(1)) refused++;
    }
    return refused;
  },
);

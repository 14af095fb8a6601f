/**
 * The account of `../bank.ts`, in four forms, and one that is not guarded.
 *
 * All are made of handles and shared memory: what is passed to a thread is the account itself.
 *
 * @module
 */
import {
  bool,
  Channel,
  channelOf,
  go,
  type Goroutine,
  i32,
  Mutex,
  RWMutex,
  select,
  send,
  sharedArray,
  struct,
} from "../../mod.ts";

/** What can be done with an account, from any thread. Amounts are whole and more than 0. */
export interface Bank {
  /** Adds `amount` to the balance. */
  deposit(amount: number): Promise<void>;
  /** Takes `amount` from the balance, unless that is less; resolves with whether it was enough. */
  withdraw(amount: number): Promise<boolean>;
  /** What is there. */
  balance(): Promise<number>;
}

/** Somebody who wants money, and where the answer goes. */
const withdrawal = struct({ amount: i32, granted: channelOf(bool) });

/** What there is only one of, and who waits for whom to touch it. */
export type Account =
  | {
    /** The balance is a variable of one goroutine; others ask it. */
    readonly form: "monitor";
    readonly deposits: Channel<number>;
    readonly withdrawals: Channel<{ amount: number; granted: Channel<boolean> }>;
    readonly balances: Channel<number>;
  }
  | {
    /** Whoever has put a token into the channel, which holds one, may touch the balance. */
    readonly form: "semaphore";
    readonly token: Channel<boolean>;
    readonly cell: Int32Array;
  }
  | { readonly form: "mutex"; readonly mutex: Mutex; readonly cell: Int32Array }
  | { readonly form: "rwmutex"; readonly mutex: RWMutex; readonly cell: Int32Array }
  | {
    /** For comparison: everybody touches the balance at any time, and deposits are lost. */
    readonly form: "none";
    readonly cell: Int32Array;
  };

/** How an account is guarded. */
export type Form = Account["form"];

/** Opens an account with nothing in it. */
export function open(form: Form): Account {
  const cell = sharedArray(i32, 1);
  switch (form) {
    case "monitor":
      return {
        form,
        deposits: new Channel(i32),
        withdrawals: new Channel(withdrawal),
        balances: new Channel(i32),
      };
    case "semaphore":
      return { form, token: new Channel(bool, 1), cell };
    case "mutex":
      return { form, mutex: new Mutex(), cell };
    case "rwmutex":
      return { form, mutex: new RWMutex(), cell };
    case "none":
      return { form, cell };
  }
}

/** Starts the teller of an account that needs one; it ends when `deposits` is closed. */
export function startTeller(account: Account): Goroutine<void> | undefined {
  return account.form === "monitor" ? go(teller, account) : undefined;
}

/** The monitor goroutine: nobody else has the balance, so nobody has to be kept from it. */
async function teller(
  { deposits, withdrawals, balances }: Account & { form: "monitor" },
): Promise<void> {
  let balance = 0;
  for (;;) {
    const got = await select({
      deposit: deposits,
      withdrawal: withdrawals,
      balance: send(balances, balance),
    });
    if (got.case === "deposit") {
      if (!got.ok) return;
      balance += got.value;
    } else if (got.case === "withdrawal" && got.ok) {
      const { amount, granted } = got.value;
      const isEnough = balance >= amount;
      if (isEnough) balance -= amount;
      // There is room for the answer, whether or not anybody still waits for it.
      granted.trySend(isEnough);
    }
  }
}

/** The way to an account, for whoever has got it. */
export function bankOf(account: Account): Bank {
  if (account.form === "monitor") return new MonitorBank(account);
  const { cell } = account;
  const guards = guardsOf(account);
  return {
    async deposit(amount) {
      using _ = await guards.write();
      await change(cell, amount);
    },
    // It cannot call `deposit`, with the lock held: no lock here is re-entrant, and it would wait for itself.
    async withdraw(amount) {
      using _ = await guards.write();
      if (cell[0]! < amount) return false;
      await change(cell, -amount);
      return true;
    },
    async balance() {
      using _ = await guards.read();
      return cell[0]!;
    },
  };
}

/**
 * Reads, and then writes. Meanwhile something takes time, and whoever is not kept from it comes in between. Call it with the lock held.
 */
async function change(cell: Int32Array, amount: number): Promise<void> {
  const before = cell[0]!;
  await undefined;
  cell[0] = before + amount;
}

/** Waits until the balance may be read, or written, and says so until it is disposed. */
interface Guards {
  read(): Promise<Disposable>;
  write(): Promise<Disposable>;
}

function guardsOf(account: Exclude<Account, { form: "monitor" }>): Guards {
  switch (account.form) {
    case "semaphore": {
      const { token } = account;
      const acquire = async (): Promise<Disposable> => {
        await token.send(true);
        return { [Symbol.dispose]: () => void token.tryReceive() };
      };
      return { read: acquire, write: acquire };
    }
    case "mutex": {
      const lock = () => account.mutex.lock();
      return { read: lock, write: lock };
    }
    case "rwmutex":
      return { read: () => account.mutex.rLock(), write: () => account.mutex.lock() };
    case "none": {
      const nothing = () => Promise.resolve({ [Symbol.dispose]() {} });
      return { read: nothing, write: nothing };
    }
  }
}

class MonitorBank implements Bank {
  readonly #account: Account & { form: "monitor" };

  constructor(account: Account & { form: "monitor" }) {
    this.#account = account;
  }

  deposit(amount: number): Promise<void> {
    return this.#account.deposits.send(amount);
  }

  async withdraw(amount: number): Promise<boolean> {
    using granted = new Channel(bool, 1);
    await this.#account.withdrawals.send({ amount, granted });
    return (await granted.receive())!;
  }

  async balance(): Promise<number> {
    return (await this.#account.balances.receive())!;
  }
}

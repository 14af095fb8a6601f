/**
 * Hashes that name states. Two lanes of 32 bits each; a fingerprint keeps 53 bits of them, so that among a
 * million states two that are not the same look the same with a chance of one in twenty thousand.
 */

function mixLow(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

function mixHigh(hash: number, value: number): number {
  const mixed = Math.imul((hash + value) | 0, 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}

/** Two lanes. */
export interface Hash {
  readonly low: number;
  readonly high: number;
}

/** The hash of a sequence of numbers. */
export class Sequence implements Hash {
  low = 0;
  high = 0;

  /** Starts over. */
  clear(): this {
    this.low = 0x2545f491;
    this.high = 0x4f6cdd1d;
    return this;
  }

  add(value: number): this {
    this.low = mixLow(this.low, value);
    this.high = mixHigh(this.high, value);
    return this;
  }

  addHash({ low, high }: Hash): this {
    this.low = mixLow(this.low, low);
    this.high = mixHigh(this.high, high);
    return this;
  }

  /** Adds what a call returned. */
  addResult(value: unknown): this {
    if (typeof value === "number" && (value | 0) === value) return this.add(value);
    for (const unit of `${typeof value} ${value}`) this.add(unit.charCodeAt(0));
    return this;
  }

  /** Becomes what another is. */
  copy({ low, high }: Hash): void {
    this.low = low;
    this.high = high;
  }

  /** 53 bits of the hash. */
  fingerprint(): number {
    // Mixed once more, as the last value has reached few bits yet.
    const low = mixLow(this.low, this.high);
    const high = mixHigh(this.high, this.low);
    return (low >>> 0) * 0x200000 + (high >>> 11);
  }
}

/** The hash of a set: its elements may come and go in any order. */
export class Sum implements Hash {
  low = 0;
  high = 0;

  clear(): void {
    this.low = this.high = 0;
  }

  add({ low, high }: Hash): void {
    this.low = (this.low + low) | 0;
    this.high = (this.high + high) | 0;
  }

  remove({ low, high }: Hash): void {
    this.low = (this.low - low) | 0;
    this.high = (this.high - high) | 0;
  }
}

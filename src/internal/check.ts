/**
 * Checks of arguments, with messages that name the value and what was expected.
 *
 * @module
 */

/** Renders a value for an error message. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return `function ${value.name || "(anonymous)"}`;
  if (typeof value === "object" && value !== null) {
    const name: unknown = (value as { constructor?: { name?: unknown } }).constructor?.name;
    return Array.isArray(value)
      ? `an array of ${value.length}`
      : `an object (${String(name ?? "no prototype")})`;
  }
  return String(value);
}

/**
 * Returns `value` if it is an integer from `minimum` to `maximum`.
 *
 * @throws {TypeError} if it is not a number
 * @throws {RangeError} if it is none of the integers
 */
export function checkInteger(
  name: string,
  value: unknown,
  minimum: number,
  maximum: number,
): number {
  if (typeof value !== "number") {
    throw new TypeError(`Cannot use ${show(value)} as ${name}: expected an integer`);
  }
  if (!Number.isInteger(value) || value < minimum || value > maximum) {
    throw new RangeError(
      `Cannot use ${value} as ${name}: expected an integer from ${minimum} to ${maximum}`,
    );
  }
  return value;
}

/**
 * Returns `ms` if it is a duration: a number of milliseconds that is not NaN. Negative ones count as 0.
 *
 * @throws {TypeError} if it is not a number
 * @throws {RangeError} if it is NaN
 */
export function checkDuration(name: string, ms: unknown): number {
  if (typeof ms !== "number") {
    throw new TypeError(`Cannot use ${show(ms)} as ${name}: expected a number of milliseconds`);
  }
  if (Number.isNaN(ms)) {
    throw new RangeError(`Cannot use NaN as ${name}: expected a number of milliseconds`);
  }
  return Math.max(0, ms);
}

/**
 * Returns the milliseconds of `date`.
 *
 * @throws {TypeError} if it is no `Date`
 * @throws {RangeError} if it is an invalid one
 */
export function checkDate(name: string, date: unknown): number {
  if (!(date instanceof Date)) {
    throw new TypeError(`Cannot use ${show(date)} as ${name}: expected a Date`);
  }
  const ms = date.getTime();
  if (Number.isNaN(ms)) throw new RangeError(`Cannot use an invalid Date as ${name}`);
  return ms;
}

/**
 * Returns the signal of `options`.
 *
 * @throws {TypeError} if there is one and it is not an `AbortSignal`
 */
export function checkSignal(
  options: { signal?: AbortSignal | undefined } | undefined,
): AbortSignal | undefined {
  const signal: unknown = options?.signal;
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw new TypeError(`Cannot use ${show(signal)} as signal: expected an AbortSignal`);
}

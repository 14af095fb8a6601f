/**
 * Translates a statement into the instructions of a machine with a stack.
 *
 * ```
 * statement  = NAME "=" sum | "return" sum
 * sum        = product { ("+" | "-") product }
 * product    = operand { ("*" | "/") operand }
 * operand    = NUMBER | NAME | "(" sum ")"
 * ```
 *
 * @module
 */

const OPERATIONS: Readonly<Record<string, string>> = {
  "+": "add",
  "-": "sub",
  "*": "mul",
  "/": "div",
};

/**
 * Returns the instructions of a statement.
 *
 * @throws {SyntaxError} if it is none
 */
export function translate(statement: string): string[] {
  const tokens = statement.match(/\w+|[^\s\w]/g) ?? [];
  const code: string[] = [];
  let at = 0;
  const unexpected = (): SyntaxError =>
    new SyntaxError(
      at < tokens.length
        ? `unexpected ${tokens[at]} in "${statement}"`
        : `unexpected end of "${statement}"`,
    );
  /** Takes the next token if it is one of these. */
  const take = (pattern: RegExp): string | undefined =>
    at < tokens.length && pattern.test(tokens[at]!) ? tokens[at++] : undefined;
  const expect = (pattern: RegExp): string => {
    const token = take(pattern);
    if (token === undefined) throw unexpected();
    return token;
  };

  const operand = (): void => {
    if (take(/^\($/) !== undefined) {
      sum();
      expect(/^\)$/);
    } else {
      const token = expect(/^(\d+|[A-Za-z_]\w*)$/);
      code.push(/^\d/.test(token) ? `push ${token}` : `load ${token}`);
    }
  };
  const chain = (part: () => void, operators: RegExp): void => {
    part();
    for (let operator = take(operators); operator !== undefined; operator = take(operators)) {
      part();
      code.push(OPERATIONS[operator]!);
    }
  };
  const product = (): void => chain(operand, /^[*/]$/);
  const sum = (): void => chain(product, /^[-+]$/);

  const target = expect(/^[A-Za-z_]\w*$/);
  if (target !== "return") expect(/^=$/);
  sum();
  if (at < tokens.length) throw unexpected();
  code.push(target === "return" ? "return" : `store ${target}`);
  return code;
}

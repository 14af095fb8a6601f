/**
 * Returns where the module `name` beside the one at `base` is: in the sources or in `dist/`, and with the extension that they have
 * there. It imports nothing: programs that are timed as a whole use it.
 */
export function programFile(base: string, name: string): URL {
  return new URL(name + base.slice(base.lastIndexOf(".")), base);
}

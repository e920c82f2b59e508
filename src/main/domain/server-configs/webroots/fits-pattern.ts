/** Longer ones, and those that repeat more than this, may take for ever: a stranger has written them. */
const MOST_CHARACTERS = 200;
const MOST_REPEATS = 2;

/** Whether a regular expression of a server's configuration fits a path; null where that cannot be told. */
export function fitsPattern(pattern: string, path: string, flags = ""): boolean | null {
  const repeats = pattern.replace(/\\./g, "").match(/[*+{]/g)?.length ?? 0;
  if (pattern.length > MOST_CHARACTERS || repeats > MOST_REPEATS || /\\[1-9]|\$\{|%\{/.test(pattern))
    return null;
  try {
    return new RegExp(pattern, flags).test(path);
  } catch {
    return null;
  }
}

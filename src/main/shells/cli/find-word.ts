/**
 * Which command it is, before any is loaded: the first word that is no option of all commands. Null where there is none, and
 * where another option stands before it.
 */
export function findWord(argv: readonly string[]): string | null {
  let at = 0;
  while (argv[at] === "--json" || argv[at] === "--db" || argv[at]?.startsWith("--db="))
    at += argv[at] === "--db" ? 2 : 1;
  const word = argv[at];
  return word === undefined || word.startsWith("-") ? null : word;
}

/**
 * The name of the command, before any is loaded: the first word that is not an option of all commands. Null if there is
 * none, or if another option stands before it.
 */
export function findWord(argv: readonly string[]): string | null {
  let at = 0;
  while (argv[at] === "--json" || argv[at] === "--db" || argv[at]?.startsWith("--db="))
    at += argv[at] === "--db" ? 2 : 1;
  const word = argv[at];
  return word === undefined || word.startsWith("-") ? null : word;
}

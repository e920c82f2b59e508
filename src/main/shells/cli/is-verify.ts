/** Whether the command is `verify`: the first word that is no option of all commands. */
export function isVerify(argv: readonly string[]): boolean {
  let at = 0;
  while (argv[at] === "--json" || argv[at] === "--db" || argv[at]?.startsWith("--db="))
    at += argv[at] === "--db" ? 2 : 1;
  return argv[at] === "verify";
}

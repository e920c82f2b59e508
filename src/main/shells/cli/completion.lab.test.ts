import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { openTerminal } from "#testing/open-terminal.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { SHELLS, type Shell } from "./completion.ts";

const run = promisify(execFile);

/** What each shell is told, to print what it would offer after `$1`, a line each. */
const ASK: Record<Shell, string> = {
  bash: 'source "$0"; read -ra COMP_WORDS <<< "$1"; [[ $1 == *" " ]] && COMP_WORDS+=(""); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _latchkey; printf "%s\\n" "${COMPREPLY[@]}"',
  zsh: 'compdef() { :; }; source "$1"; compadd() { shift; print -l -- "$@"; }; _files() { :; }; _describe() { print -l -- "${next[@]%%:*}"; }; words=(${(z)2}); [[ $2 == *" " ]] && words+=(""); CURRENT=${#words}; _latchkey',
  fish: 'source $argv[1]; complete -C $argv[2] | string replace -r "\\t.*" ""; true',
};

test.each(SHELLS)("%s completes commands, options and the values of options", async (shell) => {
  await using folder = await makeTemporaryFolder();
  const script = join(folder.path, "latchkey.completion");
  const { out } = await openTerminal(join(folder.path, "latchkey.db"))("completion", shell);
  await writeFile(script, out);
  const offer = async (line: string) => {
    const args =
      shell === "bash"
        ? ["-c", ASK.bash, script, line]
        : ["-c", ASK[shell], ...(shell === "zsh" ? ["zsh"] : []), script, line];
    const { stdout } = await run(shell, shell === "zsh" ? ["-f", ...args] : args, { cwd: folder.path });
    return stdout.trim().split("\n");
  };
  expect(await offer("latchkey ")).toEqual(expect.arrayContaining(["scan", "today", "runs", "completion"]));
  expect(await offer("latchkey runs ")).toEqual(expect.arrayContaining(["list", "show", "rollback"]));
  expect(await offer("latchkey --db some.db runs ")).toEqual(expect.arrayContaining(["show"]));
  expect(await offer("latchkey findings --severity ")).toEqual(expect.arrayContaining(["critical", "info"]));
  expect(await offer("latchkey completion ")).toEqual(expect.arrayContaining([...SHELLS]));
  expect(await offer("latchkey today ")).not.toContain("show");
  expect(await offer("latchkey findings --")).toEqual(expect.arrayContaining(["--fail-on", "--json"]));
});

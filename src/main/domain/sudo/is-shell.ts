/**
 * Programs that give whoever may start them a shell, or any command, without a trick. Many more do with one: that
 * none of these is among the commands of a rule does not say that the rule gives no shell.
 */
const SHELLS = new Set([
  "sh",
  "bash",
  "dash",
  "ash",
  "zsh",
  "ksh",
  "mksh",
  "fish",
  "csh",
  "tcsh",
  "busybox",
  "su",
  "sudo",
  "doas",
  "runuser",
  "setpriv",
  "env",
  "nsenter",
  "unshare",
  "chroot",
  "visudo",
  "python",
  "python3",
  "perl",
  "ruby",
  "lua",
  "node",
  "vi",
  "vim",
  "emacs",
  "ed",
]);

/** Whether a command of a rule, which names no arguments, starts one of them: `/bin/bash`, `/usr/bin/*sh`. */
export function isShell(command: string): boolean {
  const [path = "", ...rest] = command.split(" ");
  if (!path.startsWith("/") || rest.length > 0) return false;
  // A folder stands for every program in it.
  return path.endsWith("/")
    ? /^(\/usr)?\/s?bin\/$/.test(path)
    : SHELLS.has(path.slice(path.lastIndexOf("/") + 1));
}

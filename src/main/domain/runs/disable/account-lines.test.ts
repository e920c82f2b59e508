import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { readRotationScript } from "#testing/read-scripts.ts";

const script = await readRotationScript("accounts.sh");
const keepUses = `put_line() { printf '%s\\n' "$1"; }\n${script.slice(script.indexOf("keep_uses() {"))}\nkeep_uses "$1"`;

/** The lines that count as uses of an account. */
const usesOf = (account: string, lines: readonly string[]): string[] =>
  execFileSync("sh", ["-c", keepUses, "sh", account], { input: lines.map((line) => `${line}\n`).join("") })
    .toString()
    .split("\n")
    .filter((line) => line !== "");

const AT = "Nov 14 22:13:19 jenkins";

test("a line is a use of an account where a program that lets accounts in writes it, not where its host has its name", () => {
  const uses = [
    `${AT} sshd[7]: Accepted publickey for jenkins from 10.0.0.9 port 4 ssh2: ED25519 SHA256:x`,
    `${AT} sshd-session[7]: pam_unix(sshd:account): account jenkins has expired (account expired)`,
    `${AT} sshd[7]: Connection closed by authenticating user jenkins 10.0.0.9 port 4 [preauth]`,
    `${AT} CRON[9]: (jenkins) CMD (backup)`,
    `${AT} cron[9]: pam_unix(cron:session): session opened for user jenkins(uid=1001) by (uid=0)`,
    `${AT} su: (to jenkins) root on pts/0`,
    `${AT} su[3]: pam_unix(su:auth): authentication failure; logname= uid=0 ruser=jenkins rhost=`,
    `${AT} sudo:   bob : TTY=pts/0 ; PWD=/ ; USER=jenkins ; COMMAND=/bin/sh`,
    `${AT} sudo:  jenkins : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh`,
    `${AT} su: (to root) jenkins on pts/0`,
    `${AT} systemd-logind[2]: New session 3 of user jenkins.`,
    `${AT} login[2]: FAILED LOGIN (1) on '/dev/tty1' FOR 'jenkins', Authentication failure`,
  ];
  const others = [
    `${AT} sshd[7]: Accepted publickey for root from 10.0.0.9 port 4 ssh2: ED25519 SHA256:x`,
    `${AT} CRON[9]: (root) CMD (true)`,
    `${AT} sshd[7]: Accepted publickey for jenkins2 from 10.0.0.9 port 4 ssh2: ED25519 SHA256:x`,
    `${AT} usermod[9]: lock user 'jenkins' password`,
    `${AT} kernel: for jenkins`,
  ];
  expect(usesOf("jenkins", [...uses, ...others])).toEqual(uses);
});

test("a dot in a name is a dot", () => {
  const line = (name: string): string =>
    `${AT} sshd[7]: Failed password for ${name} from 10.0.0.9 port 4 ssh2`;
  expect(usesOf("app.one", [line("app.one"), line("appxone")])).toEqual([line("app.one")]);
});

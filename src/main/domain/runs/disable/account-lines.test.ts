import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readRotationScript } from "#testing/read-scripts.ts";

const script = await readRotationScript("accounts.sh");
const keepUses = `put_line() { printf '%s\\n' "$1"; }\n${script.slice(script.indexOf("keep_uses() {"))}\nkeep_uses "$1"`;

/** The lines that tell of an account: its uses after +, and tries after -. */
const linesOf = (account: string, lines: readonly string[]): string[] =>
  execFileSync("sh", ["-c", keepUses, "sh", account], { input: lines.map((line) => `${line}\n`).join("") })
    .toString()
    .split("\n")
    .filter((line) => line !== "");

const usesOf = (account: string, lines: readonly string[]): string[] =>
  linesOf(account, lines).flatMap((line) => (line.startsWith("+") ? [line.slice(1)] : []));

const triesOf = (account: string, lines: readonly string[]): string[] =>
  linesOf(account, lines).flatMap((line) => (line.startsWith("-") ? [line.slice(1)] : []));

const AT = "Nov 14 22:13:19 jenkins";

test("a line is a use of an account where a program that lets accounts in writes it, not where its host has its name", () => {
  const uses = [
    `${AT} sshd[7]: Accepted publickey for jenkins from 10.0.0.9 port 4 ssh2: ED25519 SHA256:x`,
    `${AT} sshd-session[7]: pam_unix(sshd:account): account jenkins has expired (account expired)`,
    `${AT} sshd[7]: fatal: Access denied for user jenkins by PAM account configuration [preauth]`,
    `${AT} CRON[9]: (jenkins) CMD (backup)`,
    `${AT} cron[9]: pam_unix(cron:session): session opened for user jenkins(uid=1001) by (uid=0)`,
    `${AT} CRON[9]: pam_unix(cron:account): account jenkins has expired (account expired)`,
    `${AT} su: (to jenkins) root on pts/0`,
    `${AT} sudo:   bob : TTY=pts/0 ; PWD=/ ; USER=jenkins ; COMMAND=/bin/sh`,
    `${AT} sudo:  jenkins : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh`,
    `${AT} su: (to root) jenkins on pts/0`,
    `${AT} su[3]: FAILED SU (to root) jenkins on pts/0`,
    `${AT} systemd-logind[2]: New session 3 of user jenkins.`,
    "Nov 14 22:13:19 web auth.info sshd[7]: Accepted password for jenkins from 10.0.0.9 port 4 ssh2",
    "2023-11-14T22:13:18.000001+00:00 web su[3]: (to jenkins) root on pts/0",
    "1700000000.123456 web1 sshd[7]: Accepted publickey for jenkins from ::1 port 4 ssh2",
  ];
  const others = [
    `${AT} sshd[7]: Accepted publickey for root from 10.0.0.9 port 4 ssh2: ED25519 SHA256:x`,
    `${AT} CRON[9]: (root) CMD (true)`,
    `${AT} sshd[7]: Accepted publickey for jenkins2 from 10.0.0.9 port 4 ssh2: ED25519 SHA256:x`,
    `${AT} usermod[9]: lock user 'jenkins' password`,
    `${AT} kernel: for jenkins`,
  ];
  expect(usesOf("jenkins", [...uses, ...others])).toEqual(uses);
  expect(triesOf("jenkins", [...uses, ...others])).toEqual([]);
});

test("what a stranger brings about by failing to log in, or whoever calls sudo or cron by what they type, is a try and no use", () => {
  const tries = [
    `${AT} sshd[7]: Invalid user jenkins from 203.0.113.9 port 4`,
    `${AT} sshd[7]: Failed password for jenkins from 203.0.113.9 port 4 ssh2`,
    `${AT} sshd[7]: Failed password for invalid user jenkins from 203.0.113.9 port 4 ssh2`,
    `${AT} sshd[7]: Connection closed by authenticating user jenkins 203.0.113.9 port 4 [preauth]`,
    `${AT} sshd[7]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.9  user=jenkins`,
    `${AT} sshd[7]: Invalid user x sshd[1]: Accepted password for jenkins from 203.0.113.9 port 4`,
    `${AT} sudo:   bob : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=jenkins ; COMMAND=/bin/sh`,
    `${AT} sudo:   bob : TTY=pts/0 ; PWD=/ ; USER=nobody ; COMMAND=/bin/echo (to jenkins) root on pts/0`,
    `${AT} sudo:   bob : TTY=pts/0 ; PWD=/ ; USER=nobody ; COMMAND=/bin/echo x ; USER=jenkins ; COMMAND=y`,
    `${AT} sudo:   bob : TTY=pts/0 ; PWD=/tmp/a ; USER=jenkins ; COMMAND=z ; USER=nobody ; COMMAND=/bin/true`,
    `${AT} CRON[9]: (bob) CMD (echo su: (to jenkins) root on pts/0)`,
    `${AT} su[3]: FAILED SU (to jenkins) bob on pts/0`,
    `${AT} login[2]: FAILED LOGIN (1) on '/dev/tty1' FOR 'jenkins', Authentication failure`,
  ];
  expect(usesOf("jenkins", tries)).toEqual([]);
  expect(triesOf("jenkins", tries)).toEqual(tries);
});

test("a thousand tries of strangers leave a use where it is", () => {
  const use = `${AT} CRON[9]: (app) CMD (backup)`;
  const knock = `${AT} sshd[7]: Failed password for app from 203.0.113.9 port 4 ssh2`;
  const lines = linesOf("app", [use, ...Array.from({ length: 1_000 }, () => knock)]);
  expect(lines).toHaveLength(501);
  expect(lines[0]).toBe(`+${use}`);
});

test("a dot in a name is a dot", () => {
  const line = (name: string): string =>
    `${AT} sshd[7]: Accepted password for ${name} from 10.0.0.9 port 4 ssh2`;
  expect(usesOf("app.one", [line("app.one"), line("appxone")])).toEqual([line("app.one")]);
});

/** What a function of the script reports, with the files of a host in a folder of their own. */
function reportsOf(call: string, files: { [path: string]: string }): string[] {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-host-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const here = script.replaceAll(/(?<![\w.*])\/(etc|run|usr|lib|var)\//g, `${folder}/$1/`);
  const shell = `set -f; put_line() { printf '%s\\n' "$1"; }; report() { echo "$@"; }
    read_stat() { set -- $(ls -ldn "$1" 2>/dev/null); mode=\${1-} uid=\${3-}; }\n${here}\n${call}`;
  return execFileSync("sh", ["-c", shell])
    .toString()
    .split("\n")
    .flatMap((line) => (line === "" ? [] : [line.replaceAll(folder, "")]));
}

test("units by name or number, however that is written, drop-ins, jobs of at and units without a login are found", () => {
  const units = "/etc/systemd/system";
  const number = process.getuid?.() ?? 0;
  const files = {
    [`${units}/plain.service`]: "[Service]\nUser=app\n",
    [`${units}/spaced.service`]: "[Service]\nUser = app \n",
    [`${units}/number.service`]: `[Service]\nUser=${number}\n`,
    [`${units}/quoted.service`]: '[Service]\nUser="app"\n',
    [`${units}/other.service`]: "[Service]\nUser=app2\n# User=app\n",
    [`${units}/backup.service.d/10-user.conf`]: "[Service]\nUser=app\n",
    "/var/spool/cron/atjobs/a00001": "echo",
    "/var/lib/systemd/linger/app": "",
  };
  expect(reportsOf(`report_workloads app ${number}`, files)).toEqual([
    "unit backup.service",
    "unit number.service",
    "unit plain.service",
    "unit quoted.service",
    "unit spaced.service",
    "crontab /var/spool/cron/atjobs/a00001",
    "crontab /var/lib/systemd/linger/app",
  ]);
});

test("the groups of an account beside its own are named, and each line by which sudo or doas knows it", () => {
  const files = {
    "/etc/group": "app:x:1001:\ndocker:x:998:jo,app\napps:x:7:app2\n",
    "/etc/sudoers": "root ALL=(ALL) ALL\n%app ALL=ALL\n# app ALL=ALL\nUser_Alias OPS = jo, app\n",
    "/etc/sudoers.d/app": "app ALL=(root) NOPASSWD: /bin/systemctl\napp2 ALL=ALL\n",
    "/etc/doas.conf": "permit nopass app as root\n",
  };
  expect(reportsOf("report_rights app 1001", files)).toEqual([
    "groups docker",
    "right /etc/sudoers:4",
    "right /etc/sudoers.d/app:1",
    "right /etc/doas.conf:1",
  ]);
});

test("a timer of the host's own tries while the files are locked, and what it could not do is said for whoever reads it", () => {
  const answer = (first: string, then: string) =>
    `sleep() { :; }; tries=0; fired=fired
    verb() { if [ "$tries" -lt 2 ]; then echo "${first}"; else echo "${then}"; fi; }
    cd "$(mktemp -d)"; : >fired; insist verb; cat fired; rm -r "$PWD"`;
  const locked = "lk - 0 no accounts-locked vipw";
  expect(reportsOf(answer(locked, "lk - 0 ok changed"), {})).toEqual([]);
  expect(reportsOf(answer(locked, "lk - 0 no account-changed"), {})).toEqual(["gave-up account-changed"]);
  expect(reportsOf(answer(locked, locked), {})).toEqual(["gave-up accounts-locked"]);
});

/** The request for uses, of a host whose logs belong to an account: it reads them as TEXT does, a shell's own. */
const usesReportedBy = (text: string): string[] =>
  reportsOf(
    `need_accounts() { :; }; check_words() { :; }; find_drop() { :; }; name_of() { user_name=app; }
    find_log_reader() { [ -f "$1" ] && log_reader=7 log_group=7; }
    send_data() { sed "s/^/$1 /"; }; ok() { echo "ok $*"; }
    has() { [ "$1" = journalctl ]; }
    journalctl() { echo "1700000000.5 web su[3]: (to app) root on pts/0"; }
    as_account() { cat "$5"; }
    ${text}
    do_account_uses app 0`,
    { "/var/log/auth.log": `${AT} su: (to app) root on pts/0\n`, "/var/log/secure": "" },
  ).filter((line) => !line.startsWith("now "));

test("a log that was not read to its end, or not at all, is not among those that were", () => {
  const said = {
    journal: "journal +1700000000.5 web su[3]: (to app) root on pts/0",
    line: `lines /var/log/auth.log\t+${AT} su: (to app) root on pts/0`,
    sources: "sources journal /var/log/auth.log /var/log/secure",
  };
  expect(usesReportedBy("")).toEqual([
    "journal =",
    said.journal,
    said.sources,
    "lines /var/log/auth.log\t=",
    said.line,
    "lines /var/log/secure\t=",
    "ok read",
  ]);
  // Its time was over, as timeout says it.
  expect(usesReportedBy('as_account() { cat "$5"; case $5 in */auth.log) return 137 ;; esac; }')).toEqual([
    "journal =",
    said.journal,
    said.sources,
    said.line,
    "lines /var/log/secure\t=",
    "ok read",
  ]);
  // Whoever reads it can say so of none that it has not read.
  expect(usesReportedBy("as_account() { { echo = >&4; } 2>/dev/null; echo =; return 137; }")).toEqual([
    "journal =",
    said.journal,
    said.sources,
    "ok read",
  ]);
  const broken = usesReportedBy("journalctl() { echo x; case $* in *short-unix*) return 1 ;; esac; }");
  expect(broken[0]).toBe(said.sources);
});

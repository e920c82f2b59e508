import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Collection } from "#domain/collection/collection.ts";
import { readCollection } from "#domain/collection/read-collection.ts";
import { letIn, makeDesk } from "#testing/lab/desk.ts";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import { findLogins } from "./find-logins.ts";

const run = promisify(execFile);
const SHELLS = ["dash", "busybox sh", "bash", "ksh"];
const KEY = `SHA256:${"k".repeat(43)}`;

/*
 * Rotated logs as logrotate leaves them, by number and by date, compressed by the real tools: a line a day, the oldest
 * ones without a year.
 */
const ROTATE = `
cd /var/log
line() { # DATE ACCOUNT ADDRESS
  echo "$1 web1 sshd-session[812]: Accepted publickey for $2 from $3 port 50022 ssh2: ED25519 ${KEY}"
}
cron() { echo "$1 web1 CRON[900]: pam_unix(cron:session): session opened for user root(uid=0) by root(uid=0)"; }
for day in $(seq 1 28); do
  date=2026-08-$(printf %02d $day)
  cron "$(LC_ALL=C date -u -d $date '+%b %e') 00:17:01"
  [ $day -gt 3 ] || line "$(LC_ALL=C date -u -d $date '+%b %e') 03:17:01" deploy 10.1.2.3
done > auth.log.4
touch -d 2026-08-28T23:59:00Z auth.log.4
for day in $(seq 29 58); do
  cron "$(date -u -d "2026-08-01 +$((day - 1)) days" +%Y-%m-%d)T00:17:01.123456+00:00"
done > auth.log.3
touch -d 2026-09-27T23:59:00Z auth.log.3
{ cron 2026-09-28T00:17:01Z; line 2026-09-29T03:17:01.5+02:00 "CORP jo" fe80::1%eth0; cron 2026-10-01T00:17:01Z; } > auth.log.2
{ cron 2026-10-02T00:17:01Z; echo "2026-10-02T01:00:00Z web1 sshd[1]: Invalid user x sshd[1]: Accepted publickey for root from 6.6.6.6 port 1 ssh2: RSA ${KEY} from 6.6.6.6 port 1"
  echo "2026-10-03T02:00:00Z web1 sshd-session[9]: Accepted password for root from 10.1.2.9 port 3 ssh2"
  echo "2026-10-03T02:01:00Z web1 su[4]: (to root) jo on pts/0"
  line 2026-10-03T03:17:01Z deploy 10.1.2.4; line 2026-10-03T04:17:01Z deploy 10.1.2.4; } > auth.log.1
gzip auth.log.4; xz auth.log.3; zstd -q --rm auth.log.2; bzip2 auth.log.1
mkdir -p /var/lib/lastlog
sqlite3 /var/lib/lastlog/lastlog2.db "
  CREATE TABLE Lastlog2 (Name TEXT PRIMARY KEY, Time INTEGER, TTY TEXT, RemoteHost TEXT, Service TEXT);
  INSERT INTO Lastlog2 VALUES ('deploy', 1790000000, 'pts/0', '10.1.2.3', 'sshd'), ('root', 0, '', '', '')"
sqlite3 wtmp.db "
  PRAGMA journal_mode = WAL;
  CREATE TABLE wtmp (ID INTEGER PRIMARY KEY, Type INTEGER, User TEXT NOT NULL, Login INTEGER, Logout INTEGER, TTY TEXT,
    RemoteHost TEXT, Service TEXT) STRICT;
  INSERT INTO wtmp VALUES (1, 1, 'reboot', 1795000000000000, NULL, '~', '6.1', NULL),
    (2, 3, 'deploy', 1790000000000000, 1790000100000000, 'pts/0', '10.1.2.3', 'sshd'),
    (3, 3, 'deploy', 1794000000000000, NULL, 'pts/1', '10.1.2.4', 'sshd')"
cp auth.log.2.zst secure-20261002.zst; head -c 100 auth.log.4.gz > secure-20261001.gz
`;

let host: LabHost;
beforeAll(async () => {
  host = await startHost({ name: "web1", prepare: ROTATE });
}, 60_000);
afterAll(() => host[Symbol.asyncDispose]());

const collect = async (from: LabHost, shell = "dash", user?: string): Promise<Collection | null> => {
  const stream = await runCollector(from, { shell, args: ["--nonce", "n1"], ...(user ? { user } : {}) });
  return readCollection(stream, { nonce: "n1" });
};

test("every shell reads rotations by gzip, xz, zstd and bzip2, with years and without", async () => {
  const [reference, ...others] = await Promise.all(SHELLS.map((shell) => collect(host, shell)));
  for (const other of others) expect(other?.logs).toEqual(reference?.logs);
  if (!reference) throw new Error("the host was read");

  const {
    logins,
    others: byOtherMeans,
    windows,
    notRead,
  } = findLogins(
    { ...reference, logs: reference.logs.filter(({ path }) => path !== "/var/log/auth.log") },
    new Date("2026-11-01T00:00:00Z"),
  );
  expect(byOtherMeans).toMatchObject([
    { account: "root", method: "su", by: "jo", lastAt: "2026-10-03T02:01:00Z" },
    { account: "root", method: "password", lastFrom: "10.1.2.9", lastAt: "2026-10-03T02:00:00Z" },
  ]);
  expect(logins).toMatchObject([
    {
      account: "deploy",
      fingerprint: KEY,
      firstAt: "2026-08-01T03:17:01Z",
      lastAt: "2026-10-03T04:17:01Z",
      lastFrom: "10.1.2.4",
      days: [
        [20666, 1],
        [20667, 1],
        [20668, 1],
        [20729, 2],
      ],
    },
    { account: "CORP jo", lastAt: "2026-09-29T01:17:01Z", lastFrom: "fe80::1%eth0" },
  ]);
  expect(windows.filter(({ from, to }) => from < to)).toEqual([
    { source: "/var/log/auth.log", from: "2026-08-01T00:17:01Z", to: "2026-10-03T04:17:01Z" },
    { source: "/var/log/secure", from: "2026-09-28T00:17:01Z", to: "2026-10-01T00:17:01Z" },
  ]);
  expect(notRead).toEqual([
    expect.stringMatching(/^\/var\/log\/secure-20261001.gz: it was read in part only/),
  ]);
});

test("wtmp.db and lastlog2.db tell when an account was last logged in to, as far as a program of the host reads them", async () => {
  expect((await collect(host))?.lastLogins).toEqual([
    { account: "deploy", at: 1_790_000_000, source: "/var/lib/lastlog/lastlog2.db" },
    { account: "deploy", at: 1_794_000_000, source: "/var/log/wtmp.db" },
  ]);
  // The usual reader of such a file would create two more (SQLite's -wal and -shm).
  expect(await host.run("ls -d /var/log/wtmp.db*")).toBe("/var/log/wtmp.db\n");
  await using bare = await startHost({
    name: "bare",
    prepare:
      "mkdir -p /var/lib/lastlog; echo x > /var/lib/lastlog/lastlog2.db; rm /usr/bin/sqlite3 /usr/bin/lastlog2 || :",
  });
  const collection = await collect(bare);
  expect(collection?.lastLogins).toEqual([]);
  expect(collection?.unreadable).toContainEqual({
    kind: "log",
    path: "/var/lib/lastlog/lastlog2.db",
    why: "the host has no lastlog2 to read it with",
  });
});

test("without rights on the logs nothing is known of logins, and each is named", async () => {
  await host.run("useradd alice; chmod 600 /var/log/auth.log* /var/log/secure*");
  const collection = await collect(host, "dash", "alice");
  expect(collection?.logs).toEqual([]);
  expect(
    collection?.unreadable.filter(({ kind }) => kind === "log").map(({ path, why }) => [path, why]),
  ).toEqual(expect.arrayContaining([["/var/log/auth.log.4.gz", "it may not be read without more rights"]]));
});

test("a real login is found as sshd wrote it: by key, by certificate, and never for a key that was only shown", async () => {
  await using desk = await makeDesk();
  const ssh = `${desk.home}/.ssh`;
  await run("ssh-keygen", ["-q", "-t", "ecdsa", "-N", "", "-f", `${ssh}/authority`]);
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", `${ssh}/certified`]);
  const sign = ["-q", "-s", `${ssh}/authority`, "-I", "jo at desk", "-n", "deploy", "-z", "7"];
  await run("ssh-keygen", [...sign, `${ssh}/certified.pub`]);
  const authority = (await run("cat", [`${ssh}/authority.pub`])).stdout.trim();
  await using real = await startHost({
    name: "real",
    prepare: `
      printf 'LogLevel VERBOSE\\nMaxAuthTries 20\\n' > /etc/ssh/sshd_config.d/10-lab.conf
      ${letIn(`${desk.publicKey}\ncert-authority ${authority}`, "deploy")}`,
  });
  const logIn = (key: string, ...options: string[]) => {
    const known = [
      "StrictHostKeyChecking=no",
      "UserKnownHostsFile=/dev/null",
      "IdentitiesOnly=yes",
      "BatchMode=yes",
    ];
    const words = [...known.flatMap((option) => ["-o", option]), ...options];
    return run("ssh", ["-F", "none", ...words, "-i", `${ssh}/${key}`, `deploy@${real.address}`, "true"]);
  };
  await logIn("id_ed25519");
  await logIn("id_ed25519");
  await logIn("certified");
  await expect(logIn("authority")).rejects.toThrow();

  const collection = await collect(real);
  if (!collection) throw new Error("the host was read");
  const fingerprint = async (name: string) =>
    (await run("ssh-keygen", ["-lf", `${ssh}/${name}.pub`])).stdout.split(" ")[1];
  const { logins, windows } = findLogins(collection, new Date());
  expect(new Map(logins.map((one) => [one.fingerprint, one]))).toEqual(
    new Map([
      [await fingerprint("id_ed25519"), expect.objectContaining({ account: "deploy", isAuthority: false })],
      [await fingerprint("authority"), expect.objectContaining({ account: "deploy", isAuthority: true })],
    ]),
  );
  expect(logins.map(({ days }) => days.reduce((sum, [, count]) => sum + count, 0)).sort()).toEqual([1, 2]);
  expect(windows).toMatchObject([{ source: "/var/log/auth.log" }]);
}, 60_000);

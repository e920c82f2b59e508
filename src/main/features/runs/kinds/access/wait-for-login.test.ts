import { expect, test } from "vitest";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import { findLoginInLog } from "./wait-for-login.ts";

const KEY = `SHA256:${"n".repeat(43)}`;
const AUTHORITY = `SHA256:${"c".repeat(43)}`;
const STAMP = "2026-03-06T10:00:00+01:00 db1";
const ACCEPTED = `Accepted publickey for jo from 192.0.2.7 port 4 ssh2: ED25519 ${KEY}`;
const CERTIFIED = `Accepted publickey for jo from 192.0.2.7 port 4 ssh2: ED25519-CERT ${KEY} ID jo (serial 0) CA ED25519 ${AUTHORITY}`;

const PATH = "/var/log/auth.log";

/** A session whose auth.log has this line, or whose journal has this entry. */
const sessionOf = (name: "journal" | "lines", text: string): RemoteSession =>
  ({
    send: async () => ({
      kind: "answered",
      status: "ok",
      words: ["read"],
      facts: new Map([["sources", [["journal", PATH]]]]),
      data: new Map([[name, Buffer.from(text)]]),
    }),
  }) as unknown as RemoteSession;

type More = { fingerprint?: string; isAuthority?: boolean; after?: number };

async function hearBy(hand: RemoteSession, more: More = {}) {
  const request = { account: "jo", fingerprint: KEY, isAuthority: false, since: 0, isNew: true, zone: null };
  return (await findLoginInLog(hand, { ...request, after: null, ...more })).kind;
}

const hear = (line: string, more?: More) => hearBy(sessionOf("lines", `${PATH}\t${line}`), more);

const FIELDS = {
  __REALTIME_TIMESTAMP: "1795986721740233",
  _UID: "0",
  _EXE: "/usr/lib/openssh/sshd-session",
  _COMM: "sshd-session",
  _SYSTEMD_UNIT: "ssh.service",
  _SYSTEMD_CGROUP: "/system.slice/ssh.service",
  SYSLOG_IDENTIFIER: "sshd-session",
  MESSAGE: ACCEPTED,
};
const hearEntry = (more: object, bounds?: More) =>
  hearBy(sessionOf("journal", JSON.stringify({ ...FIELDS, ...more })), bounds);

test("a login is heard from the journal, by an entry that its host's own sshd has written, and not before its time", async () => {
  for (const more of [
    {},
    { _EXE: "/usr/sbin/sshd" },
    { _SYSTEMD_UNIT: "sshd@4-192.0.2.1:22-192.0.2.7:4.service" },
    { _SYSTEMD_UNIT: "session-12.scope" },
    { _SYSTEMD_UNIT: undefined, _SYSTEMD_CGROUP: undefined },
  ])
    expect(await hearEntry(more), JSON.stringify(more)).toBe("found");
  expect(await hearEntry({}, { after: 1_795_986_720 })).toBe("found");
  expect(await hearEntry({}, { after: 1_795_986_721 })).toBe("not-yet");
});

test("no entry is heard that a user, another program of root's or a container has written", async () => {
  for (const more of [
    { _UID: "1000" },
    { _UID: ["0", "1000"] },
    { _UID: undefined },
    { _EXE: "/usr/bin/logger" },
    { _EXE: undefined },
    { _SYSTEMD_UNIT: "docker-0123.scope" },
    { _SYSTEMD_UNIT: "evil-ssh.service" },
    { _SYSTEMD_UNIT: undefined, _SYSTEMD_CGROUP: "/docker/0123" },
    { MESSAGE: [65, 66] },
    { MESSAGE: `x ${ACCEPTED}` },
    { MESSAGE: ACCEPTED.replace("Accepted", "Partial") },
    { __REALTIME_TIMESTAMP: "never" },
  ])
    expect(await hearEntry(more), JSON.stringify(more)).toBe("not-yet");
  for (const text of ["", "[]", "null", "{", '"x"', `${PATH}\t${STAMP} sshd[7]: ${ACCEPTED}`])
    expect(await hearBy(sessionOf("journal", text)), text).toBe("not-yet");
});

test("a line of a plain file is a claim, by whatever name sshd is logged there", async () => {
  for (const start of [
    `${STAMP} sshd[7]:`,
    `${STAMP} sshd-session[7]:`,
    "Mar  6 10:00:00 db1 sshd[7]:",
    "Mar  6 10:00:00 db1 auth.info sshd[7]:",
    "2026-03-06T10:00:00+0100 db1.example sshd[7]:",
  ])
    expect(await hear(`${start} ${ACCEPTED}`)).toBe("claimed");
});

test("what a stranger chose of a line, or another program wrote, is no login", async () => {
  const name = `Accepted publickey for jo from 1 port 4 ssh2: E ${KEY},`;
  expect(name.length).toBeLessThanOrEqual(100);
  for (const line of [
    `${STAMP} sshd[7]: Invalid user ${name} from 192.0.2.7 port 4`,
    `${STAMP} sshd[7]: Invalid user sshd[7]: ${name.slice(0, -1)}`,
    `${STAMP} cron[7]: ${ACCEPTED}`,
    `${STAMP} evil sshd[7]: ${ACCEPTED}`,
    ACCEPTED,
  ])
    expect(await hear(line)).toBe("not-yet");
});

test("an authority is verified by a login with one of its certificates, and by that alone", async () => {
  const authority = { fingerprint: AUTHORITY, isAuthority: true };
  expect(await hear(`${STAMP} sshd[7]: ${CERTIFIED}`, authority)).toBe("claimed");
  expect(await hearEntry({ MESSAGE: CERTIFIED }, authority)).toBe("found");
  expect(await hear(`${STAMP} sshd[7]: ${CERTIFIED}`, { fingerprint: KEY, isAuthority: true })).toBe(
    "not-yet",
  );
  expect(await hear(`${STAMP} sshd[7]: ${CERTIFIED}`, { fingerprint: AUTHORITY })).toBe("not-yet");
  const own = ACCEPTED.replace(KEY, AUTHORITY);
  expect(await hear(`${STAMP} sshd[7]: ${own}`, authority)).toBe("not-yet");
});

import { expect, test } from "vitest";
import type { Hand } from "#net/ssh/hand/hand.ts";
import { hearLogin } from "./hear-login.ts";

const KEY = `SHA256:${"n".repeat(43)}`;
const AUTHORITY = `SHA256:${"c".repeat(43)}`;
const STAMP = "2026-03-06T10:00:00+01:00 db1";
const ACCEPTED = `Accepted publickey for jo from 192.0.2.7 port 4 ssh2: ED25519 ${KEY}`;
const CERTIFIED = `Accepted publickey for jo from 192.0.2.7 port 4 ssh2: ED25519-CERT ${KEY} ID jo (serial 0) CA ED25519 ${AUTHORITY}`;

/** A hand whose log has this line. */
const handOf = (line: string): Hand =>
  ({
    ask: async () => ({
      ...{ kind: "answered", status: "ok", words: ["read"] },
      told: new Map([["sources", [["journal"]]]]),
      data: new Map([["lines", Buffer.from(line)]]),
    }),
  }) as unknown as Hand;

async function hear(line: string, more: { fingerprint?: string; isAuthority?: boolean } = {}) {
  const wish = { account: "jo", fingerprint: KEY, isAuthority: false, ...more };
  const heard = await hearLogin(handOf(line), { ...wish, since: 0, after: null, isNew: true, zone: null });
  return heard.kind;
}

test("a login is heard from sshd by whatever name it is logged", async () => {
  for (const start of [
    ...[`${STAMP} sshd[7]:`, `${STAMP} sshd-session[7]:`, "Mar  6 10:00:00 db1 sshd[7]:"],
    ...["Mar  6 10:00:00 db1 auth.info sshd[7]:", "2026-03-06T10:00:00+0100 db1.example sshd[7]:"],
  ])
    expect(await hear(`${start} ${ACCEPTED}`)).toBe("heard");
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

test("an authority is proved by a login with one of its certificates, and by that alone", async () => {
  const authority = { fingerprint: AUTHORITY, isAuthority: true };
  expect(await hear(`${STAMP} sshd[7]: ${CERTIFIED}`, authority)).toBe("heard");
  expect(await hear(`${STAMP} sshd[7]: ${CERTIFIED}`, { fingerprint: KEY, isAuthority: true })).toBe(
    "not-yet",
  );
  expect(await hear(`${STAMP} sshd[7]: ${CERTIFIED}`, { fingerprint: AUTHORITY })).toBe("not-yet");
  const own = ACCEPTED.replace(KEY, AUTHORITY);
  expect(await hear(`${STAMP} sshd[7]: ${own}`, authority)).toBe("not-yet");
});

import { expect, test } from "vitest";
import { readKeyBlob } from "#domain/ssh/key-blob.ts";
import { SAMPLE_KEYS } from "#domain/ssh/testdata/sample-keys.ts";
import type { Use } from "#shared/model/access/verdict.ts";
import type { HostUse, KeyLogins } from "#shared/model/hosts/host-use.ts";
import { evaluateUses, type UsedGrant } from "./evaluate-use.ts";
import { loginName } from "./find-logins.ts";

const NOW = Date.parse("2026-06-01T00:00:00Z") / 1000;
const key = readKeyBlob(Buffer.from(SAMPLE_KEYS.ed25519.split(" ")[1] ?? "", "base64"));
if (!key) throw new Error("the sample key is one");
const { fingerprint } = key;
const GRANT: UsedGrant = {
  account: "deploy",
  key,
  isAuthority: false,
  lineCount: 1,
  standsSince: () => "2026-01-01T00:00:00Z",
};
const NOTHING = { hiddenBy: null, notRead: [], elsewhere: new Map<string, string>() };

const window = (from: string, to = "2026-05-31", source = "/var/log/auth.log") => ({
  source,
  from: `${from}T00:00:00Z`,
  to: `${to}T23:00:00Z`,
});
const login = (lastAt: string, more: Partial<KeyLogins> = {}): KeyLogins => ({
  account: "deploy",
  fingerprint,
  isAuthority: false,
  firstAt: "2026-02-01T00:00:00Z",
  lastAt: `${lastAt}T10:00:00Z`,
  lastFrom: "10.1.2.3",
  lastInJournalAt: null,
  origins: [],
  days: [
    [20485, 3],
    [20500, 1],
  ],
  ...more,
});

const WEAK = "known from plain files alone, into which any user of that host can have lines written";

type Case = Partial<HostUse> & Partial<Parameters<typeof evaluateUses>[0]> & { grant?: Partial<UsedGrant> };

function judge({ logins = [], windows = [], grant = {}, ...world }: Case): Use {
  return evaluateUses({ known: { logins, windows }, evidence: NOTHING, lastLogins: [], now: NOW, ...world })({
    ...GRANT,
    ...grant,
  });
}

test("a key that logged in within 90 days is used, however short the logs are", () => {
  expect(judge({ logins: [login("2026-05-20")], windows: [window("2026-05-19")] })).toEqual({
    state: "used",
    at: "2026-05-20T10:00:00Z",
    from: "10.1.2.3",
    count: 4,
    evidence: "file",
    reasons: ["last login with it on 2026-05-20, from 10.1.2.3; 4 logins, since 2026-02-01", WEAK],
    coverage: { read: ["/var/log/auth.log: 2026-05-19 to 2026-05-31"], notRead: [] },
  });
});

test("no login in 90 days of whole logs is unused, and says how many days they are", () => {
  const windows = [window("2026-02-20")];
  expect(judge({ windows })).toMatchObject({
    state: "unused",
    at: null,
    count: 0,
    reasons: ["no login with it in 100 days of logs (2026-02-20 to 2026-05-31)", WEAK],
  });
  expect(judge({ windows: [window("2026-01-01")], logins: [login("2026-02-02")] })).toMatchObject({
    state: "unused",
    at: "2026-02-02T10:00:00Z",
    reasons: [
      "no login with it in the last 90 days, within 150 days of logs (2026-01-01 to 2026-05-31)",
      "its last login in a log was on 2026-02-02",
      WEAK,
    ],
  });
});

test("a window of 89 days, one that ended a week ago, and one with a gap are too short", () => {
  expect(judge({ windows: [window("2026-03-02")] })).toMatchObject({ state: "unused" });
  expect(judge({ windows: [window("2026-03-03")] })).toMatchObject({
    state: "unknown",
    reasons: ["the logs reach back 89 days without a gap, to 2026-03-03: to call it unused takes 90 days"],
  });
  expect(judge({ windows: [window("2026-01-01", "2026-05-25")] })).toMatchObject({
    state: "unknown",
    reasons: ["the logs that could be read end on 2026-05-25"],
  });
  const gap = [window("2026-05-12"), window("2026-01-01", "2026-05-10")];
  expect(judge({ windows: gap })).toMatchObject({
    state: "unknown",
    reasons: ["the logs reach back 19 days without a gap, to 2026-05-12: to call it unused takes 90 days"],
  });
  const filled = [...gap, window("2026-05-09", "2026-05-13", "journal")];
  expect(judge({ windows: filled })).toMatchObject({ state: "unused" });
});

test("a line is not called unused before it is known to have stood for 90 days", () => {
  const windows = [window("2026-01-01")];
  const evaluateSince = (since: string | null, logins: KeyLogins[] = []) =>
    judge({ windows, logins, grant: { standsSince: () => since } });
  expect(evaluateSince("2026-03-03T00:00:00Z")).toMatchObject({ state: "unused" });
  expect(evaluateSince("2026-03-04T00:00:00Z")).toMatchObject({
    state: "unknown",
    reasons: [
      "its line may be as new as 2026-03-04: to call it unused takes 90 days",
      "no login with it in 150 days of logs (2026-01-01 to 2026-05-31)",
    ],
  });
  expect(evaluateSince(null)).toMatchObject({
    state: "unknown",
    reasons: ["when its line was written is not known: to call it unused takes 90 days", expect.any(String)],
  });
  // A line with an earlier login exists since then.
  expect(evaluateSince(null, [login("2026-02-02")])).toMatchObject({ state: "unused" });
});

test("what hides logins makes no login unknown, and hides none that was seen", () => {
  const windows = [window("2026-01-01")];
  const evidence = { ...NOTHING, hiddenBy: "sshd is set to LogLevel QUIET, so it does not write of logins" };
  expect(judge({ windows, evidence })).toMatchObject({ state: "unknown", reasons: [evidence.hiddenBy] });
  expect(judge({ windows, evidence, logins: [login("2026-05-20")] })).toMatchObject({ state: "used" });
  const elsewhere = new Map([[loginName({ account: "deploy", fingerprint }), "db7"]]);
  expect(judge({ windows, evidence: { ...NOTHING, elsewhere } })).toMatchObject({
    state: "unknown",
    reasons: ["the logs have a login with it on db7, which is not what this host calls itself"],
  });
});

test("without logs it is unknown, and the first reason is why there are none", () => {
  expect(judge({})).toMatchObject({ state: "unknown", reasons: ["no log of logins was found on the host"] });
  const notRead = ["/var/log/secure: it may not be read without more rights"];
  expect(judge({ evidence: { ...NOTHING, notRead } })).toMatchObject({
    state: "unknown",
    reasons: [`no log shows logins for certain: ${notRead[0]}`],
    coverage: { notRead },
  });
});

test("only its own account, key and kind of line make a login count", () => {
  const windows = [window("2026-01-01")];
  const others = [
    login("2026-05-20", { account: "root" }),
    login("2026-05-20", { fingerprint: `SHA256:${"x".repeat(43)}` }),
    login("2026-05-20", { isAuthority: true }),
  ];
  expect(judge({ windows, logins: others })).toMatchObject({ state: "unused" });
  expect(judge({ windows, logins: others, grant: { isAuthority: true } })).toMatchObject({
    state: "used",
    reasons: [expect.stringMatching(/^last login with certificates that it signed on 2026-05-20/), WEAK],
  });
  expect(judge({ windows, logins: others, grant: { key: null } })).toMatchObject({
    state: "unknown",
    reasons: ["no key could be read in the line, so no login is known to be with it"],
  });
});

test("a login is found by the key's MD5 fingerprint as well, and adds to those by SHA256", () => {
  // ssh-keygen -l -E md5
  const md5 = login("2026-05-25", { fingerprint: "MD5:08:4e:15:1e:5f:d0:03:0a:9a:ec:1b:6f:02:f6:14:b6" });
  expect(judge({ logins: [login("2026-05-20"), md5] })).toMatchObject({
    at: "2026-05-25T10:00:00Z",
    count: 8,
  });
});

test("of several lines with one key the log does not say which, and that is said", () => {
  expect(judge({ logins: [login("2026-05-20")], grant: { lineCount: 2 } }).reasons[1]).toBe(
    "logs name the key and not the line: 2 lines of this account hold it",
  );
});

test("that the account was logged in to is told beside it, and is no use of a key", () => {
  const lastLogins = [
    { account: "deploy", at: NOW - 86_400, source: "/var/lib/lastlog/lastlog2.db" },
    { account: "root", at: NOW, source: "/var/lib/lastlog/lastlog2.db" },
  ];
  const use = judge({ lastLogins, windows: [window("2026-01-01")] });
  expect(use).toMatchObject({ state: "unused", at: null });
  expect(use.coverage.read).toContain(
    "/var/lib/lastlog/lastlog2.db: deploy was last logged in to on 2026-05-31, by whatever means",
  );
});

import { expect, test } from "vitest";
import type { Collection } from "#domain/collection/collection.ts";
import { evaluateGrants } from "#domain/ssh/effective.ts";
import { readKeyBlob } from "#domain/ssh/key-blob.ts";
import { makeAccount, makeCollection, makeKeysFile } from "#domain/ssh/testdata/make-collection.ts";
import type { HostAccount, KnownAccount } from "#shared/model/access/account.ts";
import type { Escalation } from "#shared/model/hosts/host-reach.ts";
import type { KeyLogins, OtherLogins } from "#shared/model/hosts/host-use.ts";
import { toInstant } from "#shared/model/instant.ts";
import { type AccountFindingEvidence, findAccountProblems } from "./account-findings.ts";

const NOW = Date.UTC(2026, 5, 1) / 1_000;
const daysAgo = (days: number): string => toInstant(new Date((NOW - days * 86_400) * 1_000));

const BLOB = "AAAAC3NzaC1lZDI1NTE5AAAAIEtleU9mQW5uS2V5T2ZBbm5LZXlPZkFubktleU9mQW5u";
const LINE = `ssh-ed25519 ${BLOB} ann@desk`;
const FINGERPRINT = readKeyBlob(Buffer.from(BLOB, "base64"))?.fingerprint ?? "";

const DEPLOY = makeAccount("deploy", { uid: 1_001, passwordState: "locked" });

const evaluated = (more: Partial<HostAccount> = {}): HostAccount => ({
  name: "deploy",
  uid: 1_001,
  shell: "/bin/sh",
  home: "/home/deploy",
  groups: [],
  passwordAge: null,
  passwordState: "locked",
  kind: "bot",
  reasons: [],
  root: "no",
  isEscalationShown: false,
  workloads: [],
  workloadCount: 0,
  grantCount: 1,
  lastLoginAt: null,
  disabled: [],
  ...more,
});

const counted = (days: number) => ({
  account: "deploy",
  firstAt: daysAgo(300),
  lastAt: daysAgo(days),
  lastInJournalAt: daysAgo(days),
  lastFrom: "10.0.0.9",
  origins: [],
  days: [],
});
const byKey = (days: number, more: Partial<KeyLogins> = {}): KeyLogins => ({
  ...counted(days),
  fingerprint: FINGERPRINT,
  isAuthority: false,
  ...more,
});
const byOther = (days: number, more: Partial<OtherLogins> = {}): OtherLogins => ({
  ...counted(days),
  method: "password",
  by: "",
  ...more,
});

type Host = {
  account?: Partial<HostAccount>;
  logins?: KeyLogins[];
  others?: OtherLogins[];
  line?: string;
  collection?: Partial<Collection>;
  firstSeen?: string | null;
} & Partial<AccountFindingEvidence>;

/** What is found of one account, and of which rules nothing was settled; the journal reaches back 120 days. */
function find({ account, logins = [], others = [], line = LINE, collection, firstSeen, ...more }: Host = {}) {
  const read = makeCollection({
    accounts: [DEPLOY],
    authorizedKeys: [makeKeysFile(DEPLOY, line)],
    ...collection,
  });
  const since = firstSeen === undefined ? daysAgo(200) : firstSeen;
  const before: KnownAccount | null =
    since === null
      ? null
      : {
          uid: 1_001,
          shell: "/bin/sh",
          passwordState: "locked",
          disabled: [],
          firstSeen: since,
        };
  const { drafts, unsettled } = findAccountProblems(read, [evaluated(account)], {
    grants: evaluateGrants(read),
    reach: { escalations: [] },
    known: { logins, others, windows: [{ source: "journal", from: daysAgo(120), to: daysAgo(0) }] },
    hiddenBy: null,
    elsewhere: new Set(),
    knownAccounts: new Map(before ? [["deploy", before]] : []),
    personOf: (fingerprint) => (fingerprint === FINGERPRINT ? "Ann Bell" : null),
    now: NOW,
    ahead: 0,
    ...more,
  });
  return {
    found: drafts.map(({ rule, severity }) => `${severity} ${rule}`),
    evidence: drafts.flatMap((draft) => draft.evidence),
    members: drafts.flatMap(({ members = [] }) => members),
    unsettled: unsettled.map(({ rule }) => rule),
  };
}

const DISABLED = { disabled: [{ by: "expired" as const, since: daysAgo(10) }], kind: "person" as const };
const LOCKED = { ...DISABLED, disabled: [{ by: "password-locked" as const, since: daysAgo(10) }] };

test("a disabled account is in use where the journal has a login after the reading that found it disabled", () => {
  expect(find({ account: DISABLED, logins: [byKey(3)] }).found).toEqual(["high account-disabled-in-use"]);
  expect(find({ account: DISABLED, others: [byOther(3)] }).found).toEqual(["high account-disabled-in-use"]);
  expect(find({ account: DISABLED, logins: [byKey(11)] }).found).toEqual([]);
  expect(find({ account: { kind: "person" }, logins: [byKey(3)] }).found).toEqual([]);
});

test("a locked password keeps no key out, which is said and weighs less", () => {
  const { found, evidence } = find({ account: LOCKED, logins: [byKey(3)] });
  expect(found).toEqual(["medium account-disabled-in-use"]);
  expect(evidence).toEqual([
    `its password was locked, as the reading of ${daysAgo(10)} found first`,
    `the last such login: by the key ${FINGERPRINT} from 10.0.0.9, at ${daysAgo(3)}`,
    "the journal has it, as written by a process of root",
  ]);
  expect(find({ account: LOCKED, others: [byOther(3)] }).found).toEqual(["high account-disabled-in-use"]);
});

test("a login is laid beside what disabled the account before it, and beside nothing that came later", () => {
  const since = (locked: number, expired: number) => ({
    disabled: [
      { by: "password-locked" as const, since: daysAgo(locked) },
      { by: "expired" as const, since: daysAgo(expired) },
    ],
    kind: "person" as const,
  });
  const before = find({ account: since(60, 10), logins: [byKey(30)] });
  expect(before.found).toEqual(["medium account-disabled-in-use"]);
  expect(before.evidence.filter((line) => line.includes("found first"))).toEqual([
    `its password was locked, as the reading of ${daysAgo(60)} found first`,
  ]);
  const after = find({ account: since(60, 40), logins: [byKey(30)] });
  expect(after.found).toEqual(["high account-disabled-in-use"]);
  expect(after.evidence).toContain(`it has expired, as the reading of ${daysAgo(40)} found first`);
  // A key that is harmless and later hides no password.
  const both = find({ account: LOCKED, logins: [byKey(1)], others: [byOther(3)] });
  expect(both.found).toEqual(["high account-disabled-in-use"]);
});

test("what plain files alone tell, or su, is of low severity and says who may have written it", () => {
  const inFile = { lastInJournalAt: null };
  const file = find({ account: DISABLED, logins: [byKey(3, inFile)] });
  expect(file.found).toEqual(["low account-disabled-in-use"]);
  expect(file.evidence).toContain(
    "known from plain files alone, into which any user of that host can have lines written",
  );
  const su = find({ account: DISABLED, others: [byOther(3, { ...inFile, method: "su", by: "bob" })] });
  expect(su.found).toEqual(["low account-disabled-in-use"]);
  expect(su.evidence).toContain("any user of that host can have a line of su written");
  // A forged line of today hides no login that the journal has.
  const both = [byKey(3), byOther(1, inFile)] as const;
  expect(find({ account: DISABLED, logins: [both[0]], others: [both[1]] }).found).toEqual([
    "high account-disabled-in-use",
  ]);
  const older = byKey(1, { lastInJournalAt: daysAgo(3) });
  expect(find({ account: DISABLED, logins: [older] }).evidence).toContain(
    `the last such login: by the key ${FINGERPRINT}, at ${daysAgo(3)}`,
  );
});

const isCovered = (now: readonly string[], accepted: readonly string[]): boolean =>
  now.every((member) => accepted.includes(member));

test("who accepts one use of an account has not accepted another key, a password, an expiry, or what is surer", () => {
  const inFile = { lastInJournalAt: null };
  const other = byKey(2, { fingerprint: "SHA256:daves" });
  const locked = (more: Host = {}) => find({ account: LOCKED, ...more });
  const both = {
    ...LOCKED,
    disabled: [...LOCKED.disabled, ...DISABLED.disabled],
  };
  const accepted = find({ account: LOCKED, logins: [byKey(3)] });
  expect(accepted.found).toEqual(["medium account-disabled-in-use"]);
  const covers = (now: ReturnType<typeof find>) => isCovered(now.members, accepted.members);
  expect(accepted.members).not.toEqual([]);
  expect(covers(locked({ logins: [byKey(1)] }))).toBe(true);
  for (const worse of [
    locked({ logins: [byKey(3)], others: [byOther(3)] }),
    locked({ logins: [byKey(3), other] }),
    find({ account: both, logins: [byKey(3)] }),
    find({ account: { ...LOCKED, uid: 1_002 }, logins: [byKey(3)] }),
  ])
    expect(covers(worse)).toBe(false);
  const used = (more: Host) => find({ personOf: () => "Dave", ...more }).members;
  const file = used({ others: [byOther(3, inFile)] });
  const carols = used({ logins: [byKey(3)] });
  expect(isCovered(used({ others: [byOther(3)] }), file)).toBe(false);
  expect(isCovered(used({ logins: [byKey(3)], others: [byOther(3)] }), carols)).toBe(false);
  // What any user of the host can have written ends no acceptance of what the journal shows.
  expect(used({ logins: [byKey(2)], others: [byOther(1, inFile)] })).toEqual(carols);
  expect(isCovered(used({}), used({ account: { uid: 1_002 } }))).toBe(false);
});

test("a login counts as later only beyond what two clocks may differ", () => {
  const at = (seconds: number) => toInstant(new Date((NOW - 10 * 86_400 + seconds) * 1_000));
  const login = (seconds: number) => [byKey(0, { lastAt: at(seconds), lastInJournalAt: at(seconds) })];
  expect(find({ account: DISABLED, logins: login(200) }).found).toEqual([]);
  expect(find({ account: DISABLED, logins: login(400) }).found).toEqual(["high account-disabled-in-use"]);
  expect(find({ account: DISABLED, logins: login(400), ahead: 200 }).found).toEqual([]);
});

test("a person uses a machine's account by a typed password, or by their key where it gets a shell", () => {
  const used = find({ logins: [byKey(3)] });
  expect(used.found).toEqual(["medium account-used-by-person"]);
  expect(used.evidence[0]).toBe("a people source has this key as one of Ann Bell");
  expect(find({ others: [byOther(3)] }).found).toEqual(["medium account-used-by-person"]);
  expect(find({ account: { kind: "service" }, others: [byOther(3)] }).found).toEqual([
    "medium account-used-by-person",
  ]);
  expect(find({ logins: [byKey(3, { lastInJournalAt: null })] }).found).toEqual([
    "low account-used-by-person",
    "info account-unused",
  ]);
});

test("no person is seen in a machine's key, a line for one command, a line that is gone, a certificate, or long ago", () => {
  const nobody = { personOf: () => null };
  expect(find({ logins: [byKey(3)], ...nobody }).found).toEqual([]);
  expect(find({ logins: [byKey(3)], line: `command="/bin/true" ${LINE}` }).found).toEqual([]);
  expect(find({ logins: [byKey(3)], line: "" }).found).toEqual([]);
  expect(find({ logins: [byKey(3, { isAuthority: true })] }).found).toEqual([]);
  expect(find({ logins: [byKey(91)], others: [byOther(3, { method: "gssapi-with-mic" })] }).found).toEqual(
    [],
  );
  expect(find({ account: { kind: "person" }, logins: [byKey(3)], others: [byOther(3)] }).found).toEqual([]);
  const own = { loginKey: FINGERPRINT, loginAccount: "deploy" };
  expect(find({ logins: [byKey(0)], collection: own }).found).toEqual([]);
});

test("an account is unused where logs of 90 days have no login to it, and it is as old", () => {
  expect(find().found).toEqual(["low account-unused"]);
  expect(find({ account: { kind: "service", workloadCount: 2 } }).evidence).toContain(
    "things that run as it: 2; they need no login",
  );
  expect(find({ logins: [byKey(100)] }).found).toEqual(["low account-unused"]);
  expect(find({ logins: [byKey(80)], personOf: () => null })).toMatchObject({
    found: [],
    unsettled: [],
  });
  const recorded = {
    lastLogins: [{ account: "deploy", at: NOW - 20 * 86_400, from: null, source: "lastlog" }],
  };
  expect(find({ account: { lastLoginAt: daysAgo(20) }, collection: recorded })).toMatchObject({
    found: [],
    unsettled: [],
  });
});

test("a line that any user of the host can have had written silences no unused account", () => {
  const forged = { lastInJournalAt: null };
  for (const host of [
    { logins: [byKey(5, forged)], personOf: () => null },
    { others: [byOther(5, { method: "su", by: "root" })] },
    { account: { lastLoginAt: daysAgo(5) } },
  ]) {
    const { found, evidence } = find(host);
    expect(found).toEqual(["info account-unused"]);
    expect(evidence.join()).toContain("which any user of that host can have had written");
  }
});

test("an account that nobody can log in to, a person's, or one with a password is not called unused", () => {
  expect(find({ account: { shell: "/usr/sbin/nologin" } }).found).toEqual([]);
  expect(find({ account: { kind: "person" } }).found).toEqual([]);
  expect(find({ account: { passwordState: "set" } }).found).toEqual([]);
});

test("whether an account is unused stays unknown where logs, its age or its password do not tell", () => {
  const short = {
    known: { logins: [], others: [], windows: [{ source: "journal", from: daysAgo(80), to: daysAgo(0) }] },
  };
  for (const unknown of [
    short,
    { firstSeen: daysAgo(60) },
    { firstSeen: null },
    { hiddenBy: "LogLevel QUIET" },
    { elsewhere: new Set(["deploy"]) },
    { account: { passwordState: "unknown" as const } },
    { account: { kind: "unknown" as const, reasons: [{ what: "workloads-not-read" as const }] } },
  ]) {
    const { found, unsettled } = find(unknown);
    expect(found).toEqual([]);
    expect(unsettled).toContain("account-unused");
  }
});

test("an account whose signs disagree has no such finding, and none stays", () => {
  expect(find({ account: { kind: "unknown", reasons: [{ what: "name", word: "deploy" }] } })).toMatchObject({
    found: [],
    unsettled: [],
  });
});

test("logs of plain files alone make an unused account a hint", () => {
  const windows = [{ source: "/var/log/auth.log", from: daysAgo(120), to: daysAgo(0) }];
  expect(find({ known: { logins: [], others: [], windows } }).found).toEqual(["info account-unused"]);
  // Where nothing else tells of logins, such a line does.
  const others = [byOther(5, { lastInJournalAt: null })];
  expect(find({ known: { logins: [], others, windows } }).found).toEqual(["low account-used-by-person"]);
});

test("a machine's account that becomes root without a password is found, by sudo as by the group of a container daemon", () => {
  const step: Escalation = {
    account: "deploy",
    target: "root",
    by: "group",
    commands: "any",
    password: "none",
    isCertain: true,
    what: [],
    shell: null,
    rule: "/run/docker.sock",
  };
  const findRoot = (more: Partial<Escalation> = {}, account: Partial<HostAccount> = {}) =>
    find({
      account: { root: "becomes-root", ...account },
      logins: [byKey(3)],
      personOf: () => null,
      reach: { escalations: [{ ...step, ...more }] },
    });
  expect(findRoot()).toMatchObject({
    found: ["medium account-becomes-root"],
    evidence: [
      "root by group: any command, without a password: /run/docker.sock",
      "grants that let in, or may: 1",
    ],
    members: ["uid 1001", "root by group"],
  });
  expect(findRoot({ by: "sudo" }, { kind: "service", grantCount: 0 }).found).toEqual([
    "low account-becomes-root",
  ]);
  expect(findRoot({ by: "sudo", commands: "some", what: ["/bin/ls"] }).found).toEqual([]);
  expect(findRoot({ password: "own" }).found).toEqual([]);
  expect(findRoot({}, { kind: "person" }).found).toEqual([]);
  expect(findRoot({}, { root: "maybe" })).toMatchObject({ found: [], unsettled: [] });
  expect(findRoot({}, { root: "unknown" })).toMatchObject({
    found: [],
    unsettled: ["account-becomes-root"],
  });
});

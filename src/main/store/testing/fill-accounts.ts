import type { RecordedRisk, RiskFactor, RiskLevel } from "#shared/model/access/risk.ts";
import type { Workload } from "#shared/model/access/workload.ts";
import type { FindingDraft } from "#shared/model/finding.ts";
import type { Escalation } from "#shared/model/hosts/host-reach.ts";
import type { KeyLogins, OtherLogins } from "#shared/model/hosts/host-use.ts";
import { toInstant } from "#shared/model/instant.ts";
import { describeDisabledInUse, describeUsedByPerson } from "#shared/text/findings/account-finding.ts";
import type { CollectedHost } from "#store/probe-record.ts";
import { openStore, type Store } from "#store/store.ts";
import { MAIL, makeLoginsOfWeb, PROGRAMS, readMailAsUser } from "./fill-account-hosts.ts";
import {
  beginScan,
  fingerprintOf,
  makeAccount,
  makeGrant,
  makePasswordAge,
  makeVerdict,
  visitHost,
} from "./make-visit.ts";

const DAY_MS = 86_400_000;
const LONG_NAME = `${"very-long-name-of-a-host-".repeat(4)}.example`;

const daysAgo = (days: number): string => toInstant(new Date(Date.now() - days * DAY_MS));

/**
 * Makes a database with accounts of every kind and every standing, on a host that root has read, one that an ordinary
 * user has, and one whose names are long or hostile. Of the first, one account is gone since, one has returned under
 * another number, and a bot's is used by a person.
 */
export function makeAccountDatabase(path: string): void {
  const store = openStore({ path, access: "write" });
  const web = { ...readAsRoot(), logins: makeLoginsOfWeb() };
  const contractor = makeAccount("contractor", { uid: 1_005, kind: "person", reasons: [ORDINARY, SHELL] });
  const earlier = WEB_ACCOUNTS.map((one) => (one.name === "ubuntu" ? { ...one, uid: 1_900 } : one));
  for (const [days, accounts] of [
    [40, [...earlier, contractor]],
    [20, [...WEB_ACCOUNTS.filter(({ name }) => name !== "ubuntu"), contractor]],
    [1, WEB_ACCOUNTS],
  ] as const) {
    const at = daysAgo(days);
    const scanId = beginScan(store, at);
    visitHost(store, "web-1.example", {
      scanId,
      at,
      collected: { ...web, accounts: [...accounts] },
      findings: accountFindings(),
    });
    visitHost(store, "db-1.example", { scanId, at, collected: readAsUser() });
    visitHost(store, "mail-1.example", { scanId, at, collected: days === 1 ? readMailAsUser() : MAIL });
    visitHost(store, LONG_NAME, { scanId, at, collected: strange() });
    store.scans.finish(scanId, "finished", at);
    if (days === 40) label(store, "ubuntu", "team cloud");
  }
  addCarol(store);
  store.close();
}

function label(store: Store, name: string, owner: string): void {
  const row = store.labels.findRow({ kind: "account", host: "web-1.example", port: 22, name });
  if (row) store.labels.set(row, { owner });
}

/** Somebody who has left, answers for an account, and is alone in another one. */
function addCarol(store: Store): void {
  const at = daysAgo(1);
  const keys = ["carol@old", "nas"].map((key) => ({ fingerprint: fingerprintOf(key), keyType: null }));
  const carol = { handle: "carol", name: "Carol Stone", email: null, logins: ["carol"], leftOn: null, keys };
  store.atomically(() => {
    const people = [{ ...carol, said: "gone" as const }];
    store.people.replaceSource({ name: "people.csv", kind: "csv", isWhole: false, people, at });
    const [{ id } = { id: 0 }] = store.people.entries();
    store.people.settle([{ id, lead: id, decidedBy: id, standing: "gone" }], at);
    label(store, "www-data", "Carol Stone");
    store.labels.setTag("intranet", { owner: "Carol Stone" });
  });
}

const RANGE = { what: "number", isAbove: false, first: 1_000, last: 60_000, systemLast: null } as const;
const ORDINARY = { ...RANGE, isOrdinary: true } as const;
const RESERVED = { ...RANGE, isOrdinary: false } as const;
const SHELL = { what: "shell", shell: "/bin/bash", isLogin: true } as const;
const NO_SHELL = { what: "shell", shell: "/usr/sbin/nologin", isLogin: false } as const;
const LOCKED = { what: "password", state: "locked" } as const;
const PASSWORD = { what: "password", state: "set" } as const;

const unit = (name: string, more: Partial<Extract<Workload, { kind: "unit" }>> = {}): Workload => ({
  kind: "unit",
  name,
  path: `/etc/systemd/system/${name}`,
  program: `/usr/bin/${name.split(".")[0]}`,
  isEnabled: true,
  startedBy: [],
  ...more,
});

/** Two hundred, of which a first part alone is kept. */
const MANY: Workload[] = [
  unit("backup-all.service", { startedBy: ["backup-all.timer"] }),
  { kind: "at", path: "/var/spool/cron/atjobs/a0000f01b4c1d2" },
  { kind: "process", name: "borg", count: 3, isContained: false },
  { kind: "process", name: "rsync", count: 1, isContained: true },
  ...Array.from(
    { length: 196 },
    (_, index): Workload => ({
      kind: "cron",
      path: "/etc/cron.d/backup",
      line: index + 1,
      schedule: `${index % 60} ${index % 24} * * *`,
      program: `/srv/backup/bin/save-volume-${index}`,
    }),
  ),
];

const rule = (account: string, target: string, more: Partial<Escalation> = {}): Escalation => ({
  account,
  target,
  by: "sudo",
  commands: "any",
  password: "none",
  isCertain: true,
  what: [],
  shell: null,
  rule: `/etc/sudoers.d/${account}:1`,
  ...more,
});

const logins = (account: string, key: string, more: Partial<KeyLogins> = {}): KeyLogins => ({
  account,
  fingerprint: fingerprintOf(key),
  isAuthority: false,
  firstAt: daysAgo(90),
  lastAt: daysAgo(2),
  lastInJournalAt: daysAgo(2),
  lastFrom: "10.0.3.14",
  origins: [],
  days: [[20_000, 31]],
  ...more,
});

const level = (known: RiskLevel, atMost = known): RiskFactor => ({ level: known, atMost });

/** As root reads it: a bot with several keys, one of which nobody uses. */
const DEPLOY_RISK: RecordedRisk = {
  entry: level("medium"),
  exposure: level("high"),
  age: level("high"),
  arePrivateKeysRead: true,
  reasons: {
    entry: [{ what: "keys", count: 3 }],
    exposure: [
      { what: "open-key-files", count: 1, isReadableByOthers: true },
      { what: "from-anywhere", count: 2 },
    ],
    age: [
      { what: "oldest-key", since: "2023-02-11T00:00:00Z" },
      { what: "unused-keys", count: 1 },
    ],
  },
};

/** As an ordinary user reads it. */
const UNREAD_RISK: RecordedRisk = {
  entry: level("none", "high"),
  exposure: level("none", "high"),
  age: level("none", "high"),
  arePrivateKeysRead: false,
  reasons: {
    entry: [{ what: "keys-not-read" }, { what: "password", state: "unknown" }],
    exposure: [{ what: "private-keys-not-read" }, { what: "password", state: "unknown" }],
    age: [{ what: "age-not-known" }],
  },
};

const WEB_ACCOUNTS: CollectedHost["accounts"] = [
  makeAccount("root", {
    uid: 0,
    home: "/root",
    shell: "/bin/bash",
    kind: "system",
    root: "is-root",
    reasons: [{ what: "root" }],
    grantCount: 1,
    lastLoginAt: daysAgo(9),
  }),
  makeAccount("daemon", {
    uid: 1,
    shell: "/usr/sbin/nologin",
    home: "/usr/sbin",
    passwordState: "locked",
    kind: "system",
    reasons: [RESERVED, NO_SHELL, LOCKED],
  }),
  makeAccount("www-data", {
    uid: 33,
    shell: "/usr/sbin/nologin",
    home: "/var/www",
    passwordState: "locked",
    kind: "service",
    reasons: [{ what: "runs", kind: "process", name: "nginx", count: 4 }, RESERVED, NO_SHELL, LOCKED],
    workloads: [{ kind: "process", name: "nginx", count: 4, isContained: false }],
    workloadCount: 1,
  }),
  makeAccount("backup", {
    uid: 34,
    shell: "/bin/bash",
    home: "/srv/backup",
    groups: ["backup", "disk"],
    passwordState: "locked",
    kind: "service",
    root: "maybe",
    reasons: [
      { what: "runs", kind: "unit", name: "backup-all.service", count: MANY.length + 40 },
      RESERVED,
      SHELL,
      LOCKED,
      { what: "keys", count: 1, forced: 1 },
      { what: "name", word: "backup" },
    ],
    grantCount: 1,
    workloads: MANY,
    workloadCount: MANY.length + 40,
    lastLoginAt: daysAgo(1),
  }),
  makeAccount("ann", {
    uid: 1_000,
    shell: "/bin/bash",
    groups: ["ann", "sudo", "adm"],
    kind: "person",
    passwordAge: makePasswordAge({ changedAt: daysAgo(412) }),
    root: "becomes-root",
    reasons: [ORDINARY, SHELL, PASSWORD, { what: "keys", count: 2, forced: 0 }],
    grantCount: 2,
    lastLoginAt: daysAgo(2),
  }),
  makeAccount("deploy", {
    uid: 1_001,
    shell: "/bin/bash",
    groups: ["deploy"],
    passwordState: "locked",
    kind: "bot",
    root: "becomes-root",
    reasons: [
      { what: "name", word: "deploy" },
      { what: "keys", count: 3, forced: 1 },
      ORDINARY,
      SHELL,
      LOCKED,
    ],
    grantCount: 3,
    lastLoginAt: daysAgo(3),
    risk: DEPLOY_RISK,
  }),
  makeAccount("ubuntu", {
    uid: 1_002,
    passwordState: "none",
    kind: "unknown",
    reasons: [{ what: "password", state: "none" }, ORDINARY, SHELL],
  }),
];

const passwords = (account: string): OtherLogins => ({
  account,
  method: "password",
  by: "",
  firstAt: daysAgo(60),
  lastAt: daysAgo(4),
  lastInJournalAt: null,
  lastFrom: "10.0.3.14",
  origins: [],
  days: [[20_000, 31]],
});

const accountFindings = (): FindingDraft[] => [
  {
    about: { kind: "account", name: "deploy" },
    label: "deploy",
    rule: "account-used-by-person",
    severity: "medium",
    ...describeUsedByPerson({
      kind: "bot",
      person: "Carol Stone",
      login: { how: "key", by: fingerprintOf("carol@old"), at: daysAgo(6), from: "10.0.3.77" },
      evidence: "journal",
    }),
  },
  {
    about: { kind: "account", name: "deploy" },
    label: "deploy",
    rule: "account-disabled-in-use",
    severity: "low",
    ...describeDisabledInUse({
      disabled: [{ by: "password-locked", since: daysAgo(40) }],
      login: { how: "su", by: "ann", at: daysAgo(4), from: null },
      evidence: "file",
    }),
  },
];

const readAsRoot = (): Partial<CollectedHost> => ({
  programs: PROGRAMS,
  authorities: {
    isComplete: true,
    trusted: [
      {
        account: "ubuntu",
        fingerprint: fingerprintOf("an authority"),
        keyType: "ssh-ed25519",
        comment: "user CA 2026",
        file: "/etc/ssh/user-ca.pub",
        line: 1,
        principals: ["ubuntu", "operators"],
        effective: makeVerdict().effective,
      },
    ],
  },
  grants: [
    makeGrant("ops@desk"),
    ...["ann@desk", "ann@laptop"].map((key, index) =>
      makeGrant(key, { account: "ann", line: index + 1, file: "/home/ann/.ssh/authorized_keys" }),
    ),
    ...["ci", "release", "carol@old"].map((key, index) =>
      makeGrant(key, { account: "deploy", line: index + 1, file: "/home/deploy/.ssh/authorized_keys" }),
    ),
    makeGrant("nas", { account: "backup", file: "/srv/backup/.ssh/authorized_keys" }),
  ],
  reach: {
    escalations: [
      rule("ann", "root", { password: "own", rule: "/etc/sudoers:24" }),
      rule("ann", "deploy", { commands: "some", what: ["/usr/bin/systemctl restart app"] }),
      rule("deploy", "root", { commands: "some", what: ["/usr/bin/vim"], shell: "/usr/bin/vim" }),
      rule("backup", "root", { isCertain: false, by: "doas", rule: "/etc/doas.conf:3" }),
    ],
    areRulesRead: true,
    agents: [{ account: "ann", kind: "forwarded", path: "/tmp/ssh-XXXX4TtMbH/agent.4711" }],
    outbound: [],
    unreadablePaths: [],
  },
  use: {
    logins: [
      logins("ann", "ann@desk"),
      logins("deploy", "ci", { lastAt: daysAgo(3), lastFrom: "10.0.9.2", days: [[20_001, 4_120]] }),
      logins("deploy", "release", { lastAt: daysAgo(30), lastFrom: null, days: [[19_990, 1]] }),
      logins("ubuntu", "an authority", { isAuthority: true, lastAt: daysAgo(1) }),
    ],
    others: [
      { ...passwords("ann"), lastFrom: "198.51.100.7", days: [[20_002, 2]] },
      { ...passwords("deploy"), method: "su", by: "ann", lastFrom: null, days: [[20_002, 1]] },
      { ...passwords("root"), method: "keyboard-interactive", lastAt: daysAgo(20) },
    ],
    windows: [
      { source: "journal", from: daysAgo(62), to: daysAgo(1) },
      { source: "/var/log/auth.log", from: daysAgo(28), to: daysAgo(1) },
    ],
  },
});

/** Neither passwords nor rules nor logs could be read. */
const readAsUser = (): Partial<CollectedHost> => ({
  readAs: "audit",
  isPartial: true,
  accounts: [
    makeAccount("root", {
      uid: 0,
      kind: "system",
      root: "is-root",
      reasons: [{ what: "root" }],
      passwordState: "unknown",
    }),
    makeAccount("postgres", {
      uid: 110,
      home: "/var/lib/postgresql",
      passwordState: "unknown",
      kind: "unknown",
      root: "unknown",
      reasons: [RESERVED, SHELL, { what: "password", state: "unknown" }],
      risk: UNREAD_RISK,
    }),
  ],
  reach: { escalations: [], areRulesRead: false, agents: [], outbound: [], unreadablePaths: [] },
});

/** As whoever has root on a host may name what is there. */
const strange = (): Partial<CollectedHost> => ({
  accounts: [
    makeAccount("x".repeat(250), {
      uid: 4_294_967_294,
      shell: "y".repeat(900),
      kind: "person",
      root: "maybe",
    }),
    makeAccount("nur\u202eoot <b>bold</b>", {
      uid: 2_001,
      home: "/home/\u0007bell",
      groups: ["a".repeat(300), "<img src=x onerror=alert(1)>"],
      kind: "service",
      reasons: [{ what: "runs", kind: "unit", name: "\u202ecod.exe", count: 1 }],
      workloads: [unit("\u202ecod.exe", { path: `/etc/${"p".repeat(700)}` })],
      workloadCount: 1,
    }),
  ],
});

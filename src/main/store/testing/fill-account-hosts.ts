import type { Workload } from "#shared/model/access/workload.ts";
import type { HostPrograms } from "#shared/model/hosts/host-programs.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { CollectedHost } from "#store/probe-record.ts";
import { fingerprintOf, makeAccount, makeLoginDay, makePasswordAge, makeSetuid } from "./make-visit.ts";

const DAY_MS = 86_400_000;

const daysAgo = (days: number): string => toInstant(new Date(Date.now() - days * DAY_MS));

const runs = (name: string): Workload => ({
  kind: "unit",
  name,
  path: `/etc/systemd/system/${name}`,
  program: "/usr/bin/reports",
  isEnabled: true,
  startedBy: [],
});

/** What runs on a host of the database of accounts and belongs to no account alone. */
export const PROGRAMS: HostPrograms = {
  uidRange: { min: 1_000, max: 60_000, systemMax: 999 },
  setuidPrograms: [
    makeSetuid("/opt/tools/restart-app", { group: "deploy", startableBy: "group", writableBy: "group" }),
    makeSetuid("/usr/local/bin/send-report", { owner: "backup", group: "backup" }),
    makeSetuid("/usr/bin/crontab", { group: "crontab", isSetuid: false, isSetgid: true }),
    ...["chfn", "chsh", "gpasswd", "mount", "newgrp", "passwd", "su", "sudo", "umount"].map((name) =>
      makeSetuid(`/usr/bin/${name}`),
    ),
  ],
  isSetuidWhole: true,
  keytabs: [
    {
      path: "/etc/krb5.keytab",
      principals: ["host/web-1.example@EXAMPLE.ORG", "nfs/web-1.example@EXAMPLE.ORG"],
    },
  ],
  unassigned: [
    { user: "olduser", why: "no-account", count: 1, workloads: [runs("old-reports.service")] },
    { user: "metrics", why: "dynamic", count: 1, workloads: [runs("metrics.service")] },
  ],
};

/** Root read it once, and an ordinary user since. */
export const MAIL: Partial<CollectedHost> = {
  accounts: [
    makeAccount("clerk", {
      uid: 1_001,
      shell: "/bin/bash",
      kind: "person",
      reasons: [
        { what: "number", isOrdinary: true, isAbove: false, first: 1_000, last: 60_000, systemLast: null },
        { what: "password", state: "set" },
        { what: "shell", shell: "/bin/bash", isLogin: true },
        { what: "keys", count: 1, forced: 0 },
      ],
      grantCount: 1,
      passwordAge: makePasswordAge({
        changedAt: daysAgo(130),
        mostDays: 90,
        tooOldAt: daysAgo(40),
        accountExpiresAt: daysAgo(12),
      }),
    }),
  ],
};

export const readMailAsUser = (): Partial<CollectedHost> => ({
  readAs: "audit",
  accounts: [
    makeAccount("clerk", {
      uid: 1_001,
      shell: "/bin/bash",
      passwordState: "unknown",
      reasons: [{ what: "password", state: "unknown" }],
      root: "unknown",
    }),
  ],
});

const TODAY = Math.floor(Date.now() / DAY_MS);

/** deploy is entered each night from one address, root by a password that was guessed, and others as usual. */
export function makeLoginsOfWeb(): CollectedHost["logins"] {
  const at = (account: string, days: number, more: Parameters<typeof makeLoginDay>[1] = {}) =>
    makeLoginDay(account, {
      day: TODAY - days,
      firstAt: daysAgo(days),
      lastAt: daysAgo(days),
      from: "10.0.9.2",
      hours: 0b110,
      hoursInJournal: 0b110,
      ...more,
    });
  const nightly = Array.from({ length: 61 }, (_, days) =>
    at("deploy", days + 1, { count: 24, inJournal: 24 }),
  );
  const guessed = { method: "password", by: "", from: "203.0.113.77", inJournal: 1, hours: 1 << 3 } as const;
  const forged = { from: "198.51.100.9", inJournal: 0 };
  const ofAnn = [at("ann", 2, { from: "10.0.3.14", hours: 0x3fe00 }), at("ann", 1, forged)];
  const days = [...nightly, at("root", 1, guessed), ...ofAnn];
  const seen = { firstAt: daysAgo(1), lastAt: daysAgo(1) };
  const line = (text: string) => `${daysAgo(1).slice(0, 19)}+00:00 web-1 sshd-session[4711]: ${text}`;
  const refused = line("Failed password for root from 203.0.113.77 port 50422 ssh2");
  const accepted = line("Accepted password for root from 203.0.113.77 port 50438 ssh2");
  const key = fingerprintOf("ann@desk");
  const host = { from: TODAY - 61, to: TODAY - 31 };
  const ubuntu = { account: "ubuntu", uid: 1_002, from: TODAY - 12, to: null, reason: "made-later" } as const;
  const ofJournal = { host, own: new Map([[ubuntu.account, ubuntu]]) };
  const spans = { journal: ofJournal, all: ofJournal };
  const network = {
    network: "198.51.100.0/24",
    isBaselinePartial: false,
    isNetworkUsual: false,
    isUsualOnHost: false,
  };
  return {
    days,
    reading: {
      spans,
      observed: [
        {
          ...seen,
          account: "root",
          uid: 0,
          subject: `${daysAgo(1).slice(0, 10)} 203.0.113.77`,
          method: "password",
          by: "",
          from: "203.0.113.77",
          evidence: "journal",
          severity: "high",
          facts: {
            rule: "login-after-failures",
            refused: 412,
            firstRefusedAt: daysAgo(2),
            lastRefusedAt: daysAgo(1),
          },
          lines: [refused, accepted],
        },
        {
          ...seen,
          account: "ann",
          uid: 1_000,
          subject: network.network,
          method: "publickey",
          by: key,
          from: "198.51.100.9",
          evidence: "file",
          severity: "medium",
          facts: { rule: "login-new-source", ...network },
          lines: [line(`Accepted publickey for ann from 198.51.100.9 port 40112 ssh2: ED25519 ${key}`)],
        },
        {
          ...seen,
          account: "deploy",
          uid: 1_001,
          subject: "14",
          method: "publickey",
          by: fingerprintOf("ci"),
          from: "10.0.9.2",
          evidence: "journal",
          severity: "low",
          facts: { rule: "login-new-hour", hour: 14 },
          lines: [
            line(
              `Accepted publickey for deploy from 10.0.9.2 port 40112 ssh2: ED25519 ${fingerprintOf("ci")}`,
            ),
          ],
        },
      ],
    },
  };
}

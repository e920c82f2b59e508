import type { Workload } from "#shared/model/access/workload.ts";
import type { HostPrograms } from "#shared/model/hosts/host-programs.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { CollectedHost } from "#store/probe-record.ts";
import { makeAccount, makePasswordAge, makeSetuid } from "./make-visit.ts";

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

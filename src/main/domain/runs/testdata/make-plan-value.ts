import { ReloadedServer } from "#shared/model/runs/deployment.ts";
import {
  AccessHost,
  FilePlan,
  HostKeyPlan,
  type PrivateKeyPlan,
  ReloadPlan,
  RemoveGrantsPlan,
  RenewalHost,
  RenewalPlan,
  RotateKeyPlan,
} from "#shared/model/runs/plan.ts";

const HASH = "0".repeat(64);

/** Which stages a file has beside the one before. */
type Kind = "both" | "added" | "removed";

/** A file of a plan; only its stages matter. */
export const makeFile = (index: number, kind: Kind): FilePlan =>
  FilePlan.parse({
    account: `user${index}`,
    path: `/home/user${index}/.ssh/authorized_keys`,
    uid: 1,
    gid: 1,
    owner: `user${index}`,
    mode: "0600",
    before: HASH,
    sizeBytes: 0,
    added: kind === "removed" ? null : [],
    removed: kind === "added" ? null : [],
    hunks: [],
    adds: 0,
    changes: 0,
    removes: 0,
  });

export const makeHolder = (host: string | null): PrivateKeyPlan => ({
  host: host === null ? null : { host, port: 22 },
  kind: "file",
  path: "/home/ann/.ssh/id_ed25519",
  uid: 1,
  gid: 1,
  owner: "ann",
  mode: "0600",
  isEncrypted: false,
  before: HASH,
  hasPublicFile: true,
  possession: { kind: "verified" },
});

const PLACE = { port: 22, user: "root", useSudo: false, hostKey: "SHA256:pinned", rollbackTimer: "sleep" };

export const makeHost = (more: Partial<AccessHost> & { host: string; batch: number }): AccessHost =>
  AccessHost.parse({
    ...PLACE,
    files: [],
    privateKeyLocations: [],
    verifications: [],
    ...more,
  });

export const makeRenewalHost = (more: Partial<RenewalHost> & { host: string; batch: number }): RenewalHost =>
  RenewalHost.parse({ ...PLACE, certificates: [], ...more });

/** A server of a host; only what its endpoints present matters. */
export const makeReloadedServer = (more: Partial<ReloadedServer> = {}): ReloadedServer =>
  ReloadedServer.parse({
    service: {
      server: "nginx",
      where: "/etc/nginx/nginx.conf",
      config: "/etc/nginx/nginx.conf",
      test: "staged",
      reload: "HUP",
    },
    files: [],
    deployments: [],
    tested: "configuration",
    endpoints: [],
    certificates: [],
    ...more,
  });

export const makeReloadPlan = (
  hosts: readonly { host: string; batch: number }[],
  more: object = {},
): ReloadPlan =>
  ReloadPlan.parse({
    ...BASE,
    kind: "reload",
    hosts: hosts.map((host) => ({ ...PLACE, rollbackTimer: null, servers: [makeReloadedServer()], ...host })),
    ...more,
  });

const BASE = {
  format: "latchkey-plan-1",
  title: "Rotate",
  madeAt: "2026-11-26T00:00:00Z",
  options: { canary: true, batchSize: 2, maxFailures: 1, rollbackAfterSeconds: 120 },
  hosts: [],
  checks: [],
  leftOut: [],
  confirm: null,
};

export const makeRenewalPlan = (more: Partial<RenewalPlan>): RenewalPlan =>
  RenewalPlan.parse({ ...BASE, kind: "rotate-certificate", ...more });

export const makeHostKeyPlan = (more: Partial<HostKeyPlan>): HostKeyPlan =>
  HostKeyPlan.parse({
    ...BASE,
    kind: "rotate-host-key",
    oldKey: "SHA256:old",
    newKey: {
      kind: "made-on-host",
      keyType: "ed25519",
      comment: "root@web1",
      host: "web1",
      port: 22,
      path: "/etc/ssh/ssh_host_ed25519_key_2026-11-26",
    },
    afterwards: [],
    ...more,
  });

export const makeRemovalPlan = (more: Partial<RemoveGrantsPlan>): RemoveGrantsPlan =>
  RemoveGrantsPlan.parse({
    ...BASE,
    kind: "remove-grants",
    asOf: null,
    oldKey: "SHA256:old",
    remaining: [],
    ...more,
  });

export const makePlanValue = (more: Partial<RotateKeyPlan>): RotateKeyPlan =>
  RotateKeyPlan.parse({
    ...BASE,
    kind: "rotate-key",
    asOf: null,
    oldKey: "SHA256:old",
    newKey: { kind: "made-here", keyType: "ed25519", comment: "", path: "/home/me/.ssh/id_ed25519" },
    here: [],
    remaining: [],
    ...more,
  });

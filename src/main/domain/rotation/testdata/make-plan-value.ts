import { FilePlan, type HolderPlan, HostPlan, Plan } from "#shared/model/plan.ts";

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

export const makeHolder = (host: string | null): HolderPlan => ({
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

export const makeHost = (more: Partial<HostPlan> & { host: string; batch: number }): HostPlan =>
  HostPlan.parse({
    port: 22,
    user: "root",
    useSudo: false,
    hostKey: "SHA256:pinned",
    deadMan: "sleep",
    files: [],
    holders: [],
    proofs: [],
    ...more,
  });

export const makePlanValue = (more: Partial<Plan>): Plan =>
  Plan.parse({
    format: "latchkey-plan-1",
    kind: "rotate-key",
    title: "Rotate",
    madeAt: "2026-11-26T00:00:00Z",
    oldKey: "SHA256:old",
    newKey: { kind: "made-here", keyType: "ed25519", comment: "", path: "/home/me/.ssh/id_ed25519" },
    options: { canary: true, batchSize: 2, maxFailures: 1, graceDays: 0, deadManSeconds: 120 },
    hosts: [],
    here: [],
    checks: [],
    leftOut: [],
    confirm: null,
    ...more,
  });

import { assertNever } from "../model/assert-never.ts";
import {
  type FilePlan,
  type NewKey,
  type Plan,
  type PlanKind,
  type PlannedVerification,
  plannedCertificates,
  plannedFiles,
  type RollbackTimer,
} from "../model/plan.ts";
import type { Phase } from "../model/run.ts";
import { formatCount } from "./count.ts";
import { fitEnd } from "./fit.ts";
import { formatPlace } from "./target.ts";

const PHASES: Record<Phase, string> = {
  "create-key": "create key",
  grant: "grant",
  "install-key": "install new private key",
  revoke: "revoke",
  request: "request certificate",
  issue: "issue certificate",
  install: "install certificate",
  "post-check": "post-deployment check",
  finish: "finish",
};

/** What a phase does. A host key is granted nothing, and lines that are tightened are replaced. */
export function formatPhase(phase: Phase, kind: PlanKind): string {
  if (kind === "tighten-grants" && phase === "revoke") return "change";
  if (kind === "rotate-host-key" && phase === "grant") return "add host key";
  if (kind === "rotate-host-key" && phase === "revoke") return "remove host key";
  return PHASES[phase];
}

/** The command that makes plans of a kind, and takes them from a file. */
export function formatCommandOf(kind: PlanKind): string {
  switch (kind) {
    case "rotate-key":
      return "latchkey rotate key";
    case "rotate-host-key":
      return "latchkey rotate host-key";
    case "add-grants":
      return "latchkey grants add";
    case "remove-grants":
      return "latchkey grants remove";
    case "tighten-grants":
    case "move-to-authority":
      return "latchkey grants tighten";
    case "rotate-certificate":
      return "latchkey rotate certificate";
    default:
      return assertNever(kind);
  }
}

/** A host by its name, and its port where it is not the usual one. */
export const formatHost = ({ host, port }: { host: string; port: number | null }): string =>
  port === null || port === 22 ? host : formatPlace({ host, port });

/** A key as a person knows it: by its comment, and by enough of its fingerprint to tell it from another. */
export function formatKeyBriefly({ fingerprint, comment }: { fingerprint: string; comment: string }): string {
  const brief = `${fingerprint.slice(0, "SHA256:".length + 8)}...`;
  return comment === "" ? brief : `${fitEnd(comment, 40)} (${brief})`;
}

/** Whom a file lets in. */
export const formatAccounts = ({ account, others = [] }: Pick<FilePlan, "account" | "others">): string =>
  [account, ...others].join(", ");

type Counts = Pick<FilePlan, "adds" | "changes" | "removes">;

export const countLines = (files: readonly Counts[]): Counts => ({
  adds: files.reduce((sum, { adds }) => sum + adds, 0),
  changes: files.reduce((sum, { changes }) => sum + changes, 0),
  removes: files.reduce((sum, { removes }) => sum + removes, 0),
});

/** `3 to add, 1 to change, 2 to remove on 4 hosts`. */
export function formatCounts(plan: Plan): string {
  const on = `on ${formatCount(plan.hosts.length, "host")}`;
  const renewed = plan.kind === "rotate-certificate" ? plannedCertificates(plan).length : 0;
  if (renewed > 0) return `${formatCount(renewed, "certificate")} to renew ${on}`;
  const { adds, changes, removes } = countLines(plannedFiles(plan));
  return `${adds} to add, ${changes} to change, ${removes} to remove ${on}`;
}

/** How it is proved, on one host, that an account is not locked out. */
export function formatVerification(proof: PlannedVerification): string {
  switch (proof.kind) {
    case "from-here":
      return `verified by a login from here${proof.runs === "command" ? "" : ", which runs nothing"}`;
    case "from-holder":
      return `verified by a login from ${formatHost(proof)}, which has the private key`;
    case "by-hand":
      return "verified by whoever runs its script there: it asks whether a login works";
    case "by-log":
      return "verified once the host's journal shows a login with the new key, its owner has signed a challenge, or you approve the account by name";
    case "none":
      return `not verified: ${proof.why}`;
    default:
      return assertNever(proof);
  }
}

export function formatNewKey(newKey: NewKey): string {
  switch (newKey.kind) {
    case "made-here":
      return `${newKey.keyType}, made on this computer, for ${newKey.path}`;
    case "made-on-holder":
      return `${newKey.keyType}, made on ${formatHost(newKey)}, for ${newKey.path}`;
    case "given":
      return `${newKey.line.slice(0, 40)}..., which was given`;
    default:
      return assertNever(newKey);
  }
}

const DEAD_MEN: Record<RollbackTimer, string> = {
  "systemd-run": "a timer of systemd",
  at: "a job of at",
  sleep: "a process of its own",
};

export const formatDeadMan = (deadMan: RollbackTimer | null): string =>
  deadMan === null
    ? "it cannot roll back by itself if the connection is lost"
    : `rolls back by itself if the connection is lost (${DEAD_MEN[deadMan]})`;

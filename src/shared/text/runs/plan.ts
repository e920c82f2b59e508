import { assertNever } from "../../model/assert-never.ts";
import { UNSIGNED_SCRIPTS } from "../../model/runs/offline-script.ts";
import {
  type Check,
  type DisablePlan,
  type FilePlan,
  type NewKey,
  type Plan,
  type PlanKind,
  plannedCertificates,
  plannedFiles,
  privateKeysHere,
  type ReloadPlan,
  type RemovePlan,
  type RollbackTimer,
} from "../../model/runs/plan.ts";
import type { PlannedVerification } from "../../model/runs/planned-verification.ts";
import type { Phase } from "../../model/runs/run.ts";
import { formatCount } from "../count.ts";
import { fitEnd } from "../fit.ts";
import { formatHost } from "../hosts/target.ts";

const PHASES: Record<Phase, string> = {
  "create-key": "create key",
  grant: "grant",
  "install-key": "install new private key",
  revoke: "revoke",
  keep: "keep for undo",
  request: "request certificate",
  issue: "issue certificate",
  install: "install certificate",
  "post-check": "post-deployment check",
  finish: "finish",
  test: "test configuration",
  reload: "reload",
  disable: "disable account",
  remove: "remove account",
};

/** What a phase does. A host key is granted nothing, and lines that are tightened are replaced. */
export function formatPhase(phase: Phase, kind: PlanKind): string {
  if (kind === "disable-account" && phase === "keep") return "let files go";
  if (kind === "disable-account" && phase === "finish") return "decide";
  if (kind === "tighten-grants" && phase === "revoke") return "change";
  if (kind === "rotate-host-key" && phase === "grant") return "add host key";
  if (kind === "rotate-host-key" && phase === "revoke") return "remove host key";
  return PHASES[phase];
}

/** The command that makes plans of a kind, and imports them from a file. */
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
    case "reload":
      return "latchkey reload";
    case "disable-account":
      return "latchkey disable";
    case "remove-account":
      return "latchkey remove";
    default:
      return assertNever(kind);
  }
}

/** A key as a person knows it: its comment, and enough of its fingerprint to distinguish it. */
export function formatKeyBriefly({ fingerprint, comment }: { fingerprint: string; comment: string }): string {
  const brief = `${fingerprint.slice(0, "SHA256:".length + 8)}...`;
  return comment === "" ? brief : `${fitEnd(comment, 40)} (${brief})`;
}

/** The accounts that a file lets in. */
export const formatAccounts = ({ account, others = [] }: Pick<FilePlan, "account" | "others">): string =>
  [account, ...others].join(", ");

type Counts = Pick<FilePlan, "adds" | "changes" | "removes">;

export const countLines = (files: readonly Counts[]): Counts => ({
  adds: files.reduce((sum, { adds }) => sum + adds, 0),
  changes: files.reduce((sum, { changes }) => sum + changes, 0),
  removes: files.reduce((sum, { removes }) => sum + removes, 0),
});

export const countDisabled = ({ hosts }: DisablePlan): number =>
  hosts.reduce((sum, { disables }) => sum + disables.length, 0);

export const countRemoved = ({ hosts }: RemovePlan): number =>
  hosts.reduce((sum, { removes }) => sum + removes.length, 0);

export const countServers = ({ hosts }: ReloadPlan): number =>
  hosts.reduce((sum, { servers }) => sum + servers.length, 0);

/** `3 to add, 1 to change, 2 to remove on 4 hosts`. */
export function formatCounts(plan: Plan): string {
  const on = `on ${formatCount(plan.hosts.length, "host")}`;
  if (plan.kind === "reload") return `${formatCount(countServers(plan), "server")} to reload ${on}`;
  if (plan.kind === "remove-account") return `${formatCount(countRemoved(plan), "account")} to remove ${on}`;
  const renewed = plan.kind === "rotate-certificate" ? plannedCertificates(plan).length : 0;
  if (renewed > 0) return `${formatCount(renewed, "certificate")} to renew ${on}`;
  const { adds, changes, removes } = countLines(plannedFiles(plan));
  if (plan.kind === "disable-account")
    return `${formatCount(countDisabled(plan), "account")} to disable, ${formatCount(removes, "grant")} to revoke ${on}`;
  return `${adds} to add, ${changes} to change, ${removes} to remove ${on}`;
}

/** How it is verified, on one host, that an account is not locked out. */
export function formatVerification(verification: PlannedVerification): string {
  switch (verification.kind) {
    case "from-here":
      return `verified by a login from here${verification.runs === "command" ? "" : ", which runs nothing"}`;
    case "from-host":
      return `verified by a login from ${formatHost(verification)}, which has the private key`;
    case "by-hand":
      return "verified by whoever runs its script there: it asks whether a login works";
    case "by-log":
      return "verified once the host's journal shows a login with the new key, its owner has signed a challenge, or you approve the account by name";
    case "none":
      return `not verified: ${verification.why}`;
    default:
      return assertNever(verification);
  }
}

export function formatNewKey(newKey: NewKey): string {
  switch (newKey.kind) {
    case "made-here":
      return `${newKey.keyType}, made on this computer, for ${newKey.path}`;
    case "made-on-host":
      return `${newKey.keyType}, made on ${formatHost(newKey)}, for ${newKey.path}`;
    case "provided":
      return `${newKey.line.slice(0, 40)}..., which was given`;
    default:
      return assertNever(newKey);
  }
}

const ROLLBACK_TIMERS: Record<RollbackTimer, string> = {
  "systemd-run": "a timer of systemd",
  at: "a job of at",
  sleep: "a process of its own",
};

/** Until when a run of the plan can be undone once it has finished, as a sentence without a full stop. */
export function formatUndo(plan: Plan): string {
  const { kind, options } = plan;
  if (plan.kind === "disable-account")
    return `the logs are watched for ${formatCount(plan.options.graceDays, "day")}, and then the run waits until somebody decides: until then rolling it back restores each account as it was, with its grants`;
  if (plan.kind === "remove-account" && plan.options.undoHours > 0)
    return `for ${formatHours(plan.options.undoHours)} after the run has finished, it can be undone: each account has its lines again, and is disabled as before`;
  if (isFromBundle(plan)) return "what its scripts have changed cannot be undone once they have finished";
  if ("undoHours" in options && options.undoHours > 0)
    return `for ${formatHours(options.undoHours)} after the run has finished, it can be undone: what it has removed and replaced is put back, and verified${hasAgentKey(plan) ? "; the old key of an agent only as long as that agent has it" : ""}`;
  return `once the run has finished, it cannot be undone: ${NOT_UNDONE[kind] ?? "it keeps nothing of what was before"}`;
}

/** Whether its hosts are known from a bundle, so that scripts execute it. */
const isFromBundle = (plan: Plan): boolean => "asOf" in plan && plan.asOf !== null;

const NOT_UNDONE: Partial<Record<PlanKind, string>> = {
  "rotate-host-key": "clients have learned the new host key by then",
  "rotate-certificate": "the old files are gone",
  reload: "the servers have read their files by then",
};

const hasAgentKey = (plan: Plan): boolean => privateKeysHere(plan).some(({ kind }) => kind === "agent");

const formatHours = (hours: number): string =>
  hours % 24 === 0 ? formatCount(hours / 24, "day") : formatCount(hours, "hour");

/** The script itself checks whether its offline host has what a timer needs, and changes nothing without it. */
export const OFFLINE_ROLLBACK = "its script rolls back by itself unless a login is verified in time";

export const formatRollbackTimer = (rollbackTimer: RollbackTimer | null): string =>
  rollbackTimer === null
    ? "it cannot roll back by itself if the connection is lost"
    : `rolls back by itself if the connection is lost (${ROLLBACK_TIMERS[rollbackTimer]})`;

/** The check that the days of grace on a host are watched in plain files alone. */
export const FILE_LOGS = "file-logs";

/** The check that a log of the host can show a login by the new key. */
export const VERIFICATION_LOGS = "journal";

/** The check that says why accounts are disabled, in the words of whoever wants it. */
export const REASON = "reason";

/** The check that Latchkey's own login uses a line that goes or changes. */
export const OWN_LOGIN = "own-login";

/** The name that acknowledges one check of a plan: it names the check and nothing else of the plan. */
export const acknowledgementOf = ({ id, host, account, path, address }: CheckName): string =>
  [id, host, account, path ?? null, address ?? null].filter((part) => part !== null).join(" ");

/** Whether only its whole name acknowledges it: it is about a single file, or a single address. */
export const isNamedAlone = ({ path, address }: CheckName): boolean =>
  path !== undefined || address !== undefined;

/** Whether these acknowledgements cover the check. Unless it is named alone, the name of its kind covers it, too. */
export const isAcknowledged = (check: CheckName, acknowledgements: readonly string[]): boolean =>
  acknowledgements.includes(acknowledgementOf(check)) ||
  (!isNamedAlone(check) && acknowledgements.includes(check.id));

type CheckName = Pick<Check, "id" | "host" | "account" | "path" | "address">;

/** The check to acknowledge, beside those of the plan, where nobody signs the scripts. */
export const UNSIGNED_CHECK: Check = {
  state: "acknowledge",
  id: UNSIGNED_SCRIPTS,
  host: null,
  account: null,
  text: "the scripts are not signed, so whoever transports them could change what root runs; sign them with --sign-with KEY",
};

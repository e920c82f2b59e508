/**
 * Evaluates an unsigned offline result by the last reading of its host. Only verified readings count: a scan that met
 * the pinned host key, or a bundle that this key has signed, and only one from after the script was written. A file is
 * compared by its bytes, and a private key by a signature that it has made there: what merely names the key is no
 * evidence.
 */
import { earliest, evaluateFile, fillStages } from "#domain/runs/files/stages.ts";
import { keepsOldKeys } from "#domain/runs/left-out-files.ts";
import { type ScriptResult, stateOf } from "#domain/runs/offline/result.ts";
import type { Stage } from "#domain/runs/step.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { KeyPossession } from "#shared/model/hosts/host.ts";
import type { Instant } from "#shared/model/instant.ts";
import {
  type AccessHost,
  type AccessPlan,
  type FilePlan,
  newKeyOf,
  type PrivateKeyPlan,
} from "#shared/model/runs/plan.ts";
import type { ClaimEvaluation, ClaimEvidence, ClaimGap } from "#shared/model/runs/result-claim.ts";
import type { Phase, RunFile } from "#shared/model/runs/run.ts";

/** What a scan or a bundle showed of a host. */
export type HostReading = {
  by: ClaimEvidence;
  at: Instant;
  /** The host was read later than this, by this computer's clock; null: nothing shows when. */
  after: Instant | null;
  /** The host keys, as fingerprints, that show which host it is of. */
  hostKeys: readonly string[];
  /** The account that collected it; null: root. */
  reader: string | null;
  isWhole: boolean;
  /** Authorized keys files, whole. */
  files: readonly { path: string; realPath: string | null; bytes: Uint8Array }[];
  /** Paths at or below which something may be that was not seen. */
  unreadable: readonly string[];
  keyFiles: readonly {
    path: string;
    fingerprint: string | null;
    possession: KeyPossession["kind"];
    /** In this very reading; the others may still be there, but were not visible to it. */
    isSeen: boolean;
  }[];
};

export type ResultClaim = {
  result: ScriptResult;
  /** The key that the result says was created there. */
  made: RunKey | null;
  /** When the script of the result was written. */
  writtenAt: Instant;
};

type RunKey = { line: string; fingerprint: string };

export type ClaimedPart = {
  plan: AccessPlan;
  host: AccessHost;
  /** The run's new key, as far as it is known; null if it has none, or none yet. */
  newKey: RunKey | null;
  /** The host key that is pinned now. */
  pinned: string | null;
  /** What the run knows of files so far. */
  files: readonly RunFile[];
};

export function evaluateClaim(
  { result, made, writtenAt }: ResultClaim,
  { plan, host, newKey, pinned, files }: ClaimedPart,
  reading: HostReading | null,
): ClaimEvaluation {
  // No reading shows why an account was left out: it may be that nothing was ever tried there.
  const [left] = result.leftOut;
  if (left) return { kind: "open", why: "left-out", path: host.files[left.index]?.path ?? null };
  if (made && newKey && made.line !== newKey.line) return open("other-key");
  const done = result.outcome === "needs-attention" ? [] : phasesSaidDone(result, host);
  // That all is as before is no evidence of a roll-back: a host on which no script has run looks like that.
  if (result.outcome === "rolled-back" || done.length === 0) return open("no-evidence");
  // A key that the run does not know yet is shown only by the phase that created it.
  if (made && !newKey && !done.includes("create-key")) return open("key-not-verified");
  if (!reading) return open("no-reading");
  if (!isOfHost(reading, host, pinned)) return open("unverified-reading");
  if (reading.after === null || Date.parse(reading.after) <= Date.parse(writtenAt))
    return open("earlier-reading");
  const about = { plan, host, key: made ?? newKey, reading, keepsOld: keepsOldKeys(plan, files) };
  const shown = done.flatMap((phase) => showPhase(about, phase));
  if (shown.length === 0) return open("no-evidence");
  const { by, at } = reading;
  const denied = shown.find(({ kind }) => kind === "denied");
  if (denied) return { kind: "contradicted", by, at, path: denied.path };
  const gap = shown.find((one) => one.kind === "gap");
  return gap ? { kind: "open", why: gap.why, path: gap.path } : { kind: "confirmed", by, at };
}

const open = (why: ClaimGap): ClaimEvaluation => ({ kind: "open", why, path: null });

const phasesSaidDone = (result: ScriptResult, host: AccessHost): Phase[] =>
  result.phases.filter((phase) => stateOf(result, host, phase) === "verified");

/** By the plan's host key, or the pinned one if the plan has none; and no other key is pinned by now. */
function isOfHost({ hostKeys }: HostReading, { hostKey }: AccessHost, pinned: string | null): boolean {
  const trusted = hostKey || pinned;
  return trusted !== null && (pinned ?? trusted) === trusted && hostKeys.includes(trusted);
}

type About = {
  plan: AccessPlan;
  host: AccessHost;
  key: RunKey | null;
  reading: HostReading;
  keepsOld: boolean;
};

/** What the reading shows of one file or key. `denied`: it shows something else. */
type Shown = { path: string } & ({ kind: "shown" | "denied" } | { kind: "gap"; why: ClaimGap });

function showPhase(about: About, phase: Phase): Shown[] {
  const { host, key, keepsOld } = about;
  const filesAt = (...stages: Stage[]) => host.files.map((file) => showFile(about, file, stages));
  const newKeys = () =>
    host.privateKeyLocations.map((privateKey) => showKey(about, privateKey, key?.fingerprint ?? null));
  switch (phase) {
    case "create-key":
      return showMade(about);
    case "grant":
      return filesAt("added", "removed");
    case "install-key":
      return [...filesAt("added", "removed"), ...newKeys()];
    case "revoke":
      return filesAt("removed");
    case "keep":
    case "finish":
      return [
        ...filesAt("removed"),
        ...newKeys(),
        ...(keepsOld
          ? []
          : host.privateKeyLocations.map((privateKey) => showGone(about, `${privateKey.path}${OLD}`))),
      ];
    case "request":
    case "issue":
    case "install":
    case "post-check":
    case "test":
    case "reload":
    case "disable":
    case "remove":
      return [];
    default:
      return assertNever(phase);
  }
}

/** The suffixes of the new private key until it replaces the old one, and of the old one that is kept then. */
const NEW = ".latchkey-new";
const OLD = ".latchkey-old";

function showFile({ key, reading }: About, file: FilePlan, stages: readonly Stage[]): Shown {
  const { path } = file;
  if (!isWordOf(reading, file.account, file.owner)) return { kind: "gap", why: "not-root", path };
  const read = reading.files.filter((one) => one.path === path || one.realPath === path);
  if (read.length === 0) return { kind: "gap", why: "unreadable", path };
  const hashes = new Set<string>(stages.map((stage) => earliest(file, stage)));
  if (read.every(({ bytes }) => hashes.has(evaluateFile(file, bytes, key?.line ?? null).seen)))
    return { kind: "shown", path };
  // With an unknown key nobody can say what the file would be.
  return fillStages(file, key?.line ?? null)
    ? { kind: "denied", path }
    : { kind: "gap", why: "key-not-verified", path };
}

/** Collected by root, or by the one account that could have written it at will anyway. */
const isWordOf = ({ reader }: HostReading, ...owners: readonly string[]): boolean =>
  reader === null || owners.every((owner) => owner === reader);

/** The new key was created beside the old private key, or has replaced it by now. */
function showMade(about: About): Shown[] {
  const { plan, host, key } = about;
  const newKey = newKeyOf(plan);
  if (newKey?.kind !== "made-on-host") return [];
  const privateKey = host.privateKeyLocations.find(({ path }) => path === newKey.path);
  if (!privateKey) return [{ kind: "gap", why: "key-not-verified", path: newKey.path }];
  const fingerprint = key?.fingerprint ?? null;
  const beside = showKey(about, { path: `${privateKey.path}${NEW}`, owner: privateKey.owner }, fingerprint);
  const installed = showKey(about, privateKey, fingerprint);
  return [installed.kind === "shown" ? installed : beside];
}

/** The key is there, and has signed. Another key in its place denies it. */
function showKey(
  { reading }: About,
  { path, owner }: Pick<PrivateKeyPlan, "path" | "owner">,
  fingerprint: string | null,
): Shown {
  if (!isWordOf(reading, owner)) return { kind: "gap", why: "not-root", path };
  const there = reading.keyFiles.filter((one) => one.path === path && one.isSeen);
  if (there.some((one) => one.fingerprint === fingerprint && one.possession === "verified"))
    return { kind: "shown", path };
  const isOther = there.some((one) => one.fingerprint !== null && one.fingerprint !== fingerprint);
  return isOther && fingerprint !== null
    ? { kind: "denied", path }
    : { kind: "gap", why: "key-not-verified", path };
}

/** Nothing of a key is there any more. What was not inspected is not gone. */
function showGone({ reading }: About, path: string): Shown {
  const there = reading.keyFiles.filter((one) => one.path === path);
  if (there.some(({ isSeen }) => isSeen)) return { kind: "denied", path };
  const isHidden = reading.unreadable.some(
    (one) => path === one || path.startsWith(`${one.replace(/\/$/, "")}/`),
  );
  const isListed = reading.isWhole && !isHidden && LISTED.test(path);
  return isListed && there.length === 0 ? { kind: "shown", path } : { kind: "gap", why: "unreadable", path };
}

/** Folders in which the collector reads every file, and file names that it reads in a home. */
const LISTED = /\/(\.ssh|etc\/ssh)\/[^/]+$|\/id_[^/]+$/;

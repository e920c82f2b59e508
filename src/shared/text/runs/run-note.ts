/** Every sentence of a run's journal that is not the result of a step. Each is without a full stop. */

import { assertNever } from "../../model/assert-never.ts";
import type { OldKeySilence, RunNote, UseGap } from "../../model/runs/run-note.ts";
import { formatCount } from "../count.ts";
import { formatHost, formatHostAddress } from "../hosts/target.ts";
import { formatAccountNote } from "./disabled-account.ts";
import { formatUse, formatUsedBy } from "./old-key.ts";
import { formatTrust } from "./renewal-trust.ts";
import { formatResultSignature } from "./result-claim.ts";
import { formatRunReasons } from "./run.ts";
import { formatCause } from "./run-cause.ts";
import { formatEvidence } from "./run-step.ts";

export function formatRunNote(note: RunNote): string {
  switch (note.kind) {
    case "state": {
      const why = formatRunReasons(note.reasons);
      return why === "" ? note.state : `${note.state}: ${why}`;
    }
    case "begun-again":
      return note.direction === "back" ? "rolls back" : "continues";
    case "over-already":
      return "it could not be rolled back, because it had already ended; plan the reverse as a run of its own";
    case "connection-lost":
      return `the connection was lost: ${note.why}`;
    case "found":
      return formatCause(note.cause);
    case "evidence": {
      const evidence = note.evidence.map(formatEvidence).join("; ");
      return note.isBeforeRemoval ? `before the removal: ${evidence || "nothing to verify"}` : evidence;
    }
    case "old-keys-gone":
      return "the old private keys are gone";
    case "put-back":
      return note.answers.map(formatPutBack).join("; ");
    case "undo-refused":
      return `not undone, and nothing was changed: ${note.causes.map(formatCause).join("; ")}`;
    case "undo-over":
      return note.isKept
        ? "it can no longer be undone; the old private keys stay, for the old key may still get in somewhere"
        : "it can no longer be undone: what was kept for that is deleted";
    case "result":
      return `the result of ${formatHostAddress(note)}, which ended at ${note.endedAt} by its clock (${note.digest})`;
    case "claim":
      return `${formatHost(note)} says "${note.outcome}" in a result that is not verified (${formatResultSignature(note.signature)}): nothing follows from it`;
    case "account-used":
    case "account-watched":
    case "watch-unreadable":
    case "watch-until":
    case "watch-ended":
      return formatAccountNote(note);
    default:
      return formatOther(note);
  }
}

type PutBack = Extract<RunNote, { kind: "put-back" }>["answers"][number];

const formatPutBack = ({ account, fingerprint, answer }: PutBack): string =>
  `${account}: ${PUT_BACK[answer]} ${fingerprint}, whose line is back`;

const PUT_BACK: Record<PutBack["answer"], string> = {
  accepted: "sshd accepts",
  refused: "sshd refuses",
  unknown: "it is not known whether sshd accepts",
};

type GraceKind = "old-key-used" | "host-watched" | "watched-until" | "grace-ended" | "grace-not-ended";
type HostKind =
  | "wrote"
  | "files-replaced"
  | "lines-rolled-back"
  | "repaired"
  | "left-out"
  | "stands"
  | "repair-approved"
  | "reloaded"
  | "files-accepted"
  | "files-untried"
  | "served-not-seen"
  | "answer-left"
  | "post-check-hurried"
  | "trust-acknowledged";

function formatOther(note: Extract<RunNote, { kind: GraceKind | HostKind }>): string {
  switch (note.kind) {
    case "old-key-used":
      return `${formatUse(note.use)}: ${GIVE_NEW}`;
    case "host-watched":
      return formatWatched(note);
    case "watched-until":
      return `the old key is watched until ${note.dueAt.slice(0, 10)}`;
    case "grace-ended":
      return "the days of grace were ended before their time";
    case "grace-not-ended":
      return `the days of grace are not ended, for nobody has agreed that these are shut out: ${formatUsedBy(note.uses)}`;
    default:
      return formatAtHost(note);
  }
}

function formatAtHost(note: Extract<RunNote, { kind: HostKind }>): string {
  switch (note.kind) {
    case "wrote":
      return `wrote ${note.path}`;
    case "files-replaced":
      return `put in place: ${note.paths.join(", ")}`;
    case "lines-rolled-back":
      return formatRolledBack(note);
    case "repaired":
      return `${note.path} was repaired as it was approved: ${formatCount(note.out, "line")} taken out, ${formatCount(note.back, "line")} put back`;
    case "left-out":
      return `${note.path} is left out: ${formatCause(note.cause)}`;
    case "stands":
      return `${formatCause(note.cause)}; what is there now was verified`;
    case "repair-approved":
      return `approved to be repaired: ${note.files.map(({ host, path }) => `${path} on ${host}`).join(", ")}`;
    case "reloaded":
      return `${note.server} was reloaded${note.said ? `: ${note.said}` : ""}`;
    case "files-accepted":
      return `${note.server} takes the new files`;
    case "files-untried":
      return `${note.server} could not try the new files: ${note.said}`;
    case "served-not-seen":
      return `what is served cannot be checked: ${note.whys.join("; ")}`;
    case "answer-left":
      return `an earlier answer is still there: ${formatCause(note.cause)}`;
    case "post-check-hurried":
      return "the post-deployment check was requested early";
    case "trust-acknowledged":
      return `approved by acknowledgement: ${note.name}: ${formatTrust(note.trust)}`;
    default:
      return assertNever(note);
  }
}

const formatRolledBack = ({ path, out, back }: Extract<RunNote, { kind: "lines-rolled-back" }>): string =>
  [
    `${path} was changed by somebody else`,
    ...(out > 0 ? [`${formatCount(out, "line")} of this run taken out of it`] : []),
    ...(back > 0 ? [`${formatCount(back, "line")} put back into it`] : []),
    "all else is as it was",
  ].join("; ");

const GIVE_NEW = "give whoever that is the new one; an agent that has both offers the old one first";

const END_GRACE = "end the days of grace (runs resume --now) to remove it all the same";

function formatWatched(note: Extract<RunNote, { kind: "host-watched" }>): string {
  const address = formatHostAddress(note);
  const { silence, since, isEnough } = note;
  switch (silence.kind) {
    case "quiet": {
      const logs = silence.evidence === "journal" ? "its journal shows" : "plain files show";
      const said = `${address}: ${logs} no login with the old key since ${since.slice(0, 10)}`;
      return isEnough ? said : `${said}, and any user there can have lines written to those: ${END_GRACE}`;
    }
    case "used":
      return `${address}: ${formatUsed(silence)}: ${GIVE_NEW}`;
    case "unknown":
      return `${address}: whether the old key is still used is not known: ${formatGap(silence.why)}; ${END_GRACE}`;
    default:
      return assertNever(silence);
  }
}

function formatUsed({ account, at, from, evidence }: Extract<OldKeySilence, { kind: "used" }>): string {
  const whence = from === null ? "" : `, from ${from}`;
  const weak =
    evidence === "journal" ? "" : " (by a plain file, to which any user there can have lines written)";
  return `${account} was logged in to with the old key on ${at.slice(0, 10)}${whence}${weak}`;
}

function formatGap(gap: UseGap): string {
  switch (gap.kind) {
    case "keys-not-known":
      return "the lines of the plan do not show which keys are removed";
    case "md5-names":
      return `its log names keys by MD5, and ${gap.account} has logged in with one`;
    case "no-log":
      return "none of its logs shows logins up to now";
    case "not-read-now":
      return "its logs could not be read just now (where the new key has a passphrase, an agent has to have it), or do not show the login that read them";
    case "begins-later":
      return `its logs reach back without a gap to ${gap.at.slice(0, 10)} only`;
    default:
      return assertNever(gap);
  }
}

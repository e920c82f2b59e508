/** Why a step of a run could not be done, or not be undone: every sentence of it, without a full stop. */
import { assertNever } from "../model/assert-never.ts";
import type { Cause, PlainCause } from "../model/step-result.ts";
import { formatRefused, formatRefusedByRoot } from "./host-refusal.ts";
import { formatClaimReason } from "./possession.ts";

export function formatCause(cause: Cause): string {
  switch (cause.kind) {
    case "file-changed":
      return `${cause.path} was changed by somebody else since the plan was made`;
    case "new-line-gone":
      return `the new line is not in ${cause.path} any more`;
    case "old-line-gone":
      return `${cause.path} is further than this step: the old line is gone already`;
    case "odd-private-key":
      return "a private half is neither the old one nor the new one";
    case "key-not-installed":
      return `the new key is not at ${cause.path}`;
    case "certificate-not-installed":
      return "the new files are not in place any more";
    case "not-served-any-more":
      return `it is not served any more: ${cause.seen}`;
    case "rollback-timer-fired":
      return "the host itself has taken it back: the proof came too late";
    case "not-cleared":
      return `nothing was cleared away: ${formatCause(cause.by)}`;
    case "begun-at":
      return `${formatCause(cause.by)}; what it has begun may lie at ${cause.path}`;
    default:
      return formatPlain(cause);
  }
}

function formatPlain(cause: PlainCause): string {
  switch (cause.kind) {
    case "described":
      return cause.text;
    case "refused":
      return cause.isRoots ? formatRefusedByRoot(cause, cause.path) : formatRefused(cause, cause.path);
    case "file-unreadable":
      return `${cause.path} cannot be read any more`;
    case "work-folder-taken":
      return `${cause.folder}/.latchkey, where a run keeps its lock, was made by something else than a run: look at it, and remove it`;
    case "late-edit": {
      const kept = cause.files.join(", ") || `${cause.folder}/.latchkey`;
      return `somebody's editor wrote to a file that was replaced meanwhile; what they wrote is kept in ${kept}: look at it, and move it away`;
    }
    case "file-changed-unwritten":
      return `${cause.path} was changed by somebody else since the plan was made; nothing was written to it: plan it again`;
    case "being-changed":
      return `${cause.path} is being changed by somebody else; look at it, and try again`;
    case "no-copy":
      return `${cause.path} was changed by somebody else, and there is no copy of what it was: take the lines of this run out of it by hand`;
    case "own-lines-changed":
      return `${cause.path} was changed by somebody else in the very lines of this run: look at it`;
    default:
      return formatOfKey(cause);
  }
}

type KeyKind =
  | "new-key-not-at-hand"
  | "key-file-changed"
  | "key-made-by-another-run"
  | "agent-did-not-sign"
  | "another-key"
  | "key-did-not-sign";

function formatOfKey(cause: Extract<PlainCause, { kind: KeyKind }>): string {
  switch (cause.kind) {
    case "new-key-not-at-hand":
      return `${cause.path === null ? "" : `${cause.path}: `}the private half of the new key is not at hand: it cannot be put anywhere`;
    case "key-file-changed":
      return `${cause.path} was changed by somebody else meanwhile: look at it, then plan it again`;
    case "key-made-by-another-run":
      return `${cause.path} was made by another run: let that one end, or move it away`;
    case "agent-did-not-sign":
      return `the agent at ${cause.path} did not sign with the old key, so it gets no new one: load it with ssh-add`;
    case "another-key":
      return `${cause.path} holds another key than the old one, so it gets no new one: plan it again`;
    case "key-did-not-sign": {
      const why = cause.why === "other-key" ? "it signed with another key" : formatClaimReason(cause.why);
      return `${cause.path} did not sign with the old key again (${why}), so it gets no new one: find out whose file it is, and plan again`;
    }
    default:
      return assertNever(cause);
  }
}

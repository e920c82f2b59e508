/** Every sentence of a step, made of its result. Each is without a full stop. */

import { assertNever } from "../../model/assert-never.ts";
import type { AccessCheck } from "../../model/runs/run.ts";
import type {
  BackAs,
  Deed,
  Evidence,
  Intent,
  KeyName,
  StepResult,
  StillAccepted,
} from "../../model/runs/step-result.ts";
import { formatCount } from "../count.ts";
import { formatHost } from "../hosts/target.ts";
import { formatAccountEvidence } from "./disabled-account.ts";
import { formatAllRemaining } from "./old-key.ts";
import { formatResultSignature } from "./result-claim.ts";
import { formatAgreed, formatAwaited, formatCause } from "./run-cause.ts";

export function formatStepResult(result: StepResult): string {
  switch (result.kind) {
    case "intended":
      return formatIntent(result.to);
    case "acted":
      return formatDeed(result.what);
    case "waiting":
      return formatAwaited(result.for);
    case "retrying":
      return `is asked again: ${formatCause(result.cause)}`;
    case "retry-requested":
      return "is tried again";
    case "verified":
      return join(...result.evidence.map(formatEvidence));
    case "rolled-back":
      return join(BACK_AS[result.as], ...result.left.map(formatCause));
    case "failed":
      return join(formatFailed(result), ...result.left.map(formatCause));
    case "needs-attention":
      return formatStuck(result);
    case "imported":
      return formatImported(result);
    default:
      return assertNever(result);
  }
}

const join = (...parts: readonly string[]): string => parts.filter(Boolean).join("; ");

export function formatIntent(intent: Intent): string {
  switch (intent.kind) {
    case "create-key":
      return "to make the new key";
    case "add-lines":
      return `to add the new lines to ${formatCount(intent.files, "file")}`;
    case "remove-lines":
      return `to remove the old lines from ${formatCount(intent.files, "file")}`;
    case "install-key":
      return `to install the new key in ${formatCount(intent.locations, "location")}`;
    case "create-certificate-keys":
      return `to make ${formatCount(intent.count, "key")}`;
    case "have-signed":
      return `to have ${intent.names.join(", ")} signed by ${intent.issuers.join(", ")}`;
    case "install-certificates":
      return `to put ${formatCount(intent.count, "certificate")} in place`;
    case "check-served":
      return "to check again what is served";
    case "keep":
      return "to put aside what undoing it needs";
    case "clear":
      return "to clear away what was kept";
    case "test-servers":
      return `to have ${intent.servers.join(", ")} test the configuration`;
    case "reload-servers":
      return `to reload ${intent.servers.join(", ")}`;
    case "disable-accounts":
      return `to disable ${intent.accounts.join(", ")}`;
    case "remove-accounts":
      return `to remove the entries of ${intent.accounts.join(", ")}`;
    case "leave-disabled":
      return `to leave ${intent.accounts.join(", ")} disabled`;
    default:
      return assertNever(intent);
  }
}

function formatDeed(deed: Deed): string {
  switch (deed.kind) {
    case "wrote-files":
      return `wrote ${formatCount(deed.files, "file")}`;
    case "installed-key":
      return `installed it in ${formatCount(deed.locations, "location")}`;
    case "installed-certificates":
      return "the new files are in place, and its servers were reloaded";
    case "reloaded-servers":
      return `reloaded ${deed.servers.join(", ")}`;
    case "disabled-accounts":
      return `disabled ${deed.accounts.join(", ")}`;
    case "removed-accounts":
      return `removed the entries of ${deed.accounts.join(", ")}`;
    default:
      return assertNever(deed);
  }
}

export function formatEvidence(check: Evidence): string {
  switch (check.kind) {
    case "described":
      return check.text;
    case "found":
      return formatCause(check.cause);
    case "login":
      return `${check.account}: logged in with ${formatKeyName(check.key)}`;
    case "login-in-log":
      return `${check.account}: the journal shows a login with ${formatKeyName(check.key)}`;
    case "claimed-login":
      return `${check.account}: a login with ${formatKeyName(check.key)} is seen in ${check.path}, which anybody on that host can write: it verifies nothing`;
    case "no-login":
      return `${check.account}: no login is tried (${check.why})`;
    case "signed":
      return `${check.account}: sshd accepts ${formatKeyName(check.key)}, and its owner signed this run's challenge`;
    case "approved":
      return `${check.account}: approved by ${check.who} on ${check.day}`;
    case "own-login":
      return `${check.account}: the ${check.by} of this run's login still works`;
    case "access":
      return formatAccess(check);
    case "own-key-accepted":
    case "own-key-untried":
    case "other-login":
    case "other-login-in-log":
    case "signed-not-accepted":
    case "signed-unsure":
    case "log-unsure":
    case "no-key-in-logs":
    case "host-key":
    case "host-key-unverified":
      return formatLogin(check);
    case "account-disabled":
    case "login-ended":
    case "login-untried":
    case "root-reached":
    case "left-disabled":
    case "account-removed":
    case "removed-by-run":
      return formatAccountEvidence(check);
    default:
      return formatPlaced(check);
  }
}

type LoginKind =
  | "own-key-accepted"
  | "own-key-untried"
  | "other-login"
  | "other-login-in-log"
  | "signed-not-accepted"
  | "signed-unsure"
  | "log-unsure"
  | "no-key-in-logs"
  | "host-key"
  | "host-key-unverified";

function formatLogin(check: Extract<Evidence, { kind: LoginKind }>): string {
  switch (check.kind) {
    case "own-key-accepted":
      return `${check.account}: sshd still accepts the key of this run's login, together with what is typed`;
    case "own-key-untried":
      return `${check.account}: the key of this run's login needs typed input, so it was not tried again: ${check.why}`;
    case "other-login":
      return `${check.account}: logged in with ${formatKeyName(check.key)}, which is left; the ${check.by} of this run's login no longer works, as acknowledged`;
    case "other-login-in-log":
      return `${formatAgreed(check)}; the journal shows a login since${check.from === null ? "" : ` from ${check.from}`}`;
    case "signed-not-accepted":
      return `${check.account}: its owner signed with the new key, but sshd does not accept it from here: a from= option may exclude this computer`;
    case "signed-unsure":
      return `${check.account}: whether sshd takes the new key is not known: ${check.why}`;
    case "log-unsure":
      return `${check.account}: ${check.why}`;
    case "no-key-in-logs":
      return "no key is known that a log could show";
    case "host-key":
      return `${HOST_KEYS[check.is]}: ${check.fingerprint}`;
    case "host-key-unverified":
      return "not verified: the known host key is still presented, but sshd shows the new one only after a login with a key alone, and Latchkey did not log in that way; the removal of the old one is verified or rolled back";
    default:
      return assertNever(check);
  }
}

const HOST_KEYS: Record<Extract<Evidence, { kind: "host-key" }>["is"], string> = {
  "known-presented": "the known host key is presented",
  "new-named": "the new host key is announced and verified",
  "new-presented": "the new host key is presented",
};

type PlacedKind =
  | "nothing-to-log-in"
  | "key-made"
  | "key-installed"
  | "certificate-keys-made"
  | "issued"
  | "served"
  | "tests-passed"
  | "presented"
  | "cleared"
  | "kept-for-undo"
  | "old-key-kept";

function formatPlaced(check: Extract<Evidence, { kind: PlacedKind }>): string {
  switch (check.kind) {
    case "nothing-to-log-in":
      return "nothing new is to log in";
    case "key-made":
      return `made ${check.fingerprint}`;
    case "key-installed":
      return check.isHere ? "the new private key is installed" : "the new key is installed everywhere";
    case "certificate-keys-made":
      return `made ${formatCount(check.count, "key")} and what asks for certificates`;
    case "issued":
      return `${check.name}: ${check.sha256?.slice(0, 16)}...`;
    case "served":
      return formatServed(check);
    case "tests-passed":
      return formatTests(check);
    case "presented":
      return formatPresented(check);
    case "cleared":
      return check.isWhole ? "nothing is left of the run here" : "what the run has kept is gone but for this";
    case "kept-for-undo":
      return check.keys === 0
        ? "nothing is held here any more"
        : `put aside for an undo: ${formatCount(check.keys, "old private key")}`;
    case "old-key-kept":
      return `the old private key is kept beside the new one: ${formatWhyKept(check)}`;
    default:
      return assertNever(check);
  }
}

const formatWhyKept = ({ accepted, remaining, planKind }: Extract<Evidence, { kind: "old-key-kept" }>) =>
  join(...accepted.map(formatStillAccepted), formatAllRemaining(remaining, planKind)) ||
  "something was left as it is, as acknowledged, and may need it";

export const formatStillAccepted = ({ host, port, account, fingerprint, isOldKey, why }: StillAccepted) =>
  `${isOldKey ? "the old key" : fingerprint} still gets in to ${account} on ${formatHost({ host, port })}, ${why.join(" and ")}`;

function formatServed({ isAgain, addresses, leavesAlone }: Extract<Evidence, { kind: "served" }>): string {
  if (addresses === 0) return "in place; nowhere could be seen whether it is served";
  const seen = `${isAgain ? "it is still served" : "the new certificate is served"}: verified at ${formatCount(addresses, "address", "addresses")}`;
  if (leavesAlone === 0) return seen;
  return `${seen}; at ${formatCount(leavesAlone, "address", "addresses")} the certificate alone could be read, and not what leads to its root`;
}

function formatTests({
  passed,
  certificates,
  untested,
}: Extract<Evidence, { kind: "tests-passed" }>): string {
  return join(
    passed.length === 0 ? "" : `${passed.join(", ")}: the configuration test passed`,
    certificates.length === 0
      ? ""
      : `${certificates.join(", ")}: its certificates were tried, and its configuration was not`,
    untested.length === 0 ? "" : `${untested.join(", ")}: no test could be run here`,
  );
}

function formatPresented({ endpoints, unknown }: Extract<Evidence, { kind: "presented" }>): string {
  const open =
    unknown === 0
      ? ""
      : `at ${formatCount(unknown, "endpoint")} it is not known which certificate is meant to be served`;
  if (endpoints === 0) return join("reloaded; nowhere could be seen what is served now", open);
  const where = endpoints === 1 ? "its one endpoint" : `each of ${endpoints} endpoints`;
  return join(`what its files hold is served at ${where}`, open);
}

type Access = Pick<AccessCheck, "account" | "fingerprint" | "answer" | "why">;

function formatAccess({ account, fingerprint, answer, why }: Access): string {
  switch (answer) {
    case "refused":
      return `${account}: sshd refuses ${fingerprint}`;
    case "accepted":
      return `${account}: sshd still takes ${fingerprint}, ${why.join(" and ")}`;
    case "unknown":
      return `${account}: whether sshd refuses ${fingerprint} is not known: ${why.join("; ")}`;
    default:
      return assertNever(answer);
  }
}

/** `SHA256:` and twelve characters more: enough to find it by. The run itself shows whole ones. */
const SHORT = 19;

export function formatKeyName(key: KeyName): string {
  switch (key.kind) {
    case "new":
      return key.comment ? `the new key (${key.comment})` : "the new key";
    case "old":
      return "the old key";
    case "other":
      return `the key ${key.fingerprint.slice(0, SHORT)}...`;
    default:
      return assertNever(key);
  }
}

const BACK_AS: Record<BackAs, string> = {
  "rolled-back": "rolled back",
  "as-before": "it stands as it did before the step",
  unchanged: "nothing was changed by it",
  "issued-unused": "what was issued is not used",
  "key-removed": "the new key is gone again",
  "certificate-keys-removed": "the new keys are gone again",
  "old-certificate-served": "the files are as they were, and are served",
  "old-certificate-unseen": "the files are as they were; nowhere could be seen what is served",
  "stays-reloaded": "a reload cannot be undone: what was reloaded stays so",
  "account-restored": "each account is as it was: a new session has read it",
  "maybe-reloaded": "whether it was reloaded is not known, and a reload cannot be undone",
};

function formatFailed({ cause, stands }: Extract<StepResult, { kind: "failed" }>): string {
  const why = formatCause(cause);
  switch (stands) {
    case "rolled-back":
      return `${why}; it was rolled back`;
    case "nothing-removed":
      return `nothing was removed: ${why}`;
    case "nothing-changed":
      return `${why}; nothing was changed`;
    case "not-said":
      return why;
    default:
      return assertNever(stands);
  }
}

function formatStuck({ cause, left }: Extract<StepResult, { kind: "needs-attention" }>): string {
  const parts = [cause === null ? "" : formatCause(cause), join(...left.map(formatCause))];
  return parts.filter(Boolean).join("; and it could not be rolled back: ");
}

const IMPORTED: Record<Extract<StepResult, { kind: "imported" }>["end"], string> = {
  done: "its offline script has done it",
  "rolled-back": "its offline script rolled it back",
  stuck: "its offline script could neither continue nor roll back",
  "nothing-changed": "its offline script changed nothing",
  "no-further": "its offline script stopped there, and what it added stays",
};

const formatImported = (of: Extract<StepResult, { kind: "imported" }>): string =>
  join(
    IMPORTED[of.end],
    of.why,
    of.kept === null ? "" : `what it kept is in ${of.kept}`,
    ...of.unended.map((cause) => `what it has kept is left there: ${formatCause(cause)}`),
    formatResultSignature(of.signature),
  );

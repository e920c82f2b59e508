/** Why a step of a run could not be done, or not be rolled back: every sentence of it, without a full stop. */
import { assertNever } from "../../model/assert-never.ts";
import type { Awaited, Cause, PlainCause } from "../../model/runs/step-result.ts";
import { formatClaimReason } from "../hosts/key.ts";
import { formatAccountCause } from "./disabled-account.ts";
import { formatRefused, formatRefusedByRoot } from "./host-refusal.ts";
import { formatTrust } from "./renewal-trust.ts";

export function formatCause(cause: Cause): string {
  switch (cause.kind) {
    case "file-changed":
      return `${cause.path} was changed by somebody else since the plan was made`;
    case "new-line-gone":
      return `the new line is not in ${cause.path} any more`;
    case "old-line-gone":
      return `${cause.path} is further than this step: the old line is gone already`;
    case "odd-private-key":
      return "a private key is neither the old one nor the new one";
    case "key-not-installed":
      return `the new key is not at ${cause.path}`;
    case "certificate-not-installed":
      return "the new files are not in place any more";
    case "not-served-any-more":
      return `it is not served any more: ${cause.seen.join("; ")}`;
    case "rollback-timer-fired":
      return "the host rolled it back: the verification came too late";
    case "not-cleared":
      return `nothing was cleared away: ${formatCause(cause.by)}`;
    case "begun-at":
      return `${formatCause(cause.by)}; what it has begun may lie at ${cause.path}`;
    case "files-rejected":
    case "not-reloaded":
    case "fails-own-test":
    case "not-served":
    case "served-not-visible":
    case "order-refused":
    case "certificate-faulty":
    case "trust-unacknowledged":
      return formatOfRenewal(cause);
    case "fails-test":
      return `${cause.server} fails its own configuration test, and is not reloaded: ${cause.said}`;
    case "untested-now":
      return `${cause.server} cannot be tested as it was for the plan, and is not reloaded: ${cause.said}`;
    case "not-presented":
      return `it was reloaded, and does not present what its files hold: ${cause.whys.join("; ")}`;
    case "other-certificate":
      return `${cause.path} holds another certificate than when the plan was made: plan it again`;
    case "login-refused":
    case "login-unsure":
    case "verified-by-hand":
    case "key-not-usable-here":
    case "own-login-ended":
    case "own-key-refused":
    case "put-back-refused":
    case "no-other-login":
    case "awaited":
    case "no-new-host-key":
    case "host-key-not-installed":
      return formatOfLogin(cause);
    case "account-changed":
    case "account-refused":
    case "timer-gave-up":
    case "own-account":
    case "still-logs-in":
      return formatAccountCause(cause);
    default:
      return formatPlain(cause);
  }
}

type RenewalKind =
  | "files-rejected"
  | "not-reloaded"
  | "fails-own-test"
  | "not-served"
  | "served-not-visible"
  | "order-refused"
  | "certificate-faulty"
  | "trust-unacknowledged";

function formatOfRenewal(cause: Extract<Cause, { kind: RenewalKind }>): string {
  switch (cause.kind) {
    case "files-rejected":
      return `${cause.server} does not take the new files: ${cause.said}`;
    case "not-reloaded":
      return `${cause.server} could not be reloaded: ${cause.said}`;
    case "fails-own-test":
      return `${cause.server} fails its own test before anything is changed: ${cause.said}; nothing was ordered`;
    case "not-served":
      return cause.whys.join("; ");
    case "served-not-visible":
      return `it could not be seen whether it is served: ${cause.whys.join("; ")}`;
    case "order-refused":
      return `${cause.name}: ${cause.issuer}: ${cause.said}`;
    case "certificate-faulty":
      return cause.issuer === null
        ? `${cause.name}: what was issued cannot be used any more: ${cause.faults}`
        : `${cause.name}: what ${cause.issuer} sent cannot be used: ${cause.faults}`;
    case "trust-unacknowledged":
      return `needs approval, and nothing is installed before: ${cause.certificates.map(({ name, trust }) => `${name}: ${formatTrust(trust)}`).join("; ")}`;
    default:
      return assertNever(cause);
  }
}

type LoginKind =
  | "login-refused"
  | "login-unsure"
  | "verified-by-hand"
  | "key-not-usable-here"
  | "own-login-ended"
  | "own-key-refused"
  | "put-back-refused"
  | "no-other-login"
  | "awaited"
  | "no-new-host-key"
  | "host-key-not-installed";

function formatOfLogin(cause: Extract<Cause, { kind: LoginKind }>): string {
  switch (cause.kind) {
    case "login-refused":
      return `${formatWho(cause)} is not let in: ${cause.said}${formatLogged(cause)}`;
    case "login-unsure":
      return `${formatWho(cause)}: ${cause.said}`;
    case "verified-by-hand":
      return `whoever runs the script verifies ${cause.account}; the run does not`;
    case "key-not-usable-here":
      return `the key that is to log in to ${cause.account} cannot be used here`;
    case "own-login-ended":
      return `${cause.account}: the ${cause.by} of this run's login no longer works: ${cause.said}`;
    case "own-key-refused":
      return `${cause.account}: sshd no longer accepts the key of this run's login`;
    case "put-back-refused":
      return `${cause.account}: ${cause.isKnown ? "sshd refuses" : "it is not known whether sshd accepts"} ${cause.fingerprint}, though its line is back; the new key stays, so that nobody is shut out`;
    case "no-other-login":
      return `${formatAgreed(cause)}, no other remaining key is available here, and this host has no journal that could show a login with one`;
    case "awaited":
      return formatAwaited(cause.for);
    case "no-new-host-key":
      return "there is no new host key";
    case "host-key-not-installed":
      return `the new host key ${cause.path} ${NOT_INSTALLED[cause.why]}`;
    default:
      return assertNever(cause);
  }
}

export function formatAwaited(awaited: Awaited): string {
  switch (awaited.kind) {
    case "login-in-log":
      return "waits for the journal to show a login with the new key";
    case "certificate":
      return "waits for a certificate to be brought";
    case "login":
      return `waiting for anybody to log in to ${awaited.account} with what is left; without a login it is rolled back`;
    default:
      return assertNever(awaited);
  }
}

type HostKeyGap = Extract<Cause, { kind: "host-key-not-installed" }>["why"];

const NOT_INSTALLED: Record<HostKeyGap, string> = {
  unseen: "cannot be read",
  absent: "is not there",
  "not-put": "could not be put there",
  another: "is another one",
};

const formatWho = ({ account, by }: { account: string; by: "key" | "certificate" | null }): string =>
  by === null ? account : `${account}, with the ${by} of this run's login`;

const formatLogged = ({ logged }: { logged: string | null }): string =>
  logged === null ? "" : `; ${logged}`;

/** The login that let the run in ends, as somebody has acknowledged. */
export const formatAgreed = ({ account, by }: { account: string; by: "key" | "certificate" }): string =>
  `${account}: the ${by} of this run's login no longer works, as acknowledged`;

function formatPlain(cause: PlainCause): string {
  switch (cause.kind) {
    case "described":
      return cause.text;
    case "refused":
      return cause.isRoots ? formatRefusedByRoot(cause, cause.path) : formatRefused(cause, cause.path);
    case "file-unreadable":
      return `${cause.path} cannot be read any more`;
    case "work-folder-occupied":
      return `${cause.folder}/.latchkey, where a run keeps its lock, was not made by a run: check it, then remove it`;
    case "late-edit": {
      const kept = cause.files.join(", ") || `${cause.folder}/.latchkey`;
      return `somebody's editor wrote to a file that was replaced meanwhile; what they wrote is kept in ${kept}: check it, then move it away`;
    }
    case "file-changed-unwritten":
      return `${cause.path} was changed by somebody else since the plan was made; nothing was written to it: plan it again`;
    case "being-changed":
      return `${cause.path} is being changed by somebody else: check it, then try again`;
    case "no-copy":
      return `${cause.path} was changed by somebody else, and there is no copy of what it was: take the lines of this run out of it by hand`;
    case "own-lines-changed":
      return `${cause.path} was changed by somebody else in the very lines of this run: check it`;
    default:
      return formatOfKey(cause);
  }
}

type KeyKind =
  | "new-key-unavailable"
  | "key-file-changed"
  | "key-made-by-another-run"
  | "agent-did-not-sign"
  | "agent-lost-key"
  | "own-login-goes"
  | "another-key"
  | "key-did-not-sign";

function formatOfKey(cause: Extract<PlainCause, { kind: KeyKind }>): string {
  switch (cause.kind) {
    case "new-key-unavailable":
      return `${cause.path === null ? "" : `${cause.path}: `}the private key of the new key is not at hand: it cannot be put anywhere`;
    case "key-file-changed":
      return `${cause.path} was changed by somebody else meanwhile: check it, then plan it again`;
    case "key-made-by-another-run":
      return `${cause.path} was made by another run: let that one end, or move it away`;
    case "agent-did-not-sign":
      return `the agent at ${cause.path} did not sign with the old key, so it gets no new one: load it with ssh-add`;
    case "agent-lost-key":
      return `the agent at ${cause.path} no longer has both keys of this run: load the one that is missing with ssh-add`;
    case "own-login-goes":
      return `${cause.path} lets this run log in by the very line that would go, and no other is put back for it: log in by another key, or plan the removal as a run of its own`;
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

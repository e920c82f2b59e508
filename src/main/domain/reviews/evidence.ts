import { createHash, hash } from "node:crypto";
import type { AccountRow } from "#shared/model/access/account.ts";
import type { GrantRow } from "#shared/model/access/grant.ts";
import type {
  AccountEvidence,
  GrantEvidence,
  ItemDecision,
  ReviewedAccount,
  ReviewedGrant,
} from "#shared/model/access/review.ts";

/** So many sentences of each kind are kept: a review may have a million items. */
const MOST_REASONS = 3;
const MOST_LOGS = 6;
const MOST_FINDINGS = 10;

/** A grant as its list shows it now, for whoever reviews it. */
export function toGrantEvidence(grant: GrantRow, of: ReviewedGrant): GrantEvidence {
  const { effective, owner, use } = grant.verdict;
  return {
    kind: "grant",
    host: grant.host,
    port: grant.port,
    account: grant.account,
    uid: of.uid,
    root: of.root,
    accountKind: of.kind,
    person: of.person,
    owner: of.owner,
    firstSeen: grant.firstSeen,
    lastSeen: grant.lastSeen,
    readAt: of.readAt,
    file: grant.file,
    line: grant.line,
    keyType: grant.keyType,
    keyBits: grant.keyBits,
    fingerprint: grant.fingerprint,
    comment: grant.comment,
    options: grant.options,
    login: { state: effective.state, reasons: effective.reasons.slice(0, MOST_REASONS) },
    keyOwner: { state: owner.state, who: owner.who, reasons: owner.reasons.slice(0, MOST_REASONS) },
    use: {
      state: use.state,
      at: use.at,
      from: use.from,
      count: use.count,
      reasons: use.reasons.slice(0, MOST_REASONS),
      logs: use.coverage.read.slice(0, MOST_LOGS),
      notRead: use.coverage.notRead.slice(0, MOST_LOGS),
    },
    approval: grant.approval && { owner: grant.approval.owner, purpose: grant.approval.purpose },
    findings: grant.findings
      .slice(0, MOST_FINDINGS)
      .map(({ rule, severity, sentence }) => ({ rule, severity, sentence })),
  };
}

const MOST_WORKLOADS = 10;
const MOST_GROUPS = 20;

/** An account as its list shows it now, with what else is known of it. */
export const toAccountEvidence = (account: AccountRow, of: ReviewedAccount): AccountEvidence => ({
  kind: "account",
  host: account.host,
  port: account.port,
  account: account.name,
  uid: account.uid,
  root: account.root,
  accountKind: account.kind,
  person: of.person,
  owner: account.owner,
  firstSeen: account.firstSeen,
  lastSeen: account.lastSeen,
  readAt: of.readAt,
  evaluatedAt: account.evaluatedAt,
  isByRoot: account.isByRoot,
  reasons: account.reasons,
  shell: account.shell,
  home: of.home,
  groups: of.groups.slice(0, MOST_GROUPS),
  passwordState: account.passwordState,
  expiresAt: account.passwordAge?.accountExpiresAt ?? null,
  workloads: of.workloads.slice(0, MOST_WORKLOADS),
  workloadCount: account.workloadCount,
  grantCount: account.grantCount,
  keysGap: of.keysGap,
  authorityCount: account.authorityCount,
  becomers: of.becomers,
  becomerCount: of.becomerCount,
  setuidPrograms: of.setuidPrograms,
  principals: of.principals,
  lastLoginAt: account.lastLoginAt,
  otherLogins: of.otherLogins,
  logs: of.logs,
  findings: account.findings
    .slice(0, MOST_FINDINGS)
    .map(({ rule, severity, sentence }) => ({ rule, severity, sentence })),
});

type FrozenItem = { ordinal: number; kind: "grant" | "account"; about: number; evidence: string };

/** A line of the snapshot. Whoever signs an answer signs the SHA-256 of all lines, in their order. */
export const toSnapshotLine = ({ ordinal, kind, about, evidence }: FrozenItem): string =>
  `{"item":${ordinal},"kind":"${kind}","about":${about},"evidence":${evidence}}\n`;

/** SHA-256 over items as they were frozen: add them in their order. */
export function hashFrozen() {
  const digest = createHash("sha256");
  return {
    add: (item: FrozenItem): void => void digest.update(toSnapshotLine(item)),
    end: (): string => digest.digest("hex"),
  };
}

/** SHA-256 over the decisions of an answer, in the order of their items. */
export function hashDecisions(decisions: readonly ItemDecision[]): string {
  const inOrder = decisions.toSorted((one, other) => one.item - other.item);
  const lines = inOrder.map(({ item, choice, to, reason }) => JSON.stringify([item, choice, to, reason]));
  return hash("sha256", lines.join("\n"), "hex");
}

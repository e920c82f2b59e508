import type { AccountKind } from "../../model/access/account.ts";
import type { FindingText, Severity } from "../../model/finding.ts";
import type { Instant } from "../../model/instant.ts";
import type { Labelled } from "../../model/label.ts";

export const OWNER_LEFT_SEVERITY: Severity = "high";

type OwnerlessAccount = {
  kind: AccountKind;
  isRoot: boolean;
  grantCount: number;
  firstSeen: Instant;
};

const KINDS: Record<AccountKind, string> = {
  person: "a person's account",
  service: "a service's account",
  bot: "a bot's account",
  system: "the system's account",
  unknown: "an account of which readings do not show whether it is a person's or a machine's",
};

/** The sentence in the row of the account. */
export const formatOwnerless = ({ kind, isRoot }: { kind: AccountKind; isRoot: boolean }): string =>
  `nobody answers for this: ${KINDS[kind]}${isRoot ? ", which is as good as root" : ""}`;

/** Says of a machine's account that nobody answers for it, nor for its host. */
export function describeOwnerless(account: OwnerlessAccount): FindingText {
  const { kind, isRoot, grantCount, firstSeen } = account;
  return {
    sentence: formatOwnerless(account),
    evidence: [
      `kind: ${kind}`,
      ...(isRoot ? ["it is root, or becomes root"] : []),
      `grants that let in, or may: ${grantCount}`,
      `first seen at ${firstSeen}`,
      "neither the account nor its host has an owner",
    ],
    remedy: "name an owner of the account, or of its host for all accounts there; or disable it",
  };
}

export const REPLACED_SEVERITY: Severity = "medium";

type ReplacedAccount = {
  uid: number;
  /** The numbers that something was said of, with who was said to answer for each. */
  before: readonly { uid: number; owner: string | null }[];
};

/** The sentence in the row of the account. */
export const REPLACED = "another account has this name: what was said of the one before is not said of this";

/** Says of an account that something was said of another one by this name. Written by strangers in part. */
export const describeReplaced = ({ uid, before }: ReplacedAccount): FindingText => ({
  sentence: REPLACED,
  evidence: [
    `uid ${uid}, and something was said of ${before.map((one) => `uid ${one.uid}`).join(" and ")}`,
    ...before.flatMap((one) => (one.owner === null ? [] : [`the one before had the owner ${one.owner}`])),
  ],
  remedy:
    "ask who made it, or whether a directory did not answer: the labels hold again with their number; name an owner of this one if it stays",
});

/** What somebody is named for. */
type OwnedThing = Labelled["kind"] | "tag";

/** The sentence in the row of the thing. */
export const formatOwnerLeft = (thing: OwnedThing): string =>
  `who is named as the owner of this ${thing} has left`;

/** Says that the owner of something is a person who has left. Written by strangers in part. */
export const describeOwnerLeft = (thing: OwnedThing, owner: string): FindingText => ({
  sentence: formatOwnerLeft(thing),
  evidence: [
    `owner: ${owner}`,
    "a people source has this name or login for somebody who has left, and for nobody who is there",
  ],
  remedy: "name another owner, and review what the thing is for; or retire it",
});

export const PURPOSELESS_SEVERITY: Severity = "info";

/** The sentence in the row of the account. */
export const formatPurposeless = (kind: AccountKind): string =>
  `nobody has said what this is for: ${KINDS[kind]}`;

/** Says of a machine's account that nobody has said what it is for, nor what its host is for. */
export const describePurposeless = ({ kind, grantCount, firstSeen }: OwnerlessAccount): FindingText => ({
  sentence: formatPurposeless(kind),
  evidence: [
    `kind: ${kind}`,
    `grants that let in, or may: ${grantCount}`,
    `first seen at ${firstSeen}`,
    "neither the account nor its host has a purpose",
  ],
  remedy: "ask its owner, and write down the purpose of the account, or of its host for all accounts there",
});

/** Says of something that people have labelled that nobody has said what it is for. Written by strangers in part. */
export const describeLabelledPurposeless = (
  kind: Labelled["kind"],
  { owner, reviewOn }: { owner: string | null; reviewOn: string | null },
): FindingText => ({
  sentence: `nobody has said what this ${kind} is for`,
  evidence: [
    owner === null ? "nobody answers for it" : `owner: ${owner}`,
    ...(reviewOn === null ? [] : [`review on ${reviewOn}`]),
  ],
  remedy: "ask its owner, and write down the purpose",
});

export const REVIEW_SEVERITY: Severity = "low";

type Overdue = { reviewOn: string; owner: string | null; purpose: string | null };

/** The sentence in the row of the thing. */
export const formatReviewOverdue = (kind: Labelled["kind"], reviewOn: string): string =>
  `this ${kind} was to be reviewed on ${reviewOn}`;

/** Says that the day has come on which somebody was to review something. Written by strangers in part. */
export const describeReviewOverdue = (
  kind: Labelled["kind"],
  { reviewOn, owner, purpose }: Overdue,
): FindingText => ({
  sentence: formatReviewOverdue(kind, reviewOn),
  evidence: [
    `review on ${reviewOn}`,
    owner === null ? "nobody answers for it" : `owner: ${owner}`,
    purpose === null ? "nobody has said what it is for" : `purpose: ${purpose}`,
  ],
  remedy: `${owner === null ? "find its owner, and ask" : "ask its owner"} whether it is still needed; name a later review date, or retire it`,
});

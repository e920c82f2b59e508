import {
  type InheritedLabel,
  type LabelEvidence,
  LabelField,
  type LabelSource,
  type LabelSuggestion,
  type Labels,
  type LabelValue,
  type Tag,
} from "../model/label.ts";
import { formatCount } from "./count.ts";

/** What each field is called. */
export const LABEL_TITLES: Record<LabelField, string> = {
  owner: "Owner",
  purpose: "Purpose",
  environment: "Environment",
  reviewOn: "Review on",
};

/** Where a value comes from that is not a thing's own. */
export function formatLabelSource(from: LabelSource): string {
  switch (from.kind) {
    case "host":
      return `as host ${from.host}`;
    case "tag":
      return from.host === null ? `by tag ${from.name}` : `by tag ${from.name} of host ${from.host}`;
    case "hosts":
      return "as all its hosts";
  }
}

/** Why it is not known what holds. */
export function formatUnsettled({
  by,
  host,
  values,
}: Extract<InheritedLabel, { kind: "unsettled" }>): string {
  const whose = by === "hosts" ? "its hosts" : host === null ? "its tags" : `the tags of host ${host}`;
  return `${whose} differ: ${values.join(", ")}`;
}

/** What holds of a thing, and where that comes from; null where nothing is said. */
export function formatLabelValue({ own, inherited }: LabelValue): string | null {
  if (own !== null) return own;
  switch (inherited.kind) {
    case "none":
      return null;
    case "value":
      return `${inherited.value} (${formatLabelSource(inherited.from)})`;
    case "unsettled":
      return `unknown (${formatUnsettled(inherited)})`;
  }
}

/** All that is said of a thing, in one line. */
export function formatLabels(labels: Labels): string {
  const values = LabelField.options.flatMap((field) => {
    const text = formatLabelValue(labels[field]);
    if (text === null) return field === "owner" ? ["no owner"] : [];
    return [`${LABEL_TITLES[field].toLowerCase()} ${text}`];
  });
  return [...values, ...(labels.tags.length > 0 ? [`tagged ${labels.tags.join(", ")}`] : [])].join("; ");
}

/** What a tag says of what has it, and how much that is. */
export function formatTag(tag: Tag): string {
  const { duePercent, owner, environment, hostCount, certificateCount, accountCount, otherCount } = tag;
  const counts = [
    formatCount(hostCount, "host"),
    formatCount(certificateCount, "certificate"),
    ...(accountCount > 0 ? [formatCount(accountCount, "account")] : []),
    ...(otherCount > 0 ? [formatCount(otherCount, "other")] : []),
  ];
  return [
    counts.join(", "),
    duePercent === null ? "due as usual" : `due when ${duePercent} % of the lifetime is left`,
    ...(owner === null ? [] : [`owner ${owner}`]),
    ...(environment === null ? [] : [`environment ${environment}`]),
  ].join("; ");
}

/** What speaks for a suggestion, as a part of a sentence. */
export function describeEvidence(evidence: LabelEvidence): string {
  switch (evidence.kind) {
    case "login-of-person":
      return `it is called ${evidence.login}, which ${evidence.source} has as a login of theirs`;
    case "key-of-person":
      return `${evidence.source} has a key of it as theirs: ${evidence.fingerprint}`;
    case "comment":
      return `the comment of a key of it is ${evidence.comment}`;
    case "last-login":
      return `their key ${evidence.fingerprint} logged in last, on ${evidence.at.slice(0, 10)}`;
    case "became":
      return `${evidence.by} became it last by su, on ${evidence.at.slice(0, 10)}`;
    case "key-file":
      return `its private key is ${evidence.path} of ${evidence.account} on ${evidence.host}`;
    case "same-name":
      return `${formatCount(evidence.count, "account")} of this name on other hosts`;
    case "same-host":
      return `${formatCount(evidence.count, "other account")} of its host`;
    case "on-host":
      return `it is on host ${evidence.host}`;
    case "predecessor":
      return `the certificate that was there before it, ${evidence.sha256.slice(0, 12)}`;
    case "issuer":
      return `its issuer ${evidence.name}`;
    case "runs":
      return `${evidence.name} runs as it`;
    case "host-name":
      return `"${evidence.word}" in the name ${evidence.host}`;
  }
}

/** Why a value is suggested; whether that is a host's word alone is said. */
export const describeSuggestion = ({ evidence, isClaim }: LabelSuggestion): string =>
  `${evidence.map(describeEvidence).join("; ")}${isClaim ? " (as hosts say, which nothing verifies)" : ""}`;

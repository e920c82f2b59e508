import { assertNever } from "#shared/model/assert-never.ts";
import { type LabelEvidence, LabelField, type LabelSuggestion, type Labels } from "#shared/model/label.ts";

/** A value of a field, and one thing that speaks for it. */
export type FoundEvidence = { field: LabelField; value: string; evidence: LabelEvidence };

/** So many values of a field are suggested, each with so much of what speaks for it. */
const MOST_VALUES = 3;
const MOST_EVIDENCE = 4;

/**
 * What may be said of a thing, the best of each field first: what rests on the user's own word stands before what is a host's
 * alone, however much of that there is. Nothing is suggested for a field that says something already.
 */
export function rankSuggestions(found: readonly FoundEvidence[], labels: Labels): LabelSuggestion[] {
  return LabelField.options.flatMap((field) => {
    const { own, inherited } = labels[field];
    if (own !== null || inherited.kind === "value") return [];
    const values = Map.groupBy(
      found.filter((one) => one.field === field && one.value.trim() !== ""),
      ({ value }) => value,
    );
    return [...values]
      .map(([value, all]) => toSuggestion(field, value, all))
      .toSorted(
        (one, other) =>
          Number(one.isClaim) - Number(other.isClaim) ||
          other.evidence.length - one.evidence.length ||
          one.value.localeCompare(other.value, "en"),
      )
      .slice(0, MOST_VALUES);
  });
}

function toSuggestion(field: LabelField, value: string, all: readonly FoundEvidence[]): LabelSuggestion {
  const evidence = all
    .map((one) => one.evidence)
    .toSorted((one, other) => Number(isHostsWord(one)) - Number(isHostsWord(other)));
  return { field, value, evidence: evidence.slice(0, MOST_EVIDENCE), isClaim: evidence.every(isHostsWord) };
}

/**
 * Whether it is what a host says: its accounts' names, its files, its logs, what runs there. The rest is what the user has
 * said elsewhere.
 */
function isHostsWord({ kind }: LabelEvidence): boolean {
  switch (kind) {
    case "login-of-person":
    case "key-of-person":
    case "comment":
    case "last-login":
    case "became":
    case "key-file":
    case "runs":
    case "predecessor":
    case "same-name":
      return true;
    case "same-host":
    case "on-host":
    case "issuer":
    case "host-name":
      return false;
    default:
      return assertNever(kind);
  }
}

/** Words that names of hosts have, and the environment that they mean. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ["prod", "production"],
  ["production", "production"],
  ["prd", "production"],
  ["live", "production"],
  ["stage", "staging"],
  ["staging", "staging"],
  ["stg", "staging"],
  ["test", "test"],
  ["tst", "test"],
  ["qa", "qa"],
  ["uat", "uat"],
  ["dev", "development"],
  ["development", "development"],
  ["ci", "build"],
  ["build", "build"],
]);

/** Which environment the name of a host speaks of: a whole part of it, digits at its end apart. */
export function findEnvironment(host: string, known: readonly string[]): FoundEvidence[] {
  const parts = host
    .toLowerCase()
    .split(/[.\-_]/)
    .map((part) => part.replace(/\d+$/, ""));
  for (const word of parts) {
    const value = known.includes(word) ? word : WORDS.get(word);
    if (value !== undefined)
      return [{ field: "environment", value, evidence: { kind: "host-name", host, word } }];
  }
  return [];
}

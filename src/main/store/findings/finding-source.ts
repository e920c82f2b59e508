import {
  type Finding,
  type FindingObject,
  type RuleId,
  Severity,
  type Violation,
} from "#shared/model/finding.ts";
import type { Part, Value } from "#store/lists/order.ts";
import { coversAll, membersOf } from "./acceptance-table.ts";

/** What a list of findings may be ordered by. `since` is in the order of an index, and `tie` tells those of one rule apart. */
export type SourceColumn = "severity" | "rule" | "host" | "label_start" | "first_seen" | "since" | "tie";

/** A column that is the same for all of a source is a value; otherwise it is an expression. */
export type ColumnOfSource = { same: Value } | { sql: string };

/**
 * Where findings come from: each source is a query that gives the same columns. Where two sources give the same rule at the same
 * severity, their `tie`s are of one table. The only parameter is `@now`.
 */
export type FindingSource = {
  /** Who fills its findings with what they say. */
  name:
    | (
        | "stored"
        | "date"
        | "certificate"
        | "violation"
        | "tls-key"
        | "held-key"
        | "key-exchange"
        | "change"
        | "host"
      )
    | ("key" | "orphan" | "unapproved" | "due");
  /** With the index that a list of them is read by. */
  from: string;
  /** The same for what is on one host, of which there is little: it is found by that. Null where `from` does so. */
  ofHost: string | null;
  /** The same with an index that is in the order of a column, for when the source has most of what is there. */
  walk: Partial<Record<SourceColumn, string>>;
  /** What no index is in the order of: all of the source is read for a list by that, and kept for a minute. */
  unordered?: readonly SourceColumn[];
  /** The scans that have begun rows of it, where these are first seen when their scan began: a query for `id` and `startedAt`. */
  scans?: string;
  /** Whether such an index has little more than the source. */
  isWalkShort?: boolean;
  table:
    | "finding"
    | "certificate"
    | "key"
    | "grant_line"
    | "profile_violation"
    | "reused_key"
    | "key_file"
    | "endpoint"
    | "location"
    | "host";
  where: readonly string[];
  columns: Readonly<Record<SourceColumn, ColumnOfSource>>;
  /** How many it has, as an expression, where something keeps that. */
  cachedCount?: string;
  /** Whether a finding is on the host of this name: where it is on several, whether it is on that one too. */
  isOnHost: string;
  /** What a search looks at. */
  text: string;
  /** What else knows what has a word: the list of such things, or the names of hosts; by the key's own beginning alone. */
  foundBy?: "certificate" | "grant" | "tls-key" | "host" | "key";
  /** What is about a thing; null where no finding of this source can be. */
  isAbout(object: FindingObject): Part | null;
  /** Whether a finding is accepted now. Few are, and they are found first. */
  isAccepted: string;
};

export const rankOf = (severity: Severity): number => Severity.options.indexOf(severity);

export const HOST_ID = "(SELECT host_name.id FROM host_name WHERE host_name.name = ?)";

/** What is accepted is found by that: few are, and by another index all of a source would be read. */
export const acceptedFrom = ({ table, columns: { tie } }: FindingSource): string =>
  "sql" in tie && tie.sql === "id" ? `${table} NOT INDEXED` : table;

/** The condition of acceptances that hold now. */
export const IN_FORCE = "withdrawn_at IS NULL AND until > @now";

/** Whether this rule is accepted for a thing, of which this column is what acceptances name, and for all that it is about. */
export const acceptedFor = (rule: RuleId, kind: FindingObject["kind"], column: string): string =>
  `${column} IN (
    SELECT about FROM acceptance
    WHERE rule = '${rule}' AND kind = '${kind}' AND ${IN_FORCE}
      AND ${coversAll(membersOf(rule))})`;

/** What a finding says, before its rule and what was decided of it are put beside it. */
export type FindingText = Omit<
  Finding,
  "id" | "rule" | "severity" | "reference" | "profile" | "brokenRules" | "acceptance"
> & {
  /** The rules that are broken, where the finding is of these. */
  violation?: Pick<Violation, "profile" | "rules">;
};

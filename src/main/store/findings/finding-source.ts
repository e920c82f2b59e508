import {
  type Finding,
  type FindingObject,
  type RuleId,
  Severity,
  type Violation,
} from "#shared/model/finding.ts";
import type { Labelled } from "#shared/model/label.ts";
import type { Part, Value } from "#store/lists/order.ts";
import { coversAll, membersOf } from "./acceptance-table.ts";

/**
 * The columns that a list of findings may be sorted by. `since` is in the order of an index, and `tie` distinguishes
 * findings of one rule.
 */
export type SourceColumn = "severity" | "rule" | "host" | "label_start" | "first_seen" | "since" | "tie";

/** What follows from labels alone. */
export type LabelRule = "review" | "owner-left" | "purposeless";
/** `name`: of a host that is known by its endpoints alone. */
export type LabelSourceName = `${Labelled["kind"] | "name" | "tag"}/${LabelRule}`;

/** A column that is the same for all of a source is a value; otherwise it is an expression. */
export type ColumnOfSource = { same: Value } | { sql: string };

/**
 * A query for findings; the queries of all sources have the same columns. Where two sources give the same rule at the
 * same severity, their `tie`s are of one table. The only parameter is `@now`.
 */
export type FindingSource = {
  /** Names the describer that fills its findings with their texts. */
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
    | ("key" | "key-environments" | "orphan" | "unapproved" | "due" | "returned-grant" | "returned-account")
    | ("new-account" | "replaced" | "ownerless" | "purposeless")
    | LabelSourceName;
  /** The table with the index by which a list is read. */
  from: string;
  /**
   * The table for the findings of one host, which are few: the query begins with the host. Null where `from` does so.
   */
  ofHost: string | null;
  /** The table with an index in the order of a column, for a source that has most rows of the table. */
  walk: Partial<Record<SourceColumn, string>>;
  /**
   * Columns that no index is in the order of: a list by one of these reads the whole source, and keeps it for a minute.
   */
  unordered?: readonly SourceColumn[];
  /**
   * The scans that have begun rows of it, where its rows are first seen when their scan began: a query for `id` and
   * `startedAt`.
   */
  scans?: string;
  /** Whether an index of `walk` has little more than the source. */
  isWalkShort?: boolean;
  table:
    | "finding"
    | "certificate"
    | "key"
    | "grant_line"
    | "account"
    | "profile_violation"
    | "reused_key"
    | "key_file"
    | "endpoint"
    | "location"
    | "host"
    | "issuer"
    | "tag";
  where: readonly string[];
  columns: Readonly<Record<SourceColumn, ColumnOfSource>>;
  /** An expression for how many it has, where triggers keep that. */
  cachedCount?: string;
  /** Whether a finding is on the host of this name. One that is on several hosts is on each of them. */
  isOnHost: string;
  /** The text that a search reads. */
  text: string;
  /**
   * The list or index that finds the rows with a word: that of such things, or of the names of hosts. `key`: only the
   * beginning of the key's fingerprint.
   */
  foundBy?: "certificate" | "grant" | "account" | "tls-key" | "host" | "key";
  /** The condition for a finding to be about a thing; null where no finding of this source can be. */
  isAbout(object: FindingObject): Part | null;
  /** Whether a finding is accepted now. Few are, so the query begins with them. */
  isAccepted: string;
};

export const rankOf = (severity: Severity): number => Severity.options.indexOf(severity);

export const HOST_ID = "(SELECT host_name.id FROM host_name WHERE host_name.name = ?)";

/** The table for accepted findings. They are few: another index would read the whole source. */
export const acceptedFrom = ({ table, columns: { tie } }: FindingSource): string =>
  "sql" in tie && tie.sql.startsWith("id") ? `${table} NOT INDEXED` : table;

/** The condition for an acceptance to hold now. */
export const IN_FORCE = "withdrawn_at IS NULL AND until > @now";

/**
 * Whether this rule is accepted for a thing, and for all that the finding is about. `column` is what acceptances name
 * the thing by.
 */
export const acceptedFor = (rule: RuleId, kind: FindingObject["kind"], column: string): string =>
  `${column} IN (
    SELECT about FROM acceptance
    WHERE rule = '${rule}' AND kind = '${kind}' AND ${IN_FORCE}
      AND ${coversAll(membersOf(rule))})`;

/** The texts of a finding, to which its rule and its acceptance are added. */
export type FindingText = Omit<
  Finding,
  "id" | "rule" | "severity" | "reference" | "profile" | "brokenRules" | "acceptance"
> & {
  /** The broken rules, where the finding is about them. */
  violation?: Pick<Violation, "profile" | "rules">;
};

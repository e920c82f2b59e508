import type { Database } from "better-sqlite3";
import type { FindingFilter } from "#shared/contract/findings.ts";
import { type Finding, type FindingObject, type RuleId, Severity } from "#shared/model/finding.ts";
import { toInstant } from "#shared/model/instant.ts";
import { cut, type Listed, type Lists, type Window } from "#store/lists/lists.ts";
import { conditions, type Part, readCursor, valuesOf } from "#store/lists/order.ts";
import type { AcceptanceTable } from "./acceptance-table.ts";
import { findingRows, readFindingId, type SourceRow } from "./finding-row.ts";
import { acceptedFrom, type FindingSource, type SourceColumn } from "./finding-source.ts";
import { EVERYTHING, FINDING_SOURCES, sourceConditions } from "./finding-sources.ts";
import { sourceFilter } from "./source-filter.ts";
import { type SourceSort, sourcePage, sourceReader, sourceWhole } from "./source-reader.ts";

type Column = "severity" | "rule" | "host" | "label" | "firstSeen";

type FindingQuery = FindingFilter & Window & { sort: { by: Column; descending: boolean }; now: Date };

type Count = { rule: RuleId; severity: Severity; count: number };

const SORTED_BY: Record<Column, readonly SourceColumn[]> = {
  severity: ["severity", "rule", "since", "tie"],
  rule: ["rule", "severity", "since", "tie"],
  host: ["host", "rule", "severity", "tie"],
  label: ["label_start", "rule", "severity", "tie"],
  firstSeen: ["first_seen", "rule", "severity", "tie"],
};

/** At most so many findings of one thing are listed. */
const MOST_ABOUT = 100;

type Deps = { lists: Lists; acceptances: AcceptanceTable } & Parameters<typeof findingRows>[1];

/** What needs attention now: what scans have reported, what dates show, and what only several hosts together show. */
export function findingTable(db: Database, { lists, acceptances, ...deps }: Deps) {
  const rows = findingRows(db, { ...deps, acceptances });
  const sources = sourceReader(db, lists, sourceFilter({ lists, acceptances }));
  const countSource = sourceCounter({ lists, acceptances });

  return {
    list({ sort: { by, descending }, after: cursor, limit, now, ...filter }: FindingQuery): Listed<Finding> {
      const sort: SourceSort = { name: by, columns: SORTED_BY[by], descending };
      const after = cursor === null ? null : readCursor(sort, cursor);
      const page = sources.read({ ...filter, sort, after, limit: limit + 1 }, now);
      return { ...cut(page.rows, sort, limit, (row) => rows.toFinding(row, now)), total: page.total };
    },

    /** Null when its rule no longer fails for its thing, or never did. */
    find(id: string, now: Date): Finding | null {
      const identity = readFindingId(id);
      if (!identity) return null;
      const [found] = readAbout(identity.object, { rule: identity.rule, limit: 1, now });
      return found ? rows.toFinding(found, now) : null;
    },

    /** All findings of one thing, or those of one rule, accepted or not, the most severe first. */
    about: (object: FindingObject, now: Date, rule: RuleId | null = null): Finding[] =>
      readAbout(object, { rule, limit: MOST_ABOUT, now })
        .toSorted((a, b) => a.severity - b.severity || a.rule.localeCompare(b.rule))
        .map((row) => rows.toFinding(row, now)),

    /** How many of each rule, the most severe first. */
    counts(now: Date): Count[] {
      return addUp(FINDING_SOURCES.flatMap((source) => countSource(source, toInstant(now))))
        .filter(({ count }) => count > 0)
        .sort((a, b) => a.severity - b.severity || b.count - a.count || a.rule.localeCompare(b.rule))
        .map(({ severity, ...row }) => ({ ...row, severity: Severity.options[severity] ?? "info" }));
    },
  };

  function readAbout(object: FindingObject, query: { rule: RuleId | null; limit: number; now: Date }) {
    return FINDING_SOURCES.flatMap((source) => {
      const page = pageOf(source, object, query);
      return page ? lists.read<SourceRow>(page.sql, page.values, { now: toInstant(query.now) }) : [];
    });
  }
}

/** Counts of different sources for the same rule at the same severity are added up. */
function addUp<Counted extends { rule: RuleId; severity: number; count: number }>(
  counted: readonly Counted[],
): Counted[] {
  const sums = new Map<string, Counted>();
  for (const one of counted) {
    const key = `${one.rule} ${one.severity}`;
    sums.set(key, { ...one, count: one.count + (sums.get(key)?.count ?? 0) });
  }
  return [...sums.values()];
}

/** The findings of a source about one thing, by one rule or by all. Null where it cannot have any. */
function pageOf(
  source: FindingSource,
  object: FindingObject,
  { rule, limit }: { rule: RuleId | null; limit: number },
): Part | null {
  const about = source.isAbout(object);
  const where = sourceConditions(source, { ...EVERYTHING, rule });
  const sort: SourceSort = { name: "severity", columns: SORTED_BY.severity, descending: false };
  if (!about || !where) return null;
  const keyRange = sourceWhole(source, sort);
  return sourcePage({ ...source, from: source.table }, { sort, where: [...where, about], keyRange, limit });
}

/** `severity`: the index among the severities. */
type Counted = { rule: RuleId; severity: number; count: number };

/** How many findings of each rule at each severity a source has, without accepted ones. */
function sourceCounter({ lists, acceptances }: { lists: Lists; acceptances: AcceptanceTable }) {
  return countSource;

  function countSource(source: FindingSource, now: string): Counted[] {
    const { severity, rule } = source.columns;
    if ("same" in severity && "same" in rule) {
      const where = sourceConditions(source, EVERYTHING) ?? [];
      const isAccepted = { sql: source.isAccepted, values: [] };
      const accepted = acceptances.hasAny(now)
        ? lists.sum(acceptedFrom(source), [...where, isAccepted], { now })
        : 0;
      const count = lists.sum(source.from, where, { now }) - accepted;
      return [{ severity: Number(severity.same), rule: rule.same as RuleId, count }];
    }
    const counted = (from: string, where: readonly Part[]) =>
      lists.read<Counted>(
        `SELECT severity, rule, count(*) AS count FROM ${from}${conditions(where)} GROUP BY severity, rule`,
        valuesOf(where),
        { now },
      );
    const where = sourceConditions(source, EVERYTHING) ?? [];
    const all = counted(source.from, where);
    if (!acceptances.hasAny(now)) return all;
    const accepted = counted(acceptedFrom(source), [...where, { sql: source.isAccepted, values: [] }]);
    return [...all, ...accepted.map((row) => ({ ...row, count: -row.count }))];
  }
}

import type { Database } from "better-sqlite3";
import type { ChangeFilter } from "#shared/contract/changes.ts";
import {
  type ChangeCount,
  ChangeKind,
  type ChangeRow,
  type ChangeWhat,
} from "#shared/model/access/change.ts";
import { ScanId } from "#shared/model/hosts/scan.ts";
import { addTotals, type Total } from "#shared/model/total.ts";
import { cut, type Listed, type Lists, orderBy, orderOf, type Window } from "#store/lists/lists.ts";
import {
  conditions,
  type Key,
  type KeyRange,
  keyRangesAfter,
  mergeRows,
  type Part,
  readCursor,
  readKeyRanges,
  rowsAfter,
  type Value,
  valuesOf,
  wholeOf,
} from "#store/lists/order.ts";
import { eachWordOfHost } from "#store/lists/search.ts";
import { formatDifference, formatFacts, type VersionReader } from "./revision-row.ts";

/** Two scans by their numbers, in either order; 0 is before every scan. */
type Between = { from: number; to: number };

type ChangeQuery = Between & ChangeFilter & Window;

type Row = ChangeFound & { host: string; at: string };

const SORT = { name: "at", columns: ["scan", "id"], descending: true };

/** The same change when the later scan is compared with the earlier one. */
const INVERSE: Record<ChangeWhat, ChangeWhat> = { appeared: "gone", changed: "changed", gone: "appeared" };

/** The differences between two scans, of everything that has revisions. */
export function changeTable(
  db: Database,
  { lists, readVersion }: { lists: Lists; readVersion: VersionReader },
) {
  const readSource = changeReader(lists);
  const hostOf = db.prepare<[number], string>("SELECT name FROM host_name WHERE id = ?").pluck();
  const startOf = db.prepare<[number], string>("SELECT started_at FROM scan WHERE id = ?").pluck();
  const nameId = db.prepare<[string], number>("SELECT id FROM host_name WHERE name = ?").pluck();

  return {
    list({ from, to, host, kind, what, search, after, limit }: ChangeQuery): Listed<ChangeRow> {
      const isBack = from > to;
      const effect = what && isBack ? INVERSE[what] : what;
      const sources = CHANGE_SOURCES.filter(
        (source) => (kind === null || source.kind === kind) && (effect === null || source.what === effect),
      );
      const named = order({ from, to });
      const start = after === null ? null : readCursor(SORT, after);
      const found = sources.map((source) => {
        const where = [
          { sql: source.where, values: [] },
          ...onHost(host),
          ...eachWordOfHost(search, textOf(source), { ...lists, column: HOST }),
        ];
        const table = host === null ? source.table : source.tableOfHost;
        return readSource(
          { ...source, table },
          { where, start, limit: limit + 1, named, isSearched: search.trim() !== "" },
        );
      });
      const rows = mergeRows(
        found.map((source) => source.rows),
        limit + 1,
        orderOf(SORT),
      );
      const page = cut(rows, SORT, limit, (row) =>
        toChange(
          readVersion,
          { ...row, host: hostOf.get(row.name) ?? "", at: startOf.get(row.scan) ?? "" },
          { from: named.from, isBack },
        ),
      );
      return { ...page, total: addTotals(found.map(({ total }) => total)) };
    },

    /** How many of each kind appeared, changed or went; kinds without any are left out. */
    counts({ from, to, host }: Between & Pick<ChangeFilter, "host">): ChangeCount[] {
      const named = order({ from, to });
      return ChangeKind.options.flatMap((kind) => {
        const counted = { appeared: 0, changed: 0, gone: 0 };
        for (const source of CHANGE_SOURCES)
          if (source.kind === kind)
            counted[from > to ? INVERSE[source.what] : source.what] = count(source, named, host);
        return counted.appeared + counted.changed + counted.gone === 0 ? [] : [{ kind, ...counted }];
      });
    },
  };

  function count({ table, tableOfHost, where }: ChangeSource, named: Between, host: string | null): number {
    return lists.sum(
      host === null ? table : tableOfHost,
      [{ sql: where, values: [] }, ...onHost(host)],
      named,
    );
  }

  function onHost(host: string | null): Part[] {
    return host === null ? [] : [{ sql: "revision.name = ?", values: [nameId.get(host) ?? 0] }];
  }
}

const order = ({ from, to }: Between): Between => ({ from: Math.min(from, to), to: Math.max(from, to) });

function toChange(
  readVersion: VersionReader,
  { id, before, what, kind, host, scan, at }: Row,
  { from, isBack }: { from: number; isBack: boolean },
): ChangeRow {
  const later = readVersion(id);
  const earlier = before === null ? null : readVersion(before);
  const shown = isBack && earlier ? earlier : later;
  const details = earlier
    ? formatDifference(...(isBack ? ([later, earlier] as const) : ([earlier, later] as const)))
    : formatFacts(shown);
  const { title, location, opens } = shown;
  return {
    id,
    what: isBack ? INVERSE[what] : what,
    kind,
    host,
    title,
    location,
    details,
    isFirstReading: what === "appeared" && !isBack && later.firstReading > from,
    scan: ScanId.parse(scan),
    at,
    opens,
  };
}

/** A row of a source. */
type ChangeFound = {
  id: number;
  what: ChangeWhat;
  kind: ChangeKind;
  /** The id of the host's name. */
  name: number;
  scan: number;
  before: number | null;
};

type Page = {
  where: readonly Part[];
  start: readonly Value[] | null;
  limit: number;
  named: { from: number; to: number };
  /** Whether there are words to find: no index has them, so one search serves all pages. */
  isSearched: boolean;
};

type Found = { total: Total; rows: (ChangeFound & Key)[] };

/** The latest first. */
const ORDER = { count: 2, descending: true };

/** Reads the part of a page that one source has, in the order of its index. */
function changeReader(lists: Lists) {
  return (source: ChangeSource, page: Page): Found =>
    page.isSearched ? find(source, page) : read(source, page);

  function read(source: ChangeSource, page: Page): Found {
    const total = lists.count(source.table, page.where, page.named);
    if (total === 0) return { total, rows: [] };
    const keyRanges = keyRangesAfter([source.scan, "revision.id"], page.start, ORDER);
    const rows = readKeyRanges(keyRanges, page.limit, (keyRange, limit) => {
      const { sql, values } = sourcePage(source, { ...page, keyRange, limit });
      return lists.read<ChangeFound & Key>(sql, values, page.named);
    });
    return { total, rows };
  }

  function find(source: ChangeSource, page: Page): Found {
    const most = lists.mostCounted;
    const keyRange = wholeOf([source.scan, "revision.id"]);
    const { sql, values } = sourcePage(source, { ...page, keyRange, limit: most + 1 });
    const all = lists.find<ChangeFound & Key>(sql, values, page.named);
    if (all.length > most) return { ...read(source, page), total: { moreThan: most } };
    return { total: all.length, rows: rowsAfter(all, page.start, page.limit, ORDER) };
  }
}

function sourcePage(
  source: ChangeSource,
  { where, keyRange, limit }: Omit<Page, "start"> & { keyRange: KeyRange },
): Part {
  const all = [...where, ...keyRange.where];
  return {
    sql: `SELECT ${columnsOf(source)}, ${source.scan} AS sort_0, revision.id AS sort_1
      FROM ${source.table}${conditions(all)}${orderBy({ ...ORDER, columns: keyRange.columns })} LIMIT ?`,
    values: [...valuesOf(all), limit],
  };
}

/** The content of a row that may differ from another row of the same thing; two such rows are compared by it. */
const CONTENT: Record<ChangeKind, string | null> = {
  grant: "SELECT text FROM grant_line WHERE id =",
  "key-file": "SELECT ifnull(fingerprint, '') FROM key_file WHERE id =",
  "host-key": "SELECT fingerprint FROM host_key WHERE id =",
  account: null,
  certificate: "SELECT certificate FROM location WHERE id =",
};

/** The text that a search reads, beside the name of the host. */
const TEXT: Record<ChangeKind, string> = {
  grant: `(SELECT account || char(10) || file || char(10) || comment || char(10) || ifnull(fingerprint, '')
    FROM grant_line WHERE id = revision.about)`,
  "key-file": "(SELECT path || char(10) || ifnull(fingerprint, '') FROM key_file WHERE id = revision.about)",
  "host-key": "(SELECT key_type || char(10) || fingerprint FROM host_key WHERE id = revision.about)",
  account: "revision.label",
  certificate: `(SELECT subject || char(10) || ifnull(path, '')
    FROM location JOIN certificate ON certificate.id = location.certificate WHERE location.id = revision.about)`,
};

const standsAt = (revision: string, scan: "@from" | "@to"): string =>
  `${revision}.first_scan <= ${scan} AND (${revision}.gone_scan IS NULL OR ${revision}.gone_scan > ${scan})`;

/** The row of the same thing that stood at the earlier scan, or stands at the later one. */
const otherAt = (scan: "@from" | "@to", select: string): string => `
  SELECT ${select} FROM revision AS other
  WHERE (other.id = ifnull(revision.origin, revision.id) OR other.origin = ifnull(revision.origin, revision.id))
    AND ${standsAt("other", scan)}`;

/**
 * A query for the changes of one kind and one `what`. Its parameters are `@from` and `@to`, of which `@from` is the
 * lower.
 */
type ChangeSource = {
  what: ChangeWhat;
  kind: ChangeKind;
  table: string;
  /** The same, for the changes of one host. */
  tableOfHost: string;
  where: string;
  /** The scan that found the change, and the revision before it, if any. */
  scan: string;
  before: string;
};

const OF_HOST = "revision INDEXED BY revision_under_name";

const WITH_EARLIER = `JOIN revision AS earlier ON earlier.id = (${otherAt("@from", "other.id")} LIMIT 1)`;

const CHANGE_SOURCES: readonly ChangeSource[] = ChangeKind.options.flatMap((kind) => [
  {
    what: "appeared",
    kind,
    scan: "revision.first_scan",
    before: "NULL",
    table: "revision",
    tableOfHost: OF_HOST,
    where: `kind = '${kind}' AND first_scan > @from AND ${standsAt("revision", "@to")}
      AND (origin IS NULL OR NOT EXISTS (${otherAt("@from", "1")}))`,
  },
  {
    what: "changed",
    kind,
    scan: "revision.first_scan",
    before: "earlier.id",
    table: `revision ${WITH_EARLIER}`,
    tableOfHost: `${OF_HOST} ${WITH_EARLIER}`,
    where: `revision.kind = '${kind}' AND revision.origin IS NOT NULL AND revision.first_scan > @from
        AND ${standsAt("revision", "@to")} AND ${isOtherwise(kind)}`,
  },
  {
    what: "gone",
    kind,
    scan: "revision.gone_scan",
    before: "NULL",
    table: "revision",
    tableOfHost: OF_HOST,
    where: `kind = '${kind}' AND gone_scan > @from AND gone_scan <= @to AND first_scan <= @from
      AND NOT EXISTS (${otherAt("@to", "1")})`,
  },
]);

/** A null state was not recorded, and so differs from none. */
function isOtherwise(kind: ChangeKind): string {
  const content = CONTENT[kind];
  const state = "ifnull(revision.state <> earlier.state, 0)";
  if (content === null) return state;
  return `(${state} OR revision.about <> earlier.about AND (${content} revision.about) <> (${content} earlier.about))`;
}

const HOST = { sql: "revision.name", has: "ids" } as const;

/** The columns that a page is made of. */
const columnsOf = ({ what, kind, scan, before }: ChangeSource): string =>
  `revision.id AS id, '${what}' AS what, '${kind}' AS kind, revision.name AS name, ${scan} AS scan, ${before} AS before`;

const textOf = ({ kind }: ChangeSource): string =>
  `(SELECT host_name.name FROM host_name WHERE host_name.id = revision.name) || char(10) || ${TEXT[kind]}`;

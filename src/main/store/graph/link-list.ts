import type { GraphEdge, GraphLink, GraphNode } from "#shared/model/access/graph.ts";
import { addTotals, type Total } from "#shared/model/total.ts";
import { OF_HOSTS } from "#store/access/grant-filter.ts";
import { isWalkShorter, type Listed, type Lists, type Window } from "#store/lists/lists.ts";
import {
  conditions,
  type Key,
  mergeRows,
  type Part,
  readCursor,
  rowsAfter,
  type Sort,
  type Value,
  valuesOf,
  writeCursor,
} from "#store/lists/order.ts";
import {
  endOfStart,
  isAscii,
  orOfCalled,
  type Phrase,
  splitWords,
  toFingerprintStart,
  toPattern,
} from "#store/lists/search.ts";
import { ofCalled } from "#store/lists/word-search.ts";
import { GRANT_TEXT, type LinkFilter, type LinkSource, sourceConditions, sourcesOf } from "./link-sources.ts";
import { readNodeId } from "./node-finder.ts";

/** A cursor names the source and the values of its order; the longest order has six. */
const ORDER: Sort = { name: "links", columns: ["source", "1", "2", "3", "4", "5", "6"], descending: false };

type Deps = { lists: Lists; nodeOf: (id: string) => GraphNode };

/** Lists every known link, a page at a time: a page begins after the last row of the page before, by an index. */
export function linkList({ lists, nodeOf }: Deps) {
  const { page, readKept } = linkPages(lists);

  return {
    list({ after, limit, ...filter }: LinkFilter & Window): Listed<GraphLink> {
      const sources = sourcesOf(filter).map((source) => measure(lists, source, filter));
      const total = addTotals(sources.map((source) => source.total));
      const start = after === null ? null : readCursor(ORDER, after);
      const begin = start ? sources.findIndex(({ source }) => source.name === start[0]) : 0;
      const found: { source: LinkSource; row: Key }[] = [];
      for (const [index, { source, selections, total }] of sources.slice(Math.max(begin, 0)).entries()) {
        if (total === 0) continue;
        const from =
          index === 0 && start ? start.slice(1, 1 + source.outer.length + source.inner.length) : null;
        const most = limit + 1 - found.length;
        const isKept = filter.search.trim() !== "" && typeof total === "number" && total <= lists.mostCounted;
        const rows = isKept
          ? readKept(source, { selections: selections.counted, start: from, limit: most })
          : page(source, { selections: selections.read(total, most), start: from, limit: most });
        found.push(...rows.map((row) => ({ source, row })));
        if (found.length > limit) break;
      }
      const last = found.length > limit ? found[limit - 1] : undefined;
      return {
        rows: found.slice(0, limit).map(toLinks(nodeOf)),
        total,
        next: last ? writeCursor(ORDER, cursorRow(last.source, last.row)) : null,
      };
    },
  };
}

/** Rows of a page name the same hosts and keys over and over: each is looked up once. */
function toLinks(nodeOf: Deps["nodeOf"]): (found: { source: LinkSource; row: Key }) => GraphLink {
  const known = new Map<string, GraphNode>();
  const find = (id: string): GraphNode => {
    const node = known.get(id) ?? nodeOf(id);
    known.set(id, node);
    return node;
  };
  return ({ source, row }) =>
    linkOf((source.toEdges as (row: Key) => GraphEdge[])(row), find, idOf(source, row));
}

/** The total of a source, and the selections that find its rows. */
function measure(lists: Lists, source: LinkSource, filter: LinkFilter) {
  const selections = selectionsOf(lists, source, filter);
  const total =
    selections.least ?? addTotals(selections.counted.map(({ from, where }) => lists.count(from, where)));
  return { source, selections, total };
}

/** Without the account: its name may be long, and the grant has a number. */
function idOf({ name, outer, inner }: LinkSource, row: Key): string {
  const keys = [...outer, ...inner.slice(-1)].map((_, index) =>
    index < outer.length ? index : outer.length + inner.length - 1,
  );
  return [name, ...keys.map((index) => row[`sort_${index}`])].join("/");
}

const cursorRow = (source: LinkSource, row: Key): Key => ({
  sort_0: source.name,
  ...Object.fromEntries([1, 2, 3, 4, 5, 6].map((index) => [`sort_${index}`, row[`sort_${index - 1}`] ?? ""])),
});

/**
 * A row of the list from one edge, or from two: the edge by which somebody has a key, and the edge to what the key
 * opens.
 */
export function linkOf(
  edges: readonly GraphEdge[],
  nodeOf: (id: string) => GraphNode,
  id: string,
): GraphLink {
  const [first, last] = [edges[0], edges.at(-1)];
  if (!first || !last) throw new Error("a link has an edge");
  const held = first.how === "holds" ? first : null;
  const key = [last.from, last.to, first.from].map(readNodeId).find(({ kind }) => kind === "key");
  return {
    id,
    from: nodeOf(first.from),
    fingerprint: key?.kind === "key" ? key.fingerprint : null,
    to: nodeOf(last.to),
    how: last.how,
    heldAt: held?.where ?? null,
    where: last === held ? "" : last.where,
    options: last.options,
    isCertain: edges.every(({ isCertain }) => isCertain),
    notes: edges.flatMap(({ notes }) => notes),
    distance: null,
    isPathCertain: null,
  };
}

type Page = { selections: readonly Selection[]; start: readonly Value[] | null; limit: number };

/** Reads the rows of one source that come after one of its rows. */
function linkPages(lists: Lists) {
  return { page, readKept };

  /** First the remaining links with the same first edge, then those with a later one: no index serves both at once. */
  function page(source: LinkSource, { selections, start, limit }: Page): Key[] {
    if (start === null) return read(source, selections, { where: [], limit });
    const outer = start.slice(0, source.outer.length);
    const same: Part[] =
      source.inner.length === 0
        ? []
        : [
            { sql: compare(source.outer, "="), values: outer },
            { sql: compare(source.inner, ">"), values: start.slice(source.outer.length) },
          ];
    const rest = same.length === 0 ? [] : read(source, selections, { where: same, limit });
    if (rest.length >= limit) return rest;
    const beyond = { sql: compare(source.outer, ">"), values: outer };
    return [...rest, ...read(source, selections, { where: [beyond], limit: limit - rest.length })];
  }

  /** Each selection gives its first rows; the first of these together are the rows of the list. */
  function read(
    source: LinkSource,
    selections: readonly Selection[],
    more: { where: readonly Part[]; limit: number },
  ): Key[] {
    const rows = selections.map(({ from, where }) => {
      const all = [...where, ...more.where];
      const sql = `SELECT ${source.select}, ${keysOf(source)} FROM ${from}${conditions(all)} ORDER BY ${orderOf(source)} LIMIT ?`;
      return lists.read<Key>(sql, [...valuesOf(all), more.limit]);
    });
    return rows.length === 1 ? (rows[0] ?? []) : mergeRows(rows, more.limit, inOrder(source));
  }

  /** The keys of the rows that words find are kept for the next pages; the other columns are read for each page. */
  function readKept(source: LinkSource, { selections, start, limit }: Page): Key[] {
    const cacheKey = JSON.stringify(["steps", source.name, selections]);
    const all = lists.keep(cacheKey, () => {
      const keys = selections.map(({ from, where }) =>
        lists.read<Key>(
          `SELECT ${keysOf(source)} FROM ${from}${conditions(where)} ORDER BY ${orderOf(source)}`,
          valuesOf(where),
        ),
      );
      return mergeRows(keys, Number.POSITIVE_INFINITY, inOrder(source));
    });
    const found = rowsAfter(all, start, limit, inOrder(source));
    const names = new Set(found.map(nameOf(source)));
    const where = [{ sql: source.where, values: [] }, among(source, found, 0)];
    if (source.inner.length > 0) where.push(among(source, found, columnsOf(source).length - 1));
    const rows = read(source, [{ from: source.from, where }], { where: [], limit: lists.mostCounted });
    return rows.filter((row) => names.has(nameOf(source)(row)));
  }
}

/** The condition that the column with this index has a value of one of these rows. */
const among = (source: LinkSource, rows: readonly Key[], index: number): Part => ({
  sql: `${columnsOf(source)[index]} IN (SELECT value FROM json_each(?))`,
  values: [JSON.stringify(rows.map((row) => row[`sort_${index}`]))],
});

const nameOf =
  (source: LinkSource) =>
  (row: Key): string =>
    JSON.stringify(columnsOf(source).map((_, index) => row[`sort_${index}`]));

const columnsOf = ({ outer, inner }: LinkSource): readonly string[] => [...outer, ...inner];

const keysOf = (source: LinkSource): string =>
  columnsOf(source)
    .map((column, index) => `${column} AS sort_${index}`)
    .join(", ");

const orderOf = (source: LinkSource): string => columnsOf(source).join(", ");

const inOrder = (source: LinkSource) => ({ count: columnsOf(source).length, descending: false });

const compare = (columns: readonly string[], operator: string): string =>
  `(${columns.join(", ")}) ${operator} (${columns.map(() => "?").join(", ")})`;

/**
 * How the rows of a source are found: as a rule in the order of the list, by who has a key. The rows of one host, or of
 * a word that few grants and key files have, are found by that host or word, and then sorted.
 */

/** Each of several selections finds rows that no other does; together they find all. */
type Selection = { from: string; where: readonly Part[] };

type Selections = {
  /** The total is the sum of their counts. */
  counted: readonly Selection[];
  /** More than so many, where the first rows of the table show that; null where they do not. */
  least: Total | null;
  /** The selections by which a page of `limit` rows out of `total` is read. */
  read(total: Total, limit: number): readonly Selection[];
};

/** So many rows of the table are sampled for words that many grants have; with that many, pages are soon full. */
const MOST_SAMPLED = 1_000;
const SOON_FULL = 20;

function selectionsOf(lists: Lists, source: LinkSource, filter: LinkFilter): Selections {
  const { fromGrants } = source;
  const words = splitWords(filter.search);
  const plain = sourceConditions(source, filter);
  const walked: Selection = {
    from: source.from,
    where: [...plain, ...words.map((word) => stands(lists, source, word))],
  };
  const only = (selection: Selection): Selections => ({
    counted: [selection],
    least: null,
    read: () => [selection],
  });
  if (filter.host !== null) return only({ ...walked, from: source.fromHost });
  if (!fromGrants) return only(walked);

  const fewest = words
    .toSorted(longestFirst)
    .flatMap((word) => findWord(lists, word))
    .find(({ inGrants }) => isFew(lists, inGrants));
  if (fewest === undefined)
    return { ...only(walked), least: words.length === 0 ? null : countSome(lists, fromGrants.table, walked) };
  const { word, inGrants, inFiles } = fewest;
  const rest = words.filter((one) => one !== word).map((one) => stands(lists, source, one));
  const { table, id, byText, isPhrase } = fromGrants;
  const found: Selection[] = [
    { from: `grant_line ${fromGrants.join}`, where: [...plain, ...rest, isInGrants(lists, word, inGrants)] },
    {
      from: source.from,
      where: [
        ...plain,
        ...rest,
        heldBy(lists, source, {
          word,
          sql: `${id} IN (${byText})`,
          value: isPhrase ? inFiles.match : toPattern(word),
        }),
        negate(standsInGrant(lists, word)),
      ],
    },
  ];
  return {
    counted: found,
    least: null,
    read: (total, limit) => (isWalkShorter(total, limit, lists.sum(table, [])) ? [walked] : found),
  };
}

/** Who has the key is found by the word, or is a host that calls itself so. */
function heldBy(
  lists: Lists,
  { heldOn }: LinkSource,
  { word, sql, value }: { word: string; sql: string; value: string },
): Part {
  const found = { sql, values: [value] };
  return heldOn ? orOfCalled(found, lists.calledHosts(word), { sql: heldOn, has: "names" }) : found;
}

/** Counts the sample alone where words that many grants have soon fill a page. */
function countSome(lists: Lists, table: string, { from, where }: Selection): Total | null {
  if (lists.sum(table, []) <= MOST_SAMPLED) return null;
  const first = from.replace(table, `(SELECT * FROM ${table} LIMIT ${MOST_SAMPLED}) AS ${table}`);
  const count = lists.count(first, where);
  return typeof count === "number" && count >= SOON_FULL ? { moreThan: count - 1 } : null;
}

const longestFirst = (one: string, other: string): number => other.length - one.length;

/** A word as the indexes find it; nothing where they cannot. */
function findWord(lists: Lists, word: string): { word: string; inGrants: Phrase; inFiles: Phrase }[] {
  const inGrants = lists.phraseOf("grant", word);
  const inFiles = lists.phraseOf("key_file", word);
  return inGrants?.isWhole && inFiles?.isWhole && isAscii(word) ? [{ word, inGrants, inFiles }] : [];
}

/** A word that more grants have is soon found by walking the list in its order. */
const isFew = (lists: Lists, { match }: Phrase): boolean =>
  typeof lists.count("grant_search", [{ sql: "grant_search MATCH ?", values: [match] }]) === "number";

/**
 * The word is in the text of who has the key, or in that of the grant where the source has one, or begins the key's
 * fingerprint.
 */
function stands(lists: Lists, source: LinkSource, word: string): Part {
  const text = { sql: `(${source.text}) LIKE ? ESCAPE '\\'`, values: [toPattern(word)] };
  const held = source.heldOn
    ? orOfCalled(text, lists.calledHosts(word), { sql: source.heldOn, has: "names" })
    : text;
  if (!source.fromGrants) return held;
  const granted = standsInGrant(lists, word);
  return { sql: `(${granted.sql} OR ${held.sql})`, values: [...granted.values, ...held.values] };
}

function standsInGrant(lists: Lists, word: string): Part {
  const plain = { sql: `(${GRANT_TEXT}) LIKE ? ESCAPE '\\'`, values: [toPattern(word)] };
  const text = orOfCalled(plain, lists.calledHosts(word), { sql: "grant_line.host_name", has: "names" });
  const key = keyRange(word);
  return key
    ? { sql: `(${text.sql} OR grant_line.fingerprint BETWEEN ? AND ?)`, values: [...text.values, ...key] }
    : text;
}

function isInGrants(lists: Lists, word: string, { match }: Phrase): Part {
  const key = keyRange(word);
  const parts = [
    { sql: "SELECT rowid FROM grant_search WHERE grant_search MATCH ?", values: [match] },
    ...(key
      ? [
          {
            sql: "SELECT id FROM grant_line WHERE gone_scan IS NULL AND ifnull(fingerprint, '') BETWEEN ? AND ?",
            values: key,
          },
        ]
      : []),
    ...ofCalled(lists, word, OF_HOSTS),
  ];
  const sql = parts.map((part) => part.sql).join(" UNION ");
  return { sql: `grant_line.id IN (${sql})`, values: parts.flatMap(({ values }) => values) };
}

function keyRange(word: string): Value[] | null {
  const start = toFingerprintStart(word);
  return start === null ? null : [start, endOfStart(start)];
}

const negate = ({ sql, values }: Part): Part => ({ sql: `NOT (${sql})`, values });

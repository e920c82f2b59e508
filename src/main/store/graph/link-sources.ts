import type { GraphEdge } from "#shared/model/access/graph.ts";
import type { Part } from "#store/lists/order.ts";
import {
  type AgentRow,
  AUTHORITY,
  type AuthorityRow,
  ESCALATION,
  type EscalationRow,
  escalationEdge,
  GRANT,
  type GrantEdgeRow,
  holding,
  holdingHere,
  holdingOf,
  type KeyFileRow,
  lending,
  opening,
  type PersonKeyRow,
  signing,
} from "./edges.ts";
import { personNamed } from "./node-finder.ts";

export type LinkFilter = {
  search: string;
  by: "key-file" | "this-computer" | "person" | "authority" | "account" | null;
  /** Only links that begin at people of this name, or at people of this standing. */
  person: string | null;
  standing: "known" | "gone" | null;
  host: string | null;
  onlyCertain: boolean;
  onlyRoot: boolean;
};

/**
 * One part of the list: who has keys of one kind, or can become somebody else. It is read in the order of its own
 * index.
 */
export type LinkSource = {
  name: string;
  by: NonNullable<LinkFilter["by"]>;
  select: string;
  from: string;
  where: string;
  /**
   * The order. The outer columns are of the first edge (who has a key), the inner ones of the second (what the key
   * opens).
   */
  outer: readonly string[];
  inner: readonly string[];
  /** The text that a search reads: of who has the key, and of what it opens. */
  text: string;
  /** The column with the name of the host where the key, rule or agent is; null where that is no host. */
  heldOn: string | null;
  host: string;
  /** The same as `from`, for the rows of one host. */
  fromHost: string;
  /** How the same rows are found from the grants; null where that is impossible. */
  fromGrants: FromGrants | null;
  isRoot: string;
  isCertain: string;
  /** The one or two edges that make a row. */
  toEdges: (row: never) => GraphEdge[];
};

type FromGrants = {
  /** Has a row for each key that a file, a person or this computer has. */
  table: string;
  /** Joins a grant to the rows of `table` with its key. */
  join: string;
  /** `id IN (byText)` selects the rows of `table` whose text has a word of three letters or more. */
  id: string;
  byText: string;
  /** True: the parameter of `byText` is a phrase of FTS5. False: it is a pattern of LIKE. */
  isPhrase: boolean;
};

const OPENS = "grant_line INDEXED BY grant_usable";
const OF_HOST = "grant_line INDEXED BY grant_by_host";
/** The plus removes the column's affinity: with it, the index, which is of an expression, would not be used. */
const TO_KEY_FILES = `CROSS JOIN key_file INDEXED BY key_file_by_any_key
  ON ifnull(key_file.fingerprint, likely_fingerprint) = +grant_line.fingerprint AND key_file.gone_scan IS NULL
  CROSS JOIN host AS holder ON holder.id = key_file.host`;
const TO_HELD_KEYS = "CROSS JOIN held_key ON held_key.fingerprint = grant_line.fingerprint";
const TO_PEOPLE = "CROSS JOIN person_key ON person_key.fingerprint = grant_line.fingerprint";
const USABLE = "grant_line.gone_scan IS NULL AND grant_line.effective <> 'no'";
const INNER = ["grant_line.host", "grant_line.account", "grant_line.id"] as const;

/** As `evaluateOpening` decides it, for a verdict in a column. */
function isSure(column: string, path: string): string {
  return `json_extract(${column}, '${path}.state') = 'yes' AND json_array_length(${column}, '${path}.onlyFrom') = 0
    AND EXISTS (SELECT 1 FROM json_each(${column}, '${path}.gives') WHERE value = 'shell')`;
}
const OPENS_SURELY = `grant_line.effective = 'yes' AND ${isSure("verdict", "$.effective")}`;

function isUidZero(host: string, account: string): string {
  return `EXISTS (SELECT 1 FROM account AS became
    WHERE became.host = ${host} AND became.name = ${account} AND became.uid = 0 AND became.gone_scan IS NULL)`;
}

const toGrant = { inner: INNER, host: "grant_line.host_name", isRoot: "grant_line.uid = 0" } as const;
/** To the letter as `grant_search` has it. */
export const GRANT_TEXT = `grant_line.host_name || char(10) || grant_line.account || char(10) || grant_line.file
  || char(10) || grant_line.comment`;

type KeyFileLink = GrantEdgeRow & {
  held_host: number;
  path: string;
  owner: string;
  key_type: string | null;
  proven: string | null;
  is_encrypted: number | null;
  possession: string;
};

const KEY_FILES: LinkSource = {
  name: "1",
  by: "key-file",
  select: `key_file.host AS held_host, path, key_file.owner, key_file.key_type, key_file.fingerprint AS proven, is_encrypted, possession, ${GRANT}`,
  from: `key_file CROSS JOIN ${OPENS} ON grant_line.fingerprint = ifnull(key_file.fingerprint, likely_fingerprint)
    CROSS JOIN host AS holder ON holder.id = key_file.host`,
  where: `key_file.gone_scan IS NULL AND possession <> 'other-key' AND ${USABLE}`,
  outer: ["key_file.id"],
  ...toGrant,
  heldOn: "holder.host",
  text: "key_file.owner || char(10) || holder.host || char(10) || path",
  fromHost: `${OF_HOST} ${TO_KEY_FILES}`,
  fromGrants: {
    table: "key_file",
    join: TO_KEY_FILES,
    id: "key_file.id",
    byText: "SELECT rowid FROM key_file_search WHERE key_file_search MATCH ?",
    isPhrase: true,
  },
  isCertain: `key_file.fingerprint IS NOT NULL AND possession = 'verified' AND is_encrypted = 0 AND ifnull(key_file.key_type, '') NOT LIKE 'sk-%'
    AND ${OPENS_SURELY}`,
  toEdges: (row: KeyFileLink) => {
    const { held_host: host, path, owner, key_type, proven, is_encrypted, possession, fingerprint } = row;
    const file: KeyFileRow = {
      host,
      path,
      owner,
      key_type,
      is_encrypted,
      possession,
      fingerprint: proven,
      likely_fingerprint: fingerprint,
    };
    const held = holding(file, owner, "own");
    return held ? [held, opening(row)] : [opening(row)];
  },
};

const HERE_KEYS: LinkSource = {
  name: "2",
  by: "this-computer",
  select: `location, ${GRANT}`,
  from: `held_key CROSS JOIN ${OPENS} ON grant_line.fingerprint = held_key.fingerprint`,
  where: USABLE,
  outer: ["location", "held_key.fingerprint"],
  ...toGrant,
  heldOn: null,
  text: "'this computer' || char(10) || location",
  fromHost: `${OF_HOST} ${TO_HELD_KEYS}`,
  fromGrants: {
    table: "held_key",
    join: TO_HELD_KEYS,
    id: "held_key.fingerprint",
    byText:
      "SELECT fingerprint FROM held_key WHERE 'this computer' || char(10) || location LIKE ? ESCAPE '\\'",
    isPhrase: false,
  },
  isCertain: OPENS_SURELY,
  toEdges: (row: GrantEdgeRow & { location: string }) => [holdingHere(row), opening(row)],
};

/** Every entry of the person of a key. */
const ENTRIES = "person AS entry INDEXED BY person_of_lead";

/** What a search reads of an entry. A word has no line break, and so is never in two of them at once. */
const ENTRY_TEXT = `entry.name || char(10) || people_source.name || char(10)
  || ifnull((SELECT group_concat(login, char(10)) FROM person_login WHERE person_login.person = entry.id), '')`;

/** Keys of persons: one that several entries of a person list is there once, by the first of them. */
const PEOPLE: LinkSource = {
  name: "3",
  by: "person",
  select: `person_key.lead AS person, (
      SELECT json_group_array(DISTINCT people_source.name ORDER BY people_source.name) FROM person_key AS twin
      CROSS JOIN person AS entry ON entry.id = twin.person CROSS JOIN people_source ON people_source.id = entry.source
      WHERE twin.lead = person_key.lead AND twin.fingerprint = person_key.fingerprint) AS sources, ${GRANT}`,
  from: `person_key CROSS JOIN ${OPENS} ON grant_line.fingerprint = person_key.fingerprint`,
  where: `person_key.person = (SELECT min(twin.person) FROM person_key AS twin INDEXED BY person_key_by_lead
      WHERE twin.lead = person_key.lead AND twin.fingerprint = person_key.fingerprint) AND ${USABLE}`,
  outer: ["person_key.lead", "person_key.fingerprint", "person_key.person"],
  ...toGrant,
  heldOn: null,
  text: `(SELECT group_concat(${ENTRY_TEXT}, char(10))
    FROM ${ENTRIES} CROSS JOIN people_source ON people_source.id = entry.source WHERE entry.lead = person_key.lead)`,
  fromHost: `${OF_HOST} ${TO_PEOPLE}`,
  fromGrants: {
    table: "person_key",
    join: TO_PEOPLE,
    id: "person_key.lead",
    byText: `SELECT entry.lead FROM person AS entry CROSS JOIN people_source ON people_source.id = entry.source
      WHERE ${ENTRY_TEXT} LIKE ? ESCAPE '\\'`,
    isPhrase: false,
  },
  isCertain: OPENS_SURELY,
  toEdges: (row: GrantEdgeRow & PersonKeyRow) => [holdingOf(row), opening(row)],
};

const RULES: LinkSource = {
  name: "4",
  by: "account",
  select: ESCALATION.replace("host, ", "escalation.host, "),
  from: "escalation CROSS JOIN host AS holder ON holder.id = escalation.host",
  fromHost: "host AS holder CROSS JOIN escalation ON escalation.host = holder.id",
  fromGrants: null,
  where: "escalation.gone_scan IS NULL AND account <> target",
  outer: ["escalation.id"],
  inner: [],
  heldOn: "holder.host",
  text: "holder.host || char(10) || account || char(10) || target",
  host: "holder.host",
  isRoot: isUidZero("escalation.host", "target"),
  isCertain: "is_certain = 1 AND password = 'none' AND (commands = 'any' OR shell IS NOT NULL)",
  toEdges: (row: EscalationRow) => [escalationEdge(row)],
};

const AGENTS: LinkSource = {
  name: "5",
  by: "account",
  select: "agent.id, agent.host, account, path",
  from: "agent CROSS JOIN host AS holder ON holder.id = agent.host",
  fromHost: "host AS holder CROSS JOIN agent ON agent.host = holder.id",
  fromGrants: null,
  where: "agent.gone_scan IS NULL",
  outer: ["agent.id"],
  inner: [],
  heldOn: "holder.host",
  text: "holder.host || char(10) || account || char(10) || path",
  host: "holder.host",
  isRoot: "0",
  isCertain: "0",
  toEdges: (row: AgentRow) => [lending(row)],
};

const AUTHORITIES: LinkSource = {
  name: "6",
  by: "authority",
  select: AUTHORITY,
  from: "trusted_authority CROSS JOIN host AS holder ON holder.id = trusted_authority.host",
  fromHost: "host AS holder CROSS JOIN trusted_authority ON trusted_authority.host = holder.id",
  fromGrants: null,
  where: "trusted_authority.gone_scan IS NULL",
  outer: ["trusted_authority.id"],
  inner: [],
  heldOn: "holder.host",
  text: `holder.host || char(10) || trusted_authority.account || char(10) || trusted_authority.fingerprint
    || char(10) || trusted_authority.comment || char(10) || file`,
  host: "holder.host",
  isRoot: isUidZero("trusted_authority.host", "trusted_authority.account"),
  isCertain: isSure("effective", "$"),
  toEdges: (row: AuthorityRow) => [signing(row)],
};

/** In the order of the list. */
const LINK_SOURCES: readonly LinkSource[] = [HERE_KEYS, PEOPLE, KEY_FILES, AUTHORITIES, RULES, AGENTS];

/** A person by any name, login or entry of theirs, as `graph reach person:NAME` has it. */
const namedPerson = (name: string): Part => {
  const { sql, values } = personNamed(name);
  return { sql: `person_key.lead IN (${sql})`, values };
};

/** The sources that a filter leaves: the one of people, where it filters by people. */
export const sourcesOf = ({ by, person, standing }: LinkFilter): readonly LinkSource[] =>
  LINK_SOURCES.filter(
    (source) =>
      (by === null || source.by === by) && (source.by === "person" || (person === null && standing === null)),
  );

/** The conditions of a filter on a source, without those for the words of its search. */
export const sourceConditions = (source: LinkSource, filter: LinkFilter): Part[] => [
  { sql: source.where, values: [] },
  ...(filter.host === null ? [] : [{ sql: `${source.host} = ?`, values: [filter.host] }]),
  ...(filter.person === null ? [] : [namedPerson(filter.person)]),
  ...(filter.standing === null
    ? []
    : [
        {
          sql: "(SELECT standing FROM person WHERE person.id = person_key.lead) = ?",
          values: [filter.standing],
        },
      ]),
  ...(filter.onlyRoot ? [{ sql: `(${source.isRoot})`, values: [] }] : []),
  ...(filter.onlyCertain ? [{ sql: `(${source.isCertain})`, values: [] }] : []),
];

import type { GraphEdge } from "#shared/model/graph.ts";
import type { Part } from "#store/lists/lists.ts";
import {
  type AgentRow,
  BECOMING,
  type BecomingRow,
  becoming,
  GRANT,
  type GrantEdgeRow,
  holding,
  holdingHere,
  holdingOf,
  type KeyFileRow,
  lending,
  opening,
} from "./edge-row.ts";

export type LinkFilter = {
  search: string;
  by: "key-file" | "this-computer" | "person" | "account" | null;
  host: string | null;
  onlyCertain: boolean;
  onlyRoot: boolean;
};

/** Who holds something, or becomes somebody: one part of the list, read in the order of its own index. */
export type LinkArm = {
  name: string;
  by: NonNullable<LinkFilter["by"]>;
  select: string;
  from: string;
  where: string;
  /** The order. The outer columns are of whoever holds, the inner ones of what each of their keys opens. */
  outer: readonly string[];
  inner: readonly string[];
  /** What a word of a search may stand in. */
  text: string;
  host: string;
  isRoot: string;
  isCertain: string;
  /** The two edges that make a row of it, or the one. */
  toEdges: (row: never) => GraphEdge[];
};

const OPENS = "grant_line INDEXED BY grant_usable";
const USABLE = "grant_line.gone_scan IS NULL AND grant_line.effective <> 'no'";
const INNER = ["grant_line.host", "grant_line.account", "grant_line.id"] as const;

/** As `judgeOpening` has it. */
const OPENS_SURELY = `grant_line.effective = 'yes' AND json_array_length(verdict, '$.effective.onlyFrom') = 0
  AND EXISTS (SELECT 1 FROM json_each(verdict, '$.effective.gives') WHERE value = 'shell')`;

const toGrant = { inner: INNER, host: "grant_line.host_name", isRoot: "grant_line.uid = 0" } as const;
const GRANT_TEXT = `grant_line.host_name || char(10) || grant_line.account || char(10) || grant_line.fingerprint
  || char(10) || grant_line.comment`;
const textWith = (more: string): string => `${GRANT_TEXT} || char(10) || ${more}`;

type KeyFileLink = GrantEdgeRow & {
  held_host: number;
  path: string;
  owner: string;
  key_type: string | null;
  proven: string | null;
  is_encrypted: number | null;
};

const KEY_FILES: LinkArm = {
  ...{ name: "1", by: "key-file" },
  select: `key_file.host AS held_host, path, key_file.owner, key_file.key_type, key_file.fingerprint AS proven, is_encrypted, ${GRANT}`,
  from: `key_file CROSS JOIN ${OPENS} ON grant_line.fingerprint = ifnull(key_file.fingerprint, likely_fingerprint)
    CROSS JOIN host AS holder ON holder.id = key_file.host`,
  where: `key_file.gone_scan IS NULL AND ${USABLE}`,
  outer: ["key_file.id"],
  ...toGrant,
  text: textWith("key_file.owner || char(10) || holder.host || char(10) || path"),
  isCertain: `key_file.fingerprint IS NOT NULL AND is_encrypted = 0 AND ifnull(key_file.key_type, '') NOT LIKE 'sk-%'
    AND ${OPENS_SURELY}`,
  toEdges: (row: KeyFileLink) => {
    const { held_host: host, path, owner, key_type, proven, is_encrypted, fingerprint } = row;
    const file: KeyFileRow = {
      ...{ host, path, owner, key_type, is_encrypted },
      ...{ fingerprint: proven, likely_fingerprint: fingerprint },
    };
    const held = holding(file, owner, "own");
    return held ? [held, opening(row)] : [opening(row)];
  },
};

const HERE_KEYS: LinkArm = {
  ...{ name: "2", by: "this-computer" },
  select: `place, ${GRANT}`,
  from: `held_key CROSS JOIN ${OPENS} ON grant_line.fingerprint = held_key.fingerprint`,
  where: USABLE,
  outer: ["place", "held_key.fingerprint"],
  ...toGrant,
  text: textWith("'this computer' || char(10) || place"),
  isCertain: OPENS_SURELY,
  toEdges: (row: GrantEdgeRow & { place: string }) => [holdingHere(row), opening(row)],
};

const PEOPLE: LinkArm = {
  ...{ name: "3", by: "person" },
  select: `person, roster.name AS roster, ${GRANT}`,
  from: `person_key CROSS JOIN ${OPENS} ON grant_line.fingerprint = person_key.fingerprint
    CROSS JOIN person ON person.id = person_key.person CROSS JOIN roster ON roster.id = person.roster`,
  where: USABLE,
  outer: ["person_key.fingerprint", "person"],
  ...toGrant,
  text: textWith("person.name || char(10) || roster.name"),
  isCertain: OPENS_SURELY,
  toEdges: (row: GrantEdgeRow & { person: number; roster: string }) => [holdingOf(row), opening(row)],
};

const RULES: LinkArm = {
  ...{ name: "4", by: "account" },
  select: BECOMING.replace("host, ", "becoming.host, "),
  from: "becoming CROSS JOIN host AS holder ON holder.id = becoming.host",
  where: "becoming.gone_scan IS NULL AND account <> target",
  outer: ["becoming.id"],
  inner: [],
  text: "holder.host || char(10) || account || char(10) || target",
  host: "holder.host",
  isRoot: `EXISTS (SELECT 1 FROM account AS became
    WHERE became.host = becoming.host AND became.name = target AND became.uid = 0 AND became.gone_scan IS NULL)`,
  isCertain: "is_certain = 1 AND password = 'none' AND (commands = 'any' OR shell IS NOT NULL)",
  toEdges: (row: BecomingRow) => [becoming(row)],
};

const AGENTS: LinkArm = {
  ...{ name: "5", by: "account" },
  select: "agent.id, agent.host, account, path",
  from: "agent CROSS JOIN host AS holder ON holder.id = agent.host",
  where: "agent.gone_scan IS NULL",
  outer: ["agent.id"],
  inner: [],
  text: "holder.host || char(10) || account || char(10) || path",
  host: "holder.host",
  ...{ isRoot: "0", isCertain: "0" },
  toEdges: (row: AgentRow) => [lending(row)],
};

/** In the order of the list. */
export const LINK_ARMS: readonly LinkArm[] = [HERE_KEYS, PEOPLE, KEY_FILES, RULES, AGENTS];

export const armConditions = (arm: LinkArm, filter: LinkFilter, words: readonly Part[]): Part[] => [
  { sql: arm.where, values: [] },
  ...words,
  ...(filter.host === null ? [] : [{ sql: `${arm.host} = ?`, values: [filter.host] }]),
  ...(filter.onlyRoot ? [{ sql: `(${arm.isRoot})`, values: [] }] : []),
  ...(filter.onlyCertain ? [{ sql: `(${arm.isCertain})`, values: [] }] : []),
];

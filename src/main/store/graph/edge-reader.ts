import type { Database } from "better-sqlite3";
import type { GraphEdge } from "#shared/model/graph.ts";
import { authorityEdges } from "./authority-edges.ts";
import {
  type AgentRow,
  becoming,
  ESCALATION,
  type EscalationRow,
  GRANT,
  type GrantEdgeRow,
  holding,
  holdingHere,
  holdingOf,
  KEY_FILE,
  type KeyFileRow,
  lending,
  opening,
  type PersonKeyRow,
  rooted,
} from "./edge-row.ts";
import { MOST_AT_ONCE } from "./most-at-once.ts";
import { accountId, readNodeId } from "./node-id.ts";

/** The edges at one thing, each by an index: what a walk does not come to is not read. */
export function edgeReader(db: Database) {
  const [outOf, into] = [edgesOut(db), edgesIn(db)];

  return {
    from(id: string): GraphEdge[] {
      const thing = readNodeId(id);
      switch (thing.kind) {
        case "account":
          return outOf.account(thing.host, thing.account);
        case "key":
          return outOf.key(thing.fingerprint);
        case "person":
          return outOf.person(thing.id);
        case "this-computer":
          return outOf.here();
        case "agent":
          return [];
      }
    },

    to(id: string): GraphEdge[] {
      const thing = readNodeId(id);
      switch (thing.kind) {
        case "account":
          return into.account(thing.host, thing.account);
        case "key":
          return into.key(thing.fingerprint);
        case "agent":
          return into.agent(thing.id);
        case "person":
        case "this-computer":
          return [];
      }
    },
  };
}

const isEdge = (edge: GraphEdge | null): edge is GraphEdge => edge !== null;

const STRAY = `key_file.gone_scan IS NULL
  AND NOT EXISTS (SELECT 1 FROM account WHERE account.host = key_file.host AND name = owner AND account.gone_scan IS NULL)`;

const ROOTS = "SELECT name FROM account WHERE host = ? AND uid = 0 AND gone_scan IS NULL";

function edgesOut(db: Database) {
  const isRoot = db.prepare<[number, string]>(
    "SELECT 1 FROM account WHERE host = ? AND name = ? AND uid = 0 AND gone_scan IS NULL",
  );
  const others = db
    .prepare<[number, string], string>(
      "SELECT name FROM account WHERE host = ? AND name <> ? AND gone_scan IS NULL",
    )
    .pluck();
  const files = db.prepare<[number, string], KeyFileRow>(
    `SELECT ${KEY_FILE} FROM key_file WHERE host = CAST(? AS INTEGER) AND owner = CAST(? AS TEXT) AND gone_scan IS NULL ORDER BY id`,
  );
  const strays = db.prepare<[number], KeyFileRow>(
    `SELECT ${KEY_FILE} FROM key_file WHERE host = CAST(? AS INTEGER) AND ${STRAY} ORDER BY id`,
  );
  const rules = db.prepare<[number, string], EscalationRow>(
    `SELECT ${ESCALATION} FROM becoming WHERE host = CAST(? AS INTEGER) AND account = CAST(? AS TEXT) AND target <> account AND gone_scan IS NULL ORDER BY id`,
  );
  const agents = db.prepare<[number, string], AgentRow>(
    "SELECT id, host, account, path FROM agent WHERE host = CAST(? AS INTEGER) AND account = CAST(? AS TEXT) AND gone_scan IS NULL ORDER BY id",
  );
  const grants = db.prepare<[string], GrantEdgeRow>(`
    SELECT ${GRANT} FROM grant_line INDEXED BY grant_usable
    WHERE fingerprint = CAST(? AS TEXT) AND gone_scan IS NULL AND effective <> 'no'
    ORDER BY host, account, id
    LIMIT ${MOST_AT_ONCE}`);
  const signed = authorityEdges(db);
  const personKeys = db.prepare<[number], PersonKeyRow>(
    `${PERSON_KEY} WHERE person_key.person = CAST(? AS INTEGER)`,
  );
  const held = db.prepare<[], { fingerprint: string; place: string }>(
    "SELECT fingerprint, place FROM held_key ORDER BY place",
  );

  return {
    account(host: number, account: string): GraphEdge[] {
      const root = isRoot.get(host, account) !== undefined;
      return [
        ...files.all(host, account).map((file) => holding(file, account, "own")),
        ...(root ? strays.all(host).map((file) => holding(file, account, "root")) : []),
        ...(root ? others.all(host, account).map((other) => rooted(host, account, other)) : []),
        ...(root ? [] : rules.all(host, account).map(becoming)),
        ...agents.all(host, account).map(lending),
      ].filter(isEdge);
    },
    key: (fingerprint: string) => [...grants.all(fingerprint).map(opening), ...signed.of(fingerprint)],
    person: (id: number) => personKeys.all(id).map(holdingOf),
    here: () => held.all().map(holdingHere),
  };
}

const PERSON_KEY = `SELECT person_key.person, fingerprint, roster.name AS roster
  FROM person_key
  CROSS JOIN person ON person.id = person_key.person
  CROSS JOIN roster ON roster.id = person.roster`;

function edgesIn(db: Database) {
  const roots = db.prepare<[number], string>(ROOTS).pluck();
  const isRoot = db.prepare<[number, string]>(
    "SELECT 1 FROM account WHERE host = ? AND name = ? AND uid = 0 AND gone_scan IS NULL",
  );
  const grants = db.prepare<[string, number, number], GrantEdgeRow>(`
    SELECT ${GRANT} FROM grant_line INDEXED BY grant_by_account
    WHERE account = CAST(? AS TEXT) AND host_name = (SELECT host FROM host WHERE id = CAST(? AS INTEGER)) AND grant_line.host = CAST(? AS INTEGER) AND gone_scan IS NULL
      AND effective <> 'no' AND fingerprint IS NOT NULL
    ORDER BY id
    LIMIT ${MOST_AT_ONCE}`);
  const signed = authorityEdges(db);
  const rules = db.prepare<[number, string], EscalationRow>(
    `SELECT ${ESCALATION} FROM becoming WHERE host = CAST(? AS INTEGER) AND target = CAST(? AS TEXT) AND account <> target AND gone_scan IS NULL ORDER BY id`,
  );
  const files = db.prepare<[string], KeyFileRow>(
    `SELECT ${KEY_FILE} FROM key_file WHERE fingerprint = CAST(? AS TEXT) AND gone_scan IS NULL ORDER BY id LIMIT ${MOST_AT_ONCE}`,
  );
  const likely = db.prepare<[string], KeyFileRow>(`
    SELECT ${KEY_FILE} FROM key_file WHERE likely_fingerprint = CAST(? AS TEXT) AND fingerprint IS NULL AND gone_scan IS NULL
    ORDER BY id`);
  const isAccount = db.prepare<[number, string]>(
    "SELECT 1 FROM account WHERE host = ? AND name = ? AND gone_scan IS NULL",
  );
  const people = db.prepare<[string], PersonKeyRow>(`${PERSON_KEY} WHERE fingerprint = CAST(? AS TEXT)`);
  const held = db.prepare<[string], { fingerprint: string; place: string }>(
    "SELECT fingerprint, place FROM held_key WHERE fingerprint = CAST(? AS TEXT) ORDER BY place",
  );
  const agent = db.prepare<[number], AgentRow>("SELECT id, host, account, path FROM agent WHERE id = ?");

  /** Its owner has it; where that is no account of the host, whoever is root there. */
  const holders = (file: KeyFileRow): (GraphEdge | null)[] =>
    isAccount.get(file.host, file.owner) || roots.all(file.host).length === 0
      ? [holding(file, file.owner, "own")]
      : roots.all(file.host).map((root) => holding(file, root, "root"));

  return {
    account(host: number, account: string): GraphEdge[] {
      const rooting = roots.all(host).filter((root) => root !== account);
      return [
        ...grants.all(account, host, host).map(opening),
        ...signed.into(host, account),
        ...rules
          .all(host, account)
          .filter((rule) => !isRoot.get(host, rule.account))
          .map(becoming),
        ...(isAccount.get(host, account) ? rooting.map((root) => rooted(host, root, account)) : []),
      ];
    },
    key(fingerprint: string): GraphEdge[] {
      return [
        ...files.all(fingerprint).flatMap(holders),
        ...likely.all(fingerprint).flatMap(holders),
        ...people.all(fingerprint).map(holdingOf),
        ...held.all(fingerprint).map(holdingHere),
      ].filter(isEdge);
    },
    agent(id: number): GraphEdge[] {
      const row = agent.get(id);
      return row ? [lending(row)] : [];
    },
  };
}

/** An account that only a grant names is a thing, too. */
export const accountsOfHost = (db: Database) => {
  const named = db
    .prepare<[number], string>(
      "SELECT name FROM account WHERE host = CAST(? AS INTEGER) AND gone_scan IS NULL ORDER BY uid, name",
    )
    .pluck();
  const roots = db.prepare<[number], string>(ROOTS).pluck();
  return {
    all: (host: number): string[] => named.all(host).map((name) => accountId(host, name)),
    roots: (host: number): string[] => roots.all(host).map((name) => accountId(host, name)),
  };
};

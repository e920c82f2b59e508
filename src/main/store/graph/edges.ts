import type { Database } from "better-sqlite3";
import type { GraphEdge } from "#shared/model/access/graph.ts";
import { Effective } from "#shared/model/access/verdict.ts";
import type { Escalation } from "#shared/model/hosts/host-reach.ts";
import {
  evaluateEscalation,
  evaluateHolding,
  evaluateOpening,
  evaluateSigning,
} from "#shared/text/access/graph.ts";
import { accountId, agentId, HERE, keyId, MOST_AT_ONCE, personId, readNodeId } from "./node-finder.ts";

/** Reads the edges at one node, each by an index: a walk reads nothing that it does not come to. */
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
  AND NOT EXISTS (SELECT 1 FROM account WHERE account.host = key_file.host AND account.name = key_file.owner AND account.gone_scan IS NULL)`;

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
    `SELECT ${ESCALATION} FROM escalation WHERE host = CAST(? AS INTEGER) AND account = CAST(? AS TEXT) AND target <> account AND gone_scan IS NULL ORDER BY id`,
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
    `${PERSON_KEY} WHERE person_key.lead = CAST(? AS INTEGER) GROUP BY fingerprint`,
  );
  const held = db.prepare<[], { fingerprint: string; location: string }>(
    "SELECT fingerprint, location FROM held_key ORDER BY location",
  );

  return {
    account(host: number, account: string): GraphEdge[] {
      const root = isRoot.get(host, account) !== undefined;
      return [
        ...files.all(host, account).map((file) => holding(file, account, "own")),
        ...(root ? strays.all(host).map((file) => holding(file, account, "root")) : []),
        ...(root ? others.all(host, account).map((other) => rooted(host, account, other)) : []),
        ...(root ? [] : rules.all(host, account).map(escalationEdge)),
        ...agents.all(host, account).map(lending),
      ].filter(isEdge);
    },
    key: (fingerprint: string) => [...grants.all(fingerprint).map(opening), ...signed.of(fingerprint)],
    person: (id: number) => personKeys.all(id).map(holdingOf),
    here: () => held.all().map(holdingHere),
  };
}

/** A key of a person, and every source that lists it as theirs. */
const PERSON_KEY = `SELECT person_key.lead AS person, fingerprint,
    json_group_array(DISTINCT people_source.name ORDER BY people_source.name) AS sources
  FROM person_key
  CROSS JOIN person ON person.id = person_key.person
  CROSS JOIN people_source ON people_source.id = person.source`;

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
    `SELECT ${ESCALATION} FROM escalation WHERE host = CAST(? AS INTEGER) AND target = CAST(? AS TEXT) AND account <> target AND gone_scan IS NULL ORDER BY id`,
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
  const people = db.prepare<[string], PersonKeyRow>(
    `${PERSON_KEY} WHERE fingerprint = CAST(? AS TEXT) GROUP BY person_key.lead`,
  );
  const held = db.prepare<[string], { fingerprint: string; location: string }>(
    "SELECT fingerprint, location FROM held_key WHERE fingerprint = CAST(? AS TEXT) ORDER BY location",
  );
  const agent = db.prepare<[number], AgentRow>("SELECT id, host, account, path FROM agent WHERE id = ?");

  /** The owner of the file has the key; where the owner is no account of the host, root has it. */
  const edgesOfFile = (file: KeyFileRow): (GraphEdge | null)[] =>
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
          .map(escalationEdge),
        ...(isAccount.get(host, account) ? rooting.map((root) => rooted(host, root, account)) : []),
      ];
    },
    key(fingerprint: string): GraphEdge[] {
      return [
        ...files.all(fingerprint).flatMap(edgesOfFile),
        ...likely.all(fingerprint).flatMap(edgesOfFile),
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

/** An account that only a grant names is a node, too. */
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

export type KeyFileRow = {
  host: number;
  path: string;
  owner: string;
  key_type: string | null;
  fingerprint: string | null;
  likely_fingerprint: string | null;
  is_encrypted: number | null;
  possession: string;
};
export const KEY_FILE =
  "key_file.host, path, owner, key_type, fingerprint, likely_fingerprint, is_encrypted, possession";

export type GrantEdgeRow = {
  host: number;
  account: string;
  file: string;
  line: number;
  fingerprint: string;
  options: string;
  effective: string;
};
/** The other parts of the verdict are long, and not needed. */
export const GRANT = `grant_line.host, grant_line.account, file, line, grant_line.fingerprint, options,
  json_extract(verdict, '$.effective') AS effective`;

export type AuthorityRow = {
  id: number;
  host: number;
  account: string;
  fingerprint: string;
  file: string;
  line: number;
  principals: string;
  effective: string;
};
export const AUTHORITY = `trusted_authority.id, trusted_authority.host, trusted_authority.account,
  trusted_authority.fingerprint, file, line, principals, effective`;

export type EscalationRow = Omit<Escalation, "what" | "isCertain"> & {
  host: number;
  what: string;
  isCertain: number;
};
export const ESCALATION = `host, account, target, by, commands, password, is_certain AS isCertain, what, shell, rule`;

export type AgentRow = { id: number; host: number; account: string; path: string };

/** A key file, as an edge for its owner or for root; null where its key is not known. */
export function holding(file: KeyFileRow, account: string, kind: "own" | "root"): GraphEdge | null {
  const fingerprint = file.fingerprint ?? file.likely_fingerprint;
  // A file that signs with another key than it shows contains that other key, of which nothing more is known.
  if (fingerprint === null || file.possession === "other-key") return null;
  const isEncrypted = file.is_encrypted === null ? null : file.is_encrypted === 1;
  const isLikely = file.fingerprint === null;
  return {
    from: accountId(file.host, account),
    to: keyId(fingerprint),
    how: "holds",
    ...evaluateHolding({
      isEncrypted,
      keyType: file.key_type,
      isLikely,
      kind,
      isVerified: file.possession === "verified",
    }),
    where: file.path,
    options: "",
  };
}

export const opening = (row: GrantEdgeRow): GraphEdge => ({
  from: keyId(row.fingerprint),
  to: accountId(row.host, row.account),
  how: "opens",
  ...evaluateOpening(Effective.parse(JSON.parse(row.effective))),
  where: `${row.file}:${row.line}`,
  options: row.options,
});

export const signing = (row: AuthorityRow): GraphEdge => ({
  from: keyId(row.fingerprint),
  to: accountId(row.host, row.account),
  how: "signs",
  ...evaluateSigning(Effective.parse(JSON.parse(row.effective)), JSON.parse(row.principals) as string[]),
  where: `${row.file}:${row.line}`,
  options: "",
});

export const escalationEdge = (row: EscalationRow): GraphEdge => ({
  from: accountId(row.host, row.account),
  to: accountId(row.host, row.target),
  how: row.by,
  ...evaluateEscalation({ ...row, what: JSON.parse(row.what) as string[], isCertain: row.isCertain === 1 }),
  where: row.rule,
  options: "",
});

export const lending = ({ id, host, account, path }: AgentRow): GraphEdge => ({
  from: accountId(host, account),
  to: agentId(id),
  how: "agent",
  isCertain: false,
  where: path,
  options: "",
  notes: ["open when the host was last read; which keys it lends is not known"],
});

const rooted = (host: number, root: string, account: string): GraphEdge => ({
  from: accountId(host, root),
  to: accountId(host, account),
  how: "root",
  isCertain: true,
  where: "",
  options: "",
  notes: [],
});

export const holdingHere = ({
  fingerprint,
  location,
}: {
  fingerprint: string;
  location: string;
}): GraphEdge => ({
  from: HERE,
  to: keyId(fingerprint),
  how: "holds",
  isCertain: true,
  where: location,
  options: "",
  notes: [],
});

/** `sources`: their names, as JSON. */
export type PersonKeyRow = { person: number; fingerprint: string; sources: string };

export const holdingOf = ({ person, fingerprint, sources }: PersonKeyRow): GraphEdge => ({
  from: personId(person),
  to: keyId(fingerprint),
  how: "holds",
  isCertain: true,
  where: (JSON.parse(sources) as string[]).join(", "),
  options: "",
  notes: [],
});

/** What certificates that an authority signs give access to. */
function authorityEdges(db: Database) {
  const of = db.prepare<[string], AuthorityRow>(`
    SELECT ${AUTHORITY} FROM trusted_authority INDEXED BY trusted_authority_by_key
    WHERE fingerprint = ? AND gone_scan IS NULL
    ORDER BY host, account, id
    LIMIT ${MOST_AT_ONCE}`);
  const into = db.prepare<[number, string], AuthorityRow>(
    `SELECT ${AUTHORITY} FROM trusted_authority WHERE host = ? AND account = ? AND gone_scan IS NULL ORDER BY id`,
  );

  return {
    of: (fingerprint: string): GraphEdge[] => of.all(fingerprint).map(signing),
    into: (host: number, account: string): GraphEdge[] => into.all(host, account).map(signing),
  };
}

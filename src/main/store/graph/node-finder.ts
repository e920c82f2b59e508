import type { Database } from "better-sqlite3";
import type { GraphNode } from "#shared/model/access/graph.ts";
import type { Part } from "#store/lists/order.ts";

/** Names the nodes of a graph. */
export function nodeFinder(db: Database) {
  const host = db.prepare<[number], { host: string; port: number }>(
    "SELECT host, port FROM host WHERE id = ?",
  );
  const uid = db
    .prepare<[number, string], number>(
      "SELECT uid FROM account WHERE host = ? AND name = ? AND gone_scan IS NULL",
    )
    .pluck();
  const keyType = db
    .prepare<[string, string], string>(`
      SELECT key_type FROM key WHERE fingerprint = ?
      UNION ALL SELECT key_type FROM trusted_authority WHERE fingerprint = ? AND gone_scan IS NULL LIMIT 1`)
    .pluck();
  const person = db.prepare<[number], { name: string; standing: "known" | "gone" }>(
    "SELECT name, standing FROM person WHERE id = ?",
  );
  const findPeople = personFinder(db);
  const agent = db.prepare<
    [number],
    { host: number; account: string; origin: "forwarded" | "local" | "unknown" }
  >("SELECT host, account, kind AS origin FROM agent WHERE id = ?");
  return {
    nodeOf(id: string): GraphNode {
      const thing = readNodeId(id);
      switch (thing.kind) {
        case "account": {
          const isRoot = uid.get(thing.host, thing.account) === 0;
          return { kind: "account", id, ...addressOf(thing.host), account: thing.account, isRoot };
        }
        case "key": {
          const { fingerprint } = thing;
          return { kind: "key", id, fingerprint, keyType: keyType.get(fingerprint, fingerprint) ?? null };
        }
        case "person":
          return personOf(thing.id, id);
        case "agent": {
          const row = agent.get(thing.id) ?? { host: 0, account: "", origin: "unknown" as const };
          return { kind: "agent", id, ...addressOf(row.host), account: row.account, origin: row.origin };
        }
        case "this-computer":
          return { kind: "this-computer", id };
      }
    },
  };

  /** A name that means nobody else stands alone. */
  function personOf(lead: number, id: string): GraphNode {
    const { name, standing } = person.get(lead) ?? { name: "", standing: "known" };
    const named = findPeople(name);
    const isAlone = named.length === 1 && named[0] === lead;
    return { kind: "person", id, name, number: isAlone ? null : lead, standing };
  }

  function addressOf(id: number): { host: string; port: number } {
    return host.get(id) ?? { host: "", port: 22 };
  }
}

/** Finds the nodes that a name may mean. */
export function nameFinder(db: Database) {
  const hosts = db.prepare<[string], { id: number; host: string; port: number }>(
    "SELECT id, host, port FROM host WHERE host = ? ORDER BY port",
  );
  const isKey = db.prepare<[string, string, string, string, string, string]>(`
    SELECT 1 FROM key WHERE fingerprint = ?
    UNION ALL SELECT 1 FROM key_file WHERE fingerprint = ? AND gone_scan IS NULL
    UNION ALL SELECT 1 FROM key_file WHERE likely_fingerprint = ? AND gone_scan IS NULL
    UNION ALL SELECT 1 FROM held_key WHERE fingerprint = ?
    UNION ALL SELECT 1 FROM trusted_authority WHERE fingerprint = ? AND gone_scan IS NULL
    UNION ALL SELECT 1 FROM person_key WHERE fingerprint = ? LIMIT 1`);
  const hasAccount = db.prepare<[number, string, string, number, number]>(`
    SELECT 1 FROM account WHERE host = ? AND name = ? AND gone_scan IS NULL
    UNION ALL
    SELECT 1 FROM grant_line
    WHERE account = ? AND host_name = (SELECT host FROM host WHERE id = ?) AND host = ? AND gone_scan IS NULL LIMIT 1`);

  return {
    hostsNamed: (name: string) => hosts.all(name),
    peopleNamed: personFinder(db),
    isKey: (print: string): boolean => isKey.get(print, print, print, print, print, print) !== undefined,
    hasAccount: (id: number, name: string): boolean => hasAccount.get(id, name, name, id, id) !== undefined,
  };
}

const BY_NAME = `
  SELECT ifnull(lead, id) FROM person WHERE substr(name, 1, 120) = substr(?, 1, 120) AND name = ?
  UNION SELECT ifnull(person.lead, person.id) FROM person_login CROSS JOIN person ON person.id = person_login.person
  WHERE login = ?`;
const BY_NUMBER = "SELECT ifnull(lead, id) FROM person WHERE id = ?";
const BY_BOTH = `${BY_NAME}
  UNION SELECT ifnull(named.lead, named.id) FROM person AS named WHERE named.id = ? AND EXISTS (
    SELECT 1 FROM person AS entry WHERE entry.lead = ifnull(named.lead, named.id) AND entry.name = ?)`;

/**
 * Selects the people who have a name or a login, each by the entry that leads. `#12` is the person of that entry; `Ann #12`
 * is that person, too, where an entry of theirs has that name, and whoever is called so to the letter.
 */
export function personNamed(name: string): Part {
  const [, shown, number] = /^(?:(.*?)\s+)?#(\d{1,15})$/s.exec(name) ?? [];
  const byName = [name, name, name.toLowerCase()];
  if (number === undefined) return { sql: BY_NAME, values: byName };
  if (shown === undefined) return { sql: BY_NUMBER, values: [Number(number)] };
  return { sql: BY_BOTH, values: [...byName, Number(number), shown] };
}

function personFinder(db: Database): (name: string) => number[] {
  const [byName, byNumber, byBoth] = [BY_NAME, BY_NUMBER, BY_BOTH].map((sql) =>
    db.prepare<(string | number)[], number>(sql).pluck(),
  );
  return (name) => {
    const { sql, values } = personNamed(name);
    const statement = sql === BY_NAME ? byName : sql === BY_NUMBER ? byNumber : byBoth;
    return statement?.all(...values) ?? [];
  };
}

/** What the id of a node stands for. */
type Named =
  | { kind: "account"; host: number; account: string }
  | { kind: "key"; fingerprint: string }
  | { kind: "person"; id: number }
  | { kind: "agent"; id: number }
  | { kind: "this-computer" };

export const HERE = "here";
export const accountId = (host: number, account: string): string => `account/${host}/${account}`;
export const keyId = (fingerprint: string): string => `key/${fingerprint}`;
/** Of the entry that leads. */
export const personId = (lead: number): string => `person/${lead}`;
export const agentId = (id: number): string => `agent/${id}`;

/** Of ids that these functions wrote; an account's name may contain anything. */
export function readNodeId(id: string): Named {
  const slash = id.indexOf("/");
  const [kind, rest] = [id.slice(0, slash), id.slice(slash + 1)];
  if (kind === "key") return { kind, fingerprint: rest };
  if (kind === "person" || kind === "agent") return { kind, id: Number(rest) };
  if (kind !== "account") return { kind: "this-computer" };
  const end = rest.indexOf("/");
  return { kind, host: Number(rest.slice(0, end)), account: rest.slice(end + 1) };
}

/** So many grants of one node are read. A key in more accounts than that is cut off, and the walk with it. */
export const MOST_AT_ONCE = 100_000;

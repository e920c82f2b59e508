import type { Database } from "better-sqlite3";
import type { PersonDetail } from "#shared/model/access/person.ts";
import { Protocol } from "#shared/model/hosts/target.ts";
import type { Labelled } from "#shared/model/label.ts";
import { rowFinder } from "#store/labels/label-reader.ts";

/** So many things of one person are named: as many as are labelled at once. */
const MOST_NAMED = 1_000;

/** Somebody else who is there, by whose name nobody knows which of them is meant. */
const IS_OTHER = "other.standing = 'known' AND ifnull(other.lead, other.id) <> @lead";

/** By whatever people call them, and nobody else who is there. An address is a login, too. */
const THEIRS = `
  SELECT entry.name AS owner FROM person AS entry INDEXED BY person_of_lead
  WHERE entry.lead = @lead AND NOT EXISTS (
    SELECT 1 FROM person AS other INDEXED BY person_by_name
    WHERE substr(other.name, 1, 120) = substr(entry.name, 1, 120) AND other.name = entry.name AND ${IS_OTHER})
  UNION SELECT login FROM person AS entry INDEXED BY person_of_lead
  JOIN person_login ON person_login.person = entry.id
  WHERE entry.lead = @lead AND NOT EXISTS (
    SELECT 1 FROM person_login AS same JOIN person AS other ON other.id = same.person
    WHERE same.login = person_login.login AND ${IS_OTHER})`;

type OwnedRow = { kind: string; name: string; host: string; port: number };

/** What somebody answers for, and what only they get into. */
export function personBelongings(db: Database) {
  const owned = db.prepare<{ lead: number }, OwnedRow>(`
    WITH theirs (owner) AS (${THEIRS})
    SELECT kind, name, host, port FROM label
    WHERE owner IN (SELECT theirs.owner FROM theirs) AND CASE kind
      WHEN 'account' THEN EXISTS (
        SELECT 1 FROM account INDEXED BY account_by_host
        WHERE account.host_name = label.host AND account.port = label.port AND account.uid = label.uid
          AND account.name = label.name AND account.gone_scan IS NULL)
      WHEN 'certificate' THEN EXISTS (SELECT 1 FROM certificate WHERE sha256 = label.name AND is_seen = 1)
      ELSE 1 END
    ORDER BY 1, 3, 4, 2
    LIMIT ${MOST_NAMED}`);
  const tags = db
    .prepare<{ lead: number }, string>(`
      WITH theirs (owner) AS (${THEIRS})
      SELECT name FROM tag WHERE owner IN (SELECT theirs.owner FROM theirs) ORDER BY name LIMIT ${MOST_NAMED}`)
    .pluck();
  const accounts = db.prepare<{ grants: string }, PersonDetail["ownAccounts"][number]>(`
    SELECT account.id, account.host_name AS host, account.port, account.name
    FROM (SELECT DISTINCT host, account FROM grant_line
          WHERE id IN (SELECT value FROM json_each(@grants)) AND effective <> 'no') AS theirs
    JOIN account ON account.host = theirs.host AND account.name = theirs.account AND account.gone_scan IS NULL
    WHERE password_state = 'locked' AND uid <> 0 AND NOT EXISTS (
      SELECT 1 FROM grant_line AS other INDEXED BY grant_by_account
      WHERE other.account = account.name AND other.host_name = account.host_name AND other.host = account.host
        AND other.gone_scan IS NULL AND other.effective <> 'no'
        AND other.id NOT IN (SELECT value FROM json_each(@grants)))
      AND NOT EXISTS (
        SELECT 1 FROM trusted_authority
        WHERE trusted_authority.host = account.host AND trusted_authority.account = account.name
          AND trusted_authority.gone_scan IS NULL)
    ORDER BY 2, 3, 4
    LIMIT ${MOST_NAMED}`);

  const findRow = rowFinder(db);

  /** `grants`: those that a key of theirs alone is in. Of what they answer for, what is there: nothing else takes a label. */
  return (
    lead: number,
    grants: readonly number[],
  ): Pick<PersonDetail, "owned" | "ownedTags" | "ownAccounts"> => ({
    owned: owned
      .all({ lead })
      .flatMap(toLabelled)
      .filter((thing) => findRow(thing) !== null),
    ownedTags: tags.all({ lead }),
    ownAccounts: accounts.all({ grants: JSON.stringify(grants) }),
  });
}

function toLabelled({ kind, name, host, port }: OwnedRow): Labelled[] {
  switch (kind) {
    case "account":
      return [{ kind, host, port, name }];
    case "host":
      return [{ kind, host: name }];
    case "certificate":
      return [{ kind, sha256: name }];
    case "key":
      return [{ kind, fingerprint: name }];
    case "issuer":
      return [{ kind, name }];
    case "endpoint": {
      const [protocol, serverName] = name.split("://");
      return [{ kind, host, port, serverName: serverName || null, protocol: Protocol.parse(protocol) }];
    }
    default:
      return [];
  }
}

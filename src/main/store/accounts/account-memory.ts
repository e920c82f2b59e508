import type { Database } from "better-sqlite3";
import { Disabled, type KnownAccount, type PasswordState } from "#shared/model/access/account.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { IndexedText } from "#store/lists/word-search.ts";

/** What words find accounts by. */
export const ACCOUNT_TEXT: IndexedText = {
  table: "account",
  text: "search_text",
  ofHosts: {
    ids: "SELECT id FROM account WHERE gone_scan IS NULL",
    column: { sql: "host_name", has: "names" },
  },
};

type Row = {
  name: string;
  uid: number;
  shell: string;
  passwordState: PasswordState;
  disabledBy: string;
  firstSeen: Instant;
};

/** What is known of the accounts of a host before it is read once more; none that had gone. */
export function accountMemory(db: Database) {
  const findHost = db
    .prepare<{ host: string; port: number }, number>(
      "SELECT id FROM host WHERE host = @host AND port = @port",
    )
    .pluck();
  const accounts = db.prepare<[number], Row>(`
    SELECT name, uid, shell, password_state AS passwordState, disabled_by AS disabledBy,
      (SELECT started_at FROM scan WHERE scan.id = first_scan) AS firstSeen
    FROM account
    WHERE host = ? AND gone_scan IS NULL`);
  // A revision keeps the last password state that could be read.
  const states = db.prepare<[number], { label: string; state: string }>(`
    SELECT label, state FROM revision INDEXED BY revision_about
    WHERE kind = 'account' AND about = ? AND gone_scan IS NULL AND state IS NOT NULL`);

  return (address: { host: string; port: number }): Map<string, KnownAccount> => {
    const host = findHost.get(address);
    if (host === undefined) return new Map();
    const readStates = new Map(states.all(host).map(({ label, state }) => [label, JSON.parse(state)]));
    return new Map(
      accounts.all(host).map(({ name, uid, shell, passwordState, disabledBy, firstSeen }) => {
        const [, , last = "unknown"] = (readStates.get(name) ?? []) as [number?, string?, PasswordState?];
        return [
          name,
          {
            uid,
            shell,
            passwordState: passwordState === "unknown" ? last : passwordState,
            disabled: Disabled.array().parse(JSON.parse(disabledBy)),
            firstSeen,
          },
        ];
      }),
    );
  };
}

/** Who has a key, by people sources: each person once, by the entry that leads. */
export function keyPeople(db: Database): (fingerprint: string) => { person: number; name: string }[] {
  const find = db.prepare<[string], { person: number; name: string }>(`
    SELECT DISTINCT lead AS person, (SELECT name FROM person WHERE person.id = person_key.lead) AS name
    FROM person_key
    WHERE fingerprint = CAST(? AS TEXT)
    ORDER BY lead
    LIMIT 20`);
  return (fingerprint) => find.all(fingerprint);
}

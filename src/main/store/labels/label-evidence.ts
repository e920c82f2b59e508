import type { Database } from "better-sqlite3";
import type { LabelEvidence, LabelField } from "#shared/model/label.ts";
import type { LabelledRow } from "./label-reader.ts";

/** A value of a field, and what speaks for it. */
type Found = { field: LabelField; value: string; evidence: LabelEvidence };

type Person = { name: string; source: string };

/** So many keys of an account are followed to persons, and so many accounts are read to see whose they are. */
const MOST_KEYS = 50;
const MOST_ACCOUNTS = 2_000;

/** What is at hand that speaks for labels. Whose word that is, and what is made of it, is for the caller to settle. */
export function labelEvidence(db: Database) {
  const people = peopleFinder(db);
  const ofAccount = accountEvidence(db, people);
  const ofKey = keyEvidence(db, people);
  const ofCertificate = certificateEvidence(db);
  const onHost = db.prepare<[number], { host: string; owner: string }>(`
    SELECT host_name.name AS host, host_name.owner FROM host_of_endpoint
    JOIN host ON host.id = host_of_endpoint.host JOIN host_name ON host_name.id = host.name
    WHERE host_of_endpoint.endpoint = ? AND host_name.owner <> '' LIMIT 1`);
  const withoutOwner = db.prepare<{ after: number; most: number }, AccountName>(`
    SELECT id, host_name AS host, port, name FROM account
    WHERE owner = '' AND id > @after AND gone_scan IS NULL AND kind <> 'system' ORDER BY id LIMIT @most`);

  return {
    of(row: LabelledRow): Found[] {
      switch (row.kind) {
        case "account":
          return ofAccount(row);
        case "key":
          return ofKey(row);
        case "certificate":
          return ofCertificate(row);
        case "endpoint":
          return onHost.all(row.id).map(({ host, owner }) => ({
            field: "owner",
            value: owner,
            evidence: { kind: "on-host", host },
          }));
        case "host":
        case "issuer":
          return [];
      }
    },

    /** Accounts that nobody answers for, but the operating system's own, in the order in which they were seen first. */
    accountsWithoutOwner: (after: number, most: number): AccountName[] => withoutOwner.all({ after, most }),
  };
}

export type AccountName = { id: number; host: string; port: number; name: string };

type PeopleFinder = ReturnType<typeof peopleFinder>;

const NAMED = "SELECT DISTINCT lead.name, people_source.name AS source";
const WHO_IS_THERE = `
  CROSS JOIN person AS lead ON lead.id = ifnull(person.lead, person.id)
  CROSS JOIN people_source ON people_source.id = lead.source
  WHERE person.standing = 'known'`;

/** People who are still there. Of a login or a comment that means several, it names nobody. */
function peopleFinder(db: Database) {
  const ofKey = db.prepare<[string], Person>(`
    ${NAMED} FROM person_key CROSS JOIN person ON person.id = person_key.person ${WHO_IS_THERE}
      AND person_key.fingerprint = CAST(? AS TEXT) LIMIT 2`);
  const ofLogin = db.prepare<[string, string], Person>(`
    ${NAMED} FROM person_login CROSS JOIN person ON person.id = person_login.person ${WHO_IS_THERE}
      AND login IN (?, ?) LIMIT 2`);
  const alone = (found: readonly Person[]): Person[] => (found.length === 1 ? [...found] : []);

  return {
    ofKey: (fingerprint: string): Person[] => alone(ofKey.all(fingerprint)),
    /** A comment is `login@machine`, an address, or anything else; a login is one word of it. */
    ofLogin(text: string): Person[] {
      const [word = ""] = text.trim().toLowerCase().split(/\s/);
      const [login = ""] = word.split("@");
      return login === "" ? [] : alone(ofLogin.all(word, login));
    },
  };
}

const owner = (value: string, evidence: LabelEvidence): Found => ({ field: "owner", value, evidence });

/** One key is enough for each person. */
const firstOfEach = (found: readonly Found[]): Found[] => [
  ...new Map(found.toReversed().map((one) => [`${one.evidence.kind} ${one.value}`, one])).values(),
];

/** Of the accounts `other` who was said to answer for each. */
const OWNER_OF_OTHER = `
  JOIN label ON label.kind = 'account' AND label.name = other.name AND label.host = other.host_name
    AND label.port = other.port AND label.uid = other.uid
  WHERE label.owner IS NOT NULL AND other.id <> ? GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 2`;

type AccountRow = { host: number; host_name: string; workloads: string };

function accountEvidence(db: Database, people: PeopleFinder) {
  const find = db.prepare<[number], AccountRow>(
    "SELECT host, host_name, workloads FROM account WHERE id = ?",
  );
  const keys = db.prepare<{ account: string; hostName: string; host: number }, KeyOfGrant>(`
    SELECT fingerprint, comment FROM grant_line
    WHERE account = @account AND host_name = @hostName AND host = @host AND gone_scan IS NULL AND effective <> 'no'
      AND fingerprint IS NOT NULL LIMIT ${MOST_KEYS}`);
  // A key that somebody else has logged in after, by whatever means, was not the last.
  const lastKey = db.prepare<{ host: number; account: string }, { fingerprint: string; at: string }>(`
    SELECT fingerprint, at FROM (
      SELECT fingerprint, last_at AS at, is_authority AS is_other FROM login WHERE host = @host AND account = @account
      UNION ALL
      SELECT '', last_at, 1 FROM other_login WHERE host = @host AND account = @account AND method <> 'su'
      ORDER BY at DESC, is_other DESC LIMIT 1)
    WHERE is_other = 0`);
  const became = db.prepare<[number, string], { by: string; at: string }>(`
    SELECT became_by AS by, last_at AS at FROM other_login WHERE host = ? AND account = ? AND became_by <> ''
    ORDER BY last_at DESC LIMIT 1`);
  const sameName = db.prepare<[string, string, number], Counted>(`
    SELECT label.owner AS value, count(*) AS count
    FROM (SELECT id, name, host_name, port, uid FROM account
          WHERE substr(name, 1, 64) = substr(?, 1, 64) AND name = ? AND gone_scan IS NULL LIMIT ${MOST_ACCOUNTS}) AS other
    ${OWNER_OF_OTHER}`);
  const sameHost = db.prepare<[string, number], Counted>(`
    SELECT label.owner AS value, count(*) AS count
    FROM (SELECT id, name, host_name, port, uid FROM account
          WHERE host_name = ? AND gone_scan IS NULL LIMIT ${MOST_ACCOUNTS}) AS other
    ${OWNER_OF_OTHER}`);
  const samePurpose = db.prepare<[string], Counted>(`
    SELECT purpose AS value, count(*) AS count FROM label WHERE kind = 'account' AND name = ? AND purpose IS NOT NULL
    GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 2`);

  return ({ id, name }: LabelledRow): Found[] => {
    const row = find.get(id);
    if (!row) return [];
    const opened = keys.all({ account: name, hostName: row.host_name, host: row.host });
    return [
      ...people
        .ofLogin(name)
        .map((one) => owner(one.name, { kind: "login-of-person", login: name, source: one.source })),
      ...sameName.all(name, name, id).map(({ value, count }) => owner(value, { kind: "same-name", count })),
      ...sameHost
        .all(row.host_name, id)
        .map(({ value, count }) => owner(value, { kind: "same-host", count })),
      ...samePurpose
        .all(name)
        .map(
          ({ value, count }): Found => ({ field: "purpose", value, evidence: { kind: "same-name", count } }),
        ),
      ...firstOfEach(opened.flatMap((key) => keyOwners(people, key))),
      ...lastKey
        .all({ host: row.host, account: name })
        .flatMap((last) =>
          people.ofKey(last.fingerprint).map((one) => owner(one.name, { kind: "last-login", ...last })),
        ),
      ...became
        .all(row.host, name)
        .flatMap((last) =>
          people.ofLogin(last.by).map((one) => owner(one.name, { kind: "became", ...last })),
        ),
      ...findWork(row.workloads),
    ];
  };
}

type Counted = { value: string; count: number };
type KeyOfGrant = { fingerprint: string; comment: string };

function keyOwners(people: PeopleFinder, { fingerprint, comment }: KeyOfGrant): Found[] {
  return [
    ...people
      .ofKey(fingerprint)
      .map((one) => owner(one.name, { kind: "key-of-person", fingerprint, source: one.source })),
    ...people.ofLogin(comment).map((one) => owner(one.name, { kind: "comment", comment })),
  ];
}

/** The first unit or timetable that names it: a process may be anything that somebody started. */
function findWork(workloads: string): Found[] {
  const all = JSON.parse(workloads) as { kind: string; name?: string; program?: string | null }[];
  const first = all.find(({ kind }) => kind === "unit") ?? all.find(({ kind }) => kind === "cron");
  const name = first?.name ?? first?.program;
  return name
    ? [{ field: "purpose", value: `runs ${name}`.slice(0, 200), evidence: { kind: "runs", name } }]
    : [];
}

function keyEvidence(db: Database, people: PeopleFinder) {
  const comments = db
    .prepare<[string], string>(`
      SELECT DISTINCT comment FROM grant_line
      WHERE ifnull(fingerprint, '') = ? AND gone_scan IS NULL LIMIT ${MOST_KEYS}`)
    .pluck();
  const files = db.prepare<[string], { host: string; account: string; path: string }>(`
    SELECT host.host, key_file.owner AS account, path FROM key_file JOIN host ON host.id = key_file.host
    WHERE fingerprint = CAST(? AS TEXT) AND key_file.gone_scan IS NULL AND possession = 'verified' LIMIT ${MOST_KEYS}`);
  return ({ name: fingerprint }: LabelledRow): Found[] =>
    firstOfEach([
      ...comments.all(fingerprint).flatMap((comment) => keyOwners(people, { fingerprint, comment })),
      ...keyOwners(people, { fingerprint, comment: "" }),
      ...files
        .all(fingerprint)
        .flatMap((file) =>
          people.ofLogin(file.account).map((one) => owner(one.name, { kind: "key-file", ...file })),
        ),
    ]);
}

/** What stood where it stands, before it; and who signed it for us. */
function certificateEvidence(db: Database) {
  const before = db.prepare<{ id: number }, { sha256: string; owner: string | null } & PlainLabels>(`
    SELECT DISTINCT certificate.sha256, label.owner, label.purpose, label.environment
    FROM (
      SELECT was.certificate FROM location AS now
      JOIN location AS was ON was.endpoint = now.endpoint AND was.position = now.position AND was.gone_scan IS NOT NULL
      WHERE now.certificate = @id AND now.gone_scan IS NULL AND now.endpoint IS NOT NULL
      UNION
      SELECT was.certificate FROM location AS now
      JOIN location AS was
        ON was.host = now.host AND was.path = now.path AND was.position = now.position AND was.gone_scan IS NOT NULL
      WHERE now.certificate = @id AND now.gone_scan IS NULL AND now.host IS NOT NULL
      LIMIT ${MOST_KEYS}) AS before
    JOIN certificate ON certificate.id = before.certificate
    JOIN label ON label.kind = 'certificate' AND label.name = certificate.sha256
    WHERE certificate.id <> @id
    ORDER BY certificate.not_after DESC LIMIT 2`);
  const issuer = db.prepare<{ sha256: string }, { name: string; owner: string | null }>(`
    SELECT issuer.name, label.owner FROM issuer JOIN label ON label.kind = 'issuer' AND label.name = issuer.name
    WHERE issuer.id IN (
      SELECT issuer FROM issued_certificate WHERE sha256 = @sha256 UNION SELECT issuer FROM run_certificate WHERE sha256 = @sha256)`);
  return ({ id, name }: LabelledRow): Found[] => [
    ...before.all({ id }).flatMap(({ sha256, ...labels }) =>
      (["owner", "purpose", "environment"] as const).map(
        (field): Found => ({
          field,
          value: labels[field] ?? "",
          evidence: { kind: "predecessor", sha256 },
        }),
      ),
    ),
    ...issuer.all({ sha256: name }).map((one) => owner(one.owner ?? "", { kind: "issuer", name: one.name })),
  ];
}

type PlainLabels = { purpose: string | null; environment: string | null };

import type { Database } from "better-sqlite3";
import type { FindingObject, RuleId, Severity } from "#shared/model/finding.ts";
import { MOST_NAMED } from "#shared/text/findings/certificate-finding.ts";
import {
  ACROSS_ENVIRONMENTS_SEVERITY,
  describeAcrossEnvironments,
  describeHeldKey,
  describeHostKeyShared,
  describeKeptTlsKey,
  describeSharedTlsKey,
} from "#shared/text/findings/key-finding.ts";
import type { Part } from "#store/lists/order.ts";
import { SHARED_KEY_SEVERITY } from "./finding-briefs.ts";
import { acceptedFor, type FindingSource, type FindingText, HOST_ID, rankOf } from "./finding-source.ts";

/** SSH keys that open several accounts. */
const sharedKey: FindingSource = {
  name: "key",
  from: "key",
  ofHost: null,
  walk: {},
  table: "key",
  where: ["is_shared = 1"],
  columns: {
    severity: { same: rankOf(SHARED_KEY_SEVERITY) },
    rule: { same: "key-on-several-accounts" },
    host: { same: "" },
    label_start: { sql: "fingerprint" },
    first_seen: { sql: "shared_since" },
    since: { sql: "shared_since" },
    tie: { sql: "fingerprint" },
  },
  isOnHost: `fingerprint IN (
    SELECT fingerprint FROM grant_line WHERE gone_scan IS NULL AND effective <> 'no' AND host_name = ?)`,
  foundBy: "key",
  text: "'key-on-several-accounts' || char(10) || fingerprint",
  isAbout: (object) =>
    object.kind === "key" ? { sql: "fingerprint = ?", values: [object.fingerprint] } : null,
  isAccepted: acceptedFor("key-on-several-accounts", "key", "fingerprint"),
};

/** A machine's key in several environments: one that no people source has as a person's. */
const acrossEnvironments: FindingSource = {
  name: "key-environments",
  from: "key INDEXED BY key_across_environments",
  ofHost: null,
  walk: {},
  unordered: ["first_seen"],
  table: "key",
  where: ["environment_count > 1", "listed IS NULL"],
  columns: {
    severity: { same: rankOf(ACROSS_ENVIRONMENTS_SEVERITY) },
    rule: { same: "key-across-environments" },
    host: { same: "" },
    label_start: { sql: "fingerprint" },
    first_seen: { sql: "ifnull(shared_since, '')" },
    since: { sql: "fingerprint" },
    tie: { sql: "fingerprint" },
  },
  isOnHost: `fingerprint IN (
    SELECT fingerprint FROM grant_line WHERE gone_scan IS NULL AND effective <> 'no' AND host_name = ?)`,
  foundBy: "key",
  text: "'key-across-environments' || char(10) || fingerprint",
  isAbout: (object) =>
    object.kind === "key" ? { sql: "fingerprint = ?", values: [object.fingerprint] } : null,
  isAccepted: acceptedFor("key-across-environments", "key", "fingerprint"),
};

/** Keys of several certificates: those that are seen now, or of which one replaced the other and kept the key. */
const reusedKey = (rule: RuleId, index: string, where: readonly string[]): FindingSource => ({
  name: "tls-key",
  from: `reused_key INDEXED BY ${index}`,
  ofHost: null,
  walk: {},
  table: "reused_key",
  where,
  columns: {
    severity: { same: rankOf("low") },
    rule: { same: rule },
    host: { same: "" },
    label_start: { sql: "spki" },
    first_seen: { sql: "since" },
    since: { sql: "since" },
    tie: { sql: "spki" },
  },
  isOnHost: `spki IN (
    SELECT spki_sha256 FROM certificate JOIN location ON location.certificate = certificate.id
    WHERE location.gone_scan IS NULL AND location.name = ${HOST_ID})`,
  foundBy: "tls-key",
  text: `'${rule}' || char(10) || spki || char(10) || ifnull((
    SELECT subject FROM certificate WHERE spki_sha256 = spki AND is_ca = 0 AND spki_sha256 <> '' LIMIT 1), '')`,
  isAbout: (object) => (object.kind === "tls-key" ? { sql: "spki = ?", values: [object.spki] } : null),
  isAccepted: acceptedFor(rule, "tls-key", "spki"),
});

/**
 * Hosts that present one key; the finding is about the first of them. From outside, copies of one machine cannot be
 * distinguished from one machine with several names.
 */
const sharedHostKey: FindingSource = {
  name: "host",
  from: "host INDEXED BY host_by_presented_key",
  ofHost: null,
  walk: {},
  unordered: ["first_seen"],
  table: "host",
  where: [
    "key_fingerprint IS NOT NULL",
    `EXISTS (SELECT 1 FROM host AS other WHERE other.key_fingerprint = host.key_fingerprint AND other.id > host.id)`,
    `NOT EXISTS (SELECT 1 FROM host AS other WHERE other.key_fingerprint = host.key_fingerprint AND other.id < host.id)`,
  ],
  columns: {
    severity: { same: rankOf("medium") },
    rule: { same: "host-key-shared" },
    host: { same: "" },
    label_start: { sql: "host" },
    first_seen: { sql: "ifnull(key_seen, last_seen)" },
    since: { sql: "key_fingerprint" },
    tie: { sql: "id" },
  },
  isOnHost: "key_fingerprint IN (SELECT other.key_fingerprint FROM host AS other WHERE other.host = ?)",
  text: "'host-key-shared' || char(10) || host || char(10) || key_fingerprint",
  isAbout: (object: FindingObject): Part | null =>
    object.kind === "host" ? { sql: "id = ?", values: [object.id] } : null,
  isAccepted: acceptedFor("host-key-shared", "host", "id"),
};

const IS_HOST_KEY = "path GLOB '/etc/ssh/ssh_host_*'";

/** Two names of one machine present one host key; copies are the subject of another rule. */
const IS_ON_ANOTHER_MACHINE = `EXISTS (
  SELECT 1 FROM key_file AS other JOIN host AS away ON away.id = other.host JOIN host AS home ON home.id = key_file.host
  WHERE other.spki_sha256 = key_file.spki_sha256 AND other.gone_scan IS NULL AND other.host <> key_file.host
    AND NOT other.${IS_HOST_KEY} AND ifnull(away.key_fingerprint <> home.key_fingerprint, 1))`;

const IS_FIRST = `NOT EXISTS (
  SELECT 1 FROM key_file AS other
  WHERE other.spki_sha256 = key_file.spki_sha256 AND other.gone_scan IS NULL AND other.id < key_file.id
    AND NOT other.${IS_HOST_KEY})`;

/** Private keys that are on several hosts; the finding is about the first file of each. */
const heldKey = (severity: Severity, where: string): FindingSource => ({
  name: "held-key",
  from: "key_file INDEXED BY key_file_elsewhere",
  ofHost: null,
  walk: {},
  table: "key_file",
  where: [
    "elsewhere_since IS NOT NULL AND gone_scan IS NULL AND spki_sha256 IS NOT NULL",
    `NOT ${IS_HOST_KEY}`,
    where,
    IS_FIRST,
    IS_ON_ANOTHER_MACHINE,
  ],
  columns: {
    severity: { same: rankOf(severity) },
    rule: { same: "key-on-several-hosts" },
    host: { same: "" },
    label_start: { sql: "substr(path, 1, 120)" },
    first_seen: { sql: "elsewhere_since" },
    since: { sql: "elsewhere_since" },
    tie: { sql: "id" },
  },
  isOnHost: `spki_sha256 IN (
    SELECT held.spki_sha256 FROM key_file AS held JOIN host ON host.id = held.host
    WHERE held.gone_scan IS NULL AND host.host = ?)`,
  text: "'key-on-several-hosts' || char(10) || path || char(10) || ifnull(fingerprint, spki_sha256)",
  isAbout: (object: FindingObject): Part | null =>
    object.kind === "key-file" ? { sql: "id = ?", values: [object.id] } : null,
  isAccepted: acceptedFor("key-on-several-hosts", "key-file", "id"),
});

/** A key that somebody logs in with. Servers behind one name may have to share theirs. */
const IS_SSH = "instr(path, '/.ssh/') > 0";

export const KEY_SOURCES: readonly FindingSource[] = [
  sharedKey,
  acrossEnvironments,
  reusedKey("certificate-key-shared", "reused_key_shared", ["seen_count > 1"]),
  reusedKey("certificate-key-kept", "reused_key_kept", ["seen_count > 0", "kept_days > 398"]),
  sharedHostKey,
  heldKey("medium", IS_SSH),
  heldKey("low", `NOT ${IS_SSH}`),
];

type Row = {
  seen_count: number;
  known_count: number;
  first_from: string | null;
  last_from: string | null;
  since: string;
  kept_days: number;
};

/** Describes what is wrong with keys of several certificates, or of several hosts. */
export function keyDescriber(db: Database) {
  const reused = db.prepare<[string], Row>(`
    SELECT seen_count, first_from, last_from, since, kept_days,
      (SELECT count(*) FROM certificate WHERE spki_sha256 = spki AND spki_sha256 <> '' AND is_ca = 0) AS known_count
    FROM reused_key
    WHERE spki = ?`);
  const certificates = db
    .prepare<{ spki: string; isSeen: number }, string>(`
      SELECT subject || ', valid from ' || ifnull(not_before, '?') || ' to ' || not_after
      FROM certificate INDEXED BY certificate_of_key
      WHERE spki_sha256 = CAST(@spki AS TEXT) AND spki_sha256 <> '' AND is_ca = 0 AND is_seen >= CAST(@isSeen AS INTEGER)
      ORDER BY not_before DESC, id
      LIMIT ${MOST_NAMED}`)
    .pluck();
  const host = db.prepare<[number], { key_fingerprint: string; since: string; label: string }>(`
    SELECT key_fingerprint, ifnull(key_seen, last_seen) AS since, host || ':' || port AS label FROM host WHERE id = ?`);
  const hosts = db
    .prepare<[string], string>(
      "SELECT host || ':' || port FROM host WHERE key_fingerprint = CAST(? AS TEXT) ORDER BY host, port",
    )
    .pluck();

  return {
    tlsKey(spki: string, rule: RuleId): FindingText {
      const row = reused.get(spki);
      if (!row) throw new Error(`no key ${spki} is in several certificates`);
      const isKept = rule === "certificate-key-kept";
      const some = certificates.all({ spki, isSeen: isKept ? 0 : 1 });
      const { since: firstSeen, kept_days: days, first_from: firstFrom, last_from: lastFrom } = row;
      const said = isKept
        ? describeKeptTlsKey({
            certificates: some,
            count: row.known_count,
            days,
            firstFrom: firstFrom ?? "",
            lastFrom: lastFrom ?? "",
          })
        : describeSharedTlsKey({ certificates: some, count: row.seen_count });
      return { ...said, object: { kind: "tls-key", spki }, label: spki, host: null, firstSeen };
    },

    /** Describes all hosts that present the key of this one. */
    hostKey(id: number): FindingText {
      const row = host.get(id);
      if (!row) throw new Error(`there is no host ${id}`);
      const all = hosts.all(row.key_fingerprint);
      return {
        ...describeHostKeyShared(row.key_fingerprint, all.slice(0, MOST_NAMED), all.length),
        object: { kind: "host", id },
        label: row.label,
        host: null,
        firstSeen: row.since,
      };
    },
  };
}

/** Describes in which environments a key lets in, and where. */
export function environmentDescriber(db: Database): (fingerprint: string) => FindingText {
  const since = db.prepare<[string], string>("SELECT shared_since FROM key WHERE fingerprint = ?").pluck();
  const environments = db
    .prepare<[string], string>(
      "SELECT environment FROM key_environment WHERE fingerprint = CAST(? AS TEXT) AND count > 0 ORDER BY environment",
    )
    .pluck();
  const opened = db
    .prepare<[string, string], string>(`
      SELECT DISTINCT grant_line.account || ' on ' || grant_line.host_name
      FROM grant_line JOIN account ON account.host = grant_line.host AND account.name = grant_line.account
      WHERE fingerprint = CAST(? AS TEXT) AND grant_line.gone_scan IS NULL AND effective <> 'no'
        AND account.environment = CAST(? AS TEXT)
      LIMIT ${MOST_NAMED}`)
    .pluck();

  return (fingerprint) => ({
    ...describeAcrossEnvironments(
      environments.all(fingerprint).map((environment) => ({
        environment,
        opens: opened.all(fingerprint, environment),
      })),
    ),
    object: { kind: "key", fingerprint },
    label: fingerprint,
    host: null,
    firstSeen: since.get(fingerprint) ?? "",
  });
}

type HeldRow = { path: string; name: string; spki: string; since: string; hostCount: number };

/** Describes where else a private key is, by the first file that contains it. */
export function heldKeyDescriber(db: Database): (id: number) => FindingText {
  const file = db.prepare<[number], HeldRow>(`
    SELECT path, ifnull(fingerprint, spki_sha256) AS name, spki_sha256 AS spki, elsewhere_since AS since,
      (SELECT count(DISTINCT host) FROM key_file AS held
       WHERE held.spki_sha256 = key_file.spki_sha256 AND held.gone_scan IS NULL) AS hostCount
    FROM key_file WHERE id = ?`);
  const heldIn = db
    .prepare<[string], string>(`
      SELECT host.host || ':' || path FROM key_file JOIN host ON host.id = key_file.host
      WHERE spki_sha256 = CAST(? AS TEXT) AND gone_scan IS NULL
      ORDER BY 1`)
    .pluck();

  return (id) => {
    const row = file.get(id);
    if (!row) throw new Error(`there is no key file ${id}`);
    const all = heldIn.all(row.spki);
    const isSsh = row.path.includes("/.ssh/");
    return {
      ...describeHeldKey({ ...row, isSsh, files: all.slice(0, MOST_NAMED), fileCount: all.length }),
      object: { kind: "key-file", id },
      label: row.path,
      host: null,
      firstSeen: row.since,
    };
  };
}

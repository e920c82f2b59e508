import type { FindingObject, RuleId, Severity } from "#shared/model/finding.ts";
import type { Part } from "#store/lists/part.ts";
import { type Arm, acceptedFor, HOST_ID, rankOf } from "./arm.ts";
import { SHARED_KEY_SEVERITY } from "./finding-briefs.ts";

/** SSH keys that open several accounts. */
const sharedKey: Arm = {
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
  sought: "key",
  text: "'key-on-several-accounts' || char(10) || fingerprint",
  isAbout: (object) =>
    object.kind === "key" ? { sql: "fingerprint = ?", values: [object.fingerprint] } : null,
  isAccepted: acceptedFor("key-on-several-accounts", "key", "fingerprint"),
};

/** Keys of certificates: of several that are seen now, or kept when one took the place of another. */
const reusedKey = (rule: RuleId, index: string, where: readonly string[]): Arm => ({
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
    SELECT spki_sha256 FROM certificate JOIN place ON place.certificate = certificate.id
    WHERE place.gone_scan IS NULL AND place.name = ${HOST_ID})`,
  sought: "tls-key",
  text: `'${rule}' || char(10) || spki || char(10) || ifnull((
    SELECT subject FROM certificate WHERE spki_sha256 = spki AND is_ca = 0 AND spki_sha256 <> '' LIMIT 1), '')`,
  isAbout: (object) => (object.kind === "tls-key" ? { sql: "spki = ?", values: [object.spki] } : null),
  isAccepted: acceptedFor(rule, "tls-key", "spki"),
});

/**
 * Hosts that present one key; the finding is about the first of them. Whether they are copies of one another or one machine
 * with several names, nobody can tell from outside.
 */
const sharedHostKey: Arm = {
  name: "host",
  from: "host INDEXED BY host_by_presented_key",
  ofHost: null,
  walk: {},
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

/** Two names of one machine present one host key; of copies another rule tells. */
const IS_ON_ANOTHER_MACHINE = `EXISTS (
  SELECT 1 FROM key_file AS other JOIN host AS away ON away.id = other.host JOIN host AS home ON home.id = key_file.host
  WHERE other.spki_sha256 = key_file.spki_sha256 AND other.gone_scan IS NULL AND other.host <> key_file.host
    AND NOT other.${IS_HOST_KEY} AND ifnull(away.key_fingerprint <> home.key_fingerprint, 1))`;

const IS_FIRST = `NOT EXISTS (
  SELECT 1 FROM key_file AS other
  WHERE other.spki_sha256 = key_file.spki_sha256 AND other.gone_scan IS NULL AND other.id < key_file.id
    AND NOT other.${IS_HOST_KEY})`;

/** Private keys that lie on several hosts; the finding is about the first file of each. */
const heldKey = (severity: Severity, where: string): Arm => ({
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

/** A key that somebody logs in with; servers behind one name may have to share theirs. */
const IS_SSH = "instr(path, '/.ssh/') > 0";

export const KEY_ARMS: readonly Arm[] = [
  sharedKey,
  reusedKey("certificate-key-shared", "reused_key_shared", ["seen_count > 1"]),
  reusedKey("certificate-key-kept", "reused_key_kept", ["seen_count > 0", "kept_days > 398"]),
  sharedHostKey,
  heldKey("medium", IS_SSH),
  heldKey("low", `NOT ${IS_SSH}`),
];

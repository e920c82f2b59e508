import type { FindingObject, RuleId, Severity } from "#shared/model/finding.ts";
import type { Part } from "#store/lists/order.ts";
import { ON_ONE_HOST } from "./certificate-descriptions.ts";
import { acceptedFor, type FindingSource, HOST_ID, rankOf } from "./finding-source.ts";

type CertificateSourceOptions = {
  name: FindingSource["name"];
  rule: RuleId;
  severity: Severity;
  /** An expression in the order of the index. */
  since: string;
  firstSeen: string;
  where: readonly string[];
  index: string;
};

/** SQLite cannot know how few of all certificates are due, so the source names the index. */
const aboutCertificate = ({
  name,
  rule,
  severity,
  since,
  firstSeen,
  where,
  index,
}: CertificateSourceOptions): FindingSource => ({
  name,
  from: `certificate INDEXED BY ${index}`,
  // One host has few certificates: they are found by their ids.
  ofHost: "certificate NOT INDEXED",
  walk: {
    host: "certificate INDEXED BY certificate_by_only_host",
    label_start: "certificate INDEXED BY certificate_by_subject",
  },
  unordered: firstSeen === since ? [] : ["first_seen"],
  table: "certificate",
  where: ["is_seen = 1", ...where],
  columns: {
    severity: { same: rankOf(severity) },
    rule: { same: rule },
    host: { sql: "only_host" },
    label_start: { sql: "substr(subject, 1, 120)" },
    first_seen: { sql: firstSeen },
    since: { sql: since },
    tie: { sql: "id" },
  },
  isOnHost: `id IN (SELECT certificate FROM location WHERE gone_scan IS NULL AND name = ${HOST_ID})`,
  foundBy: "certificate",
  text: `'${rule}' || char(10) || subject || char(10) || only_host`,
  isAbout: (object: FindingObject): Part | null =>
    object.kind === "certificate" ? { sql: "sha256 = ?", values: [object.sha256] } : null,
  isAccepted: acceptedFor(rule, "certificate", "id"),
});

type Dated = Pick<CertificateSourceOptions, "rule" | "severity" | "since" | "where"> & {
  index?: string;
  /** The default is the later one of `since` and when it was first seen. */
  firstSeen?: string;
};

const dates = ({ index = "certificate_due", ...options }: Dated): FindingSource =>
  aboutCertificate({ firstSeen: `max(first_seen, ${options.since})`, ...options, index, name: "date" });

/** Already due, and not expired. A certificate that is due only at its end never expires soon: it expires. */
const DUE = ["warn_from <= @now", "not_after >= @now", "warn_from < not_after"];

/** A finding that lasts as long as the certificate is seen, since it was first seen. */
const lasting = (
  options: Pick<CertificateSourceOptions, "rule" | "severity" | "where" | "index">,
): FindingSource =>
  aboutCertificate({ ...options, name: "certificate", since: "first_seen", firstSeen: "first_seen" });

/** A key that is found nowhere any more is no SSH key now; the private key beside a certificate never was one. */
const IS_STILL_SSH_KEY = `(
  EXISTS (SELECT 1 FROM key WHERE key.fingerprint = ssh_fingerprint AND account_count > 0)
  OR EXISTS (SELECT 1 FROM host WHERE host.key_fingerprint = ssh_fingerprint)
  OR EXISTS (SELECT 1 FROM host_key WHERE host_key.fingerprint = ssh_fingerprint AND gone_scan IS NULL)
  OR EXISTS (SELECT 1 FROM key_file WHERE key_file.fingerprint = ssh_fingerprint AND gone_scan IS NULL
    AND (instr(path, '/.ssh/') > 0 OR path GLOB '/etc/ssh/*')))`;

/** All or some clients refuse it. An expired certificate is refused anyway. */
const refused = (rule: RuleId, severity: "high" | "medium"): FindingSource =>
  lasting({
    rule,
    severity,
    where: [`violation_severity = ${rankOf(severity)}`, "not_after >= @now"],
    index: "certificate_refused",
  });

/**
 * What every client tolerates, by issuer and rules: that issuer issues all its certificates so. One finding stands for
 * thousands of certificates, until the last of them has expired. It is a finding of each of the certificates, too.
 */
const issued: FindingSource = {
  name: "violation",
  from: "profile_violation INDEXED BY profile_violation_accepted",
  ofHost: null,
  walk: {},
  unordered: ["host", "label_start"],
  table: "profile_violation",
  where: [
    `severity = ${rankOf("low")}`,
    "certificate_count > 0",
    `EXISTS (
      SELECT 1 FROM certificate INDEXED BY certificate_breaks_until
      WHERE violation = profile_violation.id AND is_seen = 1 AND not_after >= @now)`,
  ],
  columns: {
    severity: { same: rankOf("low") },
    rule: { same: "issuer-against-profile" },
    host: { sql: ON_ONE_HOST },
    label_start: { sql: "substr(issuer, 1, 120)" },
    first_seen: { sql: "since" },
    since: { sql: "since" },
    tie: { sql: "id" },
  },
  isOnHost: `id IN (
    SELECT violation FROM location CROSS JOIN certificate ON certificate.id = location.certificate
    WHERE location.gone_scan IS NULL AND location.name = ${HOST_ID})`,
  text: "'issuer-against-profile' || char(10) || issuer || char(10) || rules",
  isAbout(object) {
    if (object.kind === "profile-violation") return { sql: "id = ?", values: [object.id] };
    if (object.kind !== "certificate") return null;
    return {
      sql: "id = (SELECT violation FROM certificate WHERE sha256 = ? AND is_seen = 1)",
      values: [object.sha256],
    };
  },
  isAccepted: acceptedFor("issuer-against-profile", "profile-violation", "id"),
};

const FOR_CLIENTS = ["is_for_clients = 1", "is_public = 1", "not_after >= @now"];

/**
 * In a file that a configuration names for when its host is a client. Such files are few, so the query begins with
 * them.
 */
const IS_NAMED_FOR_CLIENTS = `id IN (
  SELECT location.certificate FROM client_file CROSS JOIN location INDEXED BY location_in_file
  WHERE location.host = client_file.host AND location.path = client_file.path AND location.gone_scan IS NULL)`;

/** What is wrong with certificates by their dates, by their purpose, and by where else they or their keys are. */
export const CERTIFICATE_SOURCES: readonly FindingSource[] = [
  dates({
    rule: "certificate-expired",
    severity: "high",
    since: "not_after",
    where: ["not_after < @now"],
    index: "certificate_by_expiry",
  }),
  dates({
    rule: "certificate-expiring",
    severity: "high",
    since: "warn_from",
    where: [...DUE, "urgent_from <= @now"],
  }),
  dates({
    rule: "certificate-expiring",
    severity: "medium",
    since: "warn_from",
    where: [...DUE, "ifnull(urgent_from > @now, 1)"],
  }),
  dates({
    rule: "certificate-not-yet-valid",
    severity: "medium",
    since: "not_before",
    firstSeen: "first_seen",
    where: ["not_before > first_seen", "not_before > @now"],
    index: "certificate_early",
  }),
  lasting({
    rule: "certificate-lifetime-over-limit",
    severity: "medium",
    where: ["is_over_limit = 1", "is_public = 1", "not_after >= @now"],
    index: "certificate_over_limit",
  }),
  lasting({
    rule: "certificate-client-auth-ends",
    severity: "medium",
    where: [...FOR_CLIENTS, `(is_at_endpoint = 0 OR ${IS_NAMED_FOR_CLIENTS})`],
    index: "certificate_for_clients",
  }),
  // Only its extensions show that a server's certificate may be a client's, too.
  lasting({
    rule: "certificate-client-auth-ends",
    severity: "info",
    where: [...FOR_CLIENTS, "is_at_endpoint = 1", `NOT (${IS_NAMED_FOR_CLIENTS})`],
    index: "certificate_for_clients",
  }),
  refused("certificate-invalid", "high"),
  refused("certificate-against-profile", "medium"),
  issued,
  aboutCertificate({
    name: "certificate",
    rule: "certificate-revoked",
    severity: "high",
    since: "revoked_since",
    firstSeen: "revoked_since",
    where: ["revoked IS NOT NULL"],
    index: "certificate_revoked",
  }),
  lasting({
    rule: "certificate-wildcard-spread",
    severity: "low",
    where: ["is_ca = 0", "only_name IS NULL", "instr(names, '\"DNS:*.') > 0"],
    index: "certificate_wildcard_spread",
  }),
  lasting({
    rule: "certificate-key-is-ssh-key",
    severity: "medium",
    where: ["is_ssh_key = 1", IS_STILL_SSH_KEY],
    index: "certificate_also_ssh",
  }),
];

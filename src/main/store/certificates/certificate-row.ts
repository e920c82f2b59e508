import type { Database } from "better-sqlite3";
import {
  type CertificateDetail,
  type CertificateLocation,
  CertificateRow,
  Extension,
  Sha256,
} from "#shared/model/certificates/certificate.ts";
import { ServedState } from "#shared/model/certificates/served.ts";
import { type FindingBrief, Severity } from "#shared/model/finding.ts";
import { Protocol } from "#shared/model/hosts/target.ts";
import { toInstant } from "#shared/model/instant.ts";
import { describeViolation } from "#shared/text/findings/profile-finding.ts";
import { violationDescriber } from "#store/findings/certificate-descriptions.ts";
import type { FindingBriefs } from "#store/findings/finding-briefs.ts";
import { type DateColumns, dateFindings, datesOf } from "./date-rules.ts";

/** A row of a query on `certificate`, together with DATE_COLUMNS. */
export type Row = DateColumns & {
  id: number;
  sha256: string;
  subject: string;
  issuer: string;
  common_name: string | null;
  serial: string;
  names: string;
  key_type: string;
  key_bits: number | null;
  curve: string | null;
  spki_sha256: string;
  signature: string;
  is_ca: number;
  is_self_issued: number;
  malformed: string;
  size_bytes: number;
  location_count: number;
  revoked: string | null;
  violation: number | null;
  violation_severity: number | null;
};

export const COLUMNS = `id, sha256, subject, issuer, common_name, serial, not_before, not_after, names, key_type,
  key_bits, curve, spki_sha256, signature, is_ca, is_self_issued, malformed, size_bytes, location_count, revoked,
  violation, violation_severity`;

type LocationRow = {
  name: number;
  endpoint: number | null;
  path: string | null;
  position: number;
  first_scan: number;
  last_scan: number;
};

type EndpointRow = { port: number; server_name: string; protocol: string };

const NOT_RELOADED = ServedState.options.indexOf("not-reloaded");

/**
 * By what nobody there can forge; at its address, by its target, or by ssh_config's HostName where no other host has
 * it.
 */
const IS_OF_HOST = `
  EXISTS (
    SELECT 1 FROM host_of_endpoint AS known WHERE known.endpoint = endpoint.id AND known.host = host.id
    UNION ALL
    SELECT 1 FROM (
      SELECT endpoint.facts ->> 'address' AS name
      UNION ALL SELECT endpoint_address.address FROM endpoint_address WHERE endpoint_address.endpoint = endpoint.id) AS way
    WHERE way.name = host.host
      OR (way.name = host.reached_as
        AND NOT EXISTS (
          SELECT 1 FROM host AS other WHERE other.host = way.name AND other.id <> host.id
          UNION ALL SELECT 1 FROM host AS other WHERE other.reached_as = way.name AND other.id <> host.id)))`;

const SERVED_STALE = `
  WITH shown AS (
    SELECT DISTINCT location.endpoint, location.certificate FROM location
    WHERE location.certificate = CAST(@id AS INTEGER) AND location.gone_scan IS NULL AND location.endpoint IS NOT NULL),
  sight AS (
    SELECT shown.endpoint, served.state = ${NOT_RELOADED} AND ${IS_OF_HOST} AS is_stale
    FROM shown
    CROSS JOIN served ON served.endpoint = shown.endpoint AND served.certificate = shown.certificate
    JOIN endpoint ON endpoint.id = shown.endpoint
    JOIN binding ON binding.id = served.binding
    JOIN host ON host.id = binding.host)
  SELECT EXISTS (SELECT 1 FROM shown)
    AND NOT EXISTS (SELECT 1 FROM shown WHERE NOT EXISTS (SELECT 1 FROM sight WHERE sight.endpoint = shown.endpoint))
    AND NOT EXISTS (SELECT 1 FROM sight WHERE NOT is_stale)`;

/** Fills the rows of certificates with their present locations and their findings. */
export function certificateRows(db: Database, briefs: FindingBriefs) {
  const locations = locationReader(db);
  const violations = violationDescriber(db);
  const servedStale = db.prepare<{ id: number }, number>(SERVED_STALE).pluck();
  const detail = db.prepare<[number], DetailRow>(`
    SELECT der, extensions, evaluated_by IS NOT NULL AS isEvaluated
    FROM certificate_der JOIN certificate ON certificate.id = certificate
    WHERE certificate = CAST(? AS INTEGER)`);

  return {
    toRow(row: Row, locationLimit: number, now: Date): CertificateRow {
      const about = briefs.about({ kind: "certificate", id: row.id });
      return {
        ...fromRow(row),
        locations: locations.of(row.id, locationLimit),
        locationCount: row.location_count,
        isServedStale:
          about.some(({ rule }) => rule === "certificate-not-reloaded") &&
          servedStale.get({ id: row.id }) === 1,
        findings: [
          ...briefs.computed({ kind: "certificate", about: row.id }, [
            ...dateFindings(row, now),
            ...(row.revoked === null ? [] : [REVOKED]),
            ...violationFindings(row, now),
          ]),
          ...about,
        ],
      };
    },

    detailOf(id: number): Pick<CertificateDetail, "extensions" | "isEvaluated"> & { der: Uint8Array } {
      const found = detail.get(id);
      if (!found) throw new Error(`certificate ${id} has no bytes`);
      return {
        extensions: Extension.array().parse(JSON.parse(found.extensions)),
        der: new Uint8Array(found.der),
        isEvaluated: found.isEvaluated === 1,
      };
    },
  };

  /** What all clients or some of them refuse, until the certificate has expired. */
  function violationFindings({ violation, violation_severity, ...row }: Row, now: Date): FindingBrief[] {
    if (violation === null || violation_severity === null || row.not_after < toInstant(now)) return [];
    const isHigh = violation_severity === Severity.options.indexOf("high");
    const { sentence } = describeViolation(violations.find(violation), row.issuer);
    return [
      isHigh
        ? { rule: "certificate-invalid", severity: "high", sentence }
        : { rule: "certificate-against-profile", severity: "medium", sentence },
    ];
  }
}

type DetailRow = { der: Uint8Array; extensions: string; isEvaluated: number };

const REVOKED: FindingBrief = {
  rule: "certificate-revoked",
  severity: "high",
  sentence: "its authority has revoked it",
};

const fromRow = (row: Row) => ({
  sha256: Sha256.parse(row.sha256),
  subject: row.subject,
  issuer: row.issuer,
  commonName: row.common_name,
  serial: row.serial,
  ...datesOf(row),
  names: CertificateRow.shape.names.parse(JSON.parse(row.names)),
  keyType: row.key_type,
  keyBits: row.key_bits,
  curve: row.curve,
  spkiSha256: row.spki_sha256,
  signature: row.signature,
  isCa: row.is_ca === 1,
  isSelfIssued: row.is_self_issued === 1,
  malformed: CertificateRow.shape.malformed.parse(JSON.parse(row.malformed)),
  sizeBytes: row.size_bytes,
});

/** A separate statement without bare parameters: SQLite would plan a join anew for each row (decision 0044). */
function locationReader(db: Database) {
  const locations = db.prepare<[number, number], LocationRow>(`
    SELECT name, endpoint, path, position, first_scan, last_scan
    FROM location
    WHERE certificate = CAST(? AS INTEGER) AND gone_scan IS NULL
    ORDER BY name, id
    LIMIT CAST(? AS INTEGER)`);
  const nameOf = db.prepare<[number], string>("SELECT name FROM host_name WHERE id = ?").pluck();
  const endpointOf = db.prepare<[number], EndpointRow>(
    "SELECT port, server_name, protocol FROM endpoint WHERE id = ?",
  );
  const startOf = db.prepare<[number], string>("SELECT started_at FROM scan WHERE id = ?").pluck();

  return {
    of: (certificate: number, limit: number): CertificateLocation[] =>
      locations.all(certificate, limit).map(toLocation),
  };

  function toLocation({
    name,
    endpoint,
    path,
    position,
    first_scan: first,
    last_scan: last,
  }: LocationRow): CertificateLocation {
    const seen = {
      host: nameOf.get(name) ?? "",
      position,
      firstSeen: startOf.get(first) ?? "",
      lastSeen: startOf.get(last) ?? "",
    };
    if (path !== null) return { kind: "file", path, ...seen };
    const found = endpoint === null ? undefined : endpointOf.get(endpoint);
    const protocol = Protocol.parse(found?.protocol ?? "tls");
    const serverName = found?.server_name || null;
    return { kind: "endpoint", port: found?.port ?? 0, serverName, protocol, ...seen };
  }
}

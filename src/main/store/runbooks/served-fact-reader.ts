import type { Database } from "better-sqlite3";
import type { Instant } from "#shared/model/instant.ts";
import type { Protocol } from "#shared/model/starttls.ts";
import type { TlsTarget } from "#shared/model/target.ts";

/** Past two thirds of its life, and where it is seen. */
type DueCertificate = { sha256: string; subject: string; notAfter: Instant };

type Undated = Pick<DueCertificate, "sha256" | "subject">;

type ServedAt = { host: string; port: number; serverName: string | null };

/** `serverName`: by which it was asked for; empty: by none. */
type ServedLeaf = Undated & { serverName: string };

type EndpointRow = { host: string; port: number; serverName: string; protocol: Protocol };

/** So many are renewed by one plan at most. */
export const MOST_DUE = 2_000;

/** So many are said by their names. */
const MOST_UNDATED = 100;

const NOW = "place.gone_scan IS NULL AND place.position = 0";

/** What is known of where certificates are served, as far as renewals are planned of it. */
export function servedFactReader(db: Database) {
  const map = db.prepare<[number], string>("SELECT map FROM host_map WHERE host = ?").pluck();
  const lastRead = db.prepare<[number], Instant | null>("SELECT last_read FROM host WHERE id = ?").pluck();
  const hostsHolding = db
    .prepare<[string], number>(`
      SELECT DISTINCT place.host FROM place JOIN certificate ON certificate.id = place.certificate
      WHERE certificate.sha256 = ? AND ${NOW} AND place.host IS NOT NULL ORDER BY place.host`)
    .pluck();
  const pathsHolding = db
    .prepare<[number, string], string>(`
      SELECT DISTINCT place.path FROM place JOIN certificate ON certificate.id = place.certificate
      WHERE place.host = ? AND certificate.sha256 = ? AND ${NOW} ORDER BY place.path`)
    .pluck();
  const endpointsOf = db.prepare<[string], EndpointRow>(`
    SELECT DISTINCT endpoint.host, endpoint.port, endpoint.server_name AS serverName, endpoint.protocol FROM place
    JOIN certificate ON certificate.id = place.certificate JOIN endpoint ON endpoint.id = place.endpoint
    WHERE certificate.sha256 = ? AND ${NOW} ORDER BY endpoint.host, endpoint.port`);
  const leavesAt = db.prepare<ServedAt, ServedLeaf>(`
      SELECT DISTINCT certificate.sha256, certificate.subject, endpoint.server_name AS serverName FROM endpoint
      JOIN place ON place.endpoint = endpoint.id AND ${NOW}
      JOIN certificate ON certificate.id = place.certificate
      WHERE endpoint.host = @host AND endpoint.port = @port
        AND (@serverName IS NULL OR endpoint.server_name = @serverName)
      ORDER BY endpoint.server_name, certificate.subject`);
  const undated = db.prepare<{ sha256: string | null; most: number }, Undated>(`
    SELECT sha256, subject FROM certificate
    WHERE is_seen = 1 AND (julianday(not_before) IS NULL OR julianday(not_after) IS NULL)
      AND (@sha256 IS NULL OR sha256 = @sha256)
      AND EXISTS (
        SELECT 1 FROM place
        WHERE place.certificate = certificate.id AND ${NOW} AND (is_ca = 0 OR place.endpoint IS NOT NULL))
    ORDER BY id LIMIT @most`);
  const due = db.prepare<{ now: string; most: number }, DueCertificate>(`
    SELECT sha256, subject, not_after AS notAfter FROM certificate
    WHERE is_seen = 1 AND not_before IS NOT NULL
      AND julianday(@now) >= julianday(not_before) + (julianday(not_after) - julianday(not_before)) * 2 / 3
      -- Of what says that it is an authority only what is served itself, as self-signed ones are.
      AND EXISTS (
        SELECT 1 FROM place
        WHERE place.certificate = certificate.id AND ${NOW} AND (is_ca = 0 OR place.endpoint IS NOT NULL))
    ORDER BY not_after, id LIMIT @most`);
  const tags = db
    .prepare<[string], string>(`
      SELECT tag.name FROM tagged_certificate
      JOIN certificate ON certificate.id = tagged_certificate.certificate JOIN tag ON tag.id = tagged_certificate.tag
      WHERE certificate.sha256 = ? ORDER BY tag.name`)
    .pluck();

  return {
    /** What the host said of its servers when it was last read; null: nothing. */
    map: (hostId: number): string | null => map.get(hostId) ?? null,
    /** When that was; null: it never was. */
    lastRead: (hostId: number): Instant | null => lastRead.get(hostId) ?? null,
    /** Hosts with a file of which it is the first. */
    hostsHolding: (sha256: string): number[] => hostsHolding.all(sha256),
    pathsHolding: (hostId: number, sha256: string): string[] => pathsHolding.all(hostId, sha256),
    /** Where it is shown. */
    endpointsOf: (sha256: string): TlsTarget[] =>
      endpointsOf.all(sha256).map(({ serverName, ...row }) => ({
        kind: "tls",
        ...row,
        serverName: serverName || null,
      })),
    /** Without a name: under each that it was asked for. */
    leavesAt: (at: ServedAt): ServedLeaf[] => leavesAt.all(at),
    /** One more than are renewed by one plan where there are more. */
    due: (now: Instant): DueCertificate[] => due.all({ now, most: MOST_DUE + 1 }),
    /** Whose dates cannot be read, so that nobody knows whether they are due; null: all, of which there may be more. */
    undated: (sha256: string | null): Undated[] => undated.all({ sha256, most: MOST_UNDATED }),
    tagsOf: (sha256: string): string[] => tags.all(sha256),
  };
}

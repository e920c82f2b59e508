import type { Database } from "better-sqlite3";
import type { Protocol } from "#shared/model/hosts/target.ts";

/** A certificate as it was sent. */
type Sent = { sha256: string; der: Uint8Array };

/** What an endpoint sends for a certificate of its own. */
export type SentChain = {
  host: string;
  port: number;
  /** Empty for the host itself. */
  serverName: string;
  protocol: Protocol;
  lastSeen: string;
  /** The OCSP response that it staples. */
  staple: Uint8Array | null;
  /** As sent, order and duplicates kept; the certificate itself first. */
  chain: Sent[];
};

type EndpointRow = Omit<SentChain, "chain"> & { id: number };

/** So many certificates of one name are tried as an issuer. */
const MOST_NAMED = 20;
/** Endpoints whose chains are read for one certificate; it may be served by thousands. */
const MOST_ENDPOINTS = 20;

/** Reads chains as endpoints send them, and the possible issuers of a certificate. */
export function chainReader(db: Database) {
  const endpoints = db.prepare<[string], EndpointRow>(`
    SELECT DISTINCT endpoint.id, endpoint.host, port, server_name AS serverName, protocol, last_seen AS lastSeen, staple
    FROM certificate JOIN location ON location.certificate = certificate.id JOIN endpoint ON endpoint.id = location.endpoint
    WHERE sha256 = ? AND gone_scan IS NULL AND position = 0
    ORDER BY endpoint.id LIMIT ${MOST_ENDPOINTS}`);
  const sent = db.prepare<[number], Sent>(`
    SELECT sha256, der FROM location
    JOIN certificate ON certificate.id = location.certificate
    JOIN certificate_der ON certificate_der.certificate = location.certificate
    WHERE endpoint = ? AND gone_scan IS NULL ORDER BY position, location.id`);
  /** Where a name has several addresses, each sends its own chain. */
  const sentByAddress = db.prepare<[number, string], Sent>(`
    SELECT sha256, der FROM endpoint_address, json_each(endpoint_address.chain)
    JOIN certificate ON certificate.id = json_each.value
    JOIN certificate_der ON certificate_der.certificate = certificate.id
    WHERE (endpoint, address) = (
      SELECT endpoint, address FROM endpoint_address
      WHERE endpoint = ? AND json_extract(chain, '$[0]') = (SELECT id FROM certificate WHERE sha256 = ?)
      ORDER BY address LIMIT 1)
    ORDER BY json_each.key`);
  /** A server with several kinds of keys sends a chain of its own to each kind of client. */
  const sentByKind = db.prepare<[number, string], Sent>(`
    SELECT sha256, der FROM endpoint_chain, json_each(endpoint_chain.chain)
    JOIN certificate ON certificate.id = json_each.value
    JOIN certificate_der ON certificate_der.certificate = certificate.id
    WHERE endpoint = ? AND json_extract(chain, '$[0]') = (SELECT id FROM certificate WHERE sha256 = ?)
    ORDER BY json_each.key`);
  // SQLite's planner inspects a parameter that stands by itself, and plans anew for each: that is most of the cost.
  const named = db
    .prepare<{ subject: string }, Uint8Array>(`
      SELECT der FROM certificate JOIN certificate_der ON certificate_der.certificate = certificate.id
      WHERE substr(subject, 1, 120) = (SELECT substr(@subject, 1, 120)) AND is_seen = 1 AND subject = (SELECT @subject)
        AND is_ca = 1
      LIMIT ${MOST_NAMED}`)
    .pluck();
  const markPublic = db.prepare(
    "UPDATE certificate SET is_public = @isPublic WHERE sha256 = @sha256 AND is_public IS NOT @isPublic",
  );
  const isPublic = db
    .prepare<[string], number | null>("SELECT is_public FROM certificate WHERE sha256 = ?")
    .pluck();

  return {
    /** What endpoints send that present this certificate as their leaf. */
    sentWith(sha256: string): SentChain[] {
      return endpoints.all(sha256).map(({ id, ...endpoint }) => {
        const byAddress = sentByAddress.all(id, sha256);
        const own = byAddress.length > 0 ? byAddress : sentByKind.all(id, sha256);
        return { ...endpoint, chain: own.length > 0 ? own : sent.all(id) };
      });
    },

    /** Authorities that are seen somewhere now, by their subject as certificates print it. */
    named: (subject: string): Uint8Array[] => named.all({ subject }),

    /** Whether a public authority stands above it; null where that is not known. */
    isPublic(sha256: string): boolean | null {
      const known = isPublic.get(sha256) ?? null;
      return known === null ? null : known === 1;
    },

    /** Notes whether a public authority stands above it. */
    markPublic(sha256: string, isOfPublic: boolean): void {
      markPublic.run({ sha256, isPublic: Number(isOfPublic) });
    },
  };
}

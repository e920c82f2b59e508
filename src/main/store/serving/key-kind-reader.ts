import type { Database } from "better-sqlite3";
import { SERVER_KEY_KINDS, type ServerKeyKind } from "#shared/model/served.ts";

/** The kinds of keys, of those that a handshake can be held to, of which certificates stand side by side at a port. */
export type KeyKindsAt = (target: { host: string; port: number }) => readonly ServerKeyKind[];

/**
 * Reads which kinds of keys stand side by side where endpoints are, as far as their hosts' configurations are known; none where
 * one handshake tells of all. Each reader remembers what it has read of a port of a host, for all names and addresses of it.
 */
export function keyKindReader(db: Database): () => KeyKindsAt {
  const hosts = db
    .prepare<object, number>(`
      SELECT host.id FROM host WHERE host.host = @host
      UNION SELECT host_address.host FROM host_address WHERE host_address.address = @host
      UNION SELECT host_address.host FROM endpoint
        JOIN endpoint_address ON endpoint_address.endpoint = endpoint.id
        JOIN host_address ON host_address.address = endpoint_address.address
        WHERE endpoint.host = @host AND endpoint.port = @port`)
    .pluck();
  // HAProxy chooses among all certificates of a listener, and others among those of one name.
  const kinds = db
    .prepare<object, ServerKeyKind>(`
      WITH there AS (
        SELECT serving.address, iif(serving.server = 'haproxy', '', serving.name) AS name, certificate.key_type AS kind
        FROM serving
        JOIN place ON place.host = serving.host AND place.path = serving.certificate_path
          AND place.position = 0 AND place.gone_scan IS NULL
        JOIN certificate ON certificate.id = place.certificate
        WHERE serving.gone_scan IS NULL AND serving.host = @host AND serving.port = @port
          AND certificate.key_type IN (${SERVER_KEY_KINDS.map((kind) => `'${kind}'`).join(", ")}))
      SELECT DISTINCT kind FROM there
      WHERE (address, name) IN (SELECT address, name FROM there GROUP BY address, name HAVING count(DISTINCT kind) > 1)`)
    .pluck();

  return () => {
    const known = new Map<string, readonly ServerKeyKind[]>();
    const kindsOf = (host: number, port: number): readonly ServerKeyKind[] => {
      const key = `${host} ${port}`;
      const found = known.get(key) ?? kinds.all({ host, port });
      known.set(key, found);
      return found;
    };
    return (target) => {
      const found = new Set(hosts.all(target).flatMap((host) => kindsOf(host, target.port)));
      return SERVER_KEY_KINDS.filter((kind) => found.has(kind));
    };
  };
}

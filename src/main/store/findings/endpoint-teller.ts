import type { Database } from "better-sqlite3";
import {
  formatKeyExchange,
  formatReplaced,
  type KeyExchange,
  type Replaced,
} from "#shared/text/endpoint-finding.ts";
import type { Told } from "./told.ts";

type Endpoint = {
  host: string;
  port: number;
  server_name: string;
  key_exchange: KeyExchange;
  since: string;
  version: string | null;
  group: string | null;
  refused: string | null;
};
type Leaf = { subject: string; sha256: string; notAfter: string; scan: number; at: string };

/** Says of endpoints what is wrong with how they speak TLS, and with what they present since when. */
export function endpointTeller(db: Database) {
  const find = db.prepare<[number], Endpoint>(`
    SELECT host, port, server_name, key_exchange, ifnull(key_exchange_since, last_seen) AS since,
      facts ->> 'version' AS version, facts ->> 'group' AS "group",
      (SELECT group_concat(value ->> 'name', ', ') FROM json_each(offers, '$.groups')
       WHERE instr(value ->> 'name', 'MLKEM') > 0) AS refused
    FROM endpoint
    WHERE id = ?`);
  const LEAF = `
    SELECT subject, sha256, not_after AS notAfter, place.first_scan AS scan,
      (SELECT started_at FROM scan WHERE scan.id = place.first_scan) AS at
    FROM place JOIN certificate ON certificate.id = place.certificate
    WHERE place.endpoint = CAST(? AS INTEGER) AND position = 0`;
  const now = db.prepare<[number], Leaf>(`${LEAF} AND gone_scan IS NULL`);
  const before = db.prepare<[number, number], Leaf>(`
    ${LEAF} AND gone_scan IS NOT NULL AND gone_scan <= CAST(? AS INTEGER) ORDER BY gone_scan DESC, place.id DESC LIMIT 1`);

  return {
    keyExchange(id: number): Told {
      const row = endpoint(id);
      const { key_exchange: found, version, group, refused, since } = row;
      const facts = [
        `it spoke ${version ?? "an unknown version"}${group ? ` with ${group}` : ""}`,
        ...(found === "classical" ? [`it refused ${refused}`] : []),
      ];
      return { ...formatKeyExchange(found, facts), ...about(id, row), firstSeen: since };
    },

    change(id: number): Told {
      const row = endpoint(id);
      const after = now.get(id);
      const earlier = after && before.get(id, after.scan);
      if (!after || !earlier) throw new Error(`endpoint ${id} presents what it always did`);
      const replaced: Replaced = { at: after.at, before: earlier, after };
      return { ...formatReplaced(replaced), ...about(id, row), firstSeen: after.at };
    },
  };

  function endpoint(id: number): Endpoint {
    const row = find.get(id);
    if (!row) throw new Error(`there is no endpoint ${id}`);
    return row;
  }
}

const about = (
  id: number,
  { host, port, server_name: name }: Endpoint,
): Pick<Told, "object" | "label" | "host"> => ({
  object: { kind: "endpoint", id },
  label: `${host}:${port}${name === "" ? "" : ` as ${name}`}`,
  host,
});

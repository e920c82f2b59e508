import type { Database } from "better-sqlite3";
import { Sha256 } from "#shared/model/certificate.ts";
import { Authorities, Endpoint, type EndpointAddress, EndpointFacts } from "#shared/model/endpoint.ts";
import type { ScanId } from "#shared/model/scan.ts";
import { TlsTarget } from "#shared/model/target.ts";
import type { Listed, Lists } from "#store/lists/lists.ts";

type Row = {
  id: number;
  host: string;
  port: number;
  server_name: string;
  protocol: string;
  state: string;
  outcome: string;
  message: string;
  last_seen: string;
  facts: string;
  staple: Uint8Array | null;
  timestamps: Uint8Array | null;
  authorities: string | null;
  offers: string | null;
};

/** An endpoint, and the bytes in which promises of logs may stand: whoever shows it reads them. */
export type StoredEndpoint = Omit<Endpoint, "timestamps"> & {
  /** The leaf that it shows; null where it shows none that could be read. */
  leaf: Uint8Array | null;
  staple: Uint8Array | null;
  timestamps: Uint8Array | null;
};

type Wanted = { scanId: ScanId; after: string | null; limit: number };

const COLUMNS = `endpoint.id, endpoint.host, endpoint.port, endpoint.server_name, endpoint.protocol, endpoint.state,
  endpoint.outcome, endpoint.message, endpoint.last_seen, endpoint.facts, endpoint.staple, endpoint.timestamps,
  endpoint.authorities, endpoint.offers`;

const OF_PROBES = `probe JOIN endpoint ON endpoint.host = probe.host AND endpoint.port = probe.port
  AND endpoint.server_name = ifnull(probe.server_name, '') AND endpoint.protocol = ifnull(probe.protocol, 'tls')`;

const IN_ORDER = { name: "visit", columns: ["probe.id"], descending: false };

/** What is known of endpoints from the wire. */
export function endpointReader(db: Database, lists: Lists) {
  const find = db.prepare<[object], Row>(`
    SELECT ${COLUMNS} FROM endpoint
    WHERE host = @host AND port = @port AND server_name = @serverName AND protocol = @protocol`);
  const addresses = db.prepare<[number], Omit<EndpointAddress, "leaf"> & { leaf: string | null }>(`
    SELECT address, outcome, message, at, (SELECT sha256 FROM certificate WHERE id = json_extract(chain, '$[0]')) AS leaf
    FROM endpoint_address WHERE endpoint = ? ORDER BY address`);
  const leaf = db
    .prepare<[number], Uint8Array>(`
      SELECT der FROM certificate_der WHERE certificate = (
        SELECT certificate FROM place WHERE endpoint = ? AND position = 0 AND gone_scan IS NULL ORDER BY id DESC LIMIT 1)`)
    .pluck();

  return {
    find({ host, port, serverName, protocol }: Omit<TlsTarget, "kind">): StoredEndpoint | null {
      const row = find.get({ host, port, serverName: serverName ?? "", protocol });
      return row ? fromRow(row) : null;
    },

    /** Those that showed a chain in a scan, in the order of their visits. */
    ofScan: ({ scanId, ...page }: Wanted): Listed<StoredEndpoint> =>
      lists.list(
        {
          select: `${COLUMNS}, probe.id AS probe`,
          from: OF_PROBES,
          where: [
            {
              sql: "probe.scan = ? AND (probe.state <> 'failed') = 1 AND probe.kind = 'tls'",
              values: [scanId],
            },
          ],
          sort: IN_ORDER,
          ...page,
        },
        fromRow,
      ),
  };

  function fromRow(row: Row): StoredEndpoint {
    const { host, port, protocol, staple, timestamps } = row;
    const target = TlsTarget.parse({
      kind: "tls",
      host,
      port,
      serverName: row.server_name || null,
      protocol,
    });
    return {
      target,
      ...SAID.parse({ ...row, lastSeen: row.last_seen }),
      facts: EndpointFacts.shape.facts.parse(JSON.parse(row.facts)),
      addresses: addresses
        .all(row.id)
        .map((one) => ({ ...one, leaf: one.leaf === null ? null : Sha256.parse(one.leaf) })),
      authorities: row.authorities === null ? null : Authorities.parse(JSON.parse(row.authorities)),
      offers: EndpointFacts.shape.offers.parse(row.offers === null ? null : JSON.parse(row.offers)),
      stapleBytes: staple?.length ?? null,
      leaf: leaf.get(row.id) ?? null,
      staple,
      timestamps,
    };
  }
}

const SAID = Endpoint.pick({ state: true, outcome: true, message: true, lastSeen: true });

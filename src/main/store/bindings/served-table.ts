import type { Database } from "better-sqlite3";
import { ServedState } from "#shared/model/certificates/served.ts";
import type { FindingDraft } from "#shared/model/finding.ts";
import type { Protocol } from "#shared/model/hosts/target.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { FindingWriter } from "#store/findings/finding-writer.ts";
import { keyKindReader } from "./binding-list.ts";
import { NOT_SEEN } from "./binding-writer.ts";

/** An endpoint that has shown a leaf. */
export type SeenEndpoint = {
  id: number;
  name: number;
  host: string;
  port: number;
  serverName: string;
  protocol: Protocol;
  lastSeen: Instant;
  /** When the scan began that saw the leaf last. */
  scanBegan: Instant;
  certificate: number;
  sha256: string;
  subject: string;
  names: string;
  notBefore: string | null;
  notAfter: string;
  issuer: string;
  keyType: string;
  /** The addresses at which it showed the leaf; none where they are not known. */
  addresses: readonly string[];
};

type EndpointRow = Omit<SeenEndpoint, "addresses"> & { addresses: string };

export type BindingKey = {
  id: number;
  server: string;
  root: string;
  address: string | null;
  port: number;
  name: string | null;
  file: string;
  line: number;
  /** 1: a client that asks for a name which fits no other binding gets this one. */
  isDefault: number;
  certificatePath: string | null;
};

/** A leaf, as the id of its row, beside the configuration that says what to serve there. */
export type ServedSight = {
  binding: number;
  certificate: number;
  state: ServedState;
  evidence: readonly string[];
};

/** A certificate in a file; `names` as JSON. */
export type HeldRow = {
  sha256: string;
  names: string;
  notBefore: string | null;
  notAfter: string;
  keyType: string;
  subject: string;
  issuer: string;
};

const ENDPOINT = `
  endpoint.id, endpoint.name, endpoint.host, endpoint.port, endpoint.server_name AS serverName, endpoint.protocol,
  endpoint.last_seen AS lastSeen, certificate.id AS certificate, certificate.sha256, certificate.subject,
  certificate.names, certificate.not_before AS notBefore, certificate.not_after AS notAfter, certificate.issuer,
  certificate.key_type AS keyType, scan.started_at AS scanBegan,
  coalesce(
    (SELECT nullif(json_group_array(endpoint_address.address), '[]') FROM endpoint_address
     WHERE endpoint_address.endpoint = endpoint.id AND endpoint_address.chain ->> '$[0]' = certificate.id),
    iif(endpoint.facts ->> 'address' IS NULL, '[]', json_array(endpoint.facts ->> 'address'))) AS addresses
  FROM endpoint
  JOIN location ON location.endpoint = endpoint.id AND location.gone_scan IS NULL AND location.position = 0
  JOIN certificate ON certificate.id = location.certificate
  JOIN scan ON scan.id = location.last_scan`;

/** An address that several hosts have, such as the one of a bridge for containers, identifies none of them. */
const AT_ADDRESS = `
  SELECT min(host) AS host FROM host_address
  WHERE address = @host OR address IN (SELECT endpoint_address.address FROM endpoint_address WHERE endpoint = @id)
  GROUP BY address
  HAVING count(*) = 1`;

/** What endpoints show, compared with what their hosts' configurations say. */
export function servedTable(db: Database, findings: FindingWriter) {
  const hasMap = db.prepare<[], number>("SELECT EXISTS (SELECT 1 FROM host_map)").pluck();
  const endpoints = db.prepare<object, EndpointRow>(`
    SELECT ${ENDPOINT} WHERE endpoint.host = @host AND endpoint.port = @port AND endpoint.server_name = @serverName`);
  const endpointsOf = db.prepare<{ host: number }, EndpointRow>(`
    SELECT ${ENDPOINT}
    WHERE endpoint.id IN (
      SELECT own.id FROM endpoint AS own WHERE own.host = (SELECT host.host FROM host WHERE host.id = @host)
      UNION
      SELECT own.id FROM endpoint AS own WHERE own.host IN (SELECT address FROM host_address WHERE host = @host)
      UNION
      SELECT own.id FROM endpoint AS own WHERE own.host = (SELECT reached_as FROM host WHERE id = @host)
      UNION
      SELECT own.id FROM endpoint AS own WHERE own.host = (SELECT rtrim(lower(hostname), '.') FROM host WHERE id = @host)
      UNION
      SELECT served.endpoint FROM binding JOIN served ON served.binding = binding.id
      WHERE binding.host = @host AND binding.gone_scan IS NULL
      UNION
      SELECT endpoint_address.endpoint FROM endpoint_address
      WHERE endpoint_address.address IN (SELECT host_address.address FROM host_address WHERE host_address.host = @host))`);
  const hosts = db
    .prepare<{ id: number; host: string }, number>(`
      SELECT host FROM host_map
      WHERE host IN (SELECT known.host FROM host_of_endpoint AS known WHERE known.endpoint = CAST(@id AS INTEGER))
        OR host IN (SELECT host FROM (${AT_ADDRESS}))`)
    .pluck();
  const owner = db
    .prepare<[string], number>("SELECT min(host) FROM host_address WHERE address = ? HAVING count(*) = 1")
    .pluck();
  const map = db.prepare<[number], string>("SELECT map FROM host_map WHERE host = ?").pluck();
  const reading = db.prepare<[number], string | null>("SELECT reading FROM host WHERE id = ?").pluck();
  // The last probe may have read nothing, and be later than the one that read the host.
  const readAt = db
    .prepare<[number], Instant | null>(`
      SELECT iif(host.last_seen = host.last_read, scan.started_at, host.last_read)
      FROM host JOIN scan ON scan.id = host.last_scan
      WHERE host.id = ?`)
    .pluck();
  const hostId = db
    .prepare<object, number>("SELECT id FROM host WHERE host = @host AND port = @port")
    .pluck();
  const rows = db.prepare<[number, number], BindingKey>(`
    SELECT id, server, root, nullif(address, '') AS address, port, nullif(name, '') AS name, file, line,
      is_default AS isDefault, certificate_path AS certificatePath
    FROM binding
    WHERE host = ? AND port = ? AND gone_scan IS NULL`);
  const files = fileReader(db);
  const keep = sightWriter(db);

  return {
    /** Whether a configuration of any host is known. */
    hasMap: (): boolean => hasMap.get() === 1,
    endpoints: (target: { host: string; port: number; serverName: string | null }): SeenEndpoint[] =>
      endpoints.all({ ...target, serverName: target.serverName ?? "" }).map(toSeen),
    endpointsOf: (target: { host: string; port: number }): SeenEndpoint[] => {
      const host = hostId.get(target);
      return host === undefined ? [] : endpointsOf.all({ host }).map(toSeen);
    },
    /** For one scan: it remembers what it has read. */
    readKeyKinds: keyKindReader(db),
    /** The hosts that an endpoint is known to be on, of those whose configurations are known. */
    hostsOf: ({ id, host }: SeenEndpoint): number[] => hosts.all({ id, host }),
    /** The one host that has an address; null where none or several have it. */
    ownerOf: (address: string): number | null => owner.get(address) ?? null,
    mapOf: (host: number): string => map.get(host) ?? "{}",
    /**
     * Another value after each reading of the host: what follows from its map, rows and files is the same until then.
     */
    readingOf: (host: number): string | null => reading.get(host) ?? null,
    /** When the scan began that read the host last, or a time within it; null where none did. */
    readAt: (host: number): Instant | null => readAt.get(host) ?? null,
    rowsAt: (host: number, port: number): BindingKey[] => rows.all(host, port),
    ...files,

    /** Replaces what is stored of an endpoint. */
    keep(
      endpoint: { id: number; name: number },
      sights: readonly ServedSight[],
      {
        drafts,
        isOurs,
        at,
      }: { drafts: readonly FindingDraft[]; isOurs: (rule: string) => boolean; at: Instant },
    ): void {
      keep(endpoint, sights);
      findings.replace({ name: endpoint.name, endpoint: endpoint.id, at }, drafts, ({ rule }) =>
        isOurs(rule),
      );
    },
  };
}

const toSeen = ({ addresses, ...row }: EndpointRow): SeenEndpoint => ({
  ...row,
  addresses: JSON.parse(addresses) as string[],
});

/** What the files of a host have now, and had before. */
function fileReader(db: Database) {
  const held = db.prepare<[number, string], HeldRow>(`
    SELECT sha256, names, not_before AS notBefore, not_after AS notAfter, key_type AS keyType, subject, issuer
    FROM location JOIN certificate ON certificate.id = location.certificate
    WHERE host = ? AND path = ? AND position = 0 AND gone_scan IS NULL`);
  const ID = "(SELECT certificate.id FROM certificate WHERE certificate.sha256 = @sha256)";
  const NOW = `
    certificate = ${ID} AND name = (SELECT host.name FROM host WHERE host.id = @host) AND host = @host
    AND gone_scan IS NULL`;
  const heldUntil = db.prepare<object, { path: string; at: Instant }>(`
    SELECT path, started_at AS at
    FROM (
      SELECT id, path, last_scan FROM location WHERE ${NOW} AND position = 0
      UNION ALL
      SELECT id, path, last_scan FROM location
      WHERE certificate = ${ID} AND host = @host AND gone_scan IS NOT NULL AND position = 0) AS held
    JOIN scan ON scan.id = held.last_scan
    ORDER BY held.id`);
  const holding = db
    .prepare<object, string>(`SELECT DISTINCT path FROM location WHERE ${NOW} AND position = 0`)
    .pluck();
  const seen = db
    .prepare<object, number>(`
      SELECT EXISTS (SELECT 1 FROM location WHERE host = @host AND path = @path)
        OR EXISTS (SELECT 1 FROM key_file WHERE host = @host AND path = @path AND gone_scan IS NOT NULL)`)
    .pluck();
  const alsoIn = db
    .prepare<object, string>(`SELECT path FROM location WHERE ${NOW} ORDER BY path LIMIT 1`)
    .pluck();

  return {
    heldNow: (host: number, path: string): HeldRow | null => held.get(host, path) ?? null,
    /** The paths at which it is the first certificate. */
    holding: (host: number, sha256: string): string[] => holding.all({ host, sha256 }),
    /**
     * The paths at which it is or was the first certificate, each with the start of the last scan that saw it there.
     */
    heldUntil: (host: number, sha256: string): Map<string, Instant> =>
      new Map(heldUntil.all({ host, sha256 }).map(({ path, at }) => [path, at])),
    /** Whether a scan has read a certificate or a key at this path, now or before. */
    wasSeen: (host: number, path: string): boolean => seen.get({ host, path }) === 1,
    alsoIn: (host: number, sha256: string): string | null => alsoIn.get({ host, sha256 }) ?? null,
  };
}

function sightWriter(db: Database) {
  const before = db.prepare<[number], number>("SELECT binding FROM served WHERE endpoint = ?").pluck();
  const drop = db.prepare("DELETE FROM served WHERE endpoint = ?");
  const add = db.prepare(`
    INSERT OR REPLACE INTO served (binding, endpoint, state, certificate, evidence)
    VALUES (@binding, @endpoint, @state, @certificate, @evidence)`);
  const STATE = `ifnull((SELECT min(served.state) FROM served WHERE served.binding = binding.id), ${NOT_SEEN})`;
  const settle = db.prepare(`UPDATE binding SET state = ${STATE} WHERE id = ? AND state <> ${STATE}`);

  return ({ id: endpoint }: { id: number }, sights: readonly ServedSight[]): void => {
    const touched = new Set(before.all(endpoint));
    drop.run(endpoint);
    const ranked = sights.map((sight) => ({ ...sight, state: ServedState.options.indexOf(sight.state) }));
    // Of several addresses the worst state counts.
    for (const { evidence, ...sight } of ranked.toSorted((one, other) => other.state - one.state)) {
      touched.add(sight.binding);
      add.run({ ...sight, endpoint, evidence: JSON.stringify(evidence) });
    }
    for (const binding of touched) settle.run(binding);
  };
}

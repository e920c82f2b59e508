import type { Database } from "better-sqlite3";
import { Sha256 } from "#shared/model/certificates/certificate.ts";
import { SERVED_RULES } from "#shared/model/certificates/served.ts";
import { Authorities, Endpoint, type EndpointAddress, EndpointFacts } from "#shared/model/hosts/endpoint.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import { isAddress, TlsTarget } from "#shared/model/hosts/target.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { CertificateMemory } from "#store/certificates/certificate-memory.ts";
import { locationTable, type SeenLocation } from "#store/certificates/location-table.ts";
import type { FindingWriter } from "#store/findings/finding-writer.ts";
import type { Listed, Lists } from "#store/lists/lists.ts";
import type { EndpointProbe, SeenCertificate } from "#store/probe-record.ts";
import type { probeTable } from "#store/scans/probe-table.ts";
import { addressTable, type HostNames } from "./address-table.ts";

type Deps = {
  certificates: CertificateMemory;
  findings: FindingWriter;
  names: HostNames;
  probes: ReturnType<typeof probeTable>;
};

/** Endpoints that speak TLS. */
export function endpointTable(db: Database, { certificates, findings, names, probes }: Deps) {
  const locations = locationTable(db);
  const addresses = addressTable(db);
  const keep = endpointWriter(db);
  const dropChains = db.prepare("DELETE FROM endpoint_chain WHERE endpoint = ?");
  const addChain = db.prepare("INSERT OR IGNORE INTO endpoint_chain (endpoint, chain) VALUES (?, ?)");

  return {
    /** Stores a probe. Unless the endpoint showed a chain, what is known of it stays as it was. */
    recordProbe({ target, presented, ...probe }: EndpointProbe): void {
      probes.record({ ...probe, target, hostKey: null, jumpHost: null });
      const name = names.idOf(target.host);
      const { host, port, protocol, serverName } = target;
      const row = { ...probe, host, port, protocol, serverName: serverName ?? "", name };
      const endpoint = keep({ ...row, ...toColumns(presented, probe.at) });
      if (!presented) return;
      const { scanId, at } = probe;
      const remember = (chain: SeenChain) => locationsIn(chain, (one) => certificates.remember(one, at));
      keepChains(endpoint, presented, remember);
      const { seen, stays } = followAddresses({ endpoint, host, at, remember }, presented);
      locations.follow({ name, endpoint }, seen, { scanId, isWhole: true, couldSee: () => true, stays });
      findings.replace(
        { name, endpoint, at },
        presented.findings,
        ({ rule, kind, id }) => !SERVED_RULES.has(rule) && !(kind === "certificate" && stays.has(id)),
      );
    },
  };

  function keepChains(endpoint: number, { chain, others }: Presented, remember: Followed["remember"]): void {
    dropChains.run(endpoint);
    if (others.length === 0) return;
    for (const one of [chain, ...others])
      addChain.run(endpoint, JSON.stringify(remember(one).map(({ certificate }) => certificate)));
  }

  /** Returns what was seen at all probed addresses, and which certificates may still be at those that showed none. */
  function followAddresses(
    { endpoint, host, at, remember }: Followed,
    { chain, others, facts, addresses: byAddress }: Presented,
  ): { seen: SeenLocation[]; stays: ReadonlySet<number> } {
    const own = [chain, ...others].flatMap(remember);
    // An endpoint whose host is an address has no other addresses.
    if (isAddress(host)) return { seen: own, stays: NONE };
    const showed = byAddress?.map((one) => ({ ...one, locations: remember(one.chain) })) ?? [];
    const spoken = remember(chain);
    const first =
      facts.address === undefined ? [] : [{ ...FIRST, address: facts.address, locations: spoken }];
    const seen = (showed.length > 0 ? showed : first).map(
      ({ address, outcome, message, locations: shown }) => ({
        address,
        outcome,
        message,
        chain: shown.map(({ certificate }) => certificate),
      }),
    );
    const stays = addresses.follow(endpoint, { seen, isAll: byAddress !== null, at });
    return { seen: [...own, ...showed.flatMap((one) => one.locations)], stays };
  }
}

type Presented = NonNullable<EndpointProbe["presented"]>;
type SeenChain = Presented["chain"];
type Followed = {
  endpoint: number;
  host: string;
  at: Instant;
  remember: (chain: SeenChain) => SeenLocation[];
};

const NONE: ReadonlySet<number> = new Set();
const FIRST = { outcome: "presented", message: "" } as const;

const locationsIn = (chain: SeenChain, remember: (one: SeenCertificate) => number): SeenLocation[] =>
  chain.flatMap((one, position) => (one ? { certificate: remember(one), path: null, position } : []));

/** What an endpoint showed, as columns; null for what is absent. */
function toColumns(presented: EndpointProbe["presented"], at: Instant) {
  const {
    staple = null,
    timestamps = null,
    authorities = null,
    capabilities = null,
  } = presented?.beside ?? {};
  return {
    facts: presented && JSON.stringify(presented.facts),
    staple,
    timestamps,
    authorities: authorities && JSON.stringify(authorities),
    capabilities: capabilities && JSON.stringify({ at, ...capabilities }),
  };
}

/**
 * An endpoint after a probe. A null part of what was shown: what is known stays. `facts` null: nothing was shown at
 * all.
 */
type EndpointSeen = {
  host: string;
  port: number;
  serverName: string;
  protocol: string;
  name: number;
  state: string;
  outcome: string;
  message: string;
  scanId: number;
  at: string;
  facts: string | null;
  staple: Uint8Array | null;
  timestamps: Uint8Array | null;
  authorities: string | null;
  capabilities: string | null;
};

type Known = Pick<EndpointSeen, "state" | "outcome" | "message" | "staple" | "timestamps" | "authorities"> & {
  id: number;
  facts: string;
};

/**
 * Writes the row of each endpoint, and returns its id. An unchanged one only gets a new scan and time: the whole row
 * costs four times as much to write, and triggers read its facts again. Parameters are bound by position, which costs
 * half of what names do.
 */
function endpointWriter(db: Database): (seen: EndpointSeen) => number {
  const find = db.prepare<[string, number, string, string], Known>(`
    SELECT id, state, outcome, message, facts, staple, timestamps, authorities FROM endpoint
    WHERE host = ? AND port = ? AND server_name = ? AND protocol = ?`);
  const begin = db.prepare(`
    INSERT INTO endpoint (host, port, server_name, protocol, name, state, outcome, message, last_scan, last_seen,
      key_exchange_since, facts, staple, timestamps, authorities, capabilities)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const change = db.prepare(`
    UPDATE endpoint
    SET state = ?, outcome = ?, message = ?, last_scan = ?, last_seen = ?, facts = ?, staple = ?, timestamps = ?,
        authorities = ?, capabilities = ifnull(?, capabilities)
    WHERE id = ?`);
  const seeAgain = db.prepare("UPDATE endpoint SET last_scan = ?, last_seen = ? WHERE id = ?");

  return (seen) => {
    const { host, port, serverName, protocol, state, outcome, message, scanId, at, capabilities } = seen;
    const known = find.get(host, port, serverName, protocol);
    const { facts, staple, timestamps, authorities } = seen.facts === null && known ? known : seen;
    const beside = [staple, timestamps, authorities, capabilities];
    if (!known) {
      const where = [host, port, serverName, protocol, seen.name];
      return Number(
        begin.run(...where, state, outcome, message, scanId, at, at, facts ?? "{}", ...beside)
          .lastInsertRowid,
      );
    }
    const isSame =
      capabilities === null &&
      known.state === state &&
      known.outcome === outcome &&
      // biome-ignore lint/plugin: whether the row is written anew
      known.message === message &&
      known.facts === facts &&
      known.authorities === authorities &&
      isSameBytes(known.staple, staple) &&
      isSameBytes(known.timestamps, timestamps);
    if (isSame) seeAgain.run(scanId, at, known.id);
    else change.run(state, outcome, message, scanId, at, facts, ...beside, known.id);
    return known.id;
  };
}

const isSameBytes = (one: Uint8Array | null, other: Uint8Array | null): boolean =>
  one === other || (one !== null && other !== null && Buffer.compare(one, other) === 0);

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
  capabilities: string | null;
};

/** An endpoint, and the bytes that may contain SCTs: whatever shows it reads them. */
export type StoredEndpoint = Omit<Endpoint, "timestamps"> & {
  /** The leaf that it shows; null where it shows none that could be read. */
  leaf: Uint8Array | null;
  staple: Uint8Array | null;
  timestamps: Uint8Array | null;
};

type EndpointQuery = { scanId: ScanId; after: string | null; limit: number };

const COLUMNS = `endpoint.id, endpoint.host, endpoint.port, endpoint.server_name, endpoint.protocol, endpoint.state,
  endpoint.outcome, endpoint.message, endpoint.last_seen, endpoint.facts, endpoint.staple, endpoint.timestamps,
  endpoint.authorities, endpoint.capabilities`;

const OF_PROBES = `probe JOIN endpoint ON endpoint.host = probe.host AND endpoint.port = probe.port
  AND endpoint.server_name = ifnull(probe.server_name, '') AND endpoint.protocol = ifnull(probe.protocol, 'tls')`;

const IN_ORDER = { name: "probe", columns: ["probe.id"], descending: false };

/** What is known of endpoints from their probes. */
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
        SELECT certificate FROM location WHERE endpoint = ? AND position = 0 AND gone_scan IS NULL ORDER BY id DESC LIMIT 1)`)
    .pluck();

  return {
    find({ host, port, serverName, protocol }: Omit<TlsTarget, "kind">): StoredEndpoint | null {
      const row = find.get({ host, port, serverName: serverName ?? "", protocol });
      return row ? fromRow(row) : null;
    },

    /** Those that showed a chain in a scan, in the order in which they were probed. */
    ofScan: ({ scanId, ...page }: EndpointQuery): Listed<StoredEndpoint> =>
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
      capabilities: EndpointFacts.shape.capabilities.parse(
        row.capabilities === null ? null : JSON.parse(row.capabilities),
      ),
      stapleBytes: staple?.length ?? null,
      leaf: leaf.get(row.id) ?? null,
      staple,
      timestamps,
    };
  }
}

const SAID = Endpoint.pick({ state: true, outcome: true, message: true, lastSeen: true });

import type { Database } from "better-sqlite3";
import type { Owner } from "#shared/model/access/verdict.ts";
import { ServedState } from "#shared/model/certificates/served.ts";
import { evidenceOf, type UseEvidence } from "#shared/model/hosts/host-use.ts";
import type { TransportRequest } from "#shared/model/hosts/probe.ts";
import type { Protocol, TlsTarget } from "#shared/model/hosts/target.ts";
import type { Instant } from "#shared/model/instant.ts";
import { offlineReadingTable } from "./host-readings.ts";
import { keptKeyTable } from "./run-details.ts";

/** A host of the inventory, and how to log in to it. */
export type KnownHost = {
  id: number;
  host: string;
  port: number;
  user: string | null;
  useSudo: boolean;
  transport: TransportRequest;
  os: string | null;
  /** The host key that is pinned; null: none is. */
  pinned: string | null;
  tags: string[];
};

/** A grant, with the facts that plans need. */
export type GrantFact = {
  id: number;
  hostId: number;
  account: string;
  file: string;
  text: string;
  fingerprint: string | null;
  options: string;
  keyType: string | null;
  comment: string;
  effective: "yes" | "no" | "unknown";
  isDormant: boolean;
  onlyFrom: string[];
  /** The state of its owner: who may have its private key. */
  owner: Owner["state"];
};

/** A file or a home directory that the last reading could not read, where keys of these accounts may be. */
type UnreadableKeys = { path: string; why: string; accounts: string[] };

export type KeyFileFact = { hostId: number; path: string; isEncrypted: boolean | null };

type HostRow = Omit<KnownHost, "useSudo" | "tags"> & { use_sudo: number; tags: string };

type GrantRow = {
  id: number;
  host: number;
  account: string;
  file: string;
  text: string;
  fingerprint: string | null;
  options: string;
  key_type: string | null;
  comment: string;
  effective: GrantFact["effective"];
  is_dormant: number;
  only_from: string;
  owner: GrantFact["owner"];
};

const GRANT = `id, host, account, file, text, fingerprint, options, key_type, comment, effective, is_dormant,
  json_extract(verdict, '$.effective.onlyFrom') AS only_from, owner`;

/** The tags of a host, and its environment: each that its tags name where these differ, for one of them may be production. */
const HOST = `host.id, host.host, host.port, ifnull(target.user, host.user) AS user, ifnull(target.use_sudo, 0) AS use_sudo,
  ifnull(target.transport, 'auto') AS transport, host.os, pin.fingerprint AS pinned,
  (SELECT json_group_array(word) FROM (
     SELECT tag.name AS word FROM tagged_host JOIN tag ON tag.id = tagged_host.tag WHERE tagged_host.name = host.name
     UNION SELECT environment FROM host_name WHERE host_name.id = host.name AND environment IS NOT NULL
     UNION SELECT tag.environment FROM tagged_host
       JOIN tag ON tag.id = tagged_host.tag JOIN host_name ON host_name.id = tagged_host.name
     WHERE tagged_host.name = host.name AND host_name.environment IS NULL AND tag.environment IS NOT NULL)) AS tags`;

const HOSTS = `host
  LEFT JOIN target ON target.kind = 'ssh' AND target.host = host.host AND target.port = host.port
    AND target.server_name = '' AND target.protocol = 'tls'
  LEFT JOIN pin ON pin.host = host.host AND pin.port = host.port`;

type LoginRow = { account: string; from: string | null; at: string; inJournal: string | null };

/** So many are listed: more accounts with the same single key are no sign of one file. */
const MOST_TWINS = 32;

/** The facts of keys, grants and hosts that plans need. */
export function factReader(db: Database) {
  const host = db.prepare<[number], HostRow>(`SELECT ${HOST} FROM ${HOSTS} WHERE host.id = ?`);
  const hostAt = db.prepare<[string, number], HostRow>(
    `SELECT ${HOST} FROM ${HOSTS} WHERE host.host = ? AND host.port = ?`,
  );
  const allHosts = db.prepare<[], HostRow>(`SELECT ${HOST} FROM ${HOSTS}`);
  const grant = db.prepare<[number], GrantRow>(
    `SELECT ${GRANT} FROM grant_line WHERE id = ? AND gone_scan IS NULL`,
  );
  const grantsOfKey = db.prepare<[string], GrantRow>(`
    SELECT ${GRANT} FROM grant_line WHERE ifnull(fingerprint, '') = ? AND gone_scan IS NULL ORDER BY host, file, line`);
  const grantsOfAccount = db.prepare<[number, string], GrantRow>(`
    SELECT ${GRANT} FROM grant_line WHERE host = ? AND account = ? AND gone_scan IS NULL ORDER BY file, line`);
  const accountsOfFile = db
    .prepare<[number, string], string>(`
      SELECT DISTINCT account FROM grant_line WHERE host = ? AND file = ? AND gone_scan IS NULL ORDER BY account`)
    .pluck();
  const linesOnHost = db.prepare<[number], { file: string; line: number; text: string }>(`
    SELECT DISTINCT file, line, text FROM grant_line WHERE host = ? AND gone_scan IS NULL ORDER BY file, line`);
  const unreadableKeys = db.prepare<[number], { path: string; why: string; accounts: string }>(`
    SELECT value ->> 'what' AS path, value ->> 'why' AS why, value -> 'keysOf' AS accounts
    FROM coverage, json_each(not_read) WHERE host = ? AND value -> 'keysOf' IS NOT NULL`);
  const logs = db
    .prepare<[number], string>("SELECT DISTINCT source FROM log_window WHERE host = ? ORDER BY source")
    .pluck();
  const addresses = db
    .prepare<[number], string>("SELECT address FROM host_address WHERE host = ? ORDER BY address")
    .pluck();
  const logins = db.prepare<[number, string], LoginRow>(`
    SELECT login.account, ifnull(value ->> 'from', last_from) AS "from", ifnull(value ->> 'lastAt', last_at) AS at,
      iif(value IS NULL, last_in_journal_at, value ->> 'lastInJournalAt') AS inJournal
    FROM login LEFT JOIN json_each(login.origins)
    WHERE login.host = ? AND login.fingerprint = ?
    ORDER BY login.account, "from"`);
  const offlineReadings = offlineReadingTable(db);

  return {
    /**
     * What a bundle shows of a host that was not read from here since; null where it was, or where there is no bundle.
     */
    offlineHost: offlineReadings.find,

    /** Old private keys that runs have left beside new ones. */
    keptKeys: keptKeyTable(db).all,

    host: (id: number): KnownHost | null => orNull(host.get(id), toHost),
    hostAt: (name: string, port: number): KnownHost | null => orNull(hostAt.get(name, port), toHost),
    allHosts: (): KnownHost[] => allHosts.all().map(toHost),
    grant: (id: number): GrantFact | null => orNull(grant.get(id), toGrant),
    grantsOfKey: (fingerprint: string): GrantFact[] => grantsOfKey.all(fingerprint).map(toGrant),
    grantsOfAccount: (hostId: number, account: string): GrantFact[] =>
      grantsOfAccount.all(hostId, account).map(toGrant),

    /** Locations that may have keys and that the last reading could not read. */
    unreadableKeys: (hostId: number): UnreadableKeys[] =>
      unreadableKeys.all(hostId).map(({ accounts, ...one }) => ({ ...one, accounts: JSON.parse(accounts) })),

    /** The strongest of its logs that record every login; null where none does. */
    logsOf(hostId: number): UseEvidence | null {
      const known = logs.all(hostId).map(evidenceOf);
      return known.find((one) => one === "journal") ?? known[0] ?? null;
    },

    /** The host's own addresses, as it was last read. */
    addressesOf: (hostId: number): string[] => addresses.all(hostId),

    /** Logins with a key, from logs: the last from each address. */
    loginsBy: (hostId: number, fingerprint: string) =>
      logins
        .all(hostId, fingerprint)
        .flatMap(({ from, inJournal, ...login }) =>
          from === null
            ? []
            : [{ ...login, from, evidence: evidenceOf(inJournal === null ? "" : "journal") }],
        ),

    /** The accounts that a file gives access to. */
    accountsOfFile: (hostId: number, file: string): string[] => accountsOfFile.all(hostId, file),

    /** Other files of the host with the very same lines at the same numbers: they may be one file by several paths. */
    twinsOf(hostId: number, file: string): string[] {
      const files = Map.groupBy(linesOnHost.all(hostId), (one) => one.file);
      const read = (path: string): string =>
        JSON.stringify(files.get(path)?.map(({ line, text }) => [line, text]) ?? []);
      const own = read(file);
      return [...files.keys()].filter((path) => path !== file && read(path) === own).slice(0, MOST_TWINS);
    },

    ...keyFacts(db),
  };
}

/** What is known of the key itself. */
function keyFacts(db: Database) {
  const keyFiles = db.prepare<[string], { host: number; path: string; is_encrypted: number | null }>(`
    SELECT host, path, is_encrypted FROM key_file WHERE fingerprint = ? AND gone_scan IS NULL ORDER BY host, path`);
  const keyType = db.prepare<[string], string>("SELECT key_type FROM key WHERE fingerprint = ?").pluck();
  const people = db
    .prepare<[string], string>(`
      SELECT DISTINCT name FROM person_key JOIN person ON person.id = person_key.person
      WHERE fingerprint = ? ORDER BY name`)
    .pluck();

  return {
    keyFiles: (fingerprint: string): KeyFileFact[] =>
      keyFiles.all(fingerprint).map(({ host: hostId, path, is_encrypted }) => ({
        hostId,
        path,
        isEncrypted: is_encrypted === null ? null : is_encrypted === 1,
      })),

    /** Null where it was never granted. */
    keyType: (fingerprint: string): string | null => keyType.get(fingerprint) ?? null,

    /** The people who have it by the people sources. */
    people: (fingerprint: string): string[] => people.all(fingerprint),
  };
}

const orNull = <Row, Fact>(row: Row | undefined, toFact: (row: Row) => Fact): Fact | null =>
  row === undefined ? null : toFact(row);

const toHost = ({ use_sudo, tags, ...row }: HostRow): KnownHost => ({
  ...row,
  useSudo: use_sudo === 1,
  tags: JSON.parse(tags) as string[],
});

const toGrant = ({ host: hostId, key_type, is_dormant, only_from, ...row }: GrantRow): GrantFact => ({
  ...row,
  hostId,
  keyType: key_type,
  isDormant: is_dormant === 1,
  onlyFrom: JSON.parse(only_from ?? "[]") as string[],
});

/** A certificate that is past two thirds of its life, and is seen somewhere. */
type DueCertificate = { sha256: string; subject: string; notAfter: Instant };

type Undated = Pick<DueCertificate, "sha256" | "subject">;

type ServedAt = { host: string; port: number; serverName: string | null };

/** `serverName`: the name that the client sent (SNI); empty where it sent none. */
type ServedLeaf = Undated & { serverName: string };

type EndpointRow = { host: string; port: number; serverName: string; protocol: Protocol };

const toTarget = ({ serverName, ...row }: EndpointRow): TlsTarget => ({
  kind: "tls",
  ...row,
  serverName: serverName || null,
});

/** `server` as configurations name it; `state` as its number. */
type ServerRow = { host: number; server: string; root: string; state: number };

/** So many are named. */
const MOST_UNDATED = 100;

const NOW = "location.gone_scan IS NULL AND location.position = 0";

/** The facts about where certificates are served that renewals need. */
export function servedFactReader(db: Database) {
  const map = db.prepare<[number], string>("SELECT map FROM host_map WHERE host = ?").pluck();
  const lastRead = db.prepare<[number], Instant | null>("SELECT last_read FROM host WHERE id = ?").pluck();
  const hostsHolding = db
    .prepare<[string], number>(`
      SELECT DISTINCT location.host FROM location JOIN certificate ON certificate.id = location.certificate
      WHERE certificate.sha256 = ? AND ${NOW} AND location.host IS NOT NULL ORDER BY location.host`)
    .pluck();
  const pathsHolding = db
    .prepare<[number, string], string>(`
      SELECT DISTINCT location.path FROM location JOIN certificate ON certificate.id = location.certificate
      WHERE location.host = ? AND certificate.sha256 = ? AND ${NOW} ORDER BY location.path`)
    .pluck();
  const endpointsOf = db.prepare<[string], EndpointRow>(`
    SELECT DISTINCT endpoint.host, endpoint.port, endpoint.server_name AS serverName, endpoint.protocol FROM location
    JOIN certificate ON certificate.id = location.certificate JOIN endpoint ON endpoint.id = location.endpoint
    WHERE certificate.sha256 = ? AND ${NOW} ORDER BY endpoint.host, endpoint.port`);
  const leavesAt = db.prepare<ServedAt, ServedLeaf>(`
      SELECT DISTINCT certificate.sha256, certificate.subject, endpoint.server_name AS serverName FROM endpoint
      JOIN location ON location.endpoint = endpoint.id AND ${NOW}
      JOIN certificate ON certificate.id = location.certificate
      WHERE endpoint.host = @host AND endpoint.port = @port
        AND (@serverName IS NULL OR endpoint.server_name = @serverName)
      ORDER BY endpoint.server_name, certificate.subject`);
  const undated = db.prepare<{ sha256: string | null; most: number }, Undated>(`
    SELECT sha256, subject FROM certificate
    WHERE is_seen = 1 AND (julianday(not_before) IS NULL OR julianday(not_after) IS NULL)
      AND (@sha256 IS NULL OR sha256 = @sha256)
      AND EXISTS (
        SELECT 1 FROM location
        WHERE location.certificate = certificate.id AND ${NOW} AND (is_ca = 0 OR location.endpoint IS NOT NULL))
    ORDER BY id LIMIT @most`);
  const due = db.prepare<{ now: string; most: number }, DueCertificate>(`
    SELECT sha256, subject, not_after AS notAfter FROM certificate
    WHERE is_seen = 1 AND not_before IS NOT NULL
      AND julianday(@now) >= julianday(not_before) + (julianday(not_after) - julianday(not_before)) * 2 / 3
      -- Of what says that it is an authority only what is served itself, as self-signed ones are.
      AND EXISTS (
        SELECT 1 FROM location
        WHERE location.certificate = certificate.id AND ${NOW} AND (is_ca = 0 OR location.endpoint IS NOT NULL))
    ORDER BY not_after, id LIMIT @most`);
  const tags = db
    .prepare<[string], string>(`
      SELECT tag.name FROM tagged_certificate
      JOIN certificate ON certificate.id = tagged_certificate.certificate JOIN tag ON tag.id = tagged_certificate.tag
      WHERE certificate.sha256 = ? ORDER BY tag.name`)
    .pluck();

  const SERVERS_AT = `
    SELECT DISTINCT binding.host, binding.server, binding.root, served.state FROM served
    JOIN binding ON binding.id = served.binding AND binding.gone_scan IS NULL
    JOIN endpoint ON endpoint.id = served.endpoint`;
  const serversAt = db.prepare<ServedAt, ServerRow>(`
    ${SERVERS_AT}
    WHERE endpoint.host = @host AND endpoint.port = @port
      AND (@serverName IS NULL OR endpoint.server_name = @serverName)
    ORDER BY binding.host, binding.server, binding.root`);
  const serversPresenting = db.prepare<{ sha256: string; host: string | null }, ServerRow>(`
    ${SERVERS_AT}
    WHERE served.certificate = (SELECT certificate.id FROM certificate WHERE certificate.sha256 = @sha256)
      AND (@host IS NULL OR endpoint.host = @host)
    ORDER BY binding.host, binding.server, binding.root`);
  const endpointsServed = db.prepare<{ host: number; server: string; root: string }, EndpointRow>(`
    SELECT DISTINCT endpoint.host, endpoint.port, endpoint.server_name AS serverName, endpoint.protocol FROM binding
    JOIN served ON served.binding = binding.id JOIN endpoint ON endpoint.id = served.endpoint
    WHERE binding.host = @host AND binding.server = @server AND binding.root = @root AND binding.gone_scan IS NULL
    ORDER BY endpoint.host, endpoint.port, endpoint.server_name`);
  const ownerOf = db
    .prepare<[string], number>("SELECT min(host) FROM host_address WHERE address = ? HAVING count(*) = 1")
    .pluck();
  const toServer = ({ state, ...row }: ServerRow) => ({ ...row, state: ServedState.options[state] });

  return {
    /** The servers that an endpoint is known to be of, and how each serves there. `serverName` null: any. */
    serversAt: (at: ServedAt) => serversAt.all(at).map(toServer),
    /** The servers that serve a certificate; `host`: the endpoints' name, null: any. */
    serversPresenting: (sha256: string, host: string | null) =>
      serversPresenting.all({ sha256, host }).map(toServer),
    /** The endpoints that are known to be of a server. */
    endpointsServed: (of: { host: number; server: string; root: string }): TlsTarget[] =>
      endpointsServed.all(of).map(toTarget),
    /** The one host that has an address; null where none or several have it. */
    ownerOf: (address: string): number | null => ownerOf.get(address) ?? null,
    /** The configuration of the host's servers when it was last read; null where there is none. */
    map: (hostId: number): string | null => map.get(hostId) ?? null,
    /** When the host was last read; null where it never was. */
    lastRead: (hostId: number): Instant | null => lastRead.get(hostId) ?? null,
    /** Hosts with a file that has it as its first certificate. */
    hostsHolding: (sha256: string): number[] => hostsHolding.all(sha256),
    pathsHolding: (hostId: number, sha256: string): string[] => pathsHolding.all(hostId, sha256),
    /** The endpoints that present it. */
    endpointsOf: (sha256: string): TlsTarget[] => endpointsOf.all(sha256).map(toTarget),
    /** `serverName` null: under each name that was probed there. */
    leavesAt: (at: ServedAt): ServedLeaf[] => leavesAt.all(at),
    due: (now: Instant, most: number): DueCertificate[] => due.all({ now, most }),
    /**
     * Certificates whose dates cannot be read, so that nobody knows whether they are due. Null: all of them, of which
     * there may be more.
     */
    undated: (sha256: string | null): Undated[] => undated.all({ sha256, most: MOST_UNDATED }),
    tagsOf: (sha256: string): string[] => tags.all(sha256),
  };
}

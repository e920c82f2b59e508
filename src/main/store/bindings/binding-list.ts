import type { Database } from "better-sqlite3";
import {
  SERVER_KEY_KINDS,
  ServedRow,
  ServedState,
  type ServerKeyKind,
  ShownBy,
  WireSight,
} from "#shared/model/certificates/served.ts";
import type { Listed, Lists, Window } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/order.ts";
import { searchIn } from "#store/lists/word-search.ts";
import { NOT_SEEN } from "./binding-writer.ts";

type Column = "state" | "host";

type BindingQuery = Window & {
  search: string;
  state: ServedState | null;
  host: string | null;
  sha256: string | null;
  sort: { by: Column; descending: boolean };
};

type Row = {
  id: number;
  host: number;
  host_text: string;
  server: string;
  state: number;
  address: string;
  port: number;
  name: string;
  is_default: number;
  protocol: string;
  file: string;
  line: number;
  certificate_path: string | null;
  real_path: string | null;
  directive: string | null;
  directive_file: string | null;
  directive_line: number | null;
  key_path: string | null;
  unsure: string | null;
  shown_by: string | null;
};

type SightRow = {
  host: string;
  port: number;
  server_name: string;
  state: number;
  sha256: string;
  subject: string;
  evidence: string;
  last_seen: string;
} & KeyRow;

type KeyRow = { key_type: string; key_bits: number | null; curve: string | null };

const COLUMNS = `id, host, host_text, server, state, address, port, name, is_default, protocol, file, line,
  certificate_path, real_path, directive, directive_file, directive_line, key_path, unsure, shown_by`;

const SORTED_BY: Record<Column, readonly string[]> = {
  state: ["state", "host_text", "port", "id"],
  host: ["host_text", "port", "id"],
};

const NOW: Part = { sql: "gone_scan IS NULL", values: [] };

/** A binding that no handshake has reached is kept as not seen. */
function ofState(state: ServedState): Part {
  const isNever = "ifnull(shown_by ->> 'kind', '') = 'never'";
  if (state === "never-served") return { sql: `state = ${NOT_SEEN} AND ${isNever}`, values: [] };
  if (state === "not-seen") return { sql: `state = ${NOT_SEEN} AND NOT ${isNever}`, values: [] };
  return { sql: "state = ?", values: [ServedState.options.indexOf(state)] };
}

/** Where a certificate is in the file that a configuration names, or was served instead of it. */
const ABOUT_CERTIFICATE = `
  SELECT binding.id FROM location
  JOIN binding ON binding.host = location.host AND binding.certificate_path = location.path AND binding.gone_scan IS NULL
  WHERE location.certificate = (SELECT certificate.id FROM certificate WHERE certificate.sha256 = ?)
    AND location.gone_scan IS NULL AND location.position = 0
  UNION
  SELECT served.binding FROM served
  WHERE served.certificate = (SELECT certificate.id FROM certificate WHERE certificate.sha256 = ?)`;

const OF_HOSTS = {
  ids: "SELECT id FROM binding WHERE gone_scan IS NULL",
  column: { sql: "host_text", has: "names" },
} as const;

/** What configurations say is served, and what endpoints serve. */
export function bindingList(db: Database, lists: Lists) {
  const toItem = rowReader(db);
  const largest = db.prepare<[], number>("SELECT ifnull(max(id), 0) FROM binding").pluck();
  const size = () => largest.get() ?? 0;
  const find = searchIn(lists, { table: "binding", text: "search_text", ofHosts: OF_HOSTS, size });

  return {
    list({ search, state, host, sha256, sort, ...page }: BindingQuery): Listed<ServedRow> {
      const matches = find(search);
      const where: Part[] = [NOW, ...matches.where];
      if (state !== null) where.push(ofState(state));
      if (host !== null) where.push({ sql: "host_text = ?", values: [host] });
      if (sha256 !== null) where.push({ sql: `id IN (${ABOUT_CERTIFICATE})`, values: [sha256, sha256] });
      const order = { name: sort.by, columns: SORTED_BY[sort.by], descending: sort.descending };
      const searched = search.trim() === "" ? {} : { idColumn: "id", found: matches.found, size };
      const total = matches.total !== null && where.length === 1 ? { total: () => matches.total ?? 0 } : {};
      return lists.list(
        { select: COLUMNS, from: "binding", where, sort: order, ...searched, ...total, ...page },
        toItem,
      );
    },
  };
}

function rowReader(db: Database) {
  const sights = db.prepare<[number], SightRow>(`
    SELECT endpoint.host, endpoint.port, endpoint.server_name, served.state, certificate.sha256, certificate.subject,
      certificate.key_type, certificate.key_bits, certificate.curve, served.evidence, endpoint.last_seen
    FROM served
    JOIN endpoint ON endpoint.id = served.endpoint
    JOIN certificate ON certificate.id = served.certificate
    WHERE binding = ?
    ORDER BY served.state, endpoint.host, endpoint.port, endpoint.server_name`);
  const held = db.prepare<
    [number, string],
    { sha256: string; subject: string; spki_sha256: string } & KeyRow
  >(`
    SELECT sha256, subject, spki_sha256, key_type, key_bits, curve
    FROM location JOIN certificate ON certificate.id = location.certificate
    WHERE host = ? AND path = ? AND position = 0 AND gone_scan IS NULL`);
  const spki = db
    .prepare<[number, string], string | null>(`
      SELECT spki_sha256 FROM key_file WHERE host = ? AND path = ? AND gone_scan IS NULL ORDER BY id DESC LIMIT 1`)
    .pluck();

  return (row: Row): ServedRow => {
    const { host, certificate_path: path } = row;
    const shownBy = row.shown_by === null ? null : ShownBy.parse(JSON.parse(row.shown_by));
    const now = path === null ? undefined : held.get(host, path);
    const keySpki = (row.key_path !== null && spki.get(host, row.key_path)) || null;
    return ServedRow.parse({
      id: row.id,
      hostId: host,
      host: row.host_text,
      server: row.server,
      port: row.port,
      state:
        row.state === NOT_SEEN && shownBy?.kind === "never" ? "never-served" : ServedState.options[row.state],
      address: row.address || null,
      name: row.name || null,
      isDefault: row.is_default === 1,
      protocol: row.protocol,
      at: { file: row.file, line: row.line },
      certificate: path && {
        path,
        directive: row.directive ?? "",
        at: { file: row.directive_file ?? "", line: row.directive_line ?? 0 },
        realPath: row.real_path,
        sha256: now?.sha256 ?? null,
        subject: now?.subject ?? null,
        key: now ? toKey(now) : null,
      },
      keyPath: row.key_path,
      keyMatches: keySpki === null || !now ? null : keySpki === now.spki_sha256,
      unsure: row.unsure,
      shownBy,
      sights: sights.all(row.id).map(toSight),
    });
  };
}

const toKey = ({ key_type: keyType, key_bits: keyBits, curve }: KeyRow) => ({ keyType, keyBits, curve });

const toSight = ({ server_name: serverName, last_seen: lastSeen, ...row }: SightRow): WireSight =>
  WireSight.parse({
    ...row,
    serverName: serverName || null,
    state: ServedState.options[row.state],
    key: toKey(row),
    evidence: JSON.parse(row.evidence),
    lastSeen,
  });

const ENDPOINTS_THERE =
  "SELECT endpoint.id FROM endpoint WHERE endpoint.host = @host AND endpoint.port = @port";

/** The kinds of keys, of those that a handshake can be limited to, for which a port has certificates side by side. */
export type KeyKindsAt = (target: { host: string; port: number }) => readonly ServerKeyKind[];

/**
 * Reads which kinds of keys stand side by side where endpoints are, as far as their hosts' configurations are known;
 * none where one handshake shows the only certificate. Each reader remembers what it has read of a port of a host, for
 * all names and addresses of it.
 */
export function keyKindReader(db: Database): () => KeyKindsAt {
  // Who scans endpoints alone has none, and is spared four searches for each of them.
  const hasBindings = db.prepare<[], number>("SELECT EXISTS (SELECT 1 FROM binding)").pluck();
  const hosts = db
    .prepare<object, number>(`
      SELECT host.id FROM host WHERE host.host = @host
      UNION ALL SELECT host_address.host FROM host_address WHERE host_address.address = @host
      UNION ALL SELECT known.host FROM host_of_endpoint AS known WHERE known.endpoint IN (${ENDPOINTS_THERE})
      UNION ALL SELECT host_address.host FROM endpoint_address
        JOIN host_address ON host_address.address = endpoint_address.address
        WHERE endpoint_address.endpoint IN (${ENDPOINTS_THERE})`)
    .pluck();
  // HAProxy chooses among all certificates of a listener, and the other servers among those of one name.
  const kinds = db
    .prepare<object, ServerKeyKind>(`
      WITH there AS (
        SELECT binding.address, iif(binding.server = 'haproxy', '', binding.name) AS name, certificate.key_type AS kind
        FROM binding
        JOIN location ON location.host = binding.host AND location.path = binding.certificate_path
          AND location.position = 0 AND location.gone_scan IS NULL
        JOIN certificate ON certificate.id = location.certificate
        WHERE binding.gone_scan IS NULL AND binding.host = @host AND binding.port = @port
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
      if (hasBindings.get() === 0) return [];
      const found = new Set(hosts.all(target).flatMap((host) => kindsOf(host, target.port)));
      return SERVER_KEY_KINDS.filter((kind) => found.has(kind));
    };
  };
}

import type { Database } from "better-sqlite3";
import { ServedState } from "#shared/model/certificates/served.ts";
import type { CollectedHost } from "#store/probe-record.ts";
import { byKey, followSpans, type ScanCoverage } from "#store/spans.ts";

type Binding = CollectedHost["disk"]["bindings"][number];
type Row = { id: number } & Pick<Binding, "server" | "root" | "address" | "port" | "name"> & {
    file: string;
    line: number;
    certificate_path: string | null;
  };

export const NOT_SEEN = ServedState.options.indexOf("not-seen");

/** Writes what each host's configurations say is served, as spans, and what its endpoints are evaluated by. */
export function bindingWriter(db: Database) {
  const current = db.prepare<[number], Row>(`
    SELECT id, server, root, nullif(address, '') AS address, port, nullif(name, '') AS name, file, line, certificate_path
    FROM binding
    WHERE host = ? AND gone_scan IS NULL`);
  const begin = db.prepare(`
    INSERT INTO binding (host, host_text, server, root, address, port, name, is_default, protocol, file, line,
      certificate_path, real_path, directive, directive_file, directive_line, key_path, unsure, shown_by, state, first_scan, last_scan)
    VALUES (@host, @hostText, @server, @root, @address, @port, @name, @isDefault, @protocol, @file, @line,
      @certificatePath, @realPath, @directive, @directiveFile, @directiveLine, @keyPath, @unsure, @shownBy, ${NOT_SEEN}, @scanId, @scanId)`);
  const extend = db.prepare(`
    UPDATE binding
    SET is_default = @isDefault, real_path = @realPath, protocol = @protocol, directive = @directive, directive_file = @directiveFile,
        directive_line = @directiveLine, key_path = @keyPath, unsure = @unsure, shown_by = @shownBy,
        last_scan = @scanId
    WHERE id = @id`);
  const end = db.prepare("UPDATE binding SET gone_scan = ? WHERE id = ?");
  const forget = db.prepare("DELETE FROM served WHERE binding = ?");
  const dropAddresses = db.prepare("DELETE FROM host_address WHERE host = ?");
  const addAddress = db.prepare("INSERT OR IGNORE INTO host_address (address, host) VALUES (?, ?)");
  const keepMap = db.prepare(`
    INSERT INTO host_map (host, map) VALUES (@host, @map) ON CONFLICT (host) DO UPDATE SET map = @map`);
  const mapOf = db.prepare<[number], string>("SELECT map FROM host_map WHERE host = ?").pluck();
  const dropMap = db.prepare("DELETE FROM host_map WHERE host = ?");
  // A random value, which no transaction that was rolled back can have used before.
  const markRead = db.prepare("UPDATE host SET reading = hex(randomblob(8)) WHERE id = ?");

  return {
    follow(home: { id: number; host: string }, disk: CollectedHost["disk"], coverage: ScanCoverage): void {
      const { id: host } = home;
      markRead.run(host);
      const known = current.all(host);
      const rootOf = new Map(known.map((row) => [keyOf(row), row.root]));
      followSpans({
        current: new Map(known.map((row) => [keyOf(row), row.id])),
        seen: byKey(disk.bindings.map(toRow), keyOf),
        isGone: (key) => coverage.couldSee(rootOf.get(key) ?? ""),
        begin: (row) =>
          Number(
            begin.run({ ...row, host, hostText: home.host, ...named(row), scanId: coverage.scanId })
              .lastInsertRowid,
          ),
        extend: (id, row) => extend.run({ ...row, id, scanId: coverage.scanId }),
        end: (id) => {
          forget.run(id);
          end.run(coverage.scanId, id);
        },
      });
      const before = mapOf.get(host);
      const map = withUnseen(disk.map, before, coverage);
      if (map === null) dropMap.run(host);
      else if (map !== before) keepMap.run({ host, map });
      if (disk.addresses === null) return;
      dropAddresses.run(host);
      for (const address of disk.addresses) addAddress.run(address, host);
    },
  };
}

type Map = {
  configurations: { root: string }[];
  files: { path: string }[];
  listeners: unknown;
  problems?: { root: string }[];
};

/** The map as it was read now, with what is known of configurations that this scan could not see. */
function withUnseen(fresh: string | null, known: string | undefined, coverage: ScanCoverage): string | null {
  if (known === undefined) return fresh;
  const before = JSON.parse(known) as Map;
  const now: Map = fresh === null ? { configurations: [], files: [], listeners: null } : JSON.parse(fresh);
  const seen = new Set(now.configurations.map(({ root }) => root));
  const unseen = before.configurations.filter(({ root }) => !seen.has(root) && !coverage.couldSee(root));
  if (unseen.length === 0) return fresh;
  const paths = new Set(now.files.map(({ path }) => path));
  const roots = new Set(unseen.map(({ root }) => root));
  const problems = before.problems?.filter(({ root }) => roots.has(root)) ?? [];
  return JSON.stringify({
    configurations: [...now.configurations, ...unseen],
    files: [...now.files, ...before.files.filter(({ path }) => !paths.has(path))],
    listeners: now.listeners,
    problems: [...(now.problems ?? []), ...problems],
  });
}

const toRow = ({ certificate, key, at, shownBy = null, ...binding }: Binding) => ({
  ...binding,
  shownBy: shownBy && JSON.stringify(shownBy),
  isDefault: Number(binding.isDefault),
  file: at.file,
  line: at.line,
  certificate_path: certificate?.path ?? null,
  certificatePath: certificate?.path ?? null,
  directive: certificate?.directive ?? null,
  directiveFile: certificate?.at.file ?? null,
  directiveLine: certificate?.at.line ?? null,
  keyPath: key?.path ?? null,
});

const named = ({ address, name }: Pick<Binding, "address" | "name">) => ({
  address: address ?? "",
  name: name ?? "",
});

const keyOf = (row: Omit<Row, "id">): string =>
  JSON.stringify([
    row.server,
    row.root,
    row.address,
    row.port,
    row.name,
    row.file,
    row.line,
    row.certificate_path,
  ]);

/** The files by which a host authenticates itself as a client, as configurations name them. */
export function clientFileTable(db: Database) {
  const drop = db.prepare("DELETE FROM client_file WHERE host = ?");
  const add = db.prepare(`
    INSERT INTO client_file (host, path, directive, file, line) VALUES (@host, @path, @directive, @file, @line)
    ON CONFLICT (host, path) DO UPDATE SET directive = @directive, file = @file, line = @line`);

  return {
    /** What the scan did not see whole keeps its rows. */
    follow(host: number, files: CollectedHost["clientFiles"], { isWhole }: ScanCoverage): void {
      if (isWhole) drop.run(host);
      for (const { path, directive, at } of files) add.run({ host, path, directive, ...at });
    },
  };
}

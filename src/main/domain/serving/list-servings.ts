import type { Configuration, Named, Serving } from "#domain/server-configs/configuration.ts";

/** One name at one listener, and what is to be served there. */
export type ListedServing = {
  server: string;
  root: string;
  address: string | null;
  port: number;
  name: string | null;
  isDefault: boolean;
  protocol: string;
  at: { file: string; line: number };
  certificate: Named | null;
  /** Where the links of the certificate's path lead; null where there are none, or it could not be told. */
  realPath: string | null;
  key: Named | null;
  unsure: string | null;
};

/** So many are kept of one host. */
const MOST = 20_000;

/** Everything that these configurations say is served, a row for each listener and name. */
export function listServings(
  configurations: readonly Configuration[],
  realPathOf: (path: string) => string | null,
): ListedServing[] {
  const rows: ListedServing[] = [];
  for (const configuration of configurations) {
    for (const serving of configuration.servings) {
      if (rows.length >= MOST) return rows;
      for (const row of rowsOf(configuration, serving)) {
        const path = row.certificate?.path;
        const real = path === undefined ? null : realPathOf(path);
        rows.push({ ...row, realPath: real === path ? null : real });
      }
    }
  }
  return rows.slice(0, MOST);
}

function rowsOf(
  { server, root, mayLack }: Configuration,
  serving: Serving,
): Omit<ListedServing, "realPath">[] {
  const { listens, names, protocol, at, pairs } = serving;
  const certificates = pairs.length > 0 ? pairs : [null];
  return listens.flatMap(({ address, port, isDefault }) =>
    (names.length > 0 ? names : [null]).flatMap((name) =>
      certificates.map((pair) => ({
        ...{ server, root, address, port, name, isDefault, protocol, at },
        certificate: pair?.certificate ?? null,
        key: pair?.key ?? null,
        unsure: serving.unsure ?? mayLack?.why ?? null,
      })),
    ),
  );
}

/** The rows that a sight belongs to: those of its port and, where there are such, of its name. `serving` null: of any. */
export function findRows<
  Row extends Pick<ListedServing, "server" | "root" | "port" | "name" | "at" | "address">,
>(
  rows: readonly Row[],
  { configuration, serving }: { configuration: Configuration; serving: Serving | null },
  sight: { address: string | null; port: number; name: string | null },
): Row[] {
  const own = rows.filter(
    (row) =>
      row.server === configuration.server &&
      row.root === configuration.root &&
      row.port === sight.port &&
      (serving === null || (row.at.file === serving.at.file && row.at.line === serving.at.line)),
  );
  const asked = sight.name?.toLowerCase() ?? null;
  const named = own.filter((row) => row.name?.toLowerCase() === asked);
  const fitting =
    named.length > 0 ? named : own.filter((row) => row.name === null || isPattern(row.name, asked));
  const left = fitting.length > 0 ? fitting : own.filter((row) => row.name === own[0]?.name);
  const exact = left.filter((row) => row.address === sight.address);
  return exact.length > 0 ? exact : left;
}

/** Whether a name with a star before or behind it may be meant: `*.example.com`, `.example.com`, `www.example.*`. */
function isPattern(pattern: string, name: string | null): boolean {
  if (name === null) return false;
  const text = pattern.toLowerCase();
  if (text.startsWith("*.")) return name.endsWith(text.slice(1));
  if (text.startsWith(".")) return name.endsWith(text) || name === text.slice(1);
  return text.endsWith(".*") && name.startsWith(text.slice(0, -1));
}

import type { Configuration, Named, Pair, Serving } from "#domain/server-configs/configuration.ts";
import { spend } from "#domain/work-budget.ts";

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
  /** What it is listed from; `pair` null: it names none. */
  source: { configuration: Configuration; serving: Serving; pair: Pair | null };
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
        if (rows.length >= MOST) return rows;
        spend(20);
        const path = row.certificate?.path;
        const real = path === undefined ? null : realPathOf(path);
        rows.push({ ...row, realPath: real === path ? null : real });
      }
    }
  }
  return rows;
}

/** The names that lead to it, as they are written; null alone: none does by itself. Names that HAProxy turns away lead nowhere. */
export function listedNames(
  server: Configuration["server"],
  { names }: Pick<Serving, "names">,
): readonly (string | null)[] {
  const leading = server === "haproxy" ? names.filter((name) => !name.startsWith("!")) : names;
  return leading.length > 0 ? leading : [null];
}

/** One after the other, for a server may have thousands of each: no more of them are made than are kept. */
function* rowsOf(configuration: Configuration, serving: Serving): Generator<Omit<ListedServing, "realPath">> {
  const { server, root, mayLack } = configuration;
  const { listens, protocol, at, pairs } = serving;
  const names = listedNames(server, serving);
  for (const { address, port, isDefault } of listens)
    for (const name of names)
      for (const pair of pairs.length > 0 ? pairs : [null])
        yield {
          server,
          root,
          address,
          port,
          name,
          isDefault,
          protocol,
          at,
          certificate: pair?.certificate ?? null,
          key: pair?.key ?? null,
          unsure: serving.unsure ?? mayLack?.why ?? null,
          source: { configuration, serving, pair },
        };
}

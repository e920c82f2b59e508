import type { ConfigurationFiles, Named, Pair, Place } from "#domain/server-configs/configuration.ts";
import { folderOf, joinPath } from "#domain/server-configs/draft.ts";

/** What lies beside a certificate and is read along with it, never as one of its own. */
const BESIDE = /\.(?:key|issuer|ocsp|sctl|dh)$/;
/**
 * One certificate a kind of key: `site.pem.rsa` for `crt site.pem`. Each of them is for its own names alone, and all of them stand where
 * the path is the first of its line.
 */
const BUNDLE = ["rsa", "ecdsa", "dsa"];

export type FoundCertificates = { pairs: Pair[]; isBundle: boolean };

/** What a path of `crt` stands for: one certificate, one of each kind of key, or those of a folder. */
export function findCertificates(source: ConfigurationFiles, named: Named): FoundCertificates {
  const names = source.folders.get(named.path);
  if (!names) return findOne(source, named);
  const pairs = [...names]
    .sort()
    .filter((name) => !name.startsWith(".") && !BESIDE.test(name))
    .map((name) => ({ ...named, path: joinPath(named.path, name) }))
    .filter(({ path }) => !source.folders.has(path))
    .map((certificate) => toPair(source, certificate));
  return { pairs, isBundle: false };
}

function findOne(source: ConfigurationFiles, named: Named): FoundCertificates {
  const beside = new Set(source.folders.get(folderOf(named.path)));
  const name = named.path.slice(named.path.lastIndexOf("/") + 1);
  const kinds = beside.has(name) ? [] : BUNDLE.filter((kind) => beside.has(`${name}.${kind}`));
  if (kinds.length === 0) return { pairs: [toPair(source, named)], isBundle: false };
  const pairs = kinds.map((kind) => toPair(source, { ...named, path: `${named.path}.${kind}` }));
  return { pairs, isBundle: true };
}

/** The key stands in the certificate's file, or beside it by the same name with `.key` behind. */
function toPair({ folders }: ConfigurationFiles, certificate: Named): Pair {
  const beside = `${certificate.path}.key`;
  const isBeside =
    folders.get(folderOf(beside))?.includes(beside.slice(beside.lastIndexOf("/") + 1)) === true;
  return { certificate, key: { ...certificate, path: isBeside ? beside : certificate.path } };
}

export type ListEntry = { path: string; filters: string[]; hasOwnCiphers: boolean; at: Place };

/** Lines of a crt-list: a certificate, settings in brackets, the names that it is for. */
export function* readCertificateList(text: string, file: string): Generator<ListEntry, void> {
  let line = 0;
  for (const raw of text.split("\n")) {
    line++;
    const [path, ...rest] = raw.trim().split(/[ \t]+/);
    if (!path || path.startsWith("#")) continue;
    const from = rest[0]?.startsWith("[") ? rest.findIndex((word) => word.endsWith("]")) + 1 : 0;
    const end = rest.findIndex((word) => word.startsWith("#"));
    const hasOwnCiphers = rest
      .slice(0, from)
      .some((word) => /^\[?(?:ciphers|no-tlsv13|ssl-max-ver|ssl-min-ver)\]?$/.test(word));
    yield { path, filters: rest.slice(from, end < 0 ? undefined : end), hasOwnCiphers, at: { file, line } };
  }
}

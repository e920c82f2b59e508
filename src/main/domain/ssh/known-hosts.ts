/**
 * known_hosts as OpenSSH reads it (hostfile.c). A line is
 *
 *     [@cert-authority | @revoked] NAMES TYPE BASE64 [COMMENT]
 *
 * where NAMES is a comma list of names with `*`, `?` and a leading `!`, or one hashed name. A name with a
 * port other than 22 stands in brackets: [host]:2222. A line that cannot be read is a problem to tell, and
 * nothing else: ssh passes over it too.
 */

import { decodeBase64 } from "#codec/base64.ts";
import { type HashedName, readHashedName } from "./hashed-name.ts";
import { type PublicKey, readKeyBlob } from "./key-blob.ts";
import { matchPatternList } from "./pattern.ts";

export type KnownHost = {
  marker: "none" | "cert-authority" | "revoked";
  key: PublicKey;
  /** Where it stands, for people: `/home/jo/.ssh/known_hosts:12`. */
  where: string;
  line: number;
};

export type KnownHosts = {
  source: string;
  /** Lines that cannot be read; `line` counts from 1. */
  problems: { line: number; why: string }[];
  /** The entries under a name as known_hosts writes it (nameInKnownHosts), in the order of the file. */
  find(name: string): readonly KnownHost[];
  /** The same without the hashed ones, each of which costs a hash. */
  findInClear(name: string): readonly KnownHost[];
  /** The names that stand there in full: neither hashed nor with a wildcard. */
  names: ReadonlyMap<string, readonly KnownHost[]>;
  /** Entries whose name nobody can read. */
  hashed: number;
  /** Every line that can be read, in the order of the file. */
  lines: readonly KnownLine[];
};

/** `names` as they stand there: a list, or one hashed name. */
export type KnownLine = { names: string; isHashed: boolean; entry: KnownHost };

type Index = {
  /** Entries under a name with neither wildcard nor negation, by that name in lower case. */
  exact: Map<string, KnownHost[]>;
  patterns: { names: string; entry: KnownHost }[];
  hashed: { hash: HashedName; entry: KnownHost }[];
  lines: KnownLine[];
};

const MARKERS = { "@cert-authority": "cert-authority", "@revoked": "revoked" } as const;

/** Reads a known_hosts file. `source` is its path, to say where a key is known. Never fails. */
export function readKnownHosts(text: string, source: string): KnownHosts {
  const index: Index = { exact: new Map(), patterns: [], hashed: [], lines: [] };
  const problems: KnownHosts["problems"] = [];
  for (const [before, raw] of text.split("\n").entries()) {
    const line = before + 1;
    const content = raw.replace(/^[ \t]+|[ \t\r]+$/g, "");
    if (content === "" || content.startsWith("#")) continue;
    const read = readLine(content);
    const why =
      typeof read === "string"
        ? read
        : enter(index, read.names, { marker: read.marker, key: read.key, line, where: `${source}:${line}` });
    if (why) problems.push({ line, why });
  }
  // A hashed name costs an HMAC for each entry, and each host is asked for several times.
  const found = new Map<string, KnownHost[]>();
  return {
    source,
    problems,
    names: index.exact,
    hashed: index.hashed.length,
    lines: index.lines,
    find: (name) => {
      const entries = found.get(name) ?? findEntries(index, name);
      found.set(name, entries);
      return entries;
    },
    findInClear: (name) => findEntries({ ...index, hashed: [] }, name),
  };
}

/** How known_hosts writes a host: with a port other than 22 in brackets. */
export const nameInKnownHosts = (host: string, port: number): string =>
  port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;

function findEntries({ exact, patterns, hashed }: Index, name: string): KnownHost[] {
  const bytes = Buffer.from(name);
  const entries = [
    ...(exact.get(name) ?? []),
    ...patterns.filter(({ names }) => matchPatternList(name, names) === "match").map(({ entry }) => entry),
    ...hashed.filter(({ hash }) => hash.isOf(bytes)).map(({ entry }) => entry),
  ];
  return entries.sort((one, other) => one.line - other.line);
}

/** Files the entry under its names; answers why it could not. */
function enter(index: Index, names: string, entry: KnownHost): string | null {
  const { exact, patterns, hashed, lines } = index;
  if (names.startsWith("|")) {
    const hash = readHashedName(names);
    if (!hash) return "its hashed name cannot be read";
    hashed.push({ hash, entry });
    lines.push({ names, isHashed: true, entry });
    return null;
  }
  const list = names.toLowerCase();
  lines.push({ names: list, isHashed: false, entry });
  if (/[*?!]/.test(list)) patterns.push({ names: list, entry });
  else {
    for (const name of new Set(list.split(","))) {
      const entries = exact.get(name);
      if (entries) entries.push(entry);
      else exact.set(name, [entry]);
    }
  }
  return null;
}

function readLine(content: string): (Omit<KnownHost, "line" | "where"> & { names: string }) | string {
  const words = content.split(/[ \t]+/);
  const first = words[0] ?? "";
  const marker = Object.hasOwn(MARKERS, first) ? MARKERS[first as keyof typeof MARKERS] : "none";
  if (marker === "none" && first.startsWith("@")) return `${first} is not a marker that ssh knows`;
  const [names, keyType, base64] = marker === "none" ? words : words.slice(1);
  if (!names || !keyType || !base64) return "it has no key";
  if (/^\d+$/.test(keyType)) return "its key is for SSH version 1, which nothing takes any more";
  const blob = decodeBase64(base64);
  const key = blob && readKeyBlob(blob);
  if (!key) return `its ${keyType} key cannot be read`;
  if (key.keyType !== keyType) return `it says ${keyType}, but the key in it is ${key.keyType}`;
  return { marker, names, key };
}

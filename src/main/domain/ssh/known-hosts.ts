import { hash } from "node:crypto";
import { decodeBase64 } from "#codec/base64.ts";
import type { HostKeyView } from "#shared/model/hosts/probe.ts";
import { type PublicKey, readKeyBlob } from "./key-blob.ts";
import { matchPatternList } from "./patterns.ts";

/**
 * Whether the key that a host presents is the one that is known for it.
 *
 * In this order: a key revoked by any known_hosts file is refused; then our own pin decides alone, for it is
 * what the user last compared; then known_hosts decides, as for ssh. Where no connection to the host was ever made, the
 * key that signed its bundles is not trusted for that, and any other key is *changed*. Any key known for the host,
 * of whatever type, makes another key *changed*: so ask for the known types first (preferHostKeyTypes).
 */

export type KnownHostsFiles = { knownHosts: readonly KnownHosts[] };

export type HostKeyKnowledge = KnownHostsFiles & {
  pin: HostKeyView | null;
  /** The host keys that signed the bundles of a host to which no connection was ever made; else empty. */
  bundleKeys: readonly HostKeyView[];
};

/** A key that is known for a host; `where` is a file and line, `pin` or `bundle`. */
type KnownKey = HostKeyView & { where: string };

type Stranger =
  | { kind: "unknown" }
  /** Other keys are known for the host. */
  | { kind: "changed"; known: KnownKey[] };

export type HostKeyEvaluation =
  | { kind: "trusted"; where: string }
  | Stranger
  | { kind: "revoked"; where: string }
  /** A `@cert-authority` line covers this host: its certificate decides. Without a good one, `otherwise` holds. */
  | { kind: "needs-certificate"; authorities: KnownHost[]; otherwise: Stranger };

type HostAddress = { host: string; port: number };

/** What ssh2 can negotiate, the best first; RSA with SHA-1 last, for hosts that have nothing else. */
const HOST_KEY_ALGORITHMS = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
  "ssh-rsa",
];
const RSA_ALGORITHMS = new Set(["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"]);

export function evaluateHostKey(
  query: HostAddress & { blob: Uint8Array },
  knowledge: HostKeyKnowledge,
): HostKeyEvaluation {
  const key = readKeyBlob(query.blob);
  if (!key) return { kind: "unknown" };
  const revoked = findRevocation(query, [key], knowledge);
  if (revoked) return { kind: "revoked", where: revoked.where };

  const { pin } = knowledge;
  if (pin) {
    if (pin.fingerprint === key.fingerprint) return { kind: "trusted", where: "pin" };
    return { kind: "changed", known: [{ ...pin, where: "pin" }] };
  }
  const entries = find(nameInKnownHosts(query.host, query.port), knowledge);
  const trusted = findKey(entries, key) ?? findKeyWithoutPort(query, key, knowledge);
  if (trusted) return { kind: "trusted", where: trusted.where };

  const known = entries.filter(({ marker }) => marker === "none").map(toKnownKey);
  const signers = knowledge.bundleKeys.map((signer) => ({ ...signer, where: "bundle" }));
  const isOther = signers.length > 0 && !signers.some(({ fingerprint }) => fingerprint === key.fingerprint);
  const others = [...known, ...(isOther ? signers : [])];
  const otherwise: Stranger = others.length > 0 ? { kind: "changed", known: others } : { kind: "unknown" };
  const authorities = entries.filter(({ marker }) => marker === "cert-authority");
  return authorities.length > 0 ? { kind: "needs-certificate", authorities, otherwise } : otherwise;
}

/** A `@cert-authority` line covers this host and no key of it is known: only a certificate can make it trusted. */
export function isOnlyVouchedFor({ host, port }: HostAddress, knowledge: HostKeyKnowledge): boolean {
  if (knowledge.pin) return false;
  const markers = new Set(find(nameInKnownHosts(host, port), knowledge).map(({ marker }) => marker));
  return markers.has("cert-authority") && !markers.has("none");
}

/** Host key algorithms to offer, those of keys known for the host first, so that the host presents one of them. */
export function preferHostKeyTypes(
  host: string,
  port: number,
  { knownHosts, pin, bundleKeys }: HostKeyKnowledge,
): string[] {
  const names = pin
    ? []
    : [nameInKnownHosts(host, port), ...(port === 22 ? [] : [nameInKnownHosts(host, 22)])];
  const entries = names
    .map((name) => find(name, { knownHosts }).filter(({ marker }) => marker === "none"))
    .find((found) => found.length > 0);
  const listed = entries?.map(({ key }) => key.keyType) ?? bundleKeys.map(({ keyType }) => keyType);
  const known = new Set(pin ? [pin.keyType] : listed);
  const isKnown = (algorithm: string) => known.has(RSA_ALGORITHMS.has(algorithm) ? "ssh-rsa" : algorithm);
  return [...HOST_KEY_ALGORITHMS.filter(isKnown), ...HOST_KEY_ALGORITHMS.filter((name) => !isKnown(name))];
}

/** The line that revokes one of the keys for this host, under its name with the port or without. */
export function findRevocation(
  { host, port }: HostAddress,
  keys: readonly { fingerprint: string }[],
  { knownHosts }: KnownHostsFiles,
): KnownHost | null {
  const fingerprints = new Set(keys.map(({ fingerprint }) => fingerprint));
  const names = new Set([nameInKnownHosts(host, port), nameInKnownHosts(host, 22)]);
  for (const name of names) {
    const revoked = find(name, { knownHosts }).find(
      ({ marker, key }) => marker === "revoked" && fingerprints.has(key.fingerprint),
    );
    if (revoked) return revoked;
  }
  return null;
}

/** A sentence for people: what is wrong with the key and what to do; empty when nothing is. */
export function formatHostKey(
  { host, port, blob }: HostAddress & { blob: Uint8Array },
  verdict: HostKeyEvaluation,
): string {
  const key = readKeyBlob(blob);
  const presented = `${key?.keyType ?? "a key of an unknown type"} ${key?.fingerprint ?? ""}`.trim();
  const name = nameInKnownHosts(host, port);
  switch (verdict.kind) {
    case "trusted":
      return "";
    case "unknown":
      return `the host key of ${name} is not known: ${presented}; compare it with the host's own, then trust it`;
    case "revoked":
      return `the host key of ${name} is revoked at ${verdict.where}: ${presented}; replace the key on the host`;
    case "needs-certificate":
      return `${name} is vouched for by the authority at ${verdict.authorities[0]?.where}, but showed no good certificate for ${presented}`;
    case "changed":
      return `the host key of ${name} has changed: it presents ${presented}, but ${verdict.known.map(formatKnown).join(" and ")}; nothing was sent. Find out why before you trust it`;
  }
}

/** A trusted key, and the file and line that name it. */
export function formatKnown({ where, keyType, fingerprint }: KnownKey): string {
  const key = `${keyType} ${fingerprint}`;
  if (where === "pin") return `${key} is pinned`;
  return where === "bundle" ? `${key} has signed its bundle` : `${key} is known at ${where}`;
}

const find = (name: string, { knownHosts }: KnownHostsFiles): KnownHost[] =>
  knownHosts.flatMap((known) => known.find(name));

const findKey = (entries: readonly KnownHost[], { fingerprint }: PublicKey): KnownHost | undefined =>
  entries.find(({ marker, key }) => marker === "none" && key.fingerprint === fingerprint);

/** ssh accepts a key that is known under the bare name on any port, unless other keys are known for that port. */
function findKeyWithoutPort({ host, port }: HostAddress, key: PublicKey, knowledge: HostKeyKnowledge) {
  if (port === 22) return undefined;
  const forPort = find(nameInKnownHosts(host, port), knowledge);
  if (forPort.some(({ marker }) => marker === "none")) return undefined;
  return findKey(find(nameInKnownHosts(host, 22), knowledge), key);
}

const toKnownKey = ({ key: { keyType, fingerprint }, where }: KnownHost): KnownKey => ({
  keyType,
  fingerprint,
  where,
});

/**
 * known_hosts as OpenSSH reads it (hostfile.c). A line is
 *
 *     [@cert-authority | @revoked] NAMES TYPE BASE64 [COMMENT]
 *
 * where NAMES is a comma list of names with `*`, `?` and a leading `!`, or one hashed name. A name with a
 * port other than 22 stands in brackets: [host]:2222. A line that cannot be read is reported in `problems` and
 * otherwise ignored: ssh ignores it too.
 */

export type KnownHost = {
  marker: "none" | "cert-authority" | "revoked";
  key: PublicKey;
  /** Its file and line, for people: `/home/jo/.ssh/known_hosts:12`. */
  where: string;
  line: number;
};

export type KnownHosts = {
  source: string;
  /** Lines that cannot be read; `line` counts from 1. */
  problems: { line: number; why: string }[];
  /** The entries under a name as known_hosts writes it (nameInKnownHosts), in the order of the file. */
  find(name: string): readonly KnownHost[];
  /** The same without hashed entries, each of which costs a hash to compare. */
  findInClear(name: string): readonly KnownHost[];
  /** Every line with this key, whatever its names are. */
  withKey(fingerprint: string): readonly KnownLine[];
  /** The entries by name, for names that are neither hashed nor have a wildcard. */
  names: ReadonlyMap<string, readonly KnownHost[]>;
  /** How many entries have a hashed name. */
  hashed: number;
  /** Every line that can be read, in the order of the file. */
  lines: readonly KnownLine[];
};

/** `names` as written: a list, or one hashed name. */
export type KnownLine = { names: string; isHashed: boolean; entry: KnownHost };

type Index = {
  /** Entries under a name with neither wildcard nor negation, by that name in lower case. */
  exact: Map<string, KnownHost[]>;
  patterns: { names: string; entry: KnownHost }[];
  hashed: { hash: HashedName; entry: KnownHost }[];
  lines: KnownLine[];
};

const MARKERS = { "@cert-authority": "cert-authority", "@revoked": "revoked" } as const;

/** Reads a known_hosts file. `source` is its path, which each entry's `where` begins with. Never fails. */
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
        : addEntry(index, read.names, {
            marker: read.marker,
            key: read.key,
            line,
            where: `${source}:${line}`,
          });
    if (why) problems.push({ line, why });
  }
  // A look-up costs an HMAC for each hashed entry, and each host is looked up several times.
  const found = new Map<string, KnownHost[]>();
  let byKey: Map<string, KnownLine[]> | null = null;
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
    withKey(fingerprint) {
      byKey ??= Map.groupBy(index.lines, ({ entry }) => entry.key.fingerprint);
      return byKey.get(fingerprint) ?? [];
    },
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

/** Adds the entry to the index under its names; returns the reason where it cannot. */
function addEntry(index: Index, names: string, entry: KnownHost): string | null {
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

const SHA1_BYTES = 20;
const BLOCK_BYTES = 64;

/** `isOf`: whether a name has the hash that the line of known_hosts has. */
type HashedName = { isOf(name: Uint8Array): boolean };

/** Reads `|1|SALT|DIGEST`; null for a form that ssh does not read either. */
function readHashedName(text: string): HashedName | null {
  const [, version, saltText, digestText, ...more] = text.split("|");
  const salt = decodeBase64(saltText ?? "");
  const digest = decodeBase64(digestText ?? "");
  const isHash = version === "1" && salt?.length === SHA1_BYTES && digest?.length === SHA1_BYTES;
  if (!isHash || more.length > 0) return null;
  const inner = pad(salt, 0x36);
  const outer = pad(salt, 0x5c);
  return {
    // HMAC (RFC 2104) from two hashes: every name is tried with every line, and createHmac takes six times as long.
    isOf: (name) => {
      const within = hash("sha1", Buffer.concat([inner, name]), "buffer");
      return hash("sha1", Buffer.concat([outer, within]), "buffer").equals(digest);
    },
  };
}

function pad(key: Uint8Array, byte: number): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES).fill(byte);
  for (const [index, value] of key.entries()) block[index] = value ^ byte;
  return block;
}

/**
 * Whether the key that a host presents is the one that is known for it.
 *
 * In this order: a key revoked by any known_hosts file is refused; then our own pin decides alone, for it is
 * what the user last compared; then known_hosts does, as for ssh. What has signed the bundles of a host that was never
 * met makes no key trusted, and any other one *changed*. Any key known for the host that is not the
 * presented one, of whatever type, makes it *changed*: ask for the known types first (preferHostKeyTypes).
 */
import type { HostKeyView } from "#shared/model/probe.ts";
import { type PublicKey, readKeyBlob } from "./key-blob.ts";
import { type KnownHost, type KnownHosts, nameInKnownHosts } from "./known-hosts.ts";

export type HostKeyKnowledge = {
  knownHosts: readonly KnownHosts[];
  pin: HostKeyView | null;
  /** The host keys that signed the bundles of a host which was never met; else empty. */
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
  /** An authority vouches for this host: its certificate decides. Without a good one, `otherwise` holds. */
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
  question: HostAddress & { blob: Uint8Array },
  knowledge: HostKeyKnowledge,
): HostKeyEvaluation {
  const key = readKeyBlob(question.blob);
  if (!key) return { kind: "unknown" };
  const revoked = findRevocation(question, [key], knowledge);
  if (revoked) return { kind: "revoked", where: revoked.where };

  const { pin } = knowledge;
  if (pin) {
    if (pin.fingerprint === key.fingerprint) return { kind: "trusted", where: "pin" };
    return { kind: "changed", known: [{ ...pin, where: "pin" }] };
  }
  const entries = find(nameInKnownHosts(question.host, question.port), knowledge);
  const trusted = findKey(entries, key) ?? findKeyWithoutPort(question, key, knowledge);
  if (trusted) return { kind: "trusted", where: trusted.where };

  const known = entries.filter(({ marker }) => marker === "none").map(toKnownKey);
  const signers = knowledge.bundleKeys.map((signer) => ({ ...signer, where: "bundle" }));
  const isOther = signers.length > 0 && !signers.some(({ fingerprint }) => fingerprint === key.fingerprint);
  const others = [...known, ...(isOther ? signers : [])];
  const otherwise: Stranger = others.length > 0 ? { kind: "changed", known: others } : { kind: "unknown" };
  const authorities = entries.filter(({ marker }) => marker === "cert-authority");
  return authorities.length > 0 ? { kind: "needs-certificate", authorities, otherwise } : otherwise;
}

/** An authority vouches for this host and no key of it is known: nothing but its certificate can make it trusted. */
export function isOnlyVouchedFor({ host, port }: HostAddress, knowledge: HostKeyKnowledge): boolean {
  if (knowledge.pin) return false;
  const markers = new Set(find(nameInKnownHosts(host, port), knowledge).map(({ marker }) => marker));
  return markers.has("cert-authority") && !markers.has("none");
}

/** Host key algorithms to offer, those of keys known for the host first, so that it is asked for one of them. */
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
  keys: readonly Pick<PublicKey, "fingerprint">[],
  { knownHosts }: Pick<HostKeyKnowledge, "knownHosts">,
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
  judgement: HostKeyEvaluation,
): string {
  const key = readKeyBlob(blob);
  const presented = `${key?.keyType ?? "a key of an unknown type"} ${key?.fingerprint ?? ""}`.trim();
  const name = nameInKnownHosts(host, port);
  switch (judgement.kind) {
    case "trusted":
      return "";
    case "unknown":
      return `the host key of ${name} is not known: ${presented}; compare it with the host's own, then trust it`;
    case "revoked":
      return `the host key of ${name} is revoked at ${judgement.where}: ${presented}; replace the key on the host`;
    case "needs-certificate":
      return `${name} is vouched for by the authority at ${judgement.authorities[0]?.where}, but showed no good certificate for ${presented}`;
    case "changed":
      return `the host key of ${name} has changed: it presents ${presented}, but ${judgement.known.map(formatKnown).join(" and ")}; nothing was sent. Find out why before you trust it`;
  }
}

/** A key that is trusted, and where that stands. */
export function formatKnown({ where, keyType, fingerprint }: KnownKey): string {
  const key = `${keyType} ${fingerprint}`;
  if (where === "pin") return `${key} is pinned`;
  return where === "bundle" ? `${key} has signed its bundle` : `${key} is known at ${where}`;
}

const find = (name: string, { knownHosts }: Pick<HostKeyKnowledge, "knownHosts">): KnownHost[] =>
  knownHosts.flatMap((known) => known.find(name));

const findKey = (entries: readonly KnownHost[], { fingerprint }: PublicKey): KnownHost | undefined =>
  entries.find(({ marker, key }) => marker === "none" && key.fingerprint === fingerprint);

/** ssh takes a key that is known under the bare name on any port, unless other keys are known for that port. */
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

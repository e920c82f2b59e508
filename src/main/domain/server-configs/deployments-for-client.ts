import type { Deployment, Listen, ServerKind, TlsBinding } from "./configuration.ts";

/** The key type of the first certificate in a file; null: it is not known. */
type FamilyOf = (path: string) => KeyFamily | null;

type ServerBindings = { server: ServerKind; bindings: readonly TlsBinding[] };

/**
 * One certificate for each key type: HAProxy takes the first. OpenSSL keeps one of each type, Ed25519 beside ECDSA, and
 * a later one replaces it. All of them where any key type is not known.
 */
export function oneOfEachKind(
  { server }: { server: ServerKind },
  deployments: readonly Deployment[],
  kindOf: (path: string) => string | null,
): readonly Deployment[] {
  const chosenByKind = new Map<string, Deployment>();
  for (const deployment of server === "haproxy" ? deployments.toReversed() : deployments) {
    const kind = kindOf(deployment.certificate.path);
    if (kind === null) return deployments;
    chosenByKind.set(kind, deployment);
  }
  const kept = new Set(chosenByKind.values());
  return deployments.filter((deployment) => kept.has(deployment));
}

/** Two certificates for keys of one type; `second` is in one file with its key. */
type KeyKindClash = { first: Deployment; second: Deployment; kind: string };

/**
 * Why a server has no TLS at all with these: Postfix disables TLS when a certificate that is in one file with its key
 * follows another for the same key type. Null where no such clash is known.
 */
export function findClash(
  { server }: { server: ServerKind },
  deployments: readonly Deployment[],
  kindOf: (path: string) => string | null,
): KeyKindClash | null {
  if (server !== "postfix") return null;
  const before = new Map<string, Deployment>();
  for (const deployment of deployments) {
    const { path } = deployment.certificate;
    const kind = kindOf(path);
    if (kind === null) continue;
    const first = before.get(kind);
    if (first !== undefined && (deployment.key === null || deployment.key.path === path))
      return { first, second: deployment, kind };
    before.set(kind, deployment);
  }
  return null;
}

export const describeClash = ({ first, second, kind }: KeyKindClash): string =>
  `${first.certificate.path} and ${second.certificate.path} are for keys of one kind (${kind}), and Postfix has no TLS where the second of them holds its key as well`;

/**
 * The same for the chosen bindings: in a service of Postfix, a clash in its default certificates disables TLS for all
 * names.
 */
export function findClashAt(
  configuration: ServerBindings,
  chosen: readonly TlsBinding[],
  kindOf: (path: string) => string | null,
): KeyKindClash | null {
  if (configuration.server !== "postfix") return null;
  const addresses = new Set(chosen.flatMap(({ listens }) => listens.map(addressOf)));
  const usual = configuration.bindings.filter(({ listens }) =>
    listens.some((listen) => listen.isDefault && addresses.has(addressOf(listen))),
  );
  const clashes = [...chosen, ...usual].map(({ deployments }) =>
    findClash(configuration, deployments, kindOf),
  );
  return clashes.find((clash) => clash !== null) ?? null;
}

const addressOf = ({ address, port }: Listen): string => `${address} ${port}`;

/**
 * Which of the chosen deployments the server may present to a client that accepts signatures of these families alone;
 * none: it refuses the handshake. Null where a key type is not known.
 */
export function deploymentsForClient(
  configuration: { server: ServerKind },
  deployments: readonly Deployment[],
  takes: readonly KeyFamily[],
  familyOf: FamilyOf,
): Deployment[] | null {
  if (deployments.some(({ certificate }) => familyOf(certificate.path) === null)) return null;
  if (findClash(configuration, deployments, familyOf) !== null) return [];
  const kept = oneOfEachKind(configuration, deployments, familyOf);
  const chosenByKind = (["ECDSA", "RSA"] as const).flatMap((family) =>
    takes.includes(family) ? kept.filter(({ certificate }) => familyOf(certificate.path) === family) : [],
  );
  // HAProxy prefers ECDSA where the client accepts both.
  return configuration.server === "haproxy" ? chosenByKind.slice(0, 1) : chosenByKind;
}

/** The signature algorithm of a server's key, as cipher suites name it. Ed25519 goes with the suites of ECDSA. */
export type KeyFamily = "RSA" | "ECDSA";

/** How many of the suites that need such a key a word includes; null: the word is not known. */
type Reach = "all" | "some" | "none" | null;

/** Words for suites without authentication, with weak ciphers or other keys: we count them for neither family. */
const NEITHER = new Set(
  [
    "aNULL eNULL NULL ADH AECDH MD5 RC4 RC2 3DES DES EXP EXPORT EXPORT40 EXPORT56 LOW PSK kPSK kECDHEPSK kDHEPSK",
    "kRSAPSK aPSK SRP aSRP DSS aDSS IDEA SEED aGOST aGOST01 kGOST GOST94 GOST89MAC DH aDH kDH kDHr kDHd CBC3",
  ].flatMap((words) => words.split(" ")),
);
const EITHER = new Set(
  [
    "DEFAULT HIGH AES AES128 AES256 AESGCM AESCCM AESCCM8 CHACHA20 ARIA ARIA128 ARIA256 ARIAGCM CAMELLIA",
    "CAMELLIA128 CAMELLIA256 SHA SHA1 SHA256 SHA384 TLSv1 TLSv1.0 TLSv1.2 SSLv3 FIPS",
  ].flatMap((words) => words.split(" ")),
);
const BY_ELLIPTIC_CURVES = new Set(["ECDHE", "EECDH", "kECDHE", "kEECDH", "ECDH"]);
const BY_RSA_OR_DH = new Set(["RSA", "kRSA", "DHE", "EDH", "kDHE", "kEDH"]);

/**
 * Whether a cipher list in OpenSSL's format has a suite of TLS 1.2 or before for a key of this family; null: it is not
 * known. Suites of TLS 1.3 go with any key, and are set elsewhere.
 */
export function takesKey(list: string, family: KeyFamily): boolean | null {
  let hasSuite: boolean | null = false;
  let isSure = true;
  for (const word of list.split(/[:, ]+/).filter(Boolean)) {
    if (word.startsWith("@") || word.startsWith("+")) continue;
    const sign = /^[!-]/.exec(word)?.[0] ?? "";
    const reach = reachOf(word.slice(sign.length), family);
    if (sign === "")
      hasSuite = hasSuite === true || reach === "all" || reach === "some" || (reach && hasSuite);
    else if (reach === "all" && sign === "!") return false;
    else if (reach === "all") hasSuite = false;
    // The word may remove all suites that are left.
    else if (reach !== "none") isSure = false;
  }
  return hasSuite === true && !isSure ? null : hasSuite;
}

function reachOf(word: string, family: KeyFamily): Reach {
  const parts = word.split("+").map((part) => reachOfPart(part, family));
  if (parts.includes("none")) return "none";
  if (parts.includes(null)) return null;
  return parts.every((part) => part === "all") ? "all" : "some";
}

function reachOfPart(word: string, family: KeyFamily): Reach {
  const only = (own: KeyFamily, reach: Reach): Reach => (own === family ? reach : "none");
  if (word === "ALL") return "all";
  if (NEITHER.has(word)) return "none";
  if (EITHER.has(word)) return "some";
  if (word === "ECDSA" || word === "aECDSA") return only("ECDSA", "all");
  if (word === "aRSA") return only("RSA", "all");
  if (BY_ELLIPTIC_CURVES.has(word)) return family === "ECDSA" ? "all" : "some";
  if (BY_RSA_OR_DH.has(word)) return only("RSA", "some");
  if (/^SUITEB(128|192)/.test(word)) return only("ECDSA", "some");
  return reachOfSuite(word, family);
}

/** A suite by its OpenSSL or IANA name. */
function reachOfSuite(word: string, family: KeyFamily): Reach {
  if (!/^[A-Z0-9]+([-_][A-Za-z0-9]+)+$/.test(word)) return null;
  if (/^TLS_(AES|CHACHA20)_/.test(word)) return "none";
  if (/(PSK|SRP|DSS|ADH|AECDH|anon|ANON|GOST)/.test(word)) return "none";
  if (/^(TLS_)?ECDHE[-_]ECDSA[-_]/.test(word)) return family === "ECDSA" ? "some" : "none";
  if (/^(TLS_)?(ECDHE|DHE|EDH)[-_]RSA[-_]|^TLS_RSA_WITH_/.test(word))
    return family === "RSA" ? "some" : "none";
  // OpenSSL's names do not mention key exchange by RSA.
  if (/^(AES|CAMELLIA|ARIA)(128|256)-|^(DES|RC4|SEED|IDEA|NULL)-/.test(word))
    return family === "RSA" ? "some" : "none";
  return null;
}

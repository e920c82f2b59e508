import type {
  ConfigurationFiles,
  Deployment,
  Location,
  Named,
  TlsSettings,
} from "#domain/server-configs/configuration.ts";
import { folderOf, joinPath } from "#domain/server-configs/draft.ts";
import { nameFile, type State, toNamed } from "./state.ts";

/** A certificate of a `bind` line; where it is not known which, `deployment` is null and `unsure` says why. */
type BoundCertificate = {
  deployment: Deployment | null;
  /** For one of the files of BUNDLE: the path without its key type; else null. */
  bundle: string | null;
  names: string[];
  /** Its crt-list line has names, if only a star: the names in the certificate do not count. */
  isFiltered: boolean;
  isDefault: boolean;
  unsure: string | null;
  /** Its crt-list line sets ciphers or versions. */
  hasOwnCiphers: boolean;
};

export function serveBind(state: State, words: readonly string[], at: Location): void {
  const bind = readBind(words);
  if (!bind) {
    state.draft.warn(`where bind ${words[0] ?? ""} listens`, at);
    return;
  }
  for (const path of bind.clientCas) nameFile(state, "client-ca", { path, directive: "ca-file", at });
  for (const path of bind.crls) nameFile(state, "crl", { path, directive: "crl-file", at });
  if (!bind.isTls && whyUnsure(state, bind) === null) state.draft.leavePlain(bind.listens);
  if (!bind.isTls || bind.listens.length === 0) return;
  const certificates = bind.certificates.flatMap((one) => bringCertificates(state, one, at));
  if (certificates.length === 0) certificates.push(openCase("TLS is switched on without a certificate"));
  // The first is a default besides the named ones: HAProxy chooses among several defaults by key type.
  const [first] = certificates;
  const isUsual = (one: BoundCertificate): boolean =>
    !bind.isStrict && (one === first || one.isDefault || isOfBundle(one, first));
  const tls = readTlsSettings(state, bind);
  for (const one of certificates) {
    state.draft.serve({
      listens: bind.listens.map((listen) => ({ ...listen, isDefault: isUsual(one) })),
      names: one.names,
      namesFromCertificate: !one.isFiltered,
      protocol: "tls",
      deployments: one.deployment ? [one.deployment] : [],
      chain: null,
      unsure: one.unsure ?? whyUnsure(state, bind),
      ...(tls && !one.hasOwnCiphers && { tls }),
      at,
    });
  }
}

/** Null where no ciphers are set, or they are not known. */
function readTlsSettings({ bindDefaults }: State, bind: Bind): TlsSettings | null {
  const ciphers = bind.ciphers ?? (bindDefaults.isUnsure ? null : bindDefaults.ciphers);
  if (ciphers === null || ciphers.includes("$")) return null;
  const isTls13Off = bind.isTls13Off ?? (!bindDefaults.isUnsure && bindDefaults.isTls13Off === true);
  return { ciphers, versions: isTls13Off ? ["TLSv1.2"] : null };
}

function whyUnsure({ branches }: State, { isMade }: Bind): string | null {
  if (branches.some(({ isActive }) => isActive === null))
    return "it stands under an .if, of which it is not known whether it holds";
  return isMade ? "HAProxy makes a certificate for each name itself (generate-certificates)" : null;
}

const isOfBundle = ({ bundle }: BoundCertificate, first: BoundCertificate | undefined): boolean =>
  bundle !== null && bundle === first?.bundle;

const openCase = (unsure: string): BoundCertificate => ({
  deployment: null,
  bundle: null,
  names: [],
  isFiltered: false,
  isDefault: false,
  unsure,
  hasOwnCiphers: false,
});

function bringCertificates(
  state: State,
  { kind, path }: Bind["certificates"][number],
  at: Location,
): BoundCertificate[] {
  if (kind === "crt-list") return bringList(state, path, at);
  const found = bring(state, path, kind, at);
  if (!found) return [openCase(`it is not known which file ${path} is`)];
  return found.deployments.map((deployment) => ({
    deployment,
    bundle: found.isBundle ? path : null,
    names: [],
    isFiltered: false,
    isDefault: kind === "default-crt",
    unsure: null,
    hasOwnCiphers: false,
  }));
}

function bring(state: State, path: string, directive: string, at: Location): FoundCertificates | null {
  const stored = state.stored.get(path);
  if (stored) return { deployments: [stored], isBundle: false };
  const named = toNamed(state.bases, "crt-base", { path, directive, at });
  if (named && !(path.endsWith("/") && !state.draft.source.folders.has(named.path)))
    return findCertificates(state.draft.source, named);
  state.draft.warn(`which certificates ${path} stands for`, at);
  return null;
}

function bringList(state: State, path: string, at: Location): BoundCertificate[] {
  const named = toNamed(state.bases, "crt-base", { path, directive: "crt-list", at });
  const text = named ? state.draft.open(named.path, at) : null;
  if (!named || text === null) return [openCase(`the list ${path} was not read`)];
  const certificates: BoundCertificate[] = [];
  for (const entry of readCertificateList(text, named.path)) {
    const found = bring(state, entry.path, "crt-list", entry.at);
    if (!found) certificates.push(openCase(`it is not known which file ${entry.path} is`));
    const names = entry.filters.filter((name) => name !== "*");
    const isDefault = entry.filters.includes("*");
    const isFiltered = entry.filters.length > 0;
    const { hasOwnCiphers } = entry;
    const bundle = found?.isBundle ? entry.path : null;
    for (const deployment of found?.deployments ?? [])
      certificates.push({ deployment, bundle, names, isFiltered, isDefault, unsure: null, hasOwnCiphers });
  }
  return certificates;
}

/** Records the files of a `server` line: client certificates, CAs and CRLs for connections to a backend. */
export function nameServerFiles(state: State, words: readonly string[], at: Location): void {
  for (const [index, word] of words.entries()) {
    const path = words[index + 1] ?? "";
    const written = { path, directive: word, at };
    if (word === "crt") nameFile(state, "upstream-certificate", written);
    else if (word === "ca-file" && path !== "") nameFile(state, "upstream-ca", written);
    else if (word === "crl-file") nameFile(state, "crl", written);
  }
}

/** Files that HAProxy reads along with the certificate beside them, never as certificates. */
const BESIDE = /\.(?:key|issuer|ocsp|sctl|dh)$/;
/**
 * One certificate for each key type: `site.pem.rsa` for `crt site.pem`. Each matches its own names alone, and all are
 * defaults where the path is the first of its line.
 */
const BUNDLE = ["rsa", "ecdsa", "dsa"];

type FoundCertificates = { deployments: Deployment[]; isBundle: boolean };

/** What a path of `crt` means: one certificate, one for each key type, or those of a folder. */
function findCertificates(source: ConfigurationFiles, named: Named): FoundCertificates {
  const names = source.folders.get(named.path);
  if (!names) return findOne(source, named);
  const deployments = [...names]
    .sort()
    .filter((name) => !name.startsWith(".") && !BESIDE.test(name))
    .map((name) => ({ ...named, path: joinPath(named.path, name) }))
    .filter(({ path }) => !source.folders.has(path))
    .map((certificate) => toDeployment(source, certificate));
  return { deployments, isBundle: false };
}

function findOne(source: ConfigurationFiles, named: Named): FoundCertificates {
  const beside = new Set(source.folders.get(folderOf(named.path)));
  const name = named.path.slice(named.path.lastIndexOf("/") + 1);
  const kinds = beside.has(name) ? [] : BUNDLE.filter((kind) => beside.has(`${name}.${kind}`));
  if (kinds.length === 0) return { deployments: [toDeployment(source, named)], isBundle: false };
  const deployments = kinds.map((kind) => toDeployment(source, { ...named, path: `${named.path}.${kind}` }));
  return { deployments, isBundle: true };
}

/** The key is in the certificate's file, or in a file beside it with `.key` appended to its name. */
function toDeployment({ folders }: ConfigurationFiles, certificate: Named): Deployment {
  const beside = `${certificate.path}.key`;
  const isBeside =
    folders.get(folderOf(beside))?.includes(beside.slice(beside.lastIndexOf("/") + 1)) === true;
  return { certificate, key: { ...certificate, path: isBeside ? beside : certificate.path } };
}

type ListEntry = { path: string; filters: string[]; hasOwnCiphers: boolean; at: Location };

/** Lines of a crt-list: a certificate, settings in brackets, the names that it is for. */
function* readCertificateList(text: string, file: string): Generator<ListEntry, void> {
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

/** The addresses and TLS settings of a `bind` line. */
type Bind = {
  /** TCP only. "0.0.0.0" for every address of IPv4, "::" of IPv6, null of both. */
  listens: { address: string | null; port: number }[];
  isTls: boolean;
  /** HAProxy refuses a handshake whose name matches no certificate (strict-sni). */
  isStrict: boolean;
  /** In their order: the first is the default where no name matches. */
  certificates: { kind: "crt" | "crt-list" | "default-crt"; path: string }[];
  clientCas: string[];
  crls: string[];
  /** HAProxy makes a certificate for each SNI name (generate-certificates). */
  isMade: boolean;
  /** The line's own `ciphers`; null: `global` may set them. */
  ciphers: string | null;
  /** Whether the line itself turns TLS 1.3 off; null: it does not say. */
  isTls13Off: boolean | null;
};

/** Words of a bind line that take a value: the next word is never a setting itself. */
const WITH_VALUE = new Set(
  [
    "accept-netscaler-cip alpn backlog ca-file ca-ignore-err ca-sign-file ca-sign-pass ca-verify-file ciphers",
    "ciphersuites client-sigalgs crl-file crt crt-ignore-err crt-list curves default-crt ecdhe gid group guid-prefix",
    "id interface label level maxconn mode mss name namespace nbconn nice npn ocsp-update proto process",
    "quic-cc-algo quic-socket severity-output shards sigalgs ssl-max-ver ssl-min-ver tcp-ut thread",
    "tls-ticket-keys uid user verify",
  ].flatMap((words) => words.split(" ")),
);

function readBind([where = "", ...words]: readonly string[]): Bind | null {
  const bind: Bind = {
    listens: [],
    isTls: false,
    isStrict: false,
    certificates: [],
    clientCas: [],
    crls: [],
    isMade: false,
    ciphers: null,
    isTls13Off: null,
  };
  let isBoth = true;
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    const value = WITH_VALUE.has(word) ? (words[++index] ?? "") : "";
    if (word === "ssl") bind.isTls = true;
    else if (word === "strict-sni") bind.isStrict = true;
    else if (word === "generate-certificates") bind.isMade = true;
    else if (word === "v6only") isBoth = false;
    else if (word === "crt" || word === "crt-list" || word === "default-crt")
      bind.certificates.push({ kind: word, path: value });
    else if (word === "ca-file" || word === "ca-verify-file") bind.clientCas.push(value);
    else if (word === "crl-file") bind.crls.push(value);
    else if (word === "ciphers") bind.ciphers = value;
    else bind.isTls13Off = turnsTls13Off(word, value) ?? bind.isTls13Off;
  }
  for (const text of where.split(",")) {
    const listens = readAddress(text, isBoth);
    if (!listens) return null;
    bind.listens.push(...listens);
  }
  return bind;
}

/** Whether a word of a `bind` line or `ssl-default-bind-options` turns TLS 1.3 off; null: it concerns other things. */
export function turnsTls13Off(word: string, value: string): boolean | null {
  if (word === "no-tlsv13" || /^force-(?:sslv3|tlsv1[012])$/.test(word)) return true;
  return word === "ssl-max-ver" ? value !== "TLSv1.3" : null;
}

const MOST_PORTS = 1_000;
const FAMILY = /^(?:(?:tcp|tcp4|tcp6|mptcp|mptcp4|mptcp6|ipv4|ipv6|stream\+ipv4|stream\+ipv6)@)?/;
const ELSEWHERE =
  /^(?:\/|(?:unix|uxst|uxdg|abns|abnsz|fd|sockpair|quic4|quic6|udp|udp4|udp6|rhttp|dgram\+\w+|stream\+unix)@)/;

function readAddress(text: string, isBoth: boolean): Bind["listens"] | null {
  if (ELSEWHERE.test(text)) return [];
  const isSix = /^(?:tcp6|mptcp6|ipv6|stream\+ipv6)@/.test(text);
  const bare = text.replace(FAMILY, "");
  const found = /^(.*):(\d{1,5})(?:-(\d{1,5}))?$/.exec(bare);
  if (!found || bare.includes("$")) return null;
  const host = (found[1] ?? "").replace(/^\[(.*)\]$/, "$1").toLowerCase();
  const first = Number(found[2]);
  const last = Math.min(Number(found[3] ?? first), first + MOST_PORTS);
  const listens: Bind["listens"] = [];
  for (let port = first; port <= last; port++)
    listens.push({ address: toAddress(host, isSix, isBoth), port });
  return listens;
}

/** Without v6only, the system accepts IPv4 on an IPv6 socket as well. */
function toAddress(host: string, isSix: boolean, isBoth: boolean): string | null {
  if (host === "::" || (isSix && (host === "" || host === "*"))) return isBoth ? null : "::";
  return host === "" || host === "*" ? "0.0.0.0" : host;
}

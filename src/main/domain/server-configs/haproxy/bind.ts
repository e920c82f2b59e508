/** What a `bind` line says of addresses and TLS. */
export type Bind = {
  /** TCP only. "0.0.0.0" for every address of IPv4, "::" of IPv6, null of both. */
  listens: { address: string | null; port: number }[];
  isTls: boolean;
  /** Without a name that fits, the handshake is refused. */
  isStrict: boolean;
  /** In their order, for the first is what is served where no name fits. */
  certificates: { kind: "crt" | "crt-list" | "default-crt"; path: string }[];
  clientCas: string[];
  crls: string[];
  /** Certificates are made for whatever name is asked for. */
  isMade: boolean;
  /** What it says itself; null: `global` says it, or nobody. */
  ciphers: string | null;
  /** Whether TLS 1.3 is off by its own words; null: it says nothing of that. */
  isTls13Off: boolean | null;
};

/** Words of a bind line that another word follows: it is never a setting itself, whatever it says. */
const WITH_VALUE = new Set(
  [
    "accept-netscaler-cip alpn backlog ca-file ca-ignore-err ca-sign-file ca-sign-pass ca-verify-file ciphers",
    "ciphersuites client-sigalgs crl-file crt crt-ignore-err crt-list curves default-crt ecdhe gid group guid-prefix",
    "id interface label level maxconn mode mss name namespace nbconn nice npn ocsp-update proto process",
    "quic-cc-algo quic-socket severity-output shards sigalgs ssl-max-ver ssl-min-ver tcp-ut thread",
    "tls-ticket-keys uid user verify",
  ].flatMap((words) => words.split(" ")),
);

export function readBind([where = "", ...words]: readonly string[]): Bind | null {
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

/** Of a `bind` line, or of `ssl-default-bind-options`; null: the word is about something else. */
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

/** Of IPv6 without more, the system takes IPv4 as well. */
function toAddress(host: string, isSix: boolean, isBoth: boolean): string | null {
  if (host === "::" || (isSix && (host === "" || host === "*"))) return isBoth ? null : "::";
  return host === "" || host === "*" ? "0.0.0.0" : host;
}

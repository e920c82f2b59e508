import { isUserName } from "#domain/targets/host-sets.ts";
import { isOneHost, type Jump, readJumps, readPort } from "./hosts.ts";

type Values = {
  hostname: string;
  user: string;
  hostkeyalias: string;
  tag: string;
  identityfile: string;
  proxycommand: string;
  port: number;
  identitiesonly: boolean;
  /** Null: none. */
  proxyjump: readonly Jump[] | null;
};
type Followed = keyof Values;

/** A setting that decides how a host is reached. `location`: its file and line, for people. */
export type Setting =
  | {
      [Keyword in Followed]: { keyword: Keyword; value: Values[Keyword]; location: string; isUser: boolean };
    }[Followed]
  | ClientSetting
  /** The line cannot be read, so how its hosts are reached is not known. */
  | { keyword: "unreadable"; of: Followed; why: string; location: string }
  /** The setting changes whom we reach or trust, and we do not follow it. `why`: a sentence on what holds instead. */
  | { keyword: "not followed"; why: string; location: string };

/** A setting that OpenSSH's client supports and ssh2 does not. `isUser`: it is in this user's own files. */
export type ClientSetting = {
  keyword: "for OpenSSH";
  about: ClientKeyword;
  value: string;
  location: string;
  isUser: boolean;
};

const FOR_OPENSSH = [
  "certificatefile",
  "pkcs11provider",
  "securitykeyprovider",
  "gssapiauthentication",
] as const;
export type ClientKeyword = (typeof FOR_OPENSSH)[number];

const FOLLOWED = [
  "hostname",
  "user",
  "hostkeyalias",
  "tag",
  "identityfile",
  "proxycommand",
  "port",
  "identitiesonly",
  "proxyjump",
] as const satisfies readonly Followed[];

type Line = { keyword: string; rest: string; words: readonly string[]; isUser: boolean };
type Value = { value: NonNullable<unknown> | null } | { why: string };

/**
 * Null for a keyword that does not affect how a host is reached. `broken`: why the line cannot be read at all; null
 * when it can.
 */
export function readSetting(
  { keyword: written, rest, words, isUser }: Line,
  location: string,
  broken: string | null,
): Setting | null {
  const keyword = FOLLOWED.find(
    (followed) => followed === written.replace(/^identityfile2$/, "identityfile"),
  );
  const about = FOR_OPENSSH.find((one) => one === written);
  if (about) {
    const [value = "", ...more] = words;
    if (broken !== null || value === "" || more.length > 0) return null;
    return { keyword: "for OpenSSH", about, value, location, isUser };
  }
  if (!keyword) {
    const why = NOT_FOLLOWED.get(written);
    return why && broken === null ? { keyword: "not followed", why, location } : null;
  }
  if (broken !== null) return { keyword: "unreadable", of: keyword, why: broken, location };
  const read = isRestOfLine(keyword) ? READERS[keyword](rest) : readOneWord(keyword, words);
  if ("why" in read) return { keyword: "unreadable", of: keyword, why: read.why, location };
  return { keyword, value: read.value, location, isUser } as Setting;
}

const isRestOfLine = (keyword: Followed): boolean => keyword === "proxyjump" || keyword === "proxycommand";

function readOneWord(keyword: Followed, [word = "", ...more]: readonly string[]): Value {
  if (word === "") return { why: "has no value" };
  if (more.length > 0) return { why: "has more than one value; put it in quotes, or leave the rest out" };
  return READERS[keyword](word);
}

const READERS: Record<Followed, (text: string) => Value> = {
  hostname: (text) => {
    const plain = text.replaceAll("%h", "h").replaceAll("%%", "%");
    return isOneHost(plain) ? { value: text } : { why: "is not the name of a host; only %h stands for one" };
  },
  user: (text) =>
    isUserName(text.replace(/%[a-zA-Z]|\$\{\w+\}/g, "x")) && hasOnlyTokens(text)
      ? { value: text }
      : { why: "has a user name that cannot be one" },
  hostkeyalias: (text) => ({ value: text.toLowerCase() }),
  tag: (text) => ({ value: text }),
  identityfile: (text) => ({ value: text }),
  proxycommand: (text) => ({ value: text }),
  port: (text) => {
    const port = readPort(text);
    return port === null ? { why: "has no port from 1 to 65535" } : { value: port };
  },
  identitiesonly: (text) => {
    const isYes = /^(yes|true)$/i.test(text);
    return isYes || /^(no|false)$/i.test(text) ? { value: isYes } : { why: "is neither yes nor no" };
  },
  proxyjump: (text) => {
    const plain = text
      .replace(/#.*$/s, "")
      .trim()
      .replace(/^"([^"]*)"$/, "$1");
    if (/^none$/i.test(plain)) return { value: null };
    const jumps = readJumps(plain);
    return typeof jumps === "string" ? { why: jumps } : { value: jumps };
  },
};

/**
 * The keywords of OpenSSH 10.0 and of distributions' patches: ssh refuses any other word.
 * In the order of OpenSSH's own table (readconf.c), by subject.
 */
const KEYWORDS = `
  host match include tag ignoreunknown
  hostname port user addressfamily bindaddress bindinterface connectionattempts connecttimeout
  proxyjump proxycommand proxyusefdpass
  canonicaldomains canonicalizefallbacklocal canonicalizehostname canonicalizemaxdots canonicalizepermittedcnames
  identityfile identityfile2 identitiesonly identityagent certificatefile addkeystoagent
  pkcs11provider smartcarddevice securitykeyprovider usekeychain
  batchmode passwordauthentication pubkeyauthentication dsaauthentication hostbasedauthentication
  kbdinteractiveauthentication kbdinteractivedevices challengeresponseauthentication skeyauthentication
  tisauthentication preferredauthentications numberofpasswordprompts enablesshkeysign
  gssapiauthentication gssapidelegatecredentials gssapikeyexchange gssapiclientidentity gssapiserveridentity
  gssapirenewalforcesrekey gssapitrustdns gssapikexalgorithms
  hostkeyalias hostkeyalgorithms casignaturealgorithms checkhostip globalknownhostsfile userknownhostsfile
  hashknownhosts knownhostscommand nohostauthenticationforlocalhost revokedhostkeys stricthostkeychecking
  updatehostkeys verifyhostkeydns visualhostkey fingerprinthash
  ciphers macs kexalgorithms hostbasedacceptedalgorithms hostbasedkeytypes pubkeyacceptedalgorithms
  pubkeyacceptedkeytypes requiredrsasize rekeylimit warnweakcrypto compression
  forwardagent forwardx11 forwardx11timeout forwardx11trusted exitonforwardfailure xauthlocation gatewayports
  permitremoteopen remoteforward localforward dynamicforward clearallforwardings tunnel tunneldevice
  streamlocalbindmask streamlocalbindunlink channeltimeout
  controlmaster controlpath controlpersist escapechar enableescapecommandline requesttty sessiontype stdinnull
  forkafterauthentication localcommand permitlocalcommand remotecommand sendenv setenv ipqos
  tcpkeepalive keepalive serveralivecountmax serveraliveinterval obscurekeystroketiming
  syslogfacility loglevel logverbose versionaddendum refuseconnection
  protocol cipher fallbacktorsh globalknownhostsfile2 rhostsauthentication userknownhostsfile2 useroaming usersh
  useprivilegedport afstokenpassing kerberosauthentication kerberostgtpassing rsaauthentication
  rhostsrsaauthentication compressionlevel`;

const KNOWN_KEYWORDS: ReadonlySet<string> = new Set(KEYWORDS.trim().split(/\s+/));

export const isKeyword = (word: string): boolean => KNOWN_KEYWORDS.has(word);

/** Keywords that change whom we reach or trust and that we do not follow, with what holds instead. */
const NOT_FOLLOWED: ReadonlyMap<string, string> = new Map(
  Object.entries({
    addressfamily: "AddressFamily is not followed: any family is tried",
    bindaddress: "BindAddress is not followed: this computer's own routes hold",
    bindinterface: "BindInterface is not followed: this computer's own routes hold",
    canonicaldomains: "CanonicalDomains is not followed: a name is taken as it is written",
    canonicalizehostname: "CanonicalizeHostname is not followed: a name is taken as it is written",
    globalknownhostsfile: "GlobalKnownHostsFile is not followed: the usual known_hosts files are read",
    hostkeyalgorithms:
      "HostKeyAlgorithms is not followed: the types of keys that are known are asked for first",
    identityagent: "IdentityAgent is not followed: the agent of SSH_AUTH_SOCK is asked",
    knownhostscommand: "KnownHostsCommand is not run: the usual known_hosts files are read",
    revokedhostkeys: "RevokedHostKeys is not followed: mark such keys @revoked in known_hosts",
    userknownhostsfile: "UserKnownHostsFile is not followed: the usual known_hosts files are read",
  }),
);

/** The values of `%d` and its like in a path or a user name of ssh_config. */
export type Tokens = Readonly<Record<string, string>>;

/** The tokens that we support; `%C`, a hash of several, is not among them. */
const KNOWN_TOKENS = "%dhijklLnpru";

/** Whether we support every token of a text; of environment variables, we support HOME alone. */
const hasOnlyTokens = (text: string): boolean =>
  !unknownTokens(text).length && !/%$/.test(text.replaceAll("%%", ""));

/** The unsupported tokens of a text, as written. */
function unknownTokens(text: string): string[] {
  const tokens = text.match(/%.|\$\{[^}]*\}?/gs) ?? [];
  return tokens.filter(
    (token) => token !== "${HOME}" && !(token[0] === "%" && KNOWN_TOKENS.includes(token[1] ?? "")),
  );
}

/** The text with its tokens replaced; null where we do not support a token. */
export function expandTokens(text: string, tokens: Tokens): string | null {
  if (!hasOnlyTokens(text)) return null;
  return text.replace(/%(.)|\$\{HOME\}/gs, (_, token: string | undefined) =>
    token === "%" ? "%" : (tokens[token ?? "d"] ?? ""),
  );
}

/** Why we cannot use the path of a key file, as a sentence; null when we can. */
export function whyNotFollowed(text: string): string | null {
  if (/^none$/i.test(text)) return null;
  const [token] = unknownTokens(text);
  if (token !== undefined) return `IdentityFile with ${token} is not followed: write the path in full`;
  return expandPath(text, "/") === null
    ? "IdentityFile with a path that is not absolute is not followed: begin it with ~/ or /"
    : null;
}

/** An absolute path; null for one in another user's home, or relative to ssh's working folder. */
export function expandPath(text: string, home: string): string | null {
  const path = text.replace(/^~(?=\/|$)/, () => home);
  return /^(\/|[A-Za-z]:[\\/]|\$\{HOME\}|%d)/.test(path) ? path : null;
}

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

/** A line that says how a host is reached. `location`: its file and line, for people. */
export type Setting =
  | {
      [Keyword in Followed]: { keyword: Keyword; value: Values[Keyword]; location: string; isUser: boolean };
    }[Followed]
  | ClientSetting
  /** It cannot be read, so nobody can tell how a host is reached that it is said of. */
  | { keyword: "unreadable"; of: Followed; why: string; location: string }
  /** It changes whom we reach or what we trust, and is not followed here. `why`: a sentence that says what holds. */
  | { keyword: "not followed"; why: string; location: string };

/** What OpenSSH's own client does, and ssh2 does not. `isUser`: it stands in this user's own files. */
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
 * Null for a keyword that says nothing of how a host is reached. `broken`: why the line cannot be read at all, if it
 * cannot.
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
 * What ssh takes as a keyword, OpenSSH 10.0 and its packagers: any other word is a slip, which ssh refuses.
 * In the order of OpenSSH's own table (readconf.c), by what they are about.
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

/** Keywords that change whom we reach or what we trust, and are not followed here: what holds instead. */
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

/** What stands for `%d` and its like in a path or a user name of ssh_config. */
export type Tokens = Readonly<Record<string, string>>;

/** Those that are known here; `%C`, a hash of several, is not. */
const KNOWN_TOKENS = "%dhijklLnpru";

/** Whether every token of a text is one that is known here: of the environment, HOME alone is. */
const hasOnlyTokens = (text: string): boolean =>
  !unknownTokens(text).length && !/%$/.test(text.replaceAll("%%", ""));

/** Those of a text that are not known here, as written. */
function unknownTokens(text: string): string[] {
  const tokens = text.match(/%.|\$\{[^}]*\}?/gs) ?? [];
  return tokens.filter(
    (token) => token !== "${HOME}" && !(token[0] === "%" && KNOWN_TOKENS.includes(token[1] ?? "")),
  );
}

/** The text with what its tokens stand for; null where one stands for nothing. */
export function expandTokens(text: string, tokens: Tokens): string | null {
  if (!hasOnlyTokens(text)) return null;
  return text.replace(/%(.)|\$\{HOME\}/gs, (_, token: string | undefined) =>
    token === "%" ? "%" : (tokens[token ?? "d"] ?? ""),
  );
}

/** What is wrong with the path of a key file, as a sentence; null when it can be followed. */
export function whyNotFollowed(text: string): string | null {
  if (/^none$/i.test(text)) return null;
  const [token] = unknownTokens(text);
  if (token !== undefined) return `IdentityFile with ${token} is not followed: write the path in full`;
  return expandPath(text, "/") === null
    ? "IdentityFile with a path that is not absolute is not followed: begin it with ~/ or /"
    : null;
}

/** An absolute path; null for one of another user's home, or relative to wherever ssh is started. */
export function expandPath(text: string, home: string): string | null {
  const path = text.replace(/^~(?=\/|$)/, () => home);
  return /^(\/|[A-Za-z]:[\\/]|\$\{HOME\}|%d)/.test(path) ? path : null;
}

import { isUserName } from "#domain/targets/user-name.ts";
import { isOneHost, readPort } from "./host-words.ts";
import { type Jump, readJumps } from "./jumps.ts";
import { NOT_FOLLOWED } from "./keywords.ts";
import { hasOnlyTokens } from "./tokens.ts";

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

/** A line that says how a host is reached. `place`: its file and line, for people. */
export type Setting =
  | {
      [Keyword in Followed]: { keyword: Keyword; value: Values[Keyword]; place: string; isUser: boolean };
    }[Followed]
  | ClientSetting
  /** It cannot be read, so nobody can tell how a host is reached that it is said of. */
  | { keyword: "unreadable"; of: Followed; why: string; place: string }
  /** It changes whom we reach or what we trust, and is not followed here. `why`: a sentence that says what holds. */
  | { keyword: "not followed"; why: string; place: string };

/** What OpenSSH's own client does, and ssh2 does not. `isUser`: it stands in this user's own files. */
export type ClientSetting = {
  keyword: "for OpenSSH";
  about: ClientKeyword;
  value: string;
  place: string;
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
  place: string,
  broken: string | null,
): Setting | null {
  const keyword = FOLLOWED.find(
    (followed) => followed === written.replace(/^identityfile2$/, "identityfile"),
  );
  const about = FOR_OPENSSH.find((one) => one === written);
  if (about) {
    const [value = "", ...more] = words;
    if (broken !== null || value === "" || more.length > 0) return null;
    return { keyword: "for OpenSSH", about, value, place, isUser };
  }
  if (!keyword) {
    const why = NOT_FOLLOWED.get(written);
    return why && broken === null ? { keyword: "not followed", why, place } : null;
  }
  if (broken !== null) return { keyword: "unreadable", of: keyword, why: broken, place };
  const read = isRestOfLine(keyword) ? READERS[keyword](rest) : readOneWord(keyword, words);
  if ("why" in read) return { keyword: "unreadable", of: keyword, why: read.why, place };
  return { keyword, value: read.value, place, isUser } as Setting;
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

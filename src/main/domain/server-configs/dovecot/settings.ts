import ipaddr from "ipaddr.js";
import type { Location } from "#domain/server-configs/configuration.ts";
import { type Draft, folderOf, joinPath } from "#domain/server-configs/draft.ts";

/** A block of dovecot.conf; the outermost has no words. Of a setting that is made twice, the later one holds. */
export type Section = {
  /** The words before the brace: `inet_listener`, `imaps`. */
  words: string[];
  at: Location;
  settings: Map<string, Setting>;
  sections: Section[];
  hasGap: boolean;
  /** The prefix of each setting's name: `ssl_server_` inside of `ssl_server {`, which is no block of its own. */
  prefix: string;
};

/** `isFile`: Dovecot reads the file that the value names (`<`) when it starts. */
export type Setting = { name: string; value: string; isFile: boolean; at: Location };

const DEEPEST_INCLUDE = 32;
const DEEPEST_SECTION = 100;

export function readSections(draft: Draft): Section {
  const { root } = draft.source;
  const whole = openSection([], { file: root, line: 1 });
  readInto(draft, whole, { file: root, by: null, depth: 0 });
  return whole;
}

const openSection = (words: string[], at: Location): Section => ({
  words,
  at,
  settings: new Map(),
  sections: [],
  hasGap: false,
  prefix: "",
});

/** Since 2.4, settings with a common prefix may stand in braces. */
const PREFIXES = new Set(["ssl_server", "ssl_client"]);

type From = { file: string; by: Location | null; depth: number };

function readInto(draft: Draft, outer: Section, { file, by, depth }: From): void {
  const text = draft.open(file, by);
  if (text === null) outer.hasGap = true;
  const open = [outer];
  for (const { text: line, line: number } of readLines(text ?? "")) {
    const section = open.at(-1) ?? outer;
    const at = { file, line: number };
    const isInclude = /^!(include(?:_try)?)[ \t]+(.+)$/.exec(line);
    if (isInclude)
      include(draft, section, { pattern: isInclude[2] ?? "", isTry: isInclude[1] !== "include", at, depth });
    else if (line === "}") {
      const closed = open.length > 1 ? open.pop() : undefined;
      const around = open.at(-1);
      if (around && closed?.prefix && closed.hasGap) around.hasGap = true;
    } else if (line.endsWith("{") && !/^[^{]*=[ \t]/.test(line)) {
      if (open.length > DEEPEST_SECTION) {
        draft.markIncomplete(`blocks stand in each other too deep (${file})`);
        return;
      }
      const words = splitWords(line.slice(0, -1));
      const isPrefix = words.length === 1 && PREFIXES.has(words[0] ?? "");
      const inner = isPrefix ? { ...section, prefix: `${words[0]}_` } : openSection(words, at);
      if (!isPrefix) section.sections.push(inner);
      open.push(inner);
    } else {
      const setting = readSetting(line, at, section);
      if (setting) section.settings.set(setting.name, setting);
    }
  }
}

type Inclusion = { pattern: string; isTry: boolean; at: Location; depth: number };

/** A relative path begins at the folder of the including file. */
function include(draft: Draft, section: Section, { pattern, isTry, at, depth }: Inclusion): void {
  const before = draft.configuration.unknown.length;
  const path = joinPath(folderOf(at.file), unquote(pattern.trim()));
  if (depth >= DEEPEST_INCLUDE) draft.warn("files include each other too deep", at);
  else if (!(isTry && draft.isAbsent(path)))
    for (const file of draft.expand(path, at)) readInto(draft, section, { file, by: at, depth: depth + 1 });
  if (draft.configuration.unknown.length > before) section.hasGap = true;
}

/** `name = value`; `$name` means the setting's earlier value. */
function readSetting(line: string, at: Location, section: Section): Setting | null {
  const equals = line.indexOf("=");
  if (equals < 0) return null;
  const name = section.prefix + line.slice(0, equals).trim();
  const written = line.slice(equals + 1).trim();
  const isFile = written.startsWith("<");
  const value = isFile ? written.slice(1).trim() : unquote(written);
  const before = section.settings.get(name)?.value ?? "";
  const whole = value.startsWith(`$${name} `) ? `${before} ${value.slice(name.length + 2)}` : value;
  return { name, value: whole.slice(0, MOST_VALUE_CHARACTERS), isFile, at };
}

const MOST_VALUE_CHARACTERS = 4 * 1024;

/** Lines without comments, joined where one ends with a backslash. */
function* readLines(text: string): Generator<{ text: string; line: number }, void> {
  let [parts, begun, line]: [string[], number, number] = [[], 0, 0];
  for (const raw of text.split("\n")) {
    line++;
    const bare = cutComment(raw.trim());
    if (parts.length === 0) begun = line;
    const isMore = bare.endsWith("\\");
    parts.push(isMore ? bare.slice(0, -1).trim() : bare);
    if (isMore && parts.length < 1_000) continue;
    const whole = parts.join(" ").trim();
    parts = [];
    if (whole !== "") yield { text: whole, line: begun };
  }
}

/** "#" begins a comment at the beginning of a line, and after a blank outside of quotes. */
function cutComment(line: string): string {
  if (!line.includes("#")) return line;
  let quote = "";
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at);
    if (quote !== "") {
      if (character === "\\") at++;
      else if (character === quote) quote = "";
    } else if (character === '"' || character === "'") quote = character;
    else if (character === "#" && (at === 0 || " \t".includes(line.charAt(at - 1))))
      return line.slice(0, at).trim();
  }
  return line;
}

const splitWords = (text: string): string[] => (text.match(/"[^"]*"?|[^ \t"]+/g) ?? []).map(unquote);

const unquote = (text: string): string => {
  const quote = text.charAt(0);
  if ((quote !== '"' && quote !== "'") || text.length < 2 || !text.endsWith(quote)) return text;
  return text.slice(1, -1).replace(/\\(.)/g, "$1");
};

/** Settings for some connections only: the conditions of all blocks around them must match. */
export type Filter = {
  /** The blocks around them, the outermost first; empty for settings that hold everywhere. */
  path: Section[];
  settings: ReadonlyMap<string, Setting>;
};

/** One kind of connection: `name` null without SNI, `address` null for any address without blocks of its own. */
export type Connection = { protocol: string; name: string | null; address: string | null };

const CONDITIONS = new Set(["protocol", "local_name", "local", "remote"]);
const DEEPEST = 8;

/** In the order of their first lines, with settings that hold everywhere first; a reopened block is one filter. */
export function readFilters(whole: Section): Filter[] {
  const filters = new Map<string, Filter & { settings: Map<string, Setting> }>();
  gather(whole, []);
  return [...filters.values()];

  function gather(section: Section, path: Section[]): void {
    const key = JSON.stringify(path.map(({ words }) => words.map(withoutWholeMask)));
    const known = filters.get(key);
    if (!known) filters.set(key, { path, settings: new Map(section.settings) });
    else {
      for (const [name, setting] of section.settings) known.settings.set(name, setting);
      const last = known.path.at(-1);
      if (last && section.hasGap) last.hasGap = true;
    }
    if (path.length >= DEEPEST) return;
    for (const inner of section.sections)
      if (CONDITIONS.has(inner.words[0] ?? "")) gather(inner, [...path, inner]);
  }
}

/** An address with a full-length mask is written without it. */
const withoutWholeMask = (word: string): string => word.replace(word.includes(":") ? /\/128$/ : /\/32$/, "");

/**
 * The value of one setting for a connection. 2.4 takes the last of the matching blocks. "unclear" where a nested block
 * differs from another one that matches, and, before 2.4, where any two differ.
 */
export function findSetting(
  names: readonly string[],
  filters: readonly Filter[],
  connection: Connection,
  isNew: boolean,
): Setting | "unclear" | undefined {
  const having = filters.flatMap((filter) => {
    const setting = names.map((name) => filter.settings.get(name)).find((one) => one);
    const isFitting = setting && filter.path.every((section) => fits(section, connection));
    return isFitting ? [{ setting, depth: filter.path.length }] : [];
  });
  const inBlocks = having.filter(({ depth }) => depth > 0);
  const isAgreed = new Set(inBlocks.map(({ setting }) => setting.value)).size < 2;
  const isInOrder = isNew && inBlocks.every(({ depth }) => depth === 1);
  return isAgreed || isInOrder ? (inBlocks.at(-1) ?? having.at(-1))?.setting : "unclear";
}

function fits({ words: [kind, ...values] }: Section, { protocol, name, address }: Connection): boolean {
  switch (kind) {
    case "protocol":
      return values.some(
        (value) => value === protocol || (value.startsWith("!") && value.slice(1) !== protocol),
      );
    case "local_name":
      return name !== null && splitNames(values).some((own) => coversName(own, name));
    case "local":
      return address !== null && splitNames(values).some((block) => isWithin(address, block));
    default:
      return false;
  }
}

/** A star matches one label. */
function coversName(own: string, name: string): boolean {
  const dot = name.indexOf(".");
  return own === name || (own.startsWith("*.") && dot >= 0 && own.slice(1) === name.slice(dot));
}

export const splitNames = (values: readonly string[]): string[] =>
  values
    .flatMap((value) => value.split(/[ \t,]+/))
    .map((value) => value.replace(/^\[(.*)\]$/, "$1").toLowerCase());

/** `192.0.2.0/24`, `2001:db8::/32`. */
export const isNetwork = (block: string): boolean => readNetwork(block) !== null;

/** An address in its normal form; null for a name. */
export const readAddress = (text: string): string | null =>
  text.length <= MOST_ADDRESS_CHARACTERS &&
  (ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text))
    ? ipaddr.process(text).toString()
    : null;

/** Whether a block for an address or a network includes this address, which has the form of `readAddress`. */
function isWithin(address: string, block: string): boolean {
  const network = readNetwork(block);
  if (!network) return readAddress(block) === address;
  const own = ipaddr.parse(address);
  return own.kind() === network.address.kind() && own.match(network.address, network.bits);
}

const MOST_ADDRESS_CHARACTERS = 64;

function readNetwork(block: string): { address: ipaddr.IPv4 | ipaddr.IPv6; bits: number } | null {
  const [, written = "", bits = ""] = /^([^/]+)\/(\d{1,3})$/.exec(block) ?? [];
  const address = readAddress(written);
  if (address === null) return null;
  const read = ipaddr.parse(address);
  return Number(bits) <= (read.kind() === "ipv4" ? 32 : 128) ? { address: read, bits: Number(bits) } : null;
}

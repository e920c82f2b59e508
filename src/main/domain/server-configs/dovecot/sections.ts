import type { Place } from "#domain/server-configs/configuration.ts";
import { type Draft, folderOf, joinPath } from "#domain/server-configs/draft.ts";

/** A block of dovecot.conf; the outermost has no words. Of a setting that is given twice, the later one holds. */
export type Section = {
  /** `inet_listener`, `imaps`: what stands before the brace. */
  words: string[];
  at: Place;
  settings: Map<string, Setting>;
  sections: Section[];
  hasGap: boolean;
  /** What stands before the name of each setting: `ssl_server_` inside of `ssl_server {`, which is no block of its own. */
  prefix: string;
};

/** `isFile`: what the value names is read when Dovecot starts (`<`). */
export type Setting = { name: string; value: string; isFile: boolean; at: Place };

const DEEPEST_INCLUDE = 32;
const DEEPEST_SECTION = 100;

export function readSections(draft: Draft): Section {
  const { root } = draft.source;
  const whole = openSection([], { file: root, line: 1 });
  readInto(draft, whole, { file: root, by: null, depth: 0 });
  return whole;
}

const openSection = (words: string[], at: Place): Section => ({
  words,
  at,
  settings: new Map(),
  sections: [],
  hasGap: false,
  prefix: "",
});

/** Since 2.4 settings that begin alike may stand in braces. */
const PREFIXES = new Set(["ssl_server", "ssl_client"]);

type From = { file: string; by: Place | null; depth: number };

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
        draft.lack(`blocks stand in each other too deep (${file})`);
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

type Inclusion = { pattern: string; isTry: boolean; at: Place; depth: number };

/** A relative path counts from the folder of the file that it stands in. */
function include(draft: Draft, section: Section, { pattern, isTry, at, depth }: Inclusion): void {
  const before = draft.configuration.unknown.length;
  const path = joinPath(folderOf(at.file), unquote(pattern.trim()));
  if (depth >= DEEPEST_INCLUDE) draft.wonder("files include each other too deep", at);
  else if (!(isTry && draft.isAbsent(path)))
    for (const file of draft.expand(path, at)) readInto(draft, section, { file, by: at, depth: depth + 1 });
  if (draft.configuration.unknown.length > before) section.hasGap = true;
}

/** `name = value`; `$name` stands for what the setting was before. */
function readSetting(line: string, at: Place, section: Section): Setting | null {
  const equals = line.indexOf("=");
  if (equals < 0) return null;
  const name = section.prefix + line.slice(0, equals).trim();
  const written = line.slice(equals + 1).trim();
  const isFile = written.startsWith("<");
  const value = isFile ? written.slice(1).trim() : unquote(written);
  const before = section.settings.get(name)?.value ?? "";
  const whole = value.startsWith(`$${name} `) ? `${before} ${value.slice(name.length + 2)}` : value;
  return { name, value: whole.slice(0, MOST_CHARACTERS), isFile, at };
}

const MOST_CHARACTERS = 4 * 1024;

/** Without comments, and with the lines that a backslash at the end joins. */
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

/** "#" begins a comment at the beginning of a line, and behind a blank outside of quotes. */
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

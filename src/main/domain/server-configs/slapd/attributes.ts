import type { Place } from "#domain/server-configs/configuration.ts";
import { type Draft, folderOf, joinPath } from "#domain/server-configs/draft.ts";

/** One setting, its name in lower case without LDIF's `olc`: tlscertificatefile. */
export type Setting = { name: string; directive: string; value: string; at: Place };

const DEEPEST_INCLUDE = 16;

/** Of slapd.conf with what it includes. A line that begins with a blank goes on with the one before. */
export function readSlapdConf(draft: Draft, file: string, by: Place | null = null, depth = 0): Setting[] {
  const text = draft.open(file, by);
  if (text === null) draft.lack(`${file} was not read`);
  const settings: Setting[] = [];
  for (const { text: whole, line } of readFolded(text ?? "", " ")) {
    const at = { file, line };
    const [directive = "", value = ""] = splitWords(whole);
    const path = joinPath(folderOf(file), value);
    if (directive.toLowerCase() !== "include")
      settings.push({ name: directive.toLowerCase(), directive, value, at });
    else if (depth < DEEPEST_INCLUDE)
      for (const one of readSlapdConf(draft, path, at, depth + 1)) settings.push(one);
    else draft.wonder("files include each other too deep", at);
  }
  return settings;
}

/** Of the first entry of cn=config, as it lies in slapd.d. A value behind `::` is base64 (RFC 2849, section 2). */
export function readLdif(draft: Draft, file: string): Setting[] {
  const text = draft.open(file, null);
  if (text === null) draft.lack(`${file} was not read`);
  const settings: Setting[] = [];
  for (const { text: whole, line } of readFolded(text ?? "", "")) {
    const found = /^(?:olc)?([A-Za-z]+)(:{1,2}) *(.*)$/.exec(whole);
    if (!found) continue;
    const [, name = "", colons = "", written = ""] = found;
    const value = colons === "::" ? Buffer.from(written, "base64").toString("utf8") : written;
    settings.push({
      name: name.toLowerCase(),
      directive: whole.slice(0, whole.indexOf(":")),
      value,
      at: { file, line },
    });
  }
  return settings;
}

/** `joint`: what stands between two lines that belong together. LDIF takes away the one blank alone. */
function* readFolded(text: string, joint: string): Generator<{ text: string; line: number }, void> {
  let open: { parts: string[]; line: number } | null = null;
  let line = 0;
  for (const raw of text.split("\n")) {
    line++;
    const physical = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    const isMore = physical.startsWith(" ") || physical.startsWith("\t");
    if (isMore && open) {
      open.parts.push(physical.slice(1));
      continue;
    }
    if (open) yield { text: open.parts.join(joint), line: open.line };
    open = physical.trim() === "" || physical.startsWith("#") ? null : { parts: [physical], line };
  }
  if (open) yield { text: open.parts.join(joint), line: open.line };
}

/** Words between blanks; quotes hold one together. Only the first ones are asked for. */
function splitWords(text: string): string[] {
  return (text.match(/"(?:[^"\\]|\\.)*"?|[^ \t"]+/g) ?? []).map((word) =>
    word.startsWith('"') ? word.slice(1).replace(/"$/, "").replace(/\\(.)/g, "$1") : word,
  );
}

import type {
  Configuration,
  ConfigurationFiles,
  Location,
  Named,
  Role,
  TlsBinding,
} from "./configuration.ts";
import { createDraft, type Draft, folderOf, joinPath } from "./draft.ts";

/** slapd.conf, or the LDIF of cn=config in slapd.d. Only the command line says where slapd listens. */
export function readSlapd(source: ConfigurationFiles): Configuration {
  const draft = createDraft(source);
  const file = source.folders.has(source.root) ? joinPath(source.root, "cn=config.ldif") : source.root;
  const settings = file.endsWith(".ldif") ? readLdif(draft, file) : readSlapdConf(draft, file);
  const certificate = lastOf("tlscertificatefile", settings);
  const key = lastOf("tlscertificatekeyfile", settings);
  for (const [name, role] of Object.entries(OTHERS)) {
    const named = lastOf(name, settings);
    if (named) draft.name(role, named);
  }
  if (!certificate) return draft.configuration;
  const listens = Map.groupBy(readUrls(draft), ({ protocol }) => protocol);
  for (const [protocol, some] of listens)
    draft.serve({
      listens: some.map(({ address, port }) => ({ address, port, isDefault: true })),
      names: [],
      namesFromCertificate: false,
      protocol,
      deployments: [{ certificate, key }],
      chain: null,
      unsure: null,
      at: certificate.at,
    });
  return draft.configuration;
}

const OTHERS: { [name: string]: Role } = {
  tlscacertificatefile: "client-ca",
  tlscrlfile: "crl",
  tlsdhparamfile: "dhparam",
};

function lastOf(name: string, settings: readonly Setting[]): Named | null {
  const found = settings.findLast((setting) => setting.name === name);
  if (!found || found.value === "") return null;
  const { directive, value, at } = found;
  return { path: joinPath(folderOf(at.file), value), directive, at };
}

type Url = { protocol: TlsBinding["protocol"]; address: string | null; port: number };

const DEFAULTS = ["/etc/default/slapd", "/etc/sysconfig/slapd"];

/** The URLs of `-h`, from a running slapd or else from the file that starts it. */
function readUrls(draft: Draft): Url[] {
  const { commandLines, files } = draft.source;
  const running = commandLines.map(findUrls).find((urls) => urls !== null);
  const written = DEFAULTS.map(
    (file) => /^[ \t]*(?:SLAPD_SERVICES|SLAPD_URLS)=["']?([^"'\n]*)/m.exec(files.get(file) ?? "")?.[1],
  ).find((urls) => urls !== undefined);
  const isKnown = running !== undefined || written !== undefined || commandLines.length > 0;
  if (!isKnown) draft.markIncomplete("with which addresses (-h) it is started is not known");
  return (running ?? written ?? "ldap:///").split(/\s+/).flatMap(readUrl);
}

function findUrls(words: readonly string[]): string | null {
  const index = words.findIndex((word) => word.startsWith("-h"));
  if (index < 0) return null;
  const word = words[index] ?? "";
  return word === "-h" ? (words[index + 1] ?? "") : word.slice(2);
}

/** Leaves out Unix sockets (ldapi). */
function readUrl(url: string): Url[] {
  const found = /^(ldaps?):\/\/(\[[^\]]*\]|[^:/?]*)(?::(\d{1,5}))?/i.exec(url);
  if (!found) return [];
  const isTls = found[1]?.toLowerCase() === "ldaps";
  const host = (found[2] ?? "").replace(/^\[(.*)\]$/, "$1").toLowerCase();
  return [
    {
      protocol: isTls ? "tls" : "ldap",
      address: host === "" ? null : host,
      port: found[3] === undefined ? (isTls ? 636 : 389) : Number(found[3]),
    },
  ];
}

/** One setting, its name in lower case without LDIF's `olc`: tlscertificatefile. */
type Setting = { name: string; directive: string; value: string; at: Location };

const DEEPEST_INCLUDE = 16;

/** The settings of slapd.conf with what it includes. A line that begins with a blank continues the one before. */
function readSlapdConf(draft: Draft, file: string, by: Location | null = null, depth = 0): Setting[] {
  const text = draft.open(file, by);
  if (text === null) draft.markIncomplete(`${file} was not read`);
  const settings: Setting[] = [];
  for (const { text: whole, line } of readFolded(text ?? "", " ")) {
    const at = { file, line };
    const [directive = "", value = ""] = splitWords(whole);
    const path = joinPath(folderOf(file), value);
    if (directive.toLowerCase() !== "include")
      settings.push({ name: directive.toLowerCase(), directive, value, at });
    else if (depth < DEEPEST_INCLUDE)
      for (const one of readSlapdConf(draft, path, at, depth + 1)) settings.push(one);
    else draft.warn("files include each other too deep", at);
  }
  return settings;
}

/** The settings of the first entry of cn=config in slapd.d. A value after `::` is base64 (RFC 2849, section 2). */
function readLdif(draft: Draft, file: string): Setting[] {
  const text = draft.open(file, null);
  if (text === null) draft.markIncomplete(`${file} was not read`);
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

/** Joins continued lines by `joint`: LDIF removes the one blank at the beginning, slapd.conf does not. */
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

/** Words between blanks; quotes group one. Callers need only the first ones. */
function splitWords(text: string): string[] {
  return (text.match(/"(?:[^"\\]|\\.)*"?|[^ \t"]+/g) ?? []).map((word) =>
    word.startsWith('"') ? word.slice(1).replace(/"$/, "").replace(/\\(.)/g, "$1") : word,
  );
}

import type {
  Configuration,
  ConfigurationFiles,
  Named,
  Role,
  Serving,
} from "#domain/server-configs/configuration.ts";
import { createDraft, type Draft, folderOf, joinPath } from "#domain/server-configs/draft.ts";
import { readLdif, readSlapdConf, type Setting } from "./attributes.ts";

/** slapd.conf, or cn=config as it lies in slapd.d. Where it listens is said by its command line alone. */
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
      pairs: [{ certificate, key }],
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

type Url = { protocol: Serving["protocol"]; address: string | null; port: number };

const DEFAULTS = ["/etc/default/slapd", "/etc/sysconfig/slapd"];

/** The URLs of `-h`, of a running slapd or else of the file that starts it. */
function readUrls(draft: Draft): Url[] {
  const { commandLines, files } = draft.source;
  const running = commandLines.map(findUrls).find((urls) => urls !== null);
  const written = DEFAULTS.map(
    (file) => /^[ \t]*(?:SLAPD_SERVICES|SLAPD_URLS)=["']?([^"'\n]*)/m.exec(files.get(file) ?? "")?.[1],
  ).find((urls) => urls !== undefined);
  const isKnown = running !== undefined || written !== undefined || commandLines.length > 0;
  if (!isKnown) draft.lack("with which addresses (-h) it is started is not known");
  return (running ?? written ?? "ldap:///").split(/\s+/).flatMap(readUrl);
}

function findUrls(words: readonly string[]): string | null {
  const index = words.findIndex((word) => word.startsWith("-h"));
  if (index < 0) return null;
  const word = words[index] ?? "";
  return word === "-h" ? (words[index + 1] ?? "") : word.slice(2);
}

/** Sockets of Unix (ldapi) are left out. */
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

import type {
  Configuration,
  ConfigurationFiles,
  Listen,
  Named,
  Pair,
  Role,
} from "#domain/server-configs/configuration.ts";
import { createDraft, type Draft, folderOf, joinPath } from "#domain/server-configs/draft.ts";
import { type Listener, readListeners } from "./listeners.ts";
import { readSections, type Section, type Setting } from "./sections.ts";

/**
 * dovecot.conf of 2.3 (`ssl_cert = </path`) and of 2.4 (`ssl_server_cert_file = /path`). A block for a name
 * (local_name) or an address of ours (local) takes over what it does not say itself, as one for a protocol does.
 */
export function readDovecot(source: ConfigurationFiles): Configuration {
  const draft = createDraft(source);
  const whole = readSections(draft);
  const filters = findFilters(whole, { names: [], addresses: [], sections: [whole] }, 0);
  for (const listener of readListeners(whole)) {
    for (const filter of filters) serveFilter(draft, listener, filter);
  }
  nameOthers(draft, whole);
  if (whole.hasGap) draft.lack("a file that it includes was not read");
  return draft.configuration;
}

/** Settings for some names or addresses: `sections` from the outermost to the one that counts most. */
type Filter = { names: string[]; addresses: string[]; sections: Section[] };

/** Blocks in blocks narrow each other down; 3 kinds of them stand in each other at most. */
function findFilters(section: Section, filter: Filter, depth: number): Filter[] {
  if (depth > 3) return [filter];
  const inner = section.sections.flatMap((one): Filter[] => {
    const [kind, ...values] = one.words;
    const words = values.flatMap((value) => value.split(/[ \t,]+/));
    const sections = [...filter.sections, one];
    if (kind === "local_name") return findFilters(one, { ...filter, names: words, sections }, depth + 1);
    if (kind === "local") return findFilters(one, { ...filter, addresses: words, sections }, depth + 1);
    return [];
  });
  return [filter, ...inner];
}

function serveFilter(draft: Draft, listener: Listener, { names, addresses, sections }: Filter): void {
  const { protocol, isTls } = listener;
  const layers = sections.flatMap((section) => [section, ...protocolsIn(section, protocol)]);
  const isOwn = layers.slice(1).some(({ settings }) => [...CERTIFICATES].some((name) => settings.has(name)));
  if ((sections.length > 1 && !isOwn) || lastOf(["ssl"], layers)?.value === "no") return;
  const { pairs, unsure } = readPairs(layers);
  if (pairs.length === 0 && unsure === null) return;
  const isGap = layers.some(({ hasGap }) => hasGap);
  const innermost = sections.at(-1);
  draft.serve({
    listens: narrow(listener.listens, addresses).map((listen) => ({
      ...listen,
      isDefault: names.length === 0,
    })),
    names,
    namesFromCertificate: false,
    protocol: isTls ? "tls" : (DIALOGUES[protocol] ?? protocol),
    pairs,
    chain: null,
    unsure: isGap ? "a file that is included here was not read" : unsure,
    at: (sections.length > 1 ? innermost?.at : (listener.at ?? pairs[0]?.certificate.at)) ?? {
      file: draft.source.root,
      line: 1,
    },
  });
}

/** What is spoken before TLS, where Dovecot calls it otherwise. */
const DIALOGUES: { [protocol: string]: string } = { submission: "smtp" };

/** At the addresses of a `local` block alone, where it stands in one. */
function narrow(listens: readonly Listen[], addresses: readonly string[]): Listen[] {
  if (addresses.length === 0) return [...listens];
  const ports = [...new Set(listens.map(({ port }) => port))];
  return addresses.flatMap((address) =>
    ports.map((port) => ({
      address: address.replace(/^\[(.*)\]$/, "$1").toLowerCase(),
      port,
      isDefault: true,
    })),
  );
}

const protocolsIn = ({ sections }: Section, protocol: string): Section[] =>
  sections.filter(({ words: [kind, ...names] }) => kind === "protocol" && names.includes(protocol));

/** What counts most stands last. */
function lastOf(names: readonly string[], layers: readonly Section[]): Setting | undefined {
  for (const { settings } of layers.toReversed())
    for (const name of names) if (settings.has(name)) return settings.get(name);
  return undefined;
}

const CERTIFICATE = ["ssl_server_cert_file", "ssl_cert"];
const KEY = ["ssl_server_key_file", "ssl_key"];
const OTHER_CERTIFICATE = ["ssl_server_alt_cert_file", "ssl_alt_cert"];
const OTHER_KEY = ["ssl_server_alt_key_file", "ssl_alt_key"];
const CERTIFICATES = new Set([...CERTIFICATE, ...OTHER_CERTIFICATE]);

function readPairs(layers: readonly Section[]): { pairs: Pair[]; unsure: string | null } {
  let unsure: string | null = null;
  const pairs: Pair[] = [];
  for (const [certificates, keys] of [
    [CERTIFICATE, KEY],
    [OTHER_CERTIFICATE, OTHER_KEY],
  ] as const) {
    const [setting, key] = [lastOf(certificates, layers), lastOf(keys, layers)];
    if (!setting || setting.value === "") continue;
    const certificate = toNamed(setting);
    if (certificate) pairs.push({ certificate, key: key ? toNamed(key) : null });
    else unsure = `${setting.name} does not say which file it is`;
  }
  return { pairs, unsure };
}

/** Null where the certificate itself stands in the configuration, or a variable. */
function toNamed({ name, value, isFile, at }: Setting): Named | null {
  const isPath = isFile || name.endsWith("_file");
  if (!isPath || value === "" || /%\{|^\$|^inline:/.test(value)) return null;
  return { path: joinPath(folderOf(at.file), value), directive: name, at };
}

const OTHERS = new Map<string, Role>(
  Object.entries({
    ssl_ca: "client-ca",
    ssl_server_ca_file: "client-ca",
    ssl_dh: "dhparam",
    ssl_server_dh_file: "dhparam",
    ssl_client_cert: "upstream-certificate",
    ssl_client_key: "upstream-key",
    ssl_client_cert_file: "upstream-certificate",
    ssl_client_key_file: "upstream-key",
    ssl_client_ca_file: "upstream-ca",
  }),
);

function nameOthers(draft: Draft, section: Section): void {
  for (const setting of section.settings.values()) {
    const role = OTHERS.get(setting.name);
    const named = role === undefined ? null : toNamed(setting);
    if (role !== undefined && named) draft.name(role, named);
  }
  for (const inner of section.sections) nameOthers(draft, inner);
}

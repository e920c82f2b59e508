import type {
  Configuration,
  ConfigurationFiles,
  Deployment,
  Listen,
  Location,
  Named,
  Role,
} from "#domain/server-configs/configuration.ts";
import { createDraft, type Draft, folderOf, joinPath } from "#domain/server-configs/draft.ts";
import {
  type Connection,
  type Filter,
  findSetting,
  isNetwork,
  readAddress,
  readFilters,
  readSections,
  type Section,
  type Setting,
  splitNames,
} from "./settings.ts";

/**
 * dovecot.conf of 2.3 (`ssl_cert = </path`) and of 2.4 (`ssl_server_cert_file = /path`). Blocks for a protocol, for an
 * SNI name (local_name) and for addresses of the server (local) replace what holds everywhere.
 */
export function readDovecot(source: ConfigurationFiles): Configuration {
  const draft = createDraft(source);
  const whole = readSections(draft);
  const filters = readFilters(whole);
  const listeners = readListeners(whole);
  const own = filters.filter(({ settings }) => CERTIFICATES.some((name) => settings.has(name)));
  const blocks = own.flatMap((filter) => conditionsOf(filter, "local"));
  const hasNetworks = blocks.some(isNetwork);
  const alsoOwn = hasNetworks ? findOwnAddresses(source, listeners) : [];
  const context: Context = {
    draft,
    filters,
    whole,
    hasNetworks,
    names: [...new Set(own.flatMap((filter) => conditionsOf(filter, "local_name")))],
    addresses: [...new Set([...blocks, ...alsoOwn].flatMap((text) => readAddress(text) ?? []))],
    hasGap: [whole, ...filters.flatMap(({ path }) => path)].some(({ hasGap }) => hasGap),
    isNew: whole.settings.has("dovecot_config_version"),
    unsure: findUnsure(own),
  };
  if ((context.names.length + 1) * (context.addresses.length + 1) > MOST_COMBINATIONS) {
    draft.markIncomplete("there are more names and addresses with certificates of their own than are read");
    context.addresses = [];
  }
  for (const listener of listeners) serveListener(context, listener);
  nameOthers(draft, whole);
  if (whole.hasGap) draft.markIncomplete("a file that it includes was not read");
  return draft.configuration;
}

type Context = {
  draft: Draft;
  filters: Filter[];
  whole: Section;
  /** The names that have certificates of their own. */
  names: string[];
  addresses: string[];
  /** Whether blocks for networks of the server exist: then each address of the host is evaluated by itself. */
  hasNetworks: boolean;
  hasGap: boolean;
  isNew: boolean;
  unsure: string | null;
};

const MOST_COMBINATIONS = 2_000;

const conditionsOf = ({ path }: Filter, kind: string): string[] =>
  path.filter(({ words }) => words[0] === kind).flatMap(({ words }) => splitNames(words.slice(1)));

/** Why the settings are not known: a block depends on the client, or on a name that Dovecot resolves. */
function findUnsure(own: readonly Filter[]): string | null {
  const path = own.find((filter) => conditionsOf(filter, "remote").length > 0)?.path;
  if (path) return "a block for who connects (remote) has a certificate of its own";
  const name = own
    .flatMap((filter) => conditionsOf(filter, "local"))
    .find((block) => !isNetwork(block) && readAddress(block) === null);
  return name === undefined ? null : `which addresses the block local ${name} is for is not known`;
}

const LOOPBACK = ["127.0.0.1", "::1"];

const findOwnAddresses = ({ addresses }: ConfigurationFiles, listeners: readonly Listener[]): string[] => [
  ...(addresses ?? []),
  ...LOOPBACK,
  ...listeners.flatMap(({ listens }) => listens.flatMap(({ address }) => address ?? [])).filter(isOneAddress),
];

const isOneAddress = (address: string): boolean => address !== "0.0.0.0" && address !== "::";

const ELSEWHERE =
  "a block for a network (local) has a certificate of its own, and whether it is for this address is not known";

/** Adds a binding for each name and each address with certificates of its own, and one for all the others. */
function serveListener(context: Context, { protocol, isTls, listens, at }: Listener): void {
  for (const address of [null, ...context.addresses]) {
    const narrowed = address === null ? leaveOthers(listens, context.addresses) : narrow(listens, address);
    const elsewhere = address === null && context.hasNetworks ? ELSEWHERE : null;
    for (const name of narrowed.length > 0 ? [null, ...context.names] : []) {
      const connection = { protocol, name, address };
      const found = readDeployments(context, connection);
      if (found.deployments.length === 0 && found.unsure === null) continue;
      context.draft.serve({
        listens: narrowed.map((listen) => ({ ...listen, isDefault: name === null })),
        names: name === null ? [] : [name],
        namesFromCertificate: false,
        protocol: isTls ? "tls" : (NEGOTIATIONS.get(protocol) ?? protocol),
        deployments: found.deployments,
        chain: null,
        unsure: context.hasGap
          ? "a file that it includes was not read"
          : (context.unsure ?? elsewhere ?? found.unsure),
        at: at ?? found.deployments[0]?.certificate.at ?? context.whole.at,
      });
    }
  }
}

/** The protocol before TLS, where Dovecot has another name for it. */
const NEGOTIATIONS = new Map([["submission", "smtp"]]);

/** The listeners at addresses without a binding of their own. */
const leaveOthers = (listens: readonly Listen[], addresses: readonly string[]): Listen[] =>
  listens.filter(
    ({ address }) =>
      address === null || !isOneAddress(address) || !addresses.includes(readAddress(address) ?? ""),
  );

/** The listeners at this address. */
const narrow = (listens: readonly Listen[], address: string): Listen[] =>
  listens
    .filter((listen) => {
      const isEvery = listen.address === (address.includes(":") ? "::" : "0.0.0.0");
      return isEvery || readAddress(listen.address ?? address) === address;
    })
    .slice(0, 1)
    .map((listen) => ({ ...listen, address }));

const CERTIFICATE = ["ssl_server_cert_file", "ssl_cert"];
const KEY = ["ssl_server_key_file", "ssl_key"];
const OTHER_CERTIFICATE = ["ssl_server_alt_cert_file", "ssl_alt_cert"];
const OTHER_KEY = ["ssl_server_alt_key_file", "ssl_alt_key"];
const CERTIFICATES = [...CERTIFICATE, ...OTHER_CERTIFICATE];

function readDeployments(
  context: Context,
  connection: Connection,
): { deployments: Deployment[]; unsure: string | null } {
  const find = (names: readonly string[]) => findSetting(names, context.filters, connection, context.isNew);
  const tls = find(["ssl"]);
  if (tls && tls !== "unclear" && tls.value === "no") return { deployments: [], unsure: null };
  let unsure: string | null = null;
  const deployments: Deployment[] = [];
  for (const [certificates, keys] of [
    [CERTIFICATE, KEY],
    [OTHER_CERTIFICATE, OTHER_KEY],
  ] as const) {
    const [setting, key] = [find(certificates), find(keys)];
    if (setting === "unclear")
      unsure = "more than one of its blocks fits, and which of them counts is not known";
    if (!setting || setting === "unclear" || setting.value === "") continue;
    const certificate = toNamed(setting);
    if (certificate) deployments.push({ certificate, key: key && key !== "unclear" ? toNamed(key) : null });
    else unsure = `${setting.name} does not say which file it is`;
  }
  return { deployments, unsure };
}

/** Null where the configuration has the certificate itself, or a variable. */
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

/** One port of a protocol, with the addresses where Dovecot listens. */
type Listener = {
  /** Dovecot's name: imap, pop3, submission, sieve, lmtp. */
  protocol: string;
  isTls: boolean;
  listens: Listen[];
  at: Location | null;
};

type Port = { name: string; port: number; isTls: boolean; addresses: string | null; at: Location | null };

const SERVICES: { [service: string]: string } = {
  "imap-login": "imap",
  "pop3-login": "pop3",
  "submission-login": "submission",
  "managesieve-login": "sieve",
  lmtp: "lmtp",
};

const usual = (name: string, port: number, isTls = false): Port => ({
  name,
  port,
  isTls,
  addresses: null,
  at: null,
});

/** The default listeners of each protocol, once it is enabled. */
const USUAL: { [protocol: string]: readonly Port[] } = {
  imap: [usual("imap", 143), usual("imaps", 993, true)],
  pop3: [usual("pop3", 110), usual("pop3s", 995, true)],
  submission: [usual("submission", 587), usual("submissions", 465, true)],
  sieve: [usual("sieve", 4190)],
  lmtp: [],
};

/** The default of `protocols` before 2.4; 2.4 has no default. */
const OLD_PROTOCOLS = "imap pop3 lmtp";

function readListeners(whole: Section): Listener[] {
  const everywhere = whole.settings.get("listen")?.value ?? "*, ::";
  return readProtocols(whole).flatMap((protocol) => {
    const ports = new Map((USUAL[protocol] ?? []).map((port) => [port.name, port]));
    for (const section of servicesOf(whole, protocol))
      for (const inner of section.sections) takeListener(ports, inner);
    return [...ports.values()]
      .filter(({ port }) => port > 0)
      .map(({ port, isTls, addresses, at }) => ({
        protocol,
        isTls,
        listens: toListens(addresses ?? everywhere, port),
        at,
      }));
  });
}

/** `protocols = imap lmtp`, or since 2.4 a block with one setting each. */
function readProtocols(whole: Section): string[] {
  const isNew = whole.settings.has("dovecot_config_version");
  const written = whole.settings.get("protocols")?.value ?? null;
  const one = new Map<string, boolean>();
  for (const section of whole.sections.filter(({ words }) => words.length === 1 && words[0] === "protocols"))
    for (const { name, value } of section.settings.values()) one.set(name, value === "yes");
  const usualOnes = one.size === 0 && !isNew ? OLD_PROTOCOLS : "";
  for (const name of (written ?? usualOnes).split(/[ \t,]+/)) if (!one.has(name)) one.set(name, true);
  return [...one].flatMap(([name, isOn]) => (isOn && Object.hasOwn(USUAL, name) ? [name] : []));
}

const servicesOf = (whole: Section, protocol: string): Section[] =>
  whole.sections.filter(
    ({ words: [kind, name = ""] }) => kind === "service" && (SERVICES[name] ?? "") === protocol,
  );

function takeListener(ports: Map<string, Port>, { words, settings, at }: Section): void {
  const [kind, name = ""] = words;
  if (kind !== "inet_listener") return;
  const known = ports.get(name) ?? usual(name, 0);
  const port = settings.get("port")?.value;
  const tls = settings.get("ssl")?.value;
  ports.set(name, {
    name,
    port: port === undefined ? known.port : toPort(port),
    isTls: tls === undefined ? known.isTls : tls === "yes",
    addresses: (settings.get("listen") ?? settings.get("address"))?.value ?? known.addresses,
    at,
  });
}

const toPort = (text: string): number => (/^\d{1,5}$/.test(text) ? Number(text) : 0);

const toListens = (addresses: string, port: number): Listen[] =>
  addresses
    .split(/[ \t,]+/)
    .filter((address) => address !== "" && !address.startsWith("/"))
    .map((address) => ({
      address: address === "*" ? "0.0.0.0" : address.replace(/^\[(.*)\]$/, "$1").toLowerCase(),
      port,
      isDefault: true,
    }));

import type {
  Configuration,
  ConfigurationFiles,
  Deployment,
  Named,
  Role,
  TlsBinding,
} from "#domain/server-configs/configuration.ts";
import { createDraft, type Draft, folderOf, joinPath } from "#domain/server-configs/draft.ts";
import {
  find,
  findValue,
  type Parameter,
  type ParameterTable,
  readLogicalLines,
  readMain,
} from "./parameters.ts";
import { deploymentsOfChainFiles, readSniMaps, type SniEntry } from "./sni-maps.ts";

/** main.cf, and the services of master.cf with the parameters that they override. */
export function readPostfix(source: ConfigurationFiles): Configuration {
  const draft = createDraft(source);
  const main = readMain(draft.open(source.root, null) ?? "", source.root);
  const file = joinPath(folderOf(source.root), "master.cf");
  const text = draft.open(file, null);
  const services = text === null ? [] : readServices(text, file);
  if (text === null) draft.markIncomplete(`${file} was not read`);
  const sniOf = createSniReader(draft);
  for (const service of services) serveService(draft, service, { main, file, sniOf });
  nameOthers(draft, main);
  return draft.configuration;
}

function serveService(
  draft: Draft,
  service: Service,
  { main, file, sniOf }: { main: ParameterTable; file: string; sniOf: SniReader },
): void {
  const at = { file, line: service.line };
  const tables = [service.overrides, main];
  const isScreen = service.command === "postscreen";
  if (!isScreen && service.command !== "smtpd") return;
  if (service.port === null) {
    draft.warn("which port this service has", at);
    return;
  }
  const level = findValue(isScreen ? "postscreen_tls_security_level" : "smtpd_tls_security_level", tables);
  const isWrapped = !isScreen && findValue("smtpd_tls_wrappermode", tables) === "yes";
  const isOld = ["smtpd_use_tls", "smtpd_enforce_tls"].some((name) => findValue(name, tables) === "yes");
  if (!isWrapped && (level === "none" || (level === "" && !isOld))) return;
  const { deployments, unsure } = readDeployments(
    tables,
    isScreen ? "tlsproxy" : "smtpd",
    draft.source.pemOrders,
  );
  if (deployments.length === 0 && unsure === null) return;
  const listens = readListens(service, service.port, main);
  const common = { namesFromCertificate: false, protocol: isWrapped ? "tls" : "smtp", chain: null };
  for (const { name, deployments: own, unsure: why } of sniOf(tables))
    draft.serve({
      ...common,
      names: [name],
      deployments: own,
      unsure: why,
      at,
      listens: listens.map((listen) => ({ ...listen, isDefault: false })),
    });
  draft.serve({
    ...common,
    listens,
    names: [],
    deployments,
    unsure: level === null ? "whether it speaks TLS hangs on a parameter that is not known" : unsure,
    at,
  });
}

type SniReader = (tables: readonly ParameterTable[]) => SniEntry[];

/** Reads each value once, since most services share one. */
function createSniReader(draft: Draft): SniReader {
  const known = new Map<string | null, SniEntry[]>();
  return (tables) => {
    const value = findValue("tls_server_sni_maps", tables);
    const at = find("tls_server_sni_maps", tables)?.at ?? null;
    const entries = known.get(value) ?? (value === "" ? [] : readSniMaps(draft, value ?? "?", at));
    known.set(value, entries);
    return entries;
  };
}

function readListens({ host }: Service, port: number, main: ParameterTable): TlsBinding["listens"] {
  const toListen = (address: string | null) => ({ address, port, isDefault: true });
  if (host !== "") return [toListen(host.toLowerCase())];
  const interfaces = (findValue("inet_interfaces", [main]) ?? "all").toLowerCase().split(/[\s,]+/);
  return interfaces.flatMap((name) => {
    if (name === "all") return [toListen(everyAddress(main))];
    if (name === "loopback-only") return [toListen("127.0.0.1"), toListen("::1")];
    return name === "" ? [] : [toListen(name.replace(/^\[(.*)\]$/, "$1"))];
  });
}

function everyAddress(main: ParameterTable): string | null {
  const protocols = findValue("inet_protocols", [main])?.trim();
  return protocols === "ipv4" ? "0.0.0.0" : protocols === "ipv6" ? "::" : null;
}

/** Chain files (keys and certificates one after the other) replace all other certificate parameters. */
function readDeployments(
  tables: readonly ParameterTable[],
  of: "smtpd" | "tlsproxy",
  orders: ConfigurationFiles["pemOrders"],
): { deployments: Deployment[]; unsure: string | null } {
  const chains = findValue(`${of}_tls_chain_files`, tables);
  if (chains === null)
    return { deployments: [], unsure: `what ${of}_tls_chain_files stands for is not known` };
  const files = chains.split(/[\s,]+/).filter((path) => path !== "");
  const named = files.map((path) => toNamed(`${of}_tls_chain_files`, path, tables));
  if (named.length > 0) {
    const { deployments, unsure } = deploymentsOfChainFiles(
      named.flatMap((file) => file ?? []),
      named.includes(null) ? undefined : orders,
    );
    return {
      deployments,
      unsure: named.includes(null) ? `${of}_tls_chain_files names a file that is not known` : unsure,
    };
  }
  let unsure: string | null = null;
  const deployments = ["", "ec", "d"].flatMap((kind): Deployment[] => {
    const [certificateName, keyName] = [`${of}_tls_${kind}cert_file`, `${of}_tls_${kind}key_file`];
    const path = findValue(certificateName, tables);
    const certificate = path === null ? null : toNamed(certificateName, path, tables);
    if (path === "" || path === "none") return [];
    if (!certificate) unsure = `it is not known which file ${certificateName} is`;
    const keyPath = findValue(keyName, tables);
    const key = keyPath === null ? null : toNamed(keyName, keyPath, tables);
    return certificate ? [{ certificate, key }] : [];
  });
  return { deployments, unsure };
}

/** The file is named by the line of the parameter, or of the parameter that its default refers to. */
function toNamed(directive: string, path: string, tables: readonly ParameterTable[]): Named | null {
  if (!path.startsWith("/")) return null;
  const behind = directive.replace(/^tlsproxy_/, "smtpd_");
  const written = [directive, behind, behind.replace(/key_file$/, "cert_file")];
  const name = written.find((one) => find(one, tables));
  const at = name === undefined ? undefined : find(name, tables)?.at;
  return name !== undefined && at ? { path: joinPath("/", path), directive: name, at } : null;
}

const OTHERS: { [name: string]: Role } = {
  smtpd_tls_CAfile: "client-ca",
  smtpd_tls_dh1024_param_file: "dhparam",
  smtp_tls_cert_file: "upstream-certificate",
  smtp_tls_key_file: "upstream-key",
  smtp_tls_eccert_file: "upstream-certificate",
  smtp_tls_eckey_file: "upstream-key",
  smtp_tls_chain_files: "upstream-certificate",
  smtp_tls_CAfile: "upstream-ca",
  lmtp_tls_cert_file: "upstream-certificate",
  lmtp_tls_key_file: "upstream-key",
  lmtp_tls_chain_files: "upstream-certificate",
  lmtp_tls_CAfile: "upstream-ca",
};

function nameOthers(draft: Draft, main: ParameterTable): void {
  for (const [name, role] of Object.entries(OTHERS)) {
    const found = main.get(name);
    const value = found ? findValue(name, [main]) : "";
    if (found && value === null) draft.warn(`which file ${name} is`, found.at);
    for (const path of value?.split(/[\s,]+/) ?? []) {
      const named = toNamed(name, path, [main]);
      if (named) draft.name(role, named);
    }
  }
}

/** A service of master.cf that listens on the network. */
type Service = {
  /** Empty where inet_interfaces has the addresses. */
  host: string;
  port: number | null;
  command: string;
  overrides: Map<string, Parameter>;
  line: number;
};

/** The numbers in /etc/services. */
const PORTS = new Map(
  Object.entries({
    lmtp: 24,
    smtp: 25,
    mail: 25,
    smtps: 465,
    ssmtp: 465,
    urd: 465,
    submissions: 465,
    submission: 587,
  }),
);

function* readServices(text: string, file: string): Generator<Service, void> {
  for (const { text: whole, line } of readLogicalLines(text)) {
    const [name = "", type, , , , , , command = "", ...words] = splitWords(whole);
    if (type !== "inet") continue;
    const { host, port } = readAddress(name);
    yield { host, port, command, overrides: readOverrides(words, { file, line }), line };
  }
}

function readAddress(name: string): { host: string; port: number | null } {
  const colon = name.lastIndexOf(":");
  const service = name.slice(colon + 1);
  const port = /^\d{1,5}$/.test(service) ? Number(service) : (PORTS.get(service) ?? null);
  return { host: name.slice(0, Math.max(colon, 0)).replace(/^\[(.*)\]$/, "$1"), port };
}

function readOverrides(words: readonly string[], at: Parameter["at"]): Map<string, Parameter> {
  const overrides = new Map<string, Parameter>();
  for (const [index, word] of words.entries()) {
    const written = word === "-o" ? words[index + 1] : word.startsWith("-o") ? word.slice(2) : undefined;
    const equals = written?.indexOf("=") ?? -1;
    if (written === undefined || equals < 0) continue;
    overrides.set(written.slice(0, equals).trim(), { value: written.slice(equals + 1).trim(), at });
  }
  return overrides;
}

/** Words between blanks; braces group one word, and are not part of it. */
function splitWords(text: string): string[] {
  const words: string[] = [];
  let at = 0;
  while (at < text.length) {
    if (text.charAt(at) === " " || text.charAt(at) === "\t") {
      at++;
      continue;
    }
    const isBraced = text.charAt(at) === "{";
    const end = isBraced ? closingBrace(text, at) : wordEnd(text, at);
    words.push(isBraced ? text.slice(at + 1, end).trim() : text.slice(at, end));
    at = isBraced ? end + 1 : end;
  }
  return words;
}

function closingBrace(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    if (text.charAt(at) === "{") depth++;
    else if (text.charAt(at) === "}" && --depth === 0) return at;
  }
  return text.length;
}

function wordEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charAt(at) !== " " && text.charAt(at) !== "\t") at++;
  return at;
}

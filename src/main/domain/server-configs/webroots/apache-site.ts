import { readHostAddress, readListen } from "#domain/server-configs/apache/read-apache.ts";
import {
  type Host,
  readSections,
  type Sections,
  type Setting,
} from "#domain/server-configs/apache/sections.ts";
import type {
  Configuration,
  ConfigurationFiles,
  Listen,
  TlsBinding,
} from "#domain/server-configs/configuration.ts";
import { createDraft, folderOf, joinPath } from "#domain/server-configs/draft.ts";
import {
  CHALLENGE_FILE,
  CHALLENGE_PATH,
  chooseAnywhere,
  fitsPattern,
  type PortSite,
  readTarget,
} from "./site.ts";

const DIRECTIVES =
  /^(?:listen|serverroot|servername|serveralias|documentroot|alias|aliasmatch|scriptalias|redirect(?:match|permanent|temp)?|rewriteengine|rewriterule|proxypass(?:match)?)$/;

/** Returns a function that finds, for a name and a port, the folder from which this Apache serves challenges. */
export function readApacheSites(source: ConfigurationFiles): (name: string, port: number) => PortSite | null {
  const draft = createDraft(source);
  const sections = readSections(draft, DIRECTIVES);
  if (sections.main.hasGap) draft.markIncomplete("a part of its configuration was not read");
  const hosts = new Map<TlsBinding, Host>();
  const ports = [sections.main, ...sections.hosts]
    .flatMap(({ settings }) => settings.filter(({ name }) => name === "listen"))
    .flatMap(({ words }) => readListen(words)?.port ?? []);
  for (const host of sections.hosts) hosts.set(toBinding(host, listensOf(host, ports)), host);
  markDefaults([...hosts.keys()]);
  const virtualPorts = new Set([...hosts.keys()].flatMap(({ listens }) => listens.map(({ port }) => port)));
  const rest = ports.filter((port) => !virtualPorts.has(port));
  const mains = rest.map((port): Listen => ({ address: null, port, isDefault: true }));
  if (mains.length > 0) hosts.set(toBinding(sections.main, mains), sections.main);
  const configuration: Configuration = { ...draft.configuration, bindings: [...hosts.keys()] };
  const folder = findServerRoot(source, sections);
  return (name, port) => {
    if (!ports.includes(port)) return null;
    const choice = chooseAnywhere(configuration, port, name);
    if (choice.kind === "unsure") return choice;
    if (choice.kind === "none") return null;
    const host = hosts.get(choice.binding);
    return host ? readHost(host, sections.main, folder) : null;
  };
}

function findServerRoot({ root }: ConfigurationFiles, { main }: Sections): string {
  const usual = folderOf(root).replace(/\/conf$/, "") || "/";
  const written = main.settings.findLast(({ name }) => name === "serverroot")?.words[0];
  return written === undefined ? usual : joinPath(usual, written);
}

const listensOf = (host: Host, ports: readonly number[]): Listen[] =>
  host.addresses.flatMap((text) => {
    const where = readHostAddress(text);
    if (!where) return [];
    const all = where.port === null ? [...new Set(ports)] : [where.port];
    return all.map((port) => ({ address: where.address, port, isDefault: false }));
  });

function toBinding(host: Host, listens: Listen[]): TlsBinding {
  const names = host.settings.filter(({ name }) => name === "servername" || name === "serveralias");
  return {
    listens,
    names: names.flatMap(({ words }) =>
      words.map((word) => word.replace(/^[a-z][a-z0-9+.-]*:\/\//i, "").replace(/:\d{1,5}$/, "")),
    ),
    namesFromCertificate: false,
    protocol: "http",
    deployments: [],
    chain: null,
    at: host.at,
    unsure: host.hasGap ? "a part of its configuration was not read" : null,
  };
}

/** Makes the first binding at an address and port the default there. */
function markDefaults(bindings: readonly TlsBinding[]): void {
  const seen = new Set<string>();
  for (const { listens } of bindings)
    for (const listen of listens) {
      const address = `${listen.address} ${listen.port}`;
      listen.isDefault = !seen.has(address);
      seen.add(address);
    }
}

/** In the order in which Apache's modules act: rewriting, proxying, redirects, aliases, files. */
function readHost(host: Host, main: Host, folder: string): PortSite {
  const settings = host === main ? main.settings : [...host.settings, ...main.settings];
  return (
    readRewrite(host.settings) ??
    readProxy(settings) ??
    readRedirect(settings) ??
    readAlias(settings, folder) ??
    readRoot(settings, folder)
  );
}

/**
 * We do not evaluate the conditions of a rule: it may be for other requests only. A rule with the target "-" leaves the path as it is, and only
 * its flags end the rewriting or refuse the request.
 */
function readRewrite(settings: readonly Setting[]): PortSite | null {
  const engine = settings.findLast(({ name }) => name === "rewriteengine");
  if (engine?.words[0]?.toLowerCase() !== "on") return null;
  for (const setting of settings.filter(({ name }) => name === "rewriterule")) {
    const [pattern = "", target = "", flags = ""] = setting.words;
    const fits = fitsRule(pattern);
    if (fits === false) continue;
    const where = refuse(setting);
    if (target === "-") {
      const names = flags.replace(/^\[|\]$/g, "").split(",");
      if (names.some((name) => REFUSES.test(name)))
        return { kind: "unsure", why: `the request may be refused (${where})` };
      if (fits && names.some((name) => ENDS.test(name))) return null;
      continue;
    }
    const kept = /^(.*?)(?:%\{REQUEST_URI\}|\/?\$[01])$/.exec(target)?.[1];
    const sent = fits && kept !== undefined ? readTarget(kept, where) : null;
    return sent ?? { kind: "unsure", why: `the path may be rewritten (${where})` };
  }
  return null;
}

const ENDS = /^(?:l|last|end)$/i;
const REFUSES = /^(?:f|forbidden|g|gone|(?:r|redirect)=[45]\d\d)$/i;

function fitsRule(pattern: string): boolean | null {
  const isNegated = pattern.startsWith("!");
  const fits = fitsPattern(isNegated ? pattern.slice(1) : pattern, CHALLENGE_FILE);
  return fits === null ? null : fits !== isNegated;
}

function readProxy(settings: readonly Setting[]): PortSite | null {
  for (const setting of settings) {
    const [path = "", target] = setting.words;
    if (setting.name !== "proxypass" && setting.name !== "proxypassmatch") continue;
    const fits =
      setting.name === "proxypass" ? CHALLENGE_FILE.startsWith(path) : fitsPattern(path, CHALLENGE_FILE);
    if (fits === null) return { kind: "unsure", why: `may be passed on (${refuse(setting)})` };
    if (fits && target === "!") return null;
    if (fits) return { kind: "elsewhere", why: "is passed on (ProxyPass)", where: refuse(setting) };
  }
  return null;
}

function readRedirect(settings: readonly Setting[]): PortSite | null {
  for (const setting of settings) {
    if (!setting.name.startsWith("redirect")) continue;
    const where = refuse(setting);
    const isPattern = setting.name === "redirectmatch";
    const words = /^(?:permanent|temp|seeother|gone|\d{3})$/i.test(setting.words[0] ?? "")
      ? setting.words.slice(1)
      : setting.words;
    const [path = "", target = ""] = words;
    const fits = isPattern ? fitsPattern(path, CHALLENGE_FILE) : startsPath(path);
    if (fits === null) return { kind: "unsure", why: `may be sent on (${where})` };
    if (!fits) continue;
    const kept = /^(.*?)\/?(?:\$[01])?$/.exec(target)?.[1] ?? "";
    const sent = isPattern || path === "/" ? readTarget(kept, where) : null;
    return sent ?? { kind: "elsewhere", why: `is sent to another page (${setting.directive})`, where };
  }
  return null;
}

/** Aliases and redirects match whole segments of a path. */
const startsPath = (path: string): boolean =>
  CHALLENGE_FILE.startsWith(path) && (path.endsWith("/") || CHALLENGE_FILE.charAt(path.length) === "/");

function readAlias(settings: readonly Setting[], folder: string): PortSite | null {
  for (const setting of settings) {
    if (!/^(?:alias|aliasmatch|scriptalias)$/.test(setting.name)) continue;
    const [path = "", target = ""] = setting.words;
    const where = refuse(setting);
    const fits = setting.name === "aliasmatch" ? fitsPattern(path, CHALLENGE_FILE) : startsPath(path);
    if (fits === false) continue;
    if (fits === null || setting.name === "aliasmatch" || target.includes("${"))
      return { kind: "unsure", why: `which folder is meant is not known (${where})` };
    if (setting.name === "scriptalias")
      return { kind: "elsewhere", why: "is answered by a program (ScriptAlias)", where };
    const rest = CHALLENGE_PATH.slice(path.length);
    return {
      kind: "folder",
      of: "challenges",
      where,
      path: joinPath(joinPath(folder, target), `./${rest}`),
    };
  }
  return null;
}

function readRoot(settings: readonly Setting[], folder: string): PortSite {
  // The host's own settings stand first.
  const setting = settings.find(({ name }) => name === "documentroot");
  const [path] = setting?.words ?? [];
  if (!setting || !path) return { kind: "unsure", why: "no DocumentRoot is set" };
  if (path.includes("${"))
    return { kind: "unsure", why: `its folder has a variable in it (${refuse(setting)})` };
  return { kind: "folder", path: joinPath(folder, path), of: "site", where: refuse(setting) };
}

const refuse = ({ at }: Setting): string => `${at.file}:${at.line}`;

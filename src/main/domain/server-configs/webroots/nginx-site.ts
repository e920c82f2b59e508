import type {
  Configuration,
  ConfigurationFiles,
  Location,
  TlsBinding,
} from "#domain/server-configs/configuration.ts";
import { createDraft, folderOf, joinPath } from "#domain/server-configs/draft.ts";
import { type Block, type Grammar, readBlocks, type Setting } from "#domain/server-configs/nginx/blocks.ts";
import { readListen } from "#domain/server-configs/nginx/read-nginx.ts";
import {
  CHALLENGE_FILE,
  CHALLENGE_PATH,
  chooseAnywhere,
  fitsPattern,
  type PortSite,
  readTarget,
} from "./site.ts";

const GRAMMAR: Grammar = {
  kept: new Set(["http", "server", "location", "if"]),
  settings:
    /^(?:listen|server_name|root|alias|return|rewrite|try_files|auth_basic|auth_request|deny|internal|js_content|[a-z]+_pass|content_by_lua.*)$/,
};

/** The root that is built in, where none is set. */
const USUAL_ROOT = "html";

/** Returns a function that finds, for a name and a port, the folder from which this nginx serves challenges. */
export function readNginxSites(source: ConfigurationFiles): (name: string, port: number) => PortSite | null {
  const draft = createDraft(source);
  const main = readBlocks(draft, GRAMMAR);
  const http = main.blocks.filter(({ name }) => name === "http");
  if ([main, ...http].some(({ hasGap }) => hasGap))
    draft.markIncomplete("a file that is included was not read");
  const blocks = new Map<TlsBinding, { server: Block; outer: Block }>();
  for (const outer of http)
    for (const server of outer.blocks.filter(({ name }) => name === "server"))
      blocks.set(toBinding(server), { server, outer });
  const bindings = [...blocks.keys()];
  markDefaults(bindings);
  const configuration: Configuration = { ...draft.configuration, bindings };
  return (name, port) => {
    if (!bindings.some(({ listens }) => listens.some((listen) => listen.port === port))) return null;
    const choice = chooseAnywhere(configuration, port, name);
    if (choice.kind === "unsure") return choice;
    if (choice.kind === "none") return null;
    const found = blocks.get(choice.binding);
    return found ? readServer(found, folderOf(source.root)) : null;
  };
}

function toBinding(server: Block): TlsBinding {
  const written = allOf("listen", server);
  const listens = written.flatMap(({ values, at }) => {
    const read = readListen(values, at, 80);
    return read === "unclear" ? [] : read;
  });
  return {
    listens: written.length === 0 ? [{ address: "0.0.0.0", port: 80, isDefault: false }] : listens,
    names: allOf("server_name", server).flatMap(({ values }) => values),
    namesFromCertificate: false,
    protocol: "http",
    deployments: [],
    chain: null,
    at: server.at,
    unsure: server.hasGap ? "a file that is included here was not read" : null,
  };
}

/** Makes the first binding at an address and port the default there, unless one is named. */
function markDefaults(bindings: TlsBinding[]): void {
  const first = new Map<string, TlsBinding["listens"][number]>();
  for (const { listens } of bindings)
    for (const listen of listens) {
      const address = `${listen.address} ${listen.port}`;
      const known = first.get(address);
      if (!known || (listen.isDefault && !known.isDefault)) first.set(address, listen);
    }
  for (const { listens } of bindings)
    for (const [index, listen] of listens.entries())
      listens[index] = { ...listen, isDefault: first.get(`${listen.address} ${listen.port}`) === listen };
}

function readServer({ server, outer }: { server: Block; outer: Block }, folder: string): PortSite {
  const early = readAnswer(server);
  if (early) return early;
  const found = findLocation(server);
  if (found === null)
    return { kind: "unsure", why: `a pattern of a location may fit (${refuse(server.at)})` };
  const blocks = [outer, server, ...found];
  const location = found.at(-1);
  if (location) {
    const answer = readAnswer(location) ?? readRefusal(location);
    if (answer) return answer;
  }
  return toFolder(blocks, folder);
}

/** An answer that nginx gives before it looks for a file. */
function readAnswer(block: Block): PortSite | null {
  const [rewrite] = allOf("rewrite", block);
  if (rewrite) return { kind: "unsure", why: `the path may be rewritten (${refuse(rewrite.at)})` };
  const isIf = (inner: Block) => inner.name === "if";
  const returns = [...block.blocks.filter(isIf), block].flatMap((inner) => {
    const [setting] = allOf("return", inner);
    return setting ? [{ setting, isCertain: inner === block }] : [];
  });
  for (const { setting, isCertain } of returns) {
    const target = setting.values.at(-1) ?? "";
    const where = refuse(setting.at);
    if (/^(?:https?:|\$scheme:)/.test(target)) {
      const kept = /^(.*?)\$(?:request_)?uri$/.exec(target)?.[1];
      const sent = kept === undefined ? null : readTarget(kept, where);
      return sent ?? { kind: "elsewhere", why: "is sent to another page (return)", where };
    }
    if (isCertain) return { kind: "elsewhere", why: "is answered at once (return)", where };
    return { kind: "unsure", why: `may be answered at once (${where})` };
  }
  return null;
}

function readRefusal(location: Block): PortSite | null {
  for (const setting of location.settings) {
    const { name, values, at } = setting;
    const where = refuse(at);
    if (/_pass$|^js_content$|^content_by_lua/.test(name))
      return { kind: "elsewhere", why: `is passed on (${name})`, where };
    if (name === "internal" || (name === "deny" && values[0] === "all"))
      return { kind: "elsewhere", why: `is refused (${name})`, where };
    if (name === "auth_request" || (name === "auth_basic" && values[0] !== "off"))
      return { kind: "elsewhere", why: `needs a password (${name})`, where };
  }
  return null;
}

/** The locations that match the path, the innermost last; null where a pattern may match that we cannot evaluate. */
function findLocation(block: Block): Block[] | null {
  const locations = block.blocks.filter(({ name }) => name === "location").map(toLocation);
  const exact = locations.find(({ how, what }) => how === "=" && what === CHALLENGE_FILE);
  if (exact) return [exact.block];
  const longest = locations
    .filter(({ how, what }) => (how === "" || how === "^~") && CHALLENGE_FILE.startsWith(what))
    .reduce<LocationBlock | null>(
      (best, one) => (best && best.what.length >= one.what.length ? best : one),
      null,
    );
  const found = longest ? findLocation(longest.block) : [];
  if (found === null) return null;
  if (longest && (longest.how === "^~" || found.length > 0)) return [longest.block, ...found];
  for (const { how, what, block: own } of locations) {
    if (how !== "~" && how !== "~*") continue;
    const fits = fitsPattern(what, CHALLENGE_FILE, how === "~*" ? "i" : "");
    if (fits === null) return null;
    if (fits) return [own, ...(findLocation(own) ?? [])];
  }
  return longest ? [longest.block] : [];
}

type LocationBlock = { how: string; what: string; block: Block };

function toLocation(block: Block): LocationBlock {
  const [first = "", second] = block.values;
  if (second !== undefined) return { how: first, what: second, block };
  const [, how = "", what = ""] = /^(=|\^~|~\*|~)?(.*)$/.exec(first) ?? [];
  return { how, what, block };
}

/** `blocks`: from http to the location; an inner setting replaces an outer one. */
function toFolder(blocks: readonly Block[], folder: string): PortSite {
  const location = blocks.at(-1);
  const [alias] = location?.name === "location" ? allOf("alias", location) : [];
  const root = blocks.toReversed().flatMap((block) => allOf("root", block).slice(-1))[0];
  const tries = blocks.toReversed().flatMap((block) => allOf("try_files", block).slice(-1))[0];
  if (tries && !tries.values.some((value) => /^\$uri$|\$uri$/.test(value)))
    return { kind: "elsewhere", why: "is looked for elsewhere (try_files)", where: refuse(tries.at) };
  const setting = alias ?? root;
  const path = setting?.values[0] ?? USUAL_ROOT;
  const where = setting ? refuse(setting.at) : `${refuse(location?.at ?? { file: "", line: 0 })} (no root)`;
  if (path.includes("$")) return { kind: "unsure", why: `its folder has a variable in it (${where})` };
  const full = joinPath(setting ? folder : "/usr/share/nginx", path);
  if (!alias || !location) return { kind: "folder", path: full, of: "site", where };
  const { how, what } = toLocation(location);
  if (how === "~" || how === "~*" || !CHALLENGE_PATH.startsWith(what.replace(/\/$/, "")))
    return { kind: "unsure", why: `what stands for a pattern is not known (${where})` };
  const rest = CHALLENGE_PATH.slice(what.length);
  return { kind: "folder", path: joinPath(full, `./${rest}`), of: "challenges", where };
}

const allOf = (name: string, block: Block): Setting[] =>
  block.settings.filter((setting) => setting.name === name);

const refuse = ({ file, line }: Location): string => `${file}:${line}`;

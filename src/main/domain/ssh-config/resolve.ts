import { type HostIndex, holds, indexHosts, type Known } from "./conditions.ts";
import { type Jump, normaliseHost } from "./hosts.ts";
import type { Block, Blocks, Segment } from "./read-blocks.ts";
import type { ClientSetting, Setting } from "./settings.ts";

/** A host, with the options of ssh's command line. */
type ResolveQuery = {
  host: string;
  user: string | null;
  /** The option -J. */
  jumps: readonly Jump[] | null;
};

/** The settings of ssh_config for one host. */
export type Answer = {
  /** HostName, or the host itself. */
  hostname: string;
  user: string | null;
  port: number | null;
  /** As written, in their order; null without any. */
  identityFiles: readonly KeyFile[] | null;
  identitiesOnly: boolean;
  hostKeyAlias: string | null;
  /** Null: none. */
  jumps: { value: readonly Jump[]; location: string } | null;
  proxyCommand: { value: string; location: string; isUser: boolean } | null;
  /** The first of each keyword that holds, and every CertificateFile. */
  forOpenssh: readonly ClientSetting[];
  /** Lines that hold for this host and cannot be read. */
  unreadable: readonly Extract<Setting, { keyword: "unreadable" }>[];
  /** Lines that hold for this host and that we do not follow. */
  notFollowed: readonly { why: string; location: string }[];
};

type KeyFile = { value: string; location: string };

export type Resolver = (query: ResolveQuery) => Answer;

/** The first setting of each keyword that holds for a host: later ones do not count, except IdentityFile. */
type SettingsOfHost = Map<string, Setting>;
type State = { said: SettingsOfHost; identityFiles: KeyFile[]; known: Known };

export function createResolver(blocks: Blocks, localUser: string): Resolver {
  const index = indexHosts(blocks.segments.map(({ block }) => block.condition));
  return ({ host, user, jumps }) => {
    const said: SettingsOfHost = new Map();
    if (user !== null) said.set("user", { keyword: "user", value: user, ...RESOLVED });
    if (jumps !== null) said.set("proxyjump", { keyword: "proxyjump", value: jumps, ...RESOLVED });
    const known = {
      host,
      hostname: host,
      originalHost: host,
      user: user ?? localUser,
      localUser,
      tag: "",
      isFinal: false,
    };
    const state: State = { said, identityFiles: [], known };
    readThrough(blocks, index, state);
    const hostname = normaliseHost(state.known.hostname);
    if (blocks.hasFinalPass) {
      said.set("hostname", { keyword: "hostname", value: hostname, ...RESOLVED });
      readThrough(blocks, index, {
        ...state,
        known: { ...state.known, host: hostname, hostname, isFinal: true },
      });
    }
    return answer(state, hostname);
  };
}

/** The location of a setting from the query, not from a file. */
const RESOLVED = { location: "", isUser: true };

function readThrough({ segments }: Blocks, index: HostIndex, state: State): void {
  const { known } = state;
  const holding = new Map<Block, boolean>();
  let numbers = index.find(known);
  for (let at = 0; at < numbers.length; at++) {
    const number = numbers[at] as number;
    const { block, settings } = segments[number] as Segment;
    if (!holding.has(block)) {
      const isOuterHolding = block.outer === null || holding.get(block.outer) === true;
      holding.set(block, isOuterHolding && holds(block.condition, known));
    }
    if (!holding.get(block)) continue;
    const { hostname } = known;
    for (const setting of settings) take(state, setting);
    if (known.hostname === hostname) continue;
    // From here on, Match host compares with another name.
    numbers = index.find(known).filter((other) => other > number);
    at = -1;
  }
}

function take(state: State, setting: Setting): void {
  const { said, known } = state;
  const about = aboutOf(setting);
  if (setting.keyword === "identityfile") {
    if (!state.identityFiles.some(({ value }) => value === setting.value)) state.identityFiles.push(setting);
    return;
  }
  if (said.has(about) || isDecidedByOther(said, setting, about)) return;
  said.set(about, setting);
  if (setting.keyword === "hostname") known.hostname = expandHostName(setting.value, known.originalHost);
  if (setting.keyword === "user") known.user = setting.value;
  if (setting.keyword === "tag") known.tag = setting.value;
}

function aboutOf(setting: Setting): string {
  if (setting.keyword === "for OpenSSH")
    return setting.about === "certificatefile" ? `certificatefile ${setting.value}` : setting.about;
  if (setting.keyword === "unreadable") return setting.of;
  return setting.keyword === "not followed" ? setting.why : setting.keyword;
}

/** Of ProxyJump and ProxyCommand the first one counts; after `ProxyJump none`, ProxyCommand still counts. */
function isDecidedByOther(said: SettingsOfHost, setting: Setting, about: string): boolean {
  if (about === "proxycommand") {
    const jump = said.get("proxyjump");
    return jump !== undefined && !(jump.keyword === "proxyjump" && jump.value === null);
  }
  const isNone = setting.keyword === "proxyjump" && setting.value === null;
  return about === "proxyjump" && !isNone && said.has("proxycommand");
}

const expandHostName = (text: string, host: string): string =>
  text.replace(/%([h%])/g, (_, token: string) => (token === "h" ? host : "%"));

function answer({ said, identityFiles }: State, hostname: string): Answer {
  const find = <Keyword extends Setting["keyword"]>(keyword: Keyword) => {
    const setting = said.get(keyword);
    return setting?.keyword === keyword ? (setting as Extract<Setting, { keyword: Keyword }>) : null;
  };
  const notFollowed = [...said.values()].filter((setting) => setting.keyword === "not followed");
  const jumps = find("proxyjump");
  const proxyCommand = find("proxycommand");
  return {
    hostname,
    user: find("user")?.value ?? null,
    port: find("port")?.value ?? null,
    identityFiles: identityFiles.length > 0 ? identityFiles : null,
    identitiesOnly: find("identitiesonly")?.value ?? false,
    hostKeyAlias: find("hostkeyalias")?.value ?? null,
    jumps: jumps?.value ? { value: jumps.value, location: jumps.location } : null,
    proxyCommand: proxyCommand && !/^none$/i.test(proxyCommand.value) ? proxyCommand : null,
    forOpenssh: [...said.values()].filter((setting) => setting.keyword === "for OpenSSH"),
    unreadable: [...said.values()].filter((setting) => setting.keyword === "unreadable"),
    notFollowed,
  };
}

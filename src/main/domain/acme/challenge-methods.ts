import { findSite, readDump } from "#domain/server-configs/webroots/find-site.ts";
import type { ChallengeSite } from "#domain/server-configs/webroots/site.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { ChallengeWay } from "#shared/model/challenge-way.ts";

/** What answers at a port of the host. */
type Listener = {
  port: number;
  /** `0.0.0.0` and `::` for all. */
  address: string;
  /** The program, where it could be told. */
  program: string | null;
};

export type WayFacts = {
  /** On 80 and 443; null: could not be told. */
  listeners: readonly Listener[] | null;
  /** By name in lower case, where a web server's configuration was read. */
  sites: ReadonlyMap<string, ChallengeSite>;
  /** Why a configuration was not read: "nginx runs in a container". */
  unread: readonly string[];
  /** Programs there that can serve one file: python3, perl, busybox, socat. */
  servers: readonly string[];
  hasOpenssl: boolean;
  isRoot: boolean;
};

/** `why` it can be taken, or not, for a person. */
type PossibleWay = { way: ChallengeWay; why: string };
type RefusedWay = { kind: ChallengeWay["kind"]; why: string };
/** `ways`: the best one first. */
type WayChoice = { ways: PossibleWay[]; not: RefusedWay[] };

type Wish = {
  /** As it is to stand in the certificate: a name, also with `*.` before it, or an address. */
  name: string;
  /** Of its host; null: that was not asked. */
  facts: WayFacts | null;
  /** Ways by DNS that the user has set up. */
  configured: readonly ChallengeWay[];
};

const HTTP = 80;
const HTTPS = 443;

/**
 * Which ways are possible for a name of a host. A file in a folder that is served already changes least; what the user has set
 * up comes next; a port that is free is used last.
 */
export function chooseWay(wish: Wish): WayChoice {
  const name = wish.name.toLowerCase().replace(/\.$/, "");
  const choice: WayChoice = { ways: [], not: [] };
  const add = (judged: PossibleWay | RefusedWay) => {
    if ("way" in judged) choice.ways.push(judged);
    else choice.not.push(judged);
  };
  const isWildcard = name.startsWith("*.");
  const byHost = (judge: (facts: WayFacts) => PossibleWay | RefusedWay, kind: ChallengeWay["kind"]) => {
    if (isWildcard) return { kind, why: "a name with * is proved by DNS alone" };
    return wish.facts ? judge(wish.facts) : { kind, why: "its host was not asked" };
  };
  add(byHost((facts) => evaluateWebroot(name, facts), "webroot"));
  for (const judged of evaluateDns(name, wish.configured)) add(judged);
  add(byHost(judgeServed, "served-on-host"));
  add(byHost(evaluateTls, "tls-alpn"));
  return choice;
}

function evaluateWebroot(name: string, { sites, listeners, unread }: WayFacts): PossibleWay | RefusedWay {
  const kind = "webroot";
  const site = sites.get(name);
  if (!site) {
    const taken = formatTaken(HTTP, listeners);
    if (unread.length > 0) return { kind, why: unread.join("; ") };
    if (taken === null) return { kind, why: "what listens at port 80 there could not be told" };
    if (taken === "") return { kind, why: "nothing listens at port 80 there" };
    return { kind, why: `${taken}, of which no folder of ${name} was read` };
  }
  switch (site.kind) {
    case "folder":
      return {
        way: { kind, path: site.path, of: site.of },
        why: `its web server serves ${site.path} (${site.where})`,
      };
    case "elsewhere":
      return { kind, why: `what is asked of ${name} ${site.why} (${site.where})` };
    case "unsure":
      return { kind, why: `what its web server serves for ${name} could not be told: ${site.why}` };
    default:
      return assertNever(site);
  }
}

function judgeServed({ listeners, servers, isRoot }: WayFacts): PossibleWay | RefusedWay {
  const kind = "served-on-host";
  const refusal = evaluatePort(HTTP, listeners, isRoot);
  if (refusal !== null) return { kind, why: refusal };
  const [program] = servers;
  if (program === undefined)
    return { kind, why: "the host has no python3, perl, busybox or socat to serve a file by" };
  return {
    way: { kind, port: HTTP },
    why: `nothing listens at port 80, and ${program} is there to serve the file`,
  };
}

function evaluateTls({ listeners, hasOpenssl, isRoot }: WayFacts): PossibleWay | RefusedWay {
  const kind = "tls-alpn";
  const refusal = evaluatePort(HTTPS, listeners, isRoot);
  if (refusal !== null) return { kind, why: refusal };
  if (!hasOpenssl) return { kind, why: "the host has no openssl to show the certificate by" };
  return {
    way: { kind, port: HTTPS },
    why: "nothing listens at port 443, and openssl is there to show the certificate",
  };
}

function evaluatePort(port: number, listeners: WayFacts["listeners"], isRoot: boolean): string | null {
  const taken = formatTaken(port, listeners);
  if (taken === null) return `what listens at port ${port} there could not be told`;
  if (taken !== "") return taken;
  return isRoot ? null : `only root may listen at port ${port}: log in as root, or let us use sudo`;
}

/** Empty: nothing listens there. Null: not known. */
function formatTaken(port: number, listeners: WayFacts["listeners"]): string | null {
  if (listeners === null) return null;
  const here = listeners.filter((listener) => listener.port === port);
  if (here.length === 0) return "";
  const programs = [...new Set(here.flatMap(({ program }) => program ?? []))];
  return `port ${port} is taken${programs.length > 0 ? ` by ${programs.join(", ")}` : ""}`;
}

function evaluateDns(name: string, configured: readonly ChallengeWay[]): (PossibleWay | RefusedWay)[] {
  const updates = configured.filter((way) => way.kind === "rfc2136");
  const hooks = configured.filter((way) => way.kind === "dns-hook");
  if (isAddress(name))
    return (["rfc2136", "dns-hook"] as const).map((kind) => ({
      kind,
      why: "an address is in no zone of DNS",
    }));
  const base = name.replace(/^\*\./, "");
  const judged = [
    ...updates.map((way): PossibleWay | RefusedWay =>
      isWithin(base, way.zone)
        ? { way, why: `${base} is in the zone ${way.zone}, which ${way.server} lets us change` }
        : { kind: way.kind, why: `${base} is not in the zone ${way.zone}` },
    ),
    ...hooks.map((way): PossibleWay => ({ way, why: `${way.program} was set up for it` })),
  ];
  if (updates.length === 0) judged.push({ kind: "rfc2136", why: "no zone was set up that we may change" });
  if (hooks.length === 0) judged.push({ kind: "dns-hook", why: "no hook was set up" });
  return judged;
}

const isAddress = (name: string): boolean => /^[\d.]+$/.test(name) || name.includes(":");

function isWithin(name: string, zone: string): boolean {
  const plain = zone.toLowerCase().replace(/\.$/, "");
  return name === plain || name.endsWith(`.${plain}`);
}

/** As a hand has seen it (`lookAtWays`). */
type Look = Pick<WayFacts, "listeners" | "servers" | "hasOpenssl" | "isRoot" | "unread"> & {
  dumps: readonly { server: "nginx" | "apache"; commandLine: readonly string[]; text: string }[];
};

/** What is known of how these names could be proved by their host. */
export function readWayFacts({ dumps, ...look }: Look, names: readonly string[]): WayFacts {
  const sources = dumps.flatMap(({ server, text, commandLine }) => readDump(server, text, commandLine) ?? []);
  const sites = new Map<string, ChallengeSite>();
  for (const name of names.map((one) => one.toLowerCase())) {
    const site = name.startsWith("*.") ? null : findSite(sources, name);
    if (site) sites.set(name, site);
  }
  return { ...look, sites };
}

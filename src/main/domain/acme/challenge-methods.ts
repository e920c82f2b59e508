import { findSite, readDump } from "#domain/server-configs/webroots/find-site.ts";
import type { ChallengeSite } from "#domain/server-configs/webroots/site.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { ChallengeMethod } from "#shared/model/issuers/issuer.ts";

/** What listens at a port of the host. */
type Listener = {
  port: number;
  /** `0.0.0.0` and `::` for all. */
  address: string;
  /** The program, if it is known. */
  program: string | null;
};

export type ChallengeFacts = {
  /** On 80 and 443; null: not known. */
  listeners: readonly Listener[] | null;
  /** By name in lower case, if a web server's configuration was read. */
  sites: ReadonlyMap<string, ChallengeSite>;
  /** Why a configuration was not read: "nginx runs in a container". */
  unreadable: readonly string[];
  /** Programs on the host that can serve one file: python3, perl, busybox, socat. */
  servers: readonly string[];
  hasOpenssl: boolean;
  isRoot: boolean;
};

/** `why` the method is possible, or not, for a person. */
type PossibleMethod = { method: ChallengeMethod; why: string };
type RefusedMethod = { kind: ChallengeMethod["kind"]; why: string };
/** `methods`: the best one first. */
type MethodChoice = { methods: PossibleMethod[]; not: RefusedMethod[] };

type ChallengeQuery = {
  /** As the certificate will have it: a name, also with `*.` before it, or an address. */
  name: string;
  /** Of its host; null: the host was not inspected. */
  facts: ChallengeFacts | null;
  /** Challenge methods by DNS that the user has set up. */
  configured: readonly ChallengeMethod[];
};

const HTTP = 80;
const HTTPS = 443;

/**
 * The challenge methods that are possible for a name of a host. A file in a folder that is already served changes
 * least; what the user has set up comes next; a free port is used last.
 */
export function chooseChallengeMethod(query: ChallengeQuery): MethodChoice {
  const name = query.name.toLowerCase().replace(/\.$/, "");
  const choice: MethodChoice = { methods: [], not: [] };
  const add = (evaluated: PossibleMethod | RefusedMethod) => {
    if ("method" in evaluated) choice.methods.push(evaluated);
    else choice.not.push(evaluated);
  };
  const isWildcard = name.startsWith("*.");
  const byHost = (
    evaluate: (facts: ChallengeFacts) => PossibleMethod | RefusedMethod,
    kind: ChallengeMethod["kind"],
  ) => {
    if (isWildcard) return { kind, why: "a name with * is verified by DNS alone" };
    return query.facts ? evaluate(query.facts) : { kind, why: "its host was not asked" };
  };
  add(byHost((facts) => evaluateWebroot(name, facts), "webroot"));
  for (const evaluated of evaluateDns(name, query.configured)) add(evaluated);
  add(byHost(evaluateServed, "served-on-host"));
  add(byHost(evaluateTls, "tls-alpn"));
  return choice;
}

function evaluateWebroot(
  name: string,
  { sites, listeners, unreadable }: ChallengeFacts,
): PossibleMethod | RefusedMethod {
  const kind = "webroot";
  const site = sites.get(name);
  if (!site) {
    const occupant = describeOccupant(HTTP, listeners);
    if (unreadable.length > 0) return { kind, why: unreadable.join("; ") };
    if (occupant === null) return { kind, why: "what listens at port 80 there is not known" };
    if (occupant === "") return { kind, why: "nothing listens at port 80 there" };
    return { kind, why: `${occupant}, of which no folder of ${name} was read` };
  }
  switch (site.kind) {
    case "folder":
      return {
        method: { kind, path: site.path, of: site.of },
        why: `its web server serves ${site.path} (${site.where})`,
      };
    case "elsewhere":
      return { kind, why: `what is asked of ${name} ${site.why} (${site.where})` };
    case "unsure":
      return { kind, why: `what its web server serves for ${name} is not known: ${site.why}` };
    default:
      return assertNever(site);
  }
}

function evaluateServed({ listeners, servers, isRoot }: ChallengeFacts): PossibleMethod | RefusedMethod {
  const kind = "served-on-host";
  const refusal = evaluatePort(HTTP, listeners, isRoot);
  if (refusal !== null) return { kind, why: refusal };
  const [program] = servers;
  if (program === undefined)
    return { kind, why: "the host has no python3, perl, busybox or socat to serve a file by" };
  return {
    method: { kind, port: HTTP },
    why: `nothing listens at port 80, and ${program} is there to serve the file`,
  };
}

function evaluateTls({ listeners, hasOpenssl, isRoot }: ChallengeFacts): PossibleMethod | RefusedMethod {
  const kind = "tls-alpn";
  const refusal = evaluatePort(HTTPS, listeners, isRoot);
  if (refusal !== null) return { kind, why: refusal };
  if (!hasOpenssl) return { kind, why: "the host has no openssl to show the certificate by" };
  return {
    method: { kind, port: HTTPS },
    why: "nothing listens at port 443, and openssl is there to show the certificate",
  };
}

function evaluatePort(port: number, listeners: ChallengeFacts["listeners"], isRoot: boolean): string | null {
  const occupant = describeOccupant(port, listeners);
  if (occupant === null) return `what listens at port ${port} there is not known`;
  if (occupant !== "") return occupant;
  return isRoot ? null : `only root may listen at port ${port}: log in as root, or let us use sudo`;
}

/** Empty: nothing listens there. Null: not known. */
function describeOccupant(port: number, listeners: ChallengeFacts["listeners"]): string | null {
  if (listeners === null) return null;
  const here = listeners.filter((listener) => listener.port === port);
  if (here.length === 0) return "";
  const programs = [...new Set(here.flatMap(({ program }) => program ?? []))];
  return `port ${port} is taken${programs.length > 0 ? ` by ${programs.join(", ")}` : ""}`;
}

function evaluateDns(
  name: string,
  configured: readonly ChallengeMethod[],
): (PossibleMethod | RefusedMethod)[] {
  const updates = configured.filter((method) => method.kind === "rfc2136");
  const hooks = configured.filter((method) => method.kind === "dns-hook");
  if (isAddress(name))
    return (["rfc2136", "dns-hook"] as const).map((kind) => ({
      kind,
      why: "an address is in no zone of DNS",
    }));
  const base = name.replace(/^\*\./, "");
  const evaluated = [
    ...updates.map((method): PossibleMethod | RefusedMethod =>
      isWithin(base, method.zone)
        ? { method, why: `${base} is in the zone ${method.zone}, which ${method.server} lets us change` }
        : { kind: method.kind, why: `${base} is not in the zone ${method.zone}` },
    ),
    ...hooks.map((method): PossibleMethod => ({ method, why: `${method.program} was set up for it` })),
  ];
  if (updates.length === 0) evaluated.push({ kind: "rfc2136", why: "no zone was set up that we may change" });
  if (hooks.length === 0) evaluated.push({ kind: "dns-hook", why: "no hook was set up" });
  return evaluated;
}

const isAddress = (name: string): boolean => /^[\d.]+$/.test(name) || name.includes(":");

function isWithin(name: string, zone: string): boolean {
  const plain = zone.toLowerCase().replace(/\.$/, "");
  return name === plain || name.endsWith(`.${plain}`);
}

/** What a remote session has read on the host. */
type ServersSeen = Pick<ChallengeFacts, "listeners" | "servers" | "hasOpenssl" | "isRoot" | "unreadable"> & {
  dumps: readonly { server: "nginx" | "apache"; commandLine: readonly string[]; text: string }[];
};

/** What is known of how their host could complete challenges for these names. */
export function readChallengeFacts(
  { dumps, ...seen }: ServersSeen,
  names: readonly string[],
): ChallengeFacts {
  const sources = dumps.flatMap(({ server, text, commandLine }) => readDump(server, text, commandLine) ?? []);
  const sites = new Map<string, ChallengeSite>();
  for (const name of names.map((one) => one.toLowerCase())) {
    const site = name.startsWith("*.") ? null : findSite(sources, name);
    if (site) sites.set(name, site);
  }
  return { ...seen, sites };
}

import type { PlanNote } from "#domain/runs/renewal/renewal-facts.ts";
import { requestOfChange } from "#domain/runs/renewal/review-renewal.ts";
import { onAbort } from "#net/tasks.ts";
import type { RenewalRequest } from "#shared/contract/runs.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { Issuer } from "#shared/model/issuers/issuer.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { RenewalPlan } from "#shared/model/runs/plan.ts";
import { formatVerificationEndpoint } from "#shared/text/certificates/deployment.ts";
import { formatCount } from "#shared/text/count.ts";
import type { KnownHost } from "#store/runs/fact-reader.ts";
import type { Store } from "#store/store.ts";

/** When an issuer wants one of its own certificates renewed. `from` null: it does not say. */
export type ReadWindow = (
  issuer: string,
  sha256: string,
) => Promise<{ kind: "said"; from: Instant | null } | { kind: "unasked"; message: string }>;

/** Certificates that are due before two thirds of their lifetime are over. */
export type Early = { certificates: string[]; said: PlanNote[] };

export const NOT_READ: Early = { certificates: [], said: [] };

/** How many certificates a directory is asked about for one plan: it answers one after the other. */
export const MOST_WINDOWS_READ = 200;

/** For all requests to one directory. */
const BUDGET_MS = 60_000;

/** A directory may not know one certificate; after two without an answer it is asked no more. */
const SILENT_IN_A_ROW = 2;

type RenewalSearchDeps = {
  issuers: readonly Issuer[];
  readWindow: ReadWindow;
  seenOf: Store["runbooks"]["certificates"]["seenOf"];
  /** What is due in any case. */
  due: ReadonlySet<string>;
  now: Instant;
  signal: AbortSignal;
  budgetMs?: number;
};

/**
 * Asks each ACME directory about the certificates that runs got from it. One that fails, or is slow, changes nothing
 * but adds a warning.
 */
export async function readWindows(means: RenewalSearchDeps): Promise<Early> {
  const acme = means.issuers.filter(({ kind }) => kind === "acme");
  const answers = await Promise.all(acme.map((issuer) => readWindow(means, issuer)));
  return {
    certificates: answers.flatMap(({ certificates }) => certificates),
    said: answers.flatMap(({ said }) => said),
  };
}

async function readWindow(
  { readWindow, seenOf, due, now, signal, budgetMs = BUDGET_MS }: RenewalSearchDeps,
  { id, name }: Issuer,
): Promise<Early> {
  const open = seenOf(id).filter((sha256) => !due.has(sha256));
  const over = AbortSignal.timeout(budgetMs);
  const certificates: string[] = [];
  const said: PlanNote[] = [];
  const warn = (text: string) => said.push({ state: "warning", id: "window", text });
  let inARow = 0;
  for (const [nth, sha256] of open.slice(0, MOST_WINDOWS_READ).entries()) {
    signal.throwIfAborted();
    const window = await unlessOver(readWindow(name, sha256), signal, over);
    if (window === "over") {
      warn(`${name} is slow: it was asked about ${nth} of ${open.length} certificates: those that end first`);
      break;
    }
    const from = window.kind === "said" ? window.from : null;
    if (from !== null && from <= now) certificates.push(sha256);
    if (window.kind === "unasked")
      warn(`${name} could not be asked when it wants ${sha256.slice(0, 12)}... renewed: ${window.message}`);
    inARow = from === null ? inARow + 1 : 0;
    // It would fail for each of the others too, and take as long each time.
    if (inARow >= SILENT_IN_A_ROW) break;
  }
  if (open.length > MOST_WINDOWS_READ)
    warn(`${name} was asked about ${MOST_WINDOWS_READ} of ${open.length} certificates: those that end first`);
  if (certificates.length > 0) {
    const text = `${name} wants ${formatCount(certificates.length, "certificate")} renewed already`;
    said.push({ state: "ok", id: "window", text });
  }
  return { certificates, said };
}

/** Rejects only on `signal`, without waiting for the answer. */
async function unlessOver<Answer>(
  answers: Promise<Answer>,
  signal: AbortSignal,
  over: AbortSignal,
): Promise<Answer | "over"> {
  const { promise, resolve, reject } = Promise.withResolvers<"over">();
  const forget = [onAbort(signal, () => reject(signal.reason)), onAbort(over, () => resolve("over"))];
  if (over.aborted) resolve("over");
  try {
    return await Promise.race([promise, answers]);
  } finally {
    for (const one of forget) one();
  }
}

type Inventory = Pick<Store["runbooks"], "facts" | "servers">;
type Servers = Inventory["servers"];

/** Certificates by the hosts that have them in a file. */
export type FoundRenewal = {
  hosts: {
    known: KnownHost;
    certificates: string[];
    /** The request for each; absent if it is the same for all. */
    requests?: ReadonlyMap<string, RenewalRequest>;
  }[];
  leftOut: string[];
  said: PlanNote[];
};

type Meant = { sha256s: Set<string>; leftOut: string[]; said: PlanNote[] };

/** Which certificates of which hosts a request is about, by the inventory. Refuses what is not in it. */
export function findRenewal(
  request: RenewalRequest,
  { facts, servers }: Inventory,
  { now, early = NOT_READ }: { now: Instant; early?: Early },
): FoundRenewal {
  const hosts = new Map<number, string[]>();
  const { sha256s, leftOut, said } = mean(request, servers, { now, early });
  if (request.described && sha256s.size > 1)
    throw new Refusal(
      "invalid-input",
      `one key file is not the key of ${sha256s.size} certificates: describe the server of one certificate at a time`,
    );
  for (const sha256 of sha256s) {
    const known = servers.hostsHolding(sha256);
    // A keystore that no scan could open is not known to have it: then its host is the one where it is served.
    const holding =
      known.length > 0 || !request.described ? known : hostsThatServe(sha256, { facts, servers });
    if (holding.length === 0) leftOut.push(formatNowhere(sha256, servers));
    for (const id of holding) hosts.set(id, [...(hosts.get(id) ?? []), sha256]);
  }
  return {
    hosts: [...hosts].map(([id, certificates]) => {
      const known = facts.host(id);
      if (!known) throw new Error(`a certificate is on host ${id}, which is not there`);
      return { known, certificates };
    }),
    leftOut,
    said,
  };
}

/** All that are named, by an endpoint or by the rule; those whose dates cannot be read are left out. */
function mean(
  { certificates, endpoints, isDue }: RenewalRequest,
  servers: Servers,
  { now, early }: { now: Instant; early: Early },
): Meant {
  const served = endpoints.map((at) => findServed(at, servers));
  const due = isDue ? findDue(servers, { now, early }) : NONE_DUE;
  const named = new Set([...certificates, ...served.flatMap(({ sha256s }) => sha256s)]);
  const undated = [...named].flatMap((sha256) => servers.undated(sha256));
  for (const { sha256 } of undated) named.delete(sha256);
  return {
    sha256s: new Set([...named, ...due.sha256s]),
    leftOut: [...new Set([...undated.map(formatUndated), ...due.leftOut])],
    said: [...served.flatMap(({ said }) => said), ...due.said],
  };
}

const NONE_DUE = { sha256s: [], leftOut: [], said: [] };

type Served = RenewalRequest["endpoints"][number];

/** The certificates at an endpoint, of which there may be several if no server name is given. */
function findServed(at: Served, servers: Servers): { sha256s: string[]; said: PlanNote[] } {
  const leaves = servers.leavesAt(at);
  const { host, port, serverName } = at;
  if (leaves.length === 0)
    throw new Refusal(
      "not-found",
      `what ${host}:${port} serves is not known; scan it first, and the host behind it`,
    );
  const ofEach = [...Map.groupBy(leaves, ({ sha256 }) => sha256).values()];
  const address = formatVerificationEndpoint({ address: host, port, serverName });
  const listed = ofEach.slice(0, MOST_LISTED).map((rows) => {
    const names = rows.flatMap((row) => row.serverName || []);
    const [first] = rows;
    return `${first?.subject || first?.sha256.slice(0, 12)}${names.length > 0 ? ` (${names.slice(0, MOST_LISTED).join(", ")})` : ""}`;
  });
  const more = ofEach.length > listed.length ? `, and ${ofEach.length - listed.length} more` : "";
  const isOne = ofEach.length === 1;
  const text = isOne
    ? `${address} stands for ${listed[0]}`
    : `${address} stands for ${formatCount(ofEach.length, "certificate")}: ${listed.join(", ")}${more}; ${address}/NAME takes one`;
  return {
    sha256s: ofEach.flatMap(([row]) => row?.sha256 ?? []),
    said: [{ state: isOne || serverName !== null ? "ok" : "warning", id: "named", text }],
  };
}

const MOST_LISTED = 8;

/** How many are renewed by one plan at most. */
export const MOST_DUE = 2_000;

function findDue(servers: Servers, { now, early }: { now: Instant; early: Early }) {
  const due = servers.due(now, MOST_DUE + 1).map(({ sha256 }) => sha256);
  const sha256s = [...new Set([...early.certificates, ...due])];
  const cut =
    sha256s.length > MOST_DUE
      ? [`only the first ${MOST_DUE} that are due are in this plan; plan the rest once these are renewed`]
      : [];
  return {
    sha256s: sha256s.slice(0, MOST_DUE),
    leftOut: [...cut, ...servers.undated(null).map(formatUndated)],
    said: early.said,
  };
}

const formatUndated = ({ subject, sha256 }: { subject: string; sha256: string }): string =>
  `${subject || `certificate ${sha256.slice(0, 12)}...`}: its dates cannot be read, so whether it is due is not known; renew it by hand`;

function hostsThatServe(sha256: string, { facts, servers }: Inventory): number[] {
  const served = new Set(servers.endpointsOf(sha256).map(({ host }) => host));
  return facts.allHosts().flatMap(({ id, host }) => (served.has(host) ? [id] : []));
}

function formatNowhere(sha256: string, servers: Servers): string {
  const at = servers.endpointsOf(sha256).map(({ host, port }) => `${host}:${port}`);
  const seen = at.length > 0 ? `it is served at ${at.slice(0, 3).join(", ")}, and ` : "";
  return `certificate ${sha256.slice(0, 12)}...: ${seen}is in no file of a host that was read: scan that host (--ssh)`;
}

/** What an imported plan is about: its own certificates of its own hosts, each with its own request. */
export function findImportedRenewal(
  { hosts }: RenewalPlan,
  { hostAt }: Pick<Store["runbooks"]["facts"], "hostAt">,
): FoundRenewal {
  return {
    leftOut: [],
    said: [],
    hosts: hosts.map(({ host, port, certificates }) => {
      const known = hostAt(host, port);
      if (!known) throw new Refusal("not-found", `the host ${host}:${port} is not known; scan it first`);
      const requests = new Map<string, RenewalRequest>();
      for (const change of certificates) {
        const request = requestOfChange(change);
        if (!request)
          throw new Refusal("invalid-input", "the plan was edited: nobody could have wished it; plan anew");
        requests.set(change.old, request);
      }
      return { known, certificates: [...requests.keys()], requests };
    }),
  };
}

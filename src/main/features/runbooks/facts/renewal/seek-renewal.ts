import type { RenewalWish } from "#shared/contract/runbooks.ts";
import type { Instant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { KnownHost } from "#store/runbooks/fact-reader.ts";
import { MOST_DUE } from "#store/runbooks/served-fact-reader.ts";
import type { Store } from "#store/store.ts";

type Inventory = Pick<Store["runbooks"], "facts" | "servers">;

/** Certificates by the hosts that have them in a file. */
export type SoughtRenewal = {
  hosts: {
    known: KnownHost;
    certificates: string[];
    /** What is wished of each; not there where it is the same of all. */
    wishes?: ReadonlyMap<string, RenewalWish>;
  }[];
  leftOut: string[];
};

/** Which certificates of which hosts a wish is about, by the inventory. What is not in it is refused. */
export function seekRenewal(wish: RenewalWish, { facts, servers }: Inventory, now: Instant): SoughtRenewal {
  const leftOut: string[] = [];
  const hosts = new Map<number, string[]>();
  const wanted = meant(wish, servers, now);
  if (wish.described && wanted.size > 1)
    throw new Refusal(
      "invalid-input",
      `one key file is not the key of ${wanted.size} certificates: describe the server of one certificate at a time`,
    );
  if (wish.isDue && servers.due(now).length >= MOST_DUE)
    leftOut.push(`the first ${MOST_DUE} that are due are in this plan; plan the rest once these are renewed`);
  for (const sha256 of wanted) {
    const known = servers.hostsHolding(sha256);
    // A keystore that no scan could open is not known to have it: its host is where it is served.
    const holding = known.length > 0 || !wish.described ? known : hostsServing(sha256, { facts, servers });
    if (holding.length === 0) leftOut.push(sayNowhere(sha256, servers));
    for (const id of holding) hosts.set(id, [...(hosts.get(id) ?? []), sha256]);
  }
  return {
    hosts: [...hosts].map(([id, certificates]) => {
      const known = facts.host(id);
      if (!known) throw new Error(`a certificate is on host ${id}, which is not there`);
      return { known, certificates };
    }),
    leftOut,
  };
}

function meant(
  { certificates, endpoints, isDue }: RenewalWish,
  servers: Inventory["servers"],
  now: Instant,
): Set<string> {
  const served = endpoints.flatMap((at) => {
    const leaves = servers.leavesAt(at);
    if (leaves.length === 0)
      throw new Refusal(
        "not-found",
        `what ${at.host}:${at.port} serves is not known; scan it first, and the host behind it`,
      );
    return leaves;
  });
  return new Set([
    ...certificates,
    ...served,
    ...(isDue ? servers.due(now).map(({ sha256 }) => sha256) : []),
  ]);
}

function hostsServing(sha256: string, { facts, servers }: Inventory): number[] {
  const served = new Set(servers.endpointsOf(sha256).map(({ host }) => host));
  return facts.allHosts().flatMap(({ id, host }) => (served.has(host) ? [id] : []));
}

function sayNowhere(sha256: string, servers: Inventory["servers"]): string {
  const at = servers.endpointsOf(sha256).map(({ host, port }) => `${host}:${port}`);
  const seen = at.length > 0 ? `it is served at ${at.slice(0, 3).join(", ")}, and ` : "";
  return `certificate ${sha256.slice(0, 12)}...: ${seen}is in no file of a host that was read: scan that host (--ssh)`;
}

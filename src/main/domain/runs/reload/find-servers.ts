import { serverOf } from "#domain/runs/renewal/deployments.ts";
import type { PlanNote } from "#domain/runs/renewal/renewal-facts.ts";
import type { Configuration } from "#domain/server-configs/configuration.ts";
import type { ReloadRequest } from "#shared/contract/runs.ts";
import type { ServedState } from "#shared/model/certificates/served.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { ServerKind } from "#shared/model/runs/deployment.ts";
import type { ReloadPlan } from "#shared/model/runs/plan.ts";
import { formatVerificationEndpoint } from "#shared/text/certificates/deployment.ts";
import { formatHost } from "#shared/text/hosts/target.ts";

/** A server of a host that serves somewhere; `server` as configurations name it. */
type ServerAt = { host: number; server: string; root: string; state: ServedState | undefined };

/** What is known of hosts and of what they serve; hosts by their ids. */
type Inventory = {
  hostAt(host: string, port: number): number | null;
  nameOf(host: number): string;
  configurationsOf(host: number): readonly Configuration[];
  serversAt(at: ReloadRequest["endpoints"][number]): readonly ServerAt[];
  serversPresenting(sha256: string, host: string | null): readonly ServerAt[];
};

/** Servers of one host, each by the file that its configuration begins with. */
export type FoundServers = { host: number; servers: { server: ServerKind; config: string }[] };

/** Which servers of which hosts are meant, by the inventory. Refuses what is not in it. */
export function findServers(
  of: ReloadRequest | ReloadPlan,
  inventory: Inventory,
): { targets: FoundServers[]; said: PlanNote[] } {
  const targets = new Map<number, FoundServers>();
  const add = (host: number, server: ServerKind, config: string) => {
    const target = targets.get(host) ?? { host, servers: [] };
    targets.set(host, target);
    if (!target.servers.some((one) => one.server === server && one.config === config))
      target.servers.push({ server, config });
  };
  for (const named of "hosts" in of ? listPlanned(of) : of.servers) {
    const host = inventory.hostAt(named.host, named.port);
    if (host === null)
      throw new Refusal("not-found", `${formatHost(named)} is not a known host; scan it first`);
    const all = inventory.configurationsOf(host);
    const meant = all.filter(
      (one) => serverOf(one.server) === named.server && (named.config === null || one.root === named.config),
    );
    if (meant.length === 0) throw new Refusal("not-found", formatUnknown(named, all));
    for (const { root } of meant) add(host, named.server, root);
  }
  const said: PlanNote[] = [];
  for (const at of "hosts" in of ? [] : of.endpoints) {
    const where = formatVerificationEndpoint({ address: at.host, port: at.port, serverName: at.serverName });
    const found = toServers(inventory.serversAt(at));
    if (found.length === 0)
      throw new Refusal(
        "not-found",
        `which server of which host serves ${where} is not known; scan that host (--ssh), and then ${where}`,
      );
    for (const { host, server, root } of found) add(host, server, root);
    const names = new Set(found.map(({ host, server }) => `${server} on ${inventory.nameOf(host)}`));
    said.push({ state: "ok", id: "named", text: `${where} is served by ${[...names].join(" and ")}` });
  }
  for (const { certificate, host: name } of "hosts" in of ? [] : of.stale) {
    const found = toServers(inventory.serversPresenting(certificate, name));
    if (found.length === 0)
      throw new Refusal(
        "not-found",
        `certificate ${certificate.slice(0, 12)}... is served by no server whose configuration was read; scan the host that serves it (--ssh), and the endpoint`,
      );
    for (const { host, server, root } of found) add(host, server, root);
  }
  if (targets.size === 0)
    throw new Refusal("invalid-input", "name servers, as nginx@web1, or where they serve, as web1:443");
  return { targets: [...targets.values()], said };
}

/** Those that serve something else than their files hold, if any does: several hosts may share a name. */
function toServers(rows: readonly ServerAt[]): { host: number; server: ServerKind; root: string }[] {
  const stale = rows.filter(({ state }) => state === "not-reloaded" || state === "differs");
  return (stale.length > 0 ? stale : rows).flatMap(({ host, server, root }) => {
    const kind = serverOf(server as Configuration["server"]);
    return kind ? { host, server: kind, root } : [];
  });
}

type Named = { server: ServerKind; host: string; port: number; config: string | null };

const listPlanned = ({ hosts }: ReloadPlan): Named[] =>
  hosts.flatMap(({ host, port, servers }) =>
    servers.map(({ service: { server, config } }) => ({ server, host, port, config })),
  );

function formatUnknown({ server, config, ...at }: Named, all: readonly Configuration[]): string {
  const host = formatHost(at);
  const kinds = [...new Set(all.flatMap((one) => serverOf(one.server) ?? []))];
  const others = kinds.length === 0 ? "" : `; it has ${kinds.join(", ")}`;
  return `no configuration of ${config === null ? server : `${server} (${config})`} was read on ${host}${others}; scan ${host} (--ssh)`;
}

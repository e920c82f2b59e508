/** Hosts of the inventory, as planning connects to them. */
import type { HostRequest } from "#connect/host-sessions.ts";
import type { SshConfig } from "#domain/ssh-config/ssh-config.ts";
import type { Workstation } from "#shared/model/hosts/workstation.ts";
import type { KnownHost } from "#store/runs/fact-reader.ts";

/** The connection broke while a host was read. */
export class HostLost extends Error {}

export const toHostRequest = ({ host, port, user, useSudo, transport }: KnownHost): HostRequest => ({
  target: { kind: "ssh", host, port, user },
  useSudo,
  transport,
});

type InventoryDeps = {
  inventory: { allHosts(): readonly { host: string; port: number; user: string | null }[] };
  routeTo: SshConfig["routeTo"];
  workstation: Workstation;
};

/** How many hosts of the inventory each jump host leads to, by `keyOfHost`. */
export function countJumps({ inventory, routeTo, workstation }: InventoryDeps): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { host, port, user } of inventory.allHosts()) {
    const route = routeTo({ kind: "ssh", host, port, user }, workstation.user);
    if (route.kind === "unsupported") continue;
    for (const { name, port: hopPort } of route.hops.slice(0, -1)) {
      const key = keyOfHost({ host: name, port: hopPort });
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return counts;
}

export const keyOfHost = ({ host, port }: { host: string; port: number }): string => `${host} ${port}`;

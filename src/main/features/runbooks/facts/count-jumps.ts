import type { FactDeps } from "./gather-facts.ts";

type Deps = Pick<FactDeps, "inventory" | "routeTo" | "workstation">;

/** How many hosts of the inventory each jump host leads to. */
export function countJumps({ inventory, routeTo, workstation }: Deps): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { host, port, user } of inventory.allHosts()) {
    const route = routeTo({ kind: "ssh", host, port, user }, workstation.user);
    if (route.kind === "unsupported") continue;
    for (const { name, port: hopPort } of route.hops.slice(0, -1)) {
      const key = placeKey({ host: name, port: hopPort });
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return counts;
}

export const placeKey = ({ host, port }: { host: string; port: number }): string => `${host} ${port}`;

import type { Collection } from "#domain/collection/collection.ts";
import type { HostMap } from "#domain/serving/host-map.ts";
import { listServings } from "#domain/serving/list-servings.ts";
import type { CollectedDisk, CollectedHost } from "#store/visit.ts";

/** What the configurations of a host's servers say is served, as the store keeps it. */
export function describeDisk({ listening, diskFiles }: Collection, map: HostMap): CollectedDisk {
  return {
    addresses: listening.addresses,
    map: map.configurations.length > 0 ? JSON.stringify(map) : null,
    servings: listServings(map.configurations, (path) => diskFiles.get(path)?.realPath ?? null),
  };
}

/** What says of the host who it is, where it is a client of another server. */
export const listClientFiles = ({ configurations }: HostMap): CollectedHost["clientFiles"] =>
  configurations
    .flatMap(({ alsoNamed }) => alsoNamed)
    .filter(({ role }) => role === "upstream-certificate")
    .map(({ path, directive, at }) => ({ path, directive, at }));

/** As phrases for the coverage of a host. */
export function sayServersRead({ serverConfigs, keystores }: Collection): string[] {
  const servers = serverConfigs.map(({ server, root }) => `${server} by ${root}`);
  return [
    ...(servers.length > 0 ? [`what is served, of ${servers.join(", ")}`] : []),
    ...(keystores.length > 0 ? [`${keystores.length} keystores (never their keys)`] : []),
  ];
}

import type { Collection } from "#domain/collection/collection.ts";
import { findShownBy } from "#domain/deployment-status/find-shown-by.ts";
import { chosenNames, type HostMap } from "#domain/deployment-status/host-map.ts";
import { listBindings } from "#domain/deployment-status/list-bindings.ts";
import type { Certificate } from "#shared/model/certificate.ts";
import type { CollectedDisk, CollectedHost } from "#store/visit.ts";

type Read = {
  /** As it is named where it is scanned. */
  host: string;
  files: readonly { path: string; certificates: readonly { certificate: Certificate }[] }[];
};

/** What the configurations of a host's servers say is served, and what would show it, as the store keeps it. */
export function describeDisk(
  { listening, diskFiles }: Collection,
  map: HostMap,
  { host, files }: Read,
): CollectedDisk {
  const held = new Map(files.map(({ path, certificates }) => [path, certificates[0]?.certificate ?? null]));
  const heldIn = (path: string) => held.get(path) ?? null;
  const listed = listBindings(map.configurations, (path) => diskFiles.get(path)?.realPath ?? null);
  const shownBy = findShownBy(listed, {
    host,
    namesIn: (path) => chosenNames(heldIn(path)),
    kindOf: (path) => heldIn(path)?.keyType ?? null,
  });
  return {
    addresses: listening.addresses,
    map: map.configurations.length > 0 ? JSON.stringify(map) : null,
    servings: listed.map(({ source: _, ...row }, index) => ({ ...row, shownBy: shownBy[index] ?? null })),
  };
}

/** What says of the host who it is, where it is a client of another server. */
export const listClientFiles = ({ configurations }: HostMap): CollectedHost["clientFiles"] =>
  configurations
    .flatMap(({ alsoNamed }) => alsoNamed)
    .filter(({ role }) => role === "upstream-certificate")
    .map(({ path, directive, at }) => ({ path, directive, at }));

/** As phrases for the coverage of a host. */
export function formatServersRead({ serverConfigs, keystores }: Collection): string[] {
  const servers = serverConfigs.map(({ server, root }) => `${server} by ${root}`);
  return [
    ...(servers.length > 0 ? [`what is served, of ${servers.join(", ")}`] : []),
    ...(keystores.length > 0 ? [`${keystores.length} keystores (never their keys)`] : []),
  ];
}

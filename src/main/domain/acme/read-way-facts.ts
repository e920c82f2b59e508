import { findSite } from "#domain/server-configs/webroots/find-site.ts";
import { readDump } from "#domain/server-configs/webroots/read-dump.ts";
import type { ChallengeSite } from "#domain/server-configs/webroots/site.ts";
import type { WayFacts } from "./choose-way.ts";

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

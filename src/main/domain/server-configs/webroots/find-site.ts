import type { ConfigurationFiles } from "#domain/server-configs/configuration.ts";
import { readApacheSites } from "./apache-site.ts";
import { readNginxSites } from "./nginx-site.ts";
import type { ChallengeSite, PortSite } from "./site.ts";

const HTTP = 80;
const MOST_HOPS = 5;

/**
 * Where the challenges of a name are answered from, by the configurations of the web servers of a host; null where none of
 * them is at port 80. Authorities follow whoever sends them on, and so do we, as far as that stays on this host.
 */
export function findSite(sources: readonly ConfigurationFiles[], name: string): ChallengeSite | null {
  const sites = sources.map((source) =>
    source.server === "apache" ? readApacheSites(source) : readNginxSites(source),
  );
  let [port, asked, where]: [number, string, string | null] = [HTTP, name, null];
  for (let hop = 0; hop < MOST_HOPS; hop++) {
    const [to, at]: [string, number] = [asked, port];
    const site: PortSite | null = sites.map((find) => find(to, at)).find(Boolean) ?? null;
    if (site === null && where === null) return null;
    if (site === null)
      return { kind: "unsure", why: `is sent to ${to}:${at}, of which no configuration was read (${where})` };
    if (site.kind !== "sent-on") return site;
    [port, asked, where] = [site.port, site.name ?? asked, site.where];
  }
  return { kind: "unsure", why: `is sent on and on (${where})` };
}

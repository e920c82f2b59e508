import type { ConfigurationFiles } from "#domain/server-configs/configuration.ts";
import { readApacheSites } from "./apache-site.ts";
import { readNginxSites } from "./nginx-site.ts";
import type { ChallengeSite, PortSite } from "./site.ts";

const HTTP = 80;
const HTTPS = 443;

/**
 * Where the challenges of a name are answered from, by the configurations of the web servers of a host; null where none of
 * them is at port 80. Authorities follow whoever sends them on to https.
 */
export function findSite(sources: readonly ConfigurationFiles[], name: string): ChallengeSite | null {
  const sites = sources.map((source) =>
    source.server === "apache" ? readApacheSites(source) : readNginxSites(source),
  );
  const at = (port: number): PortSite | null => sites.map((find) => find(name, port)).find(Boolean) ?? null;
  const plain = at(HTTP);
  if (plain?.kind !== "to-https") return plain;
  const secure = at(HTTPS);
  const unsure = (why: string): ChallengeSite => ({ kind: "unsure", why: `${why} (${plain.where})` });
  if (!secure) return unsure("is sent to https, of which no configuration was read");
  if (secure.kind === "to-https") return unsure("is sent on by https as well");
  return secure;
}

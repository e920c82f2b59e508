/** What a web server does with what a certificate authority asks it for (RFC 8555 section 8.3). */
export const CHALLENGE_PATH = "/.well-known/acme-challenge/";
/** Any one file there: which one it is decides nothing. */
export const CHALLENGE_FILE = `${CHALLENGE_PATH}token`;

export type ChallengeSite =
  /** `of`: what the folder answers for, `/` or the folder of challenges itself. `where`: the line that says so. */
  | { kind: "folder"; path: string; of: "site" | "challenges"; where: string }
  /** `why` says what is done instead: "is passed on (proxy_pass)". */
  | { kind: "elsewhere"; why: string; where: string }
  | { kind: "unsure"; why: string };

/** As the server answers at one port; `sent-on`: to the same path of a name, which is the one that was asked for where it is null. */
export type PortSite = ChallengeSite | { kind: "sent-on"; port: number; name: string | null; where: string };

const PORTS = { http: 80, https: 443 };

/**
 * Where a redirect leads that keeps the path, by its target without the path: `https://$host`, `http://www.example.com`.
 * Null for a page elsewhere, or what cannot be told.
 */
export function readTarget(target: string, where: string): PortSite | null {
  const [, scheme, host = ""] = /^(https?|\$scheme):\/\/([^/]+)$/.exec(target) ?? [];
  if (scheme === undefined) return null;
  const port = scheme === "http" ? PORTS.http : PORTS.https;
  // The name that was asked for, by whatever name the server has for it.
  if (/^(?:\$(?:host|http_host|server_name)|%\{(?:HTTP_HOST|SERVER_NAME)\})$/.test(host))
    return { kind: "sent-on", port, name: null, where };
  return /^[a-z0-9.-]+$/i.test(host) ? { kind: "sent-on", port, name: host.toLowerCase(), where } : null;
}

import { type Choice, chooseBinding } from "#domain/server-configs/choose-binding.ts";
import type { Configuration } from "#domain/server-configs/configuration.ts";

/** Where a certificate authority requests challenges of a web server (RFC 8555 section 8.3). */
export const CHALLENGE_PATH = "/.well-known/acme-challenge/";
/** An example of a file there: its name decides nothing. */
export const CHALLENGE_FILE = `${CHALLENGE_PATH}token`;

export type ChallengeSite =
  /** `of`: the URL path of the folder, `/` or that of challenges. `where`: the line that says so. */
  | { kind: "folder"; path: string; of: "site" | "challenges"; where: string }
  /** `why`: what the server does instead: "is passed on (proxy_pass)". */
  | { kind: "elsewhere"; why: string; where: string }
  | { kind: "unsure"; why: string };

/** The answer at one port; `sent-on`: a redirect to the same path of `name`; null: of the requested name. */
export type PortSite = ChallengeSite | { kind: "sent-on"; port: number; name: string | null; where: string };

const PORTS = { http: 80, https: 443 };

/**
 * The target of a redirect that keeps the path, from its text without the path: `https://$host`,
 * `http://www.example.com`. Null for another page, or where it is not known.
 */
export function readTarget(target: string, where: string): PortSite | null {
  const [, scheme, host = ""] = /^(https?|\$scheme):\/\/([^/]+)$/.exec(target) ?? [];
  if (scheme === undefined) return null;
  const port = scheme === "http" ? PORTS.http : PORTS.https;
  // The server's variables for the requested name.
  if (/^(?:\$(?:host|http_host|server_name)|%\{(?:HTTP_HOST|SERVER_NAME)\})$/.test(host))
    return { kind: "sent-on", port, name: null, where };
  return /^[a-z0-9.-]+$/i.test(host) ? { kind: "sent-on", port, name: host.toLowerCase(), where } : null;
}

const EVERY = new Set([null, "0.0.0.0", "::"]);

/**
 * Which server answers an authority for a name at a port. We do not know at which address the authority connects: where
 * servers at several addresses answer, the one that has the name counts.
 */
export function chooseAnywhere(configuration: Configuration, port: number, name: string): Choice {
  const listened = configuration.bindings
    .flatMap(({ listens }) => listens)
    .filter((listen) => listen.port === port)
    .map(({ address }) => (EVERY.has(address) ? null : address));
  const choices = [...new Set(listened)].map((address) =>
    chooseBinding(configuration, { address, port, name }, () => null),
  );
  const open = choices.find(({ kind }) => kind === "unsure");
  if (open) return open;
  const chosen = choices.filter((choice) => choice.kind === "chosen");
  const named = chosen.filter(({ by }) => by !== "default");
  const [first, ...others] = named.length > 0 ? named : chosen;
  if (!first) return { kind: "none" };
  if (others.every(({ binding }) => binding === first.binding)) return first;
  return { kind: "unsure", why: `several servers are there for ${name}, each at another address` };
}

/** Patterns that are longer or repeat more often may take for ever, and the host may be hostile. */
const MOST_CHARACTERS = 200;
const MOST_REPEATS = 2;

/** Whether a regular expression of a server's configuration matches a path; null where that is not known. */
export function fitsPattern(pattern: string, path: string, flags = ""): boolean | null {
  const repeats = pattern.replace(/\\./g, "").match(/[*+{]/g)?.length ?? 0;
  if (pattern.length > MOST_CHARACTERS || repeats > MOST_REPEATS || /\\[1-9]|\$\{|%\{/.test(pattern))
    return null;
  try {
    return new RegExp(pattern, flags).test(path);
  } catch {
    return null;
  }
}

import { type Choice, chooseBinding } from "#domain/server-configs/choose-binding.ts";
import type { Configuration } from "#domain/server-configs/configuration.ts";

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

const EVERY = new Set([null, "0.0.0.0", "::"]);

/**
 * Which server answers for a name at a port, wherever an authority comes in: by which address that is, nobody can tell from
 * here. Where servers at different addresses answer, the one that knows the name is meant.
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

/** Longer ones, and those that repeat more than this, may take for ever: a stranger has written them. */
const MOST_CHARACTERS = 200;
const MOST_REPEATS = 2;

/** Whether a regular expression of a server's configuration fits a path; null where that cannot be told. */
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

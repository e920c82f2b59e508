import { isUserName } from "#domain/targets/user-name.ts";
import { sayPlace } from "#shared/text/target.ts";
import { isOneHost } from "./host-words.ts";
import type { Jump } from "./jumps.ts";
import type { Answer, Resolver } from "./resolve.ts";
import type { Hop, Route } from "./ssh-config.ts";
import { expandPath, expandTokens, type Tokens } from "./tokens.ts";

/** This computer and its user, for what stands for them in ssh_config. */
export type Here = { home: string; user: string; uid: string; hostname: string };

type Wanted = { host: string; port: number | null; user: string | null; jumps: readonly Jump[] | null };

/**
 * The way to a host, as ssh finds it: the last hop of its ProxyJump is reached through those before it, and only the
 * first of them goes its own way there, by its own ProxyJump.
 */
export function findRoute(resolve: Resolver, here: Here, wanted: Wanted): Route {
  const hops: Hop[] = [];
  const alone = new Set<string>();
  let next: Wanted | null = wanted;
  let place = "";
  while (next) {
    const { host, port, user, jumps }: Wanted = next;
    const answer: Answer = resolve({ host, user, jumps });
    const hop = makeHop({ host, port, answer, here });
    const why = typeof hop === "string" ? hop : whyUnsupported(host, answer);
    if (typeof hop === "string" || why !== null) return { kind: "unsupported", why: why ?? "" };
    hops.unshift(hop);

    const through = answer.jumps;
    if (!through) return { kind: "hops", hops };
    if (through.place !== "") place = through.place;
    const name = `${hop.user}@${sayPlace({ host, port: hop.port })}`;
    const last = through.value.at(-1);
    if (!last || (jumps === null && alone.has(name)) || isItself(last, hop))
      return {
        kind: "unsupported",
        why: `${host} is reached through ${last?.host}, and that through ${host} again: a loop in ProxyJump at ${place}; give the first hop ProxyJump none`,
      };
    if (jumps === null) alone.add(name);
    const before = through.value.slice(0, -1);
    next = { ...last, jumps: before.length > 0 ? before : null };
  }
  return { kind: "hops", hops };
}

/** ssh, too, refuses to reach a machine through that machine. */
const isItself = ({ host, port, user }: Jump, hop: Hop): boolean =>
  host === hop.address && (port ?? 22) === hop.port && (user ?? hop.user) === hop.user;

function whyUnsupported(host: string, { unreadable: [broken], proxyCommand }: Answer): string | null {
  if (broken) return `what ssh_config says of ${host} at ${broken.place} ${broken.why}; correct that line`;
  if (proxyCommand)
    return `ssh_config reaches ${host} by ProxyCommand at ${proxyCommand.place}, which is not run here; use ProxyJump where it can be`;
  return null;
}

type Found = { host: string; port: number | null; answer: Answer; here: Here };

function makeHop({ host, port: given, answer, here }: Found): Hop | string {
  const port = given ?? answer.port ?? 22;
  const tokens: Tokens = {
    ...{
      d: here.home,
      h: answer.hostname,
      i: here.uid,
      k: answer.hostKeyAlias ?? host,
      n: host,
      p: String(port),
    },
    ...{ l: here.hostname, L: here.hostname.replace(/\..*/s, ""), u: here.user },
    j: answer.jumps?.value.at(-1)?.host ?? "",
  };
  const user = expandTokens(answer.user ?? here.user, tokens);
  if (user === null || !isUserName(user)) return `the user that ssh_config names for ${host} cannot be one`;
  if (!isOneHost(answer.hostname))
    return `the HostName that ssh_config gives ${host} is not the name of a host`;
  const { hostKeyAlias, identitiesOnly, hostname } = answer;
  return {
    name: host,
    port,
    address: hostname,
    user,
    knownAs: hostKeyAlias === null ? { host: hostname, port } : { host: hostKeyAlias, port: 22 },
    identityFiles: findIdentityFiles(answer, { ...tokens, r: user }, here.home),
    identitiesOnly,
  };
}

/** What is not followed, such as a path that is not absolute, is left out: the notes say so. */
function findIdentityFiles({ identityFiles }: Answer, tokens: Tokens, home: string): string[] | null {
  if (identityFiles === null) return null;
  return identityFiles.flatMap((text) => {
    const path = /^none$/i.test(text) ? null : expandPath(text, home);
    return path === null ? [] : (expandTokens(path, tokens) ?? []);
  });
}

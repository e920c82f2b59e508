import { isUserName } from "#domain/targets/host-sets.ts";
import { formatHostAddress } from "#shared/text/hosts/target.ts";
import { isOneHost, type Jump, MOST_HOPS } from "./hosts.ts";
import type { Answer, Resolver } from "./resolve.ts";
import { type ClientKeyword, expandPath, expandTokens, type Tokens, whyNotFollowed } from "./settings.ts";
import type { Hop, OpensshRequest, Route } from "./ssh-config.ts";

/** This computer and its user, for the tokens of ssh_config. */
export type Here = { home: string; user: string; uid: string; hostname: string };

type RouteQuery = { host: string; port: number | null; user: string | null; jumps: readonly Jump[] | null };

/** `notFollowed`: settings of ssh_config for a machine of the route that we do not follow, with their locations. */
type Found = { route: Route; notFollowed: { why: string; location: string }[] };

/**
 * The route to a host, as ssh finds it: the last hop of its ProxyJump is reached through those before it, and only for
 * the first of them does its own ProxyJump count.
 */
export function findRoute(resolve: Resolver, here: Here, query: RouteQuery): Found {
  const hops: Hop[] = [];
  const notFollowed: Found["notFollowed"] = [];
  const give = (route: Route): Found => ({ route, notFollowed });
  /** Machines whose own ProxyJump counted: a second time means a loop. */
  const alone = new Set<string>();
  let next = query;
  for (;;) {
    const { host, port, user, jumps } = next;
    const answer = resolve({ host, user, jumps });
    notFollowed.push(
      ...answer.notFollowed,
      ...listKeyFilesLeftOut(answer),
      ...reasonsForOpenssh(answer, hops.length > 0),
    );
    const hop = whyUnsupported(host, answer, hops.length > 0) ?? makeHop({ host, port, answer, here });
    if (typeof hop === "string") return give({ kind: "unsupported", why: hop });
    hops.unshift(hop);

    const last = answer.jumps?.value.at(-1);
    if (!answer.jumps || !last) return give({ kind: "hops", hops });
    if (hops.length >= MOST_HOPS) return give({ kind: "unsupported", why: formatTooFar(query.host) });
    const name = `${hop.user}@${formatHostAddress({ host, port: hop.port })}`;
    if ((jumps === null && alone.has(name)) || isItself(last, hop))
      return give({ kind: "unsupported", why: formatLoop(host, last.host, answer.jumps.location) });
    if (jumps === null) alone.add(name);
    const before = answer.jumps.value.slice(0, -1);
    next = { ...last, jumps: before.length > 0 ? before : null };
  }
}

const formatTooFar = (host: string): string =>
  `${host} is reached through more than ${MOST_HOPS - 1} machines by ProxyJump; name fewer`;

const formatLoop = (host: string, through: string, location: string): string =>
  `${host} is reached through ${through}, and that through ${host} again: a loop in ProxyJump${location && ` at ${location}`}; give the host to pass first ProxyJump none`;

/** ssh, too, refuses to reach a machine through that machine. */
const isItself = ({ host, port, user }: Jump, hop: Hop): boolean =>
  host === hop.address && (port ?? 22) === hop.port && (user ?? hop.user) === hop.user;

function whyUnsupported(
  host: string,
  { unreadable: [broken], proxyCommand }: Answer,
  isJumpHost: boolean,
): string | null {
  if (broken) return `what ssh_config says of ${host} at ${broken.location} ${broken.why}; correct that line`;
  if (proxyCommand && isJumpHost)
    return `ssh_config reaches the jump host ${host} by ProxyCommand at ${proxyCommand.location}, which is run for the last host alone; use ProxyJump where it can be`;
  return null;
}

type HopQuery = { host: string; port: number | null; answer: Answer; here: Here };

function makeHop({ host, port: typedPort, answer, here }: HopQuery): Hop | string {
  const port = typedPort ?? answer.port ?? 22;
  const tokens: Tokens = {
    d: here.home,
    h: answer.hostname,
    i: here.uid,
    k: answer.hostKeyAlias ?? host,
    n: host,
    p: String(port),
    l: here.hostname,
    L: here.hostname.replace(/\..*/s, ""),
    u: here.user,
    j: answer.jumps?.value.at(-1)?.host ?? "",
  };
  const user = expandTokens(answer.user ?? here.user, tokens);
  if (user === null || !isUserName(user)) return `the user that ssh_config names for ${host} cannot be one`;
  if (!isOneHost(answer.hostname))
    return `the HostName that ssh_config gives ${host} is not the name of a host`;
  const { hostKeyAlias, identitiesOnly, hostname } = answer;
  const inPath = (path: string) => expandTokens(path, { ...tokens, r: user });
  const openssh = findOpensshRequest(answer, (path) => inPath(expandPath(path, here.home) ?? "%C"));
  return {
    name: host,
    port,
    address: hostname,
    user,
    knownAs: hostKeyAlias === null ? { host: hostname, port } : { host: hostKeyAlias, port: 22 },
    identityFiles: findIdentityFiles(answer, { ...tokens, r: user }, here.home),
    identitiesOnly,
    ...(openssh && { openssh }),
  };
}

const listKeyFilesLeftOut = ({ identityFiles }: Answer): Found["notFollowed"] =>
  (identityFiles ?? []).flatMap(({ value, location }) => {
    const why = whyNotFollowed(value);
    return why === null ? [] : [{ why, location }];
  });

function findIdentityFiles({ identityFiles }: Answer, tokens: Tokens, home: string): string[] | null {
  if (identityFiles === null) return null;
  return identityFiles.flatMap(({ value }) => {
    const path = /^none$/i.test(value) ? null : expandPath(value, home);
    return path === null ? [] : (expandTokens(path, tokens) ?? []);
  });
}

/** The settings for OpenSSH's client for one host; null without any. `expand` returns null for an unsupported path. */
function findOpensshRequest(
  { forOpenssh, proxyCommand }: Answer,
  expand: (path: string) => string | null,
): OpensshRequest | null {
  const query = forOpenssh.filter(isOfUser);
  if (query.length === 0 && !proxyCommand) return null;
  const find = (keyword: ClientKeyword) => query.filter(({ about }) => about === keyword);
  return {
    proxyCommand,
    certificateFiles: find("certificatefile").flatMap(({ value }) => expand(value) ?? []),
    pkcs11Provider: find("pkcs11provider")[0]?.value ?? null,
    securityKeyProvider: find("securitykeyprovider")[0]?.value ?? null,
    gssapi: find("gssapiauthentication").length > 0,
    isSetByUser: query.some(({ isUser }) => isUser) || proxyCommand?.isUser === true,
  };
}

/** Whether the setting has an effect: `internal` is OpenSSH's default for security keys. */
const isOfUser = ({ about, value }: { about: ClientKeyword; value: string }): boolean =>
  about === "gssapiauthentication" ? /^(yes|true)$/i.test(value) : !/^(none|internal)$/i.test(value);

/** Sentences for the user before any probe, with their locations. */
function reasonsForOpenssh(
  { forOpenssh, proxyCommand }: Answer,
  isJumpHost: boolean,
): { why: string; location: string }[] {
  const ofUser = forOpenssh.filter((setting) => setting.isUser && isOfUser(setting));
  return [
    ...(proxyCommand && !isJumpHost
      ? [{ why: formatProxyCommand(proxyCommand), location: proxyCommand.location }]
      : []),
    ...ofUser.map(({ about, location }) => ({
      why: isJumpHost
        ? `${NAMES[about]} is not followed for a jump host`
        : `${NAMES[about]} is left to OpenSSH's ssh, which reads these hosts`,
      location,
    })),
  ];
}

const formatProxyCommand = ({ value, isUser }: NonNullable<Answer["proxyCommand"]>): string =>
  isUser
    ? `runs ProxyCommand ${value}, by OpenSSH's ssh`
    : `ProxyCommand ${value} is run only where the transport is system, for it is not of this user's own files`;

const NAMES: Record<ClientKeyword, string> = {
  certificatefile: "CertificateFile",
  pkcs11provider: "PKCS11Provider",
  securitykeyprovider: "SecurityKeyProvider",
  gssapiauthentication: "GSSAPIAuthentication",
};

/**
 * The routes of one scan to its endpoints, each made once. Jump hosts work as they do for hosts: the key of each is
 * checked, and it is logged in to once. The password of a proxy is prompted for once, and is forgotten with the scan.
 */
import type { Hop, SshConfig } from "#domain/ssh-config/ssh-config.ts";
import { type EndpointProxy, readProxy } from "#domain/targets/proxies.ts";
import { createProxyRoute, type ProxyRoute } from "#net/proxy/proxy.ts";
import type { Credentials } from "#net/proxy/proxy-protocols.ts";
import type { PromptUser } from "#net/ssh/interactive-login.ts";
import type { Failure } from "#net/tcp-connect.ts";
import type { ProxyUrl } from "#shared/model/hosts/target.ts";
import { formatHostAddress } from "#shared/text/hosts/target.ts";
import type { JumpHost } from "./jump-hosts.ts";

type ProxyServer = Extract<EndpointProxy, { kind: "socks5" | "http" }>;
type Jump = Extract<EndpointProxy, { kind: "jump" }>;

type Deps = {
  promptUser: PromptUser;
  routeTo: SshConfig["routeTo"];
  portOf: SshConfig["portOf"];
  /** The user of this workstation. */
  user: string;
  keepOpen: (hops: readonly Hop[]) => Promise<JumpHost<Hop> | null>;
  signal: AbortSignal;
};

/** A proxy, which stays open until this is disposed; null for a direct connection. */
export type Kept = { proxy: ProxyRoute | null; [Symbol.asyncDispose]: () => Promise<void> };

export type EndpointRoutes = ReturnType<typeof createEndpointRoutes>;

/** The machines on the route to a jump host, which is the last of them; or a sentence why there is no route. */
export function routeToJump(
  { host, port, user }: Jump,
  { routeTo, portOf, user: ours }: Pick<Deps, "routeTo" | "portOf" | "user">,
): { hops: readonly Hop[] } | { why: string } {
  const target = { kind: "ssh" as const, host, port: port ?? portOf(host, user) ?? 22, user };
  const route = routeTo(target, ours);
  return route.kind === "hops" ? { hops: route.hops } : { why: route.why };
}

export function createEndpointRoutes(deps: Deps) {
  const proxies = new Map<string, Promise<ProxyRoute>>();

  return {
    /** A proxy, ready for use; it stays open until it is disposed. Rejects only when the scan is aborted. */
    async keep(text: ProxyUrl): Promise<Kept | Failure> {
      const proxy = readProxy(text);
      switch (proxy.kind) {
        case "direct":
          return { proxy: null, ...NOTHING_OPEN };
        case "jump":
          return keepJump(proxy);
        default: {
          const known = proxies.get(text) ?? openProxy(proxy);
          proxies.set(text, known);
          return { proxy: await known, ...NOTHING_OPEN };
        }
      }
    },
  };

  async function openProxy(proxy: ProxyServer): Promise<ProxyRoute> {
    return createProxyRoute({ ...proxy, credentials: await promptForPassword(proxy) });
  }

  /** Without a password the proxy is tried without credentials, and its reply to that is reported. */
  async function promptForPassword({ user, host, port }: ProxyServer): Promise<Credentials | null> {
    if (user === null) return null;
    const about = { kind: "proxy" as const, user, host, port };
    const prompts = [{ text: "Password", isEchoed: false }];
    const [password] =
      (await deps.promptUser({ about, prompts, wrongAnswers: 0 }, deps.signal))?.answers ?? [];
    deps.signal.throwIfAborted();
    return password ? { user, password } : null;
  }

  async function keepJump(jump: Jump): Promise<Kept | Failure> {
    const route = routeToJump(jump, deps);
    if ("why" in route) return { outcome: "not-supported", message: route.why };
    const jumpHost = await deps.keepOpen(route.hops);
    if (!jumpHost) throw new Error("a route through a jump host has none");
    const port = route.hops.at(-1)?.port ?? 22;
    return {
      proxy: {
        name: `ssh://${formatHostAddress({ host: jump.host, port })}`,
        reach: (to) => reach(jumpHost, to),
      },
      [Symbol.asyncDispose]: () => jumpHost[Symbol.asyncDispose](),
    };
  }
}

const NOTHING_OPEN = { [Symbol.asyncDispose]: async () => undefined };

async function reach(jumpHost: JumpHost<Hop>, { host, port }: { host: string; port: number }) {
  const reached = await jumpHost.reach({ address: host, port });
  if ("stream" in reached) return { stream: reached.stream };
  const { outcome, message, jumpHost: about, hostKey } = reached;
  // A refused key is about the jump host, which can be scanned as a host by itself.
  const isOfKey = hostKey !== null && about !== null && outcome !== "jump-failed";
  if (!isOfKey) return { outcome, message };
  return {
    outcome: "jump-failed" as const,
    message: `the jump host ${formatHostAddress(about)}: ${message}`,
  };
}

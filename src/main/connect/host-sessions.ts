/** Sessions on hosts, for whoever does more there than read them: one session a host, through which all is done. */

import { viewKey } from "#codec/fingerprint.ts";
import type { SshConfig } from "#domain/ssh-config/ssh-config.ts";
import { findSsh } from "#net/ssh/client/start-ssh.ts";
import { SSH_LIMITS } from "#net/ssh/collect.ts";
import { shellCommand } from "#net/ssh/host-connection.ts";
import type { PromptUser } from "#net/ssh/interactive-login.ts";
import type { LoginOptions } from "#net/ssh/log-in.ts";
import { openRemoteSession } from "#net/ssh/session/open-session.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import type { SshFailure } from "#net/ssh/ssh-failure.ts";
import type { VerificationKey, VerificationRoute } from "#net/ssh/verify/verification.ts";
import type { TransportRequest } from "#shared/model/hosts/probe.ts";
import type { SshTarget } from "#shared/model/hosts/target.ts";
import type { Workstation } from "#shared/model/hosts/workstation.ts";
import type { Trace } from "#shared/text/fault.ts";
import { formatHostAddress } from "#shared/text/hosts/target.ts";
import type { OpenConnections } from "./connect-to-host.ts";
import { listClientKeys, planLogins } from "./logins.ts";

export type HostRequest = { target: SshTarget; useSudo: boolean; transport: TransportRequest };

/** Makes the request for a host of the inventory, or of a plan. */
export const toHostRequest = (
  { host, port, user, useSudo }: { host: string; port: number; user: string | null; useSudo: boolean },
  transport: TransportRequest,
): HostRequest => ({ target: { kind: "ssh", host, port, user }, useSudo, transport });

/** `hostKey`: nothing is sent to a host that presents another one, or one that is not trusted. */
export type SessionRequest = HostRequest & {
  hostKey: string | null;
  /**
   * The blob of the key that a run installs instead: either key is trusted then, whatever else is known of the host.
   */
  alsoHostKey?: Uint8Array | null;
};

/** One login that stays open. `route`: the same route once more, for a separate login beside it. */
export type HeldLogin = { remote: RemoteSession; route: VerificationRoute };

/** `keys`: all that this login offered, in its order; if a key logged us in, it is among them. */
export type HostSession = HeldLogin & { keys: readonly VerificationKey[] };

export type NotConnected = {
  kind: "not-connected";
  outcome: SshFailure["outcome"];
  message: string;
  isKeyRefused: boolean;
};

export type HostSessions = {
  /**
   * Logs in and does the work while the session stays open. This process logs in to a host once at a time; other calls
   * wait. Rejects as the work does, and when the signal aborts.
   */
  connectToHost<T>(
    request: SessionRequest,
    work: (session: HostSession) => Promise<T>,
  ): Promise<{ kind: "connected"; value: T } | NotConnected>;
};

export type SessionsOptions = {
  /** Identifies these logins among all others that are under way. */
  name: string;
  /** All hosts that may be connected to. */
  requests: readonly HostRequest[];
  identityFiles: readonly string[];
  mayPrompt: boolean;
  promptUser: PromptUser;
  signal: AbortSignal;
};

export type OpenSessions = (options: SessionsOptions) => Promise<HostSessions>;

export type SessionDeps = {
  openConnections: OpenConnections;
  workstation: Workstation;
  /** The user's own file, read anew each time. */
  loadSshConfig: (workstation: Workstation, file: null) => Promise<{ config: SshConfig }>;
  trace: Trace;
};

/** At most 64 logins at a time, for runs of up to a thousand hosts; each run decides how many of them it uses. */
const AT_ONCE = { hosts: 64, isFixed: true };

/**
 * Connects to hosts as scans do: by ssh_config, through jump hosts, with the user's keys, and checks each host's key.
 * `script`: POSIX sh, the verbs of a session.
 */
export function createSessions(
  { openConnections, workstation, loadSshConfig, trace }: SessionDeps,
  script: string,
): OpenSessions {
  return async ({ name, requests, identityFiles, mayPrompt, promptUser, signal }) => {
    const ssh = findSsh();
    const { config } = await loadSshConfig(workstation, null);
    const routeTo = (target: SshTarget) => config.routeTo(target, workstation.user);
    const plan = (some: readonly HostRequest[]) => planLogins(some, { routeTo, ssh });
    const connections = await openConnections(plan(requests), {
      name,
      acceptNew: false,
      identityFiles,
      mayPrompt,
      promptsForPassword: mayPrompt,
      opensLocked: true,
      promptUser,
      atOnce: AT_ONCE,
      signal,
    });

    return {
      async connectToHost(request, work) {
        const planned = plan([request])[0]?.hosts[0]?.[0];
        if (!planned) throw new Error(`no route was planned to ${request.target.host}`);
        const { route, transport, target, useSudo } = planned;
        if (route.kind === "unsupported") return refuse(route.why);
        await using _jumps = await connections.keepJumpHosts(route.jumps);
        const { user } = route.host;
        const beginMs = SSH_LIMITS.beginMs;
        const { met } = await connections.connectToHost(
          { route, transport },
          {
            command: shellCommand({ useSudo }),
            adapt: (login) => trustAsPlanned(request, login),
            async use(connection, login) {
              const options = { target: login.target, user, script, beginMs, signal };
              const opened = await openRemoteSession(connection, options);
              return "send" in opened ? { opened, login } : opened;
            },
          },
        );
        if (!("opened" in met)) {
          const { outcome, message, isKeyRefused } = met;
          return { kind: "not-connected", outcome, message, isKeyRefused };
        }
        await using opened = met.opened;
        const remote = traceSession(opened, (...names) =>
          trace("session", formatHostAddress(target), ...names),
        );
        const keys = [...met.login.identities, ...listClientKeys(met.login)];
        const session = { remote, route: verificationRouteOf(met.login, remote, ssh), keys };
        return { kind: "connected", value: await work(session) };
      },
    };
  };
}

const traceSession = (remote: RemoteSession, trace: Trace): RemoteSession => ({
  ...remote,
  async send(request, limits) {
    trace(request.verb);
    const answer = await remote.send(request, limits);
    trace(request.verb, answer.kind === "answered" ? answer.status : answer.kind);
    return answer;
  },
});

const refuse = (message: string): NotConnected => ({
  kind: "not-connected",
  outcome: "not-supported",
  message,
  isKeyRefused: false,
});

/** Trusts no other host key than the one that the plan was made with, and the one that a run installs instead of it. */
function trustAsPlanned(
  { hostKey, alsoHostKey = null, target }: SessionRequest,
  login: LoginOptions,
): LoginOptions {
  const { verifyHostKey, trustedKeys = [] } = login;
  const isMeant = (blob: Uint8Array) =>
    hostKey === null || viewKey(Buffer.from(blob)).fingerprint === hostKey;
  const isAlso = (blob: Uint8Array) =>
    alsoHostKey !== null && (isMeant(blob) || Buffer.from(alsoHostKey).equals(blob));
  const { connectMs, readyMs } = login.limits;
  return {
    ...login,
    async verifyHostKey(presented) {
      if (hostKey !== null && isAlso(presented.blob)) return { kind: "trusted" };
      const answer = await verifyHostKey(presented);
      if (answer.kind !== "trusted" || isMeant(presented.blob)) return answer;
      const message = `${formatHostAddress(target)} presents another host key than the one that the plan was made with; plan it again`;
      return { kind: "refused", outcome: "host-key-changed", message };
    },
    trustedKeys: [...trustedKeys.filter(isMeant), ...(alsoHostKey ? [alsoHostKey] : [])],
    limits: { connectMs, readyMs },
  };
}

function verificationRouteOf(
  login: LoginOptions,
  remote: RemoteSession,
  ssh: string | null,
): VerificationRoute {
  const { target, hostKeyTypes, signal, reopen, route, client, limits } = login;
  return {
    target,
    hostKeyTypes,
    signal,
    open: async () => (await reopen?.()) ?? route ?? { addresses: [target.host] },
    limits,
    hostKey: remote.hostKey.blob,
    transport: remote.transport,
    client: ssh && client ? { ssh, login: client } : null,
  };
}

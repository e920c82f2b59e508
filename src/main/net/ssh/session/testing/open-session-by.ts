import { connectByClient } from "#net/ssh/client/connect-by-client.ts";
import { findSsh } from "#net/ssh/client/start-ssh.ts";
import { connectBySsh2, shellCommand } from "#net/ssh/host-connection.ts";
import { toClientKey } from "#net/ssh/identities.ts";
import type { LoginOptions } from "#net/ssh/log-in.ts";
import { openRemoteSession } from "#net/ssh/session/open-session.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import type { SshFailure } from "#net/ssh/ssh-failure.ts";

export type SessionLogin = LoginOptions & {
  script: string;
  useSudo: boolean;
  limits: LoginOptions["limits"] & { beginMs: number };
};

/** A session over a login of its own, as a run opens it. */
export async function openSessionBy(
  login: SessionLogin,
  by: "ssh2" | "system",
): Promise<RemoteSession | SshFailure> {
  const command = shellCommand(login);
  const { target, user, script, signal, limits, client, identities, trustedKeys = [] } = login;
  const connect = () => {
    if (by === "ssh2") return connectBySsh2(login, command);
    if (!client) throw new Error("OpenSSH's client is not told how to log in");
    const keys = identities.map(toClientKey);
    return connectByClient({ ...login, ssh: findSsh() ?? "ssh", login: client, keys, trustedKeys }, command);
  };
  const connection = await connect();
  if ("outcome" in connection) return connection;
  return openRemoteSession(connection, { target, user, script, signal, beginMs: limits.beginMs });
}

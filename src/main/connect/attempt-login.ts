/**
 * What carries a login: ssh2, or OpenSSH's own client.
 *
 * Where either may, ssh2 goes first, for it is the cheaper. Where it met what only the other can do (a key exchange that
 * it does not know; certificates, keys on security keys and of kinds that it cannot read), ssh goes there once, with
 * those keys alone where the host has refused the others. A host that was beyond ssh2 is not asked by it again, nor are
 * keys that an account has refused offered to it again beside those that let in: each refusal counts with sshd
 * (PerSourcePenalties), and no more than five keys are offered.
 */

import { connectByClient } from "#net/ssh/client/connect-by-client.ts";
import { connectBySsh2, type HostConnection } from "#net/ssh/host-connection.ts";
import { type ClientKey, toClientKey } from "#net/ssh/identities.ts";
import type { LoginOptions } from "#net/ssh/log-in.ts";
import type { SshFailure } from "#net/ssh/ssh-failure.ts";
import type { Transport } from "#shared/model/hosts/probe.ts";
import { type ChosenTransport, NO_SSH } from "./plan-logins.ts";

/** `transport`: what was tried last. */
export type LoginFailure = SshFailure & { transport: Transport };

/** One try to log in to a machine, to run one command there. Rejects only when told to stop. */
export type AttemptLogin = (
  login: LoginOptions,
  transport: ChosenTransport,
  command: string,
) => Promise<HostConnection | LoginFailure>;

/** For one scan or run. `ssh`: OpenSSH's client, by its path; null where none is installed. */
export function createLoginAttempts(ssh: string | null): AttemptLogin {
  const beyondSsh2 = new Set<string>();
  /** The accounts that refused all but those keys, each as USER@HOST:PORT. */
  const byClientKeysAlone = new Set<string>();

  return async function attemptLogin(login, transport, command) {
    const address = `${login.target.host}:${login.target.port}`;
    const account = `${login.user}@${address}`;
    const isBySystem =
      transport === "system" ||
      (transport === "either" && ssh !== null && (beyondSsh2.has(address) || hasOnlyClientKeys(login)));
    const list = byClientKeysAlone.has(account) ? listClientKeys : listKeys;
    if (isBySystem) return bySystem(login, list(login), command);

    const first = await connectBySsh2(login, command);
    if (!("outcome" in first)) return first;
    const failure: LoginFailure = { ...first, transport: "ssh2" };
    if (transport === "ssh2" || first.isKeyRefused) return failure;
    if (first.isBeyondSsh2) {
      if (!ssh) return { ...failure, message: `${first.message}. OpenSSH's ssh may: ${NO_SSH}` };
      beyondSsh2.add(address);
      return again(login, listKeys(login), command);
    }
    const left = listClientKeys(login);
    if (first.outcome !== "login-refused" || left.length === 0) return failure;
    if (!ssh) return { ...failure, message: `${first.message}. ${formatLeft(left)}: ${NO_SSH}` };
    const second = await again(login, left, command);
    if (!("outcome" in second)) {
      beyondSsh2.add(address);
      byClientKeysAlone.add(account);
    } else if (second.outcome === "login-refused")
      return { ...second, message: `${first.message}; and by OpenSSH's ssh: ${second.message}` };
    return second;
  };

  async function again(login: LoginOptions, keys: readonly ClientKey[], command: string) {
    const way = await login.reopen?.();
    login.signal.throwIfAborted();
    if (way && "outcome" in way) return { ...way, transport: "system" as const };
    return bySystem({ ...login, ...(way && { way }) }, keys, command);
  }

  async function bySystem(
    options: LoginOptions,
    keys: readonly ClientKey[],
    command: string,
  ): Promise<HostConnection | LoginFailure> {
    const { client: login, trustedKeys = [] } = options;
    if (!ssh || !login) throw new Error("OpenSSH's client was chosen, and is not there");
    const met = await connectByClient({ ...options, ssh, login, keys, trustedKeys }, command);
    return "outcome" in met ? { ...met, transport: "system" } : met;
  }
}

export const listClientKeys = ({ unusable = [] }: LoginOptions): ClientKey[] =>
  unusable.flatMap(({ forClient }) => forClient ?? []);

/** A file stands for its key and for the certificate beside it. */
function listKeys(login: LoginOptions): ClientKey[] {
  const keys = [...login.identities.map(toClientKey), ...listClientKeys(login)];
  const paths = new Set<string>();
  return keys.filter((key) => key.kind !== "file" || (!paths.has(key.path) && paths.add(key.path)));
}

const hasOnlyClientKeys = (login: LoginOptions): boolean =>
  login.identities.length === 0 && !login.typed && listClientKeys(login).length > 0;

const formatLeft = (keys: readonly ClientKey[]): string =>
  `${keys.length === 1 ? "One key or certificate is" : `${keys.length} keys and certificates are`} left to OpenSSH's ssh`;

/** A login that stands, and the one command that is run over it: the same, whether ssh2 or OpenSSH's client carries it. */
import { onAbort } from "#net/on-abort.ts";
import type { Way } from "#net/ways/proxy-way.ts";
import type { Transport } from "#shared/model/transport.ts";
import { type Connection, logIn } from "./log-in.ts";
import type { LoginOptions } from "./login-options.ts";
import { CONNECT_FAILED, openStream, PROHIBITED } from "./open-stream.ts";
import { type RunCommand, runOn } from "./run-script.ts";
import { formatAddress, type PresentedKey, quote, type SshFailure, type Where } from "./ssh-failure.ts";
import type { ClientKey } from "./client/client-login.ts";

export type HostConnection = {
  transport: Transport;
  hostKey: PresentedKey;
  /** Fingerprint of the key that let us in, by itself or with what was typed; null: no key did. */
  loginKey: string | null;
  /** Fingerprint of the key of the certificate that let us in; null: none did. No line of that key has then. */
  loginCertificate: string | null;
  /** What OpenSSH's client had to offer in this very login, in its order; empty where ssh2 carries it. */
  clientKeys: readonly ClientKey[];
  /** Something was typed, too: the key by itself lets nobody in. */
  isTyped: boolean;
  /** What the login took of the time of the visit, in milliseconds. */
  spentMs: number;
  /** To what the host itself reaches, over this login; null: what carries it has none. */
  way: Way | null;
  /** Runs the command that it was logged in for; once. */
  run: RunCommand;
  /** Ends it politely, and frees the socket or the process in any case. */
  close(): Promise<void>;
};

/** The command is the same for every host and account: what parses it is the account's login shell, be it csh or fish. */
const PLAIN = "sh -s";
const AS_ROOT = "sudo -n sh -s -- --sudo";
const BY_SUDO = `sh -c 'if ${AS_ROOT} </dev/null >/dev/null 2>&1; then exec ${AS_ROOT}; else exec ${PLAIN}; fi'`;

/**
 * A shell that reads its script on standard input: as root where `sudo -n` lets us without a password and that is wanted,
 * otherwise as the account itself. Whoever lets the collector run lets a run's session, for the words are the same.
 */
export const shellCommand = ({ useSudo }: { useSudo: boolean }): string => (useSudo ? BY_SUDO : PLAIN);

/** Logs in by ssh2, to run the command. Rejects only when told to stop. */
export async function connectBySsh2(
  options: LoginOptions,
  command: string,
): Promise<HostConnection | SshFailure> {
  const connection = await logIn(options);
  if (!("client" in connection)) return connection;
  const { client, hostKey, identity, isTyped, spentMs } = connection;
  return {
    transport: "ssh2",
    hostKey,
    loginKey: identity?.fingerprint ?? null,
    loginCertificate: null,
    clientKeys: [],
    isTyped,
    spentMs,
    way: wayThrough(connection, options.target),
    run: runOn(client, command),
    close: () => connection.close(),
  };
}

/** For the host to reach the place. */
const REACH_MS = 5_000;

/** A way to what the host itself reaches, over a login that stands: its sshd connects, and may be set not to. */
function wayThrough(connection: Connection, target: Where): Way {
  const through = formatAddress(target);
  return {
    name: `the login at ${through}`,
    async reach({ host: address, port }, signal) {
      signal.throwIfAborted();
      const { promise: stopped, reject } = Promise.withResolvers<never>();
      const forget = onAbort(signal, () => reject(signal.reason));
      const opening = openStream(connection, { address, port }, REACH_MS);
      const opened = await Promise.race([opening, stopped])
        .catch((reason: unknown) => {
          // It may come all the same, and nobody waits for it any more.
          void opening.then((late) => "stream" in late && late.stream.destroy());
          throw reason;
        })
        .finally(forget);
      if ("stream" in opened) return opened;
      const { error } = opened;
      const place = formatAddress({ host: address, port });
      if (!error) return { outcome: "timed-out", message: `${through} itself did not reach ${place}` };
      const said = quote(error.message.replace(/^\(SSH\) Channel open failure: /, ""));
      if (error.reason === PROHIBITED)
        return {
          outcome: "jump-failed",
          message: `the sshd of ${through} connects nobody to ${place} (AllowTcpForwarding, PermitOpen): ${said}`,
        };
      const outcome = error.reason === CONNECT_FAILED ? "refused" : "jump-failed";
      return { outcome, message: `${through} itself cannot connect to ${place}: ${said}` };
    },
  };
}

/**
 * What carries a visit: ssh2, or OpenSSH's own client.
 *
 * Where either may, ssh2 goes first, for it is the cheaper. Where it met what only the other can do (a key exchange that
 * it does not know; certificates, keys on security keys and of kinds that it cannot read), ssh goes there once, with
 * those keys alone where the host has refused the others. A host that was beyond ssh2 is not asked by it again: each
 * refusal counts with sshd (PerSourcePenalties).
 */
import { collectHost } from "#net/ssh/collect.ts";
import type { CollectOptions, HostReading } from "#net/ssh/host-reading.ts";
import { toClientKey } from "#net/ssh/identities.ts";
import type { LoginOptions } from "#net/ssh/login-options.ts";
import type { ClientKey } from "#net/ssh/system/client-login.ts";
import { collectBySsh } from "#net/ssh/system/collect-by-ssh.ts";
import type { Transport } from "#shared/model/transport.ts";
import { type ChosenTransport, NO_SSH } from "./choose-transport.ts";

/** `transport`: what carried it in the end. */
export type CarriedReading = HostReading & { transport: Transport };

export type CollectBy = (options: CollectOptions, transport: ChosenTransport) => Promise<CarriedReading>;

/** For one scan. `ssh`: OpenSSH's client, by its path; null where none is installed. */
export function createTransports(ssh: string | null): CollectBy {
  const beyondSsh2 = new Set<string>();

  return async function collect(options, transport) {
    const place = `${options.target.host}:${options.target.port}`;
    const isBySystem =
      transport === "system" ||
      (transport === "either" && ssh !== null && (beyondSsh2.has(place) || hasOnlyClientKeys(options)));
    if (isBySystem) return bySystem(options, listKeys(options));

    const reading = { ...(await collectHost(options)), transport: "ssh2" as const };
    if (transport === "ssh2" || reading.state !== "failed" || reading.isKeyRefused) return reading;
    if (reading.isBeyondSsh2) {
      if (!ssh) return { ...reading, message: `${reading.message}. OpenSSH's ssh may: ${NO_SSH}` };
      beyondSsh2.add(place);
      return again(options, listKeys(options), reading);
    }
    const left = listClientKeys(options);
    if (reading.outcome !== "login-refused" || left.length === 0) return reading;
    if (!ssh) return { ...reading, message: `${reading.message}. ${sayLeft(left)}: ${NO_SSH}` };
    const second = await again(options, left, reading);
    if (second.state !== "failed") beyondSsh2.add(place);
    return second;
  };

  async function again(
    options: CollectOptions,
    keys: readonly ClientKey[],
    first: Extract<HostReading, { state: "failed" }>,
  ): Promise<CarriedReading> {
    const way = await options.reopen?.();
    options.signal.throwIfAborted();
    if (way && "outcome" in way) return { state: "failed", ...way, transport: "system" };
    const second = await bySystem({ ...options, ...(way && { way }) }, keys);
    if (second.state !== "failed" || second.outcome !== "login-refused" || first.isBeyondSsh2) return second;
    return { ...second, message: `${first.message}; and by OpenSSH's ssh: ${second.message}` };
  }

  async function bySystem(options: CollectOptions, keys: readonly ClientKey[]): Promise<CarriedReading> {
    const { client: login, trustedKeys = [] } = options;
    if (!ssh || !login) throw new Error("OpenSSH's client was chosen, and is not there");
    return { ...(await collectBySsh({ ...options, ssh, login, keys, trustedKeys })), transport: "system" };
  }
}

export const listClientKeys = ({ unusable = [] }: Pick<LoginOptions, "unusable">): ClientKey[] =>
  unusable.flatMap(({ forClient }) => forClient ?? []);

/** A file stands for its key and for the certificate beside it. */
export function listKeys(options: Pick<LoginOptions, "identities" | "unusable">): ClientKey[] {
  const keys = [...options.identities.map(toClientKey), ...listClientKeys(options)];
  const paths = new Set<string>();
  return keys.filter((key) => key.kind !== "file" || (!paths.has(key.path) && paths.add(key.path)));
}

export const hasOnlyClientKeys = (
  options: Pick<LoginOptions, "identities" | "unusable" | "typed">,
): boolean => options.identities.length === 0 && !options.typed && listClientKeys(options).length > 0;

const sayLeft = (keys: readonly ClientKey[]): string =>
  `${keys.length === 1 ? "One key or certificate is" : `${keys.length} keys and certificates are`} left to OpenSSH's ssh`;

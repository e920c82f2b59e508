import type { Hop } from "#domain/ssh-config/ssh-config.ts";
import type { Transport, TransportWish } from "#shared/model/transport.ts";

/** `either`: ssh2, and OpenSSH's client where that fails for what only the other can do. */
export type ChosenTransport = Transport | "either";

/**
 * What carries a login, or why nothing does. What this user's own ssh_config says of a host is followed by itself; a
 * command of anybody else's is run only where OpenSSH's client was chosen on purpose.
 */
export function chooseTransport(
  { name, openssh }: Pick<Hop, "name" | "openssh">,
  wish: TransportWish,
  ssh: string | null,
): ChosenTransport | { why: string } {
  const proxyCommand = openssh?.proxyCommand;
  const reached = `ssh_config reaches ${name} by ProxyCommand at ${proxyCommand?.place}`;
  if (wish === "system")
    return ssh ? "system" : { why: `${name} was to be read by OpenSSH's ssh: ${NO_SSH}` };
  if (!proxyCommand) {
    if (wish === "ssh2") return "ssh2";
    return openssh?.isAskedByUser && ssh ? "system" : "either";
  }
  if (wish === "ssh2")
    return { why: `${reached}, which OpenSSH's ssh alone runs: let the transport be auto` };
  if (!proxyCommand.isUser)
    return {
      why: `${reached}, which is not in this user's own files: it is run only where the transport is system`,
    };
  return ssh ? "system" : { why: `${reached}, which OpenSSH's ssh alone runs: ${NO_SSH}` };
}

export const NO_SSH =
  "none was found on this computer; install its client (openssh-client, or openssh-clients)";

import { type ClientOptions, connectByClient } from "#net/ssh/client/connect-by-client.ts";
import { type CollectOptions, collectHost, type HostReading } from "#net/ssh/collect.ts";
import { connectBySsh2, type HostConnection, shellCommand } from "#net/ssh/host-connection.ts";
import type { LoginOptions } from "#net/ssh/log-in.ts";
import type { SshFailure } from "#net/ssh/ssh-failure.ts";

type Reading = CollectOptions & { useSudo: boolean };
export type ProbeOptions = LoginOptions & Reading;
export type ClientProbeOptions = ClientOptions & Reading;

/** Logs in to a host and reads it, as a scan does. */
export const collectBySsh2 = async (options: ProbeOptions): Promise<HostReading> =>
  collectOver(await connectBySsh2(options, shellCommand(options)), options, "ssh2");

/** The same by OpenSSH's own client. */
export const collectByClient = async (options: ClientProbeOptions): Promise<HostReading> =>
  collectOver(await connectByClient(options, shellCommand(options)), options, "system");

async function collectOver(
  connection: HostConnection | SshFailure,
  options: CollectOptions,
  transport: HostReading["transport"],
): Promise<HostReading> {
  if ("outcome" in connection) return { state: "failed", transport, ...connection };
  return collectHost(connection, options);
}

import type { CollectOptions, HostReading } from "./host-reading.ts";
import { logIn } from "./log-in.ts";
import { commandFor, limitsAfter, marksOf, scriptFor, toReading } from "./reading.ts";
import { runScript, startOn } from "./run-script.ts";

/** The limits of design section 4. */
export const SSH_LIMITS: CollectOptions["limits"] = {
  connectMs: 3_000,
  readyMs: 10_000,
  beginMs: 10_000,
  visitMs: 30_000,
  streamBytes: 16 * 1024 * 1024,
  stderrBytes: 64 * 1024,
};

/** Visits a host once: one connection, one command. Rejects only when told to stop. */
export async function collectHost(options: CollectOptions): Promise<HostReading> {
  const connection = await logIn(options);
  if (!("client" in connection)) return { state: "failed", ...connection };
  const loginKey = connection.identity?.fingerprint ?? null;
  try {
    const start = startOn(connection.client, commandFor(options), scriptFor(options, loginKey));
    const run = await runScript(
      { start, ...marksOf(options) },
      limitsAfter(options, connection.spentMs),
      options.signal,
    );
    return toReading(options, { loginKey, hostKey: connection.hostKey }, run);
  } finally {
    await connection.close();
  }
}

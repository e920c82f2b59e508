import { hashOf } from "#net/ssh/session/testing/session-requests.ts";
import { createTlsProber } from "#net/tls/probe-endpoint.ts";
import type { TlsTarget } from "#shared/model/hosts/target.ts";

/** SHA-256 of the certificate that a probe of ours sees there first; if none, the outcome. */
export async function servedBy(
  place: Pick<TlsTarget, "host" | "port" | "protocol"> & { serverName?: string },
): Promise<string> {
  const target = { kind: "tls" as const, serverName: null, ...place };
  const { outcome, chain } = await createTlsProber().probeEndpoint(target, AbortSignal.timeout(30_000));
  return chain[0] ? hashOf(chain[0]) : outcome;
}

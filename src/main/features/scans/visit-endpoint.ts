import { type Patience, tryPatiently } from "#net/retries.ts";
import type { TlsProber } from "#net/tls/probe-endpoint.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { ScanId } from "#shared/model/scan.ts";
import type { TlsTarget } from "#shared/model/target.ts";
import type { BroughtHome } from "./recording/brought-home.ts";

type Deps = {
  prober: TlsProber;
  patience: Patience;
  now: () => Date;
};

/** Greets an endpoint and takes the chain it presents. Rejects only when `signal` says stop. */
export async function visitEndpoint(
  { prober, patience, now }: Deps,
  { scanId, target, signal }: { scanId: ScanId; target: TlsTarget; signal: AbortSignal },
): Promise<BroughtHome> {
  const reading = await tryPatiently(() => prober.probeEndpoint(target, signal), patience, signal);
  const { outcome, message, chain, facts } = reading;
  const visited = { scanId, target, at: toInstant(now()), tookMs: Math.round(reading.tookMs) };
  if (outcome === "presented") return { kind: "chain", visited, chain, facts };
  return { kind: "met", visit: { ...visited, state: "failed", outcome, message, presented: null } };
}

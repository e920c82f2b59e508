import type { Kept } from "#connect/endpoint-routes.ts";
import { type Failure, isFailure } from "#net/connect-failure.ts";
import { type RetryPolicy, retry } from "#net/retries.ts";
import type { ProbeRequest, TlsProber } from "#net/tls/probe-endpoint.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { ScanId } from "#shared/model/scan.ts";
import type { TlsTarget } from "#shared/model/target.ts";
import type { BroughtHome } from "./recording/brought-home.ts";

type Deps = {
  prober: Pick<TlsProber, "probeEndpoint">;
  /** The way to it, held until it is disposed; absent: directly. */
  keepWay?: () => Promise<Kept | Failure>;
  retryPolicy: RetryPolicy;
  now: () => Date;
};

type Visit = { scanId: ScanId; target: TlsTarget; signal: AbortSignal; wish?: ProbeRequest };

/** Greets an endpoint and takes the chain it presents. Rejects only when `signal` says stop. */
export async function visitEndpoint(
  { prober, keepWay = goDirectly, retryPolicy, now }: Deps,
  { scanId, target, signal, wish }: Visit,
): Promise<BroughtHome> {
  const kept = await keepWay();
  if (isFailure(kept)) {
    const visited = { scanId, target, at: toInstant(now()), tookMs: 0 };
    return { kind: "met", visit: { ...visited, ...kept, state: "failed", presented: null } };
  }
  await using _open = kept;
  const { way } = kept;
  const reading = await retry(
    () => prober.probeEndpoint(target, signal, { ...wish, way }),
    retryPolicy,
    signal,
  );
  const { outcome, message, chain, facts, wire, addresses, offers, others } = reading;
  const visited = { scanId, target, at: toInstant(now()), tookMs: Math.round(reading.tookMs) };
  if (outcome !== "presented")
    return { kind: "met", visit: { ...visited, state: "failed", outcome, message, presented: null } };
  const said = way ? { ...facts, "reached through": way.name } : facts;
  return { kind: "chain", visited, chain, facts: said, wire, addresses, offers, others };
}

const goDirectly = async (): Promise<Kept> => ({
  way: null,
  [Symbol.asyncDispose]: async () => undefined,
});

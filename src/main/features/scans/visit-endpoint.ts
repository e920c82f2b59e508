import { findCertificateProblems, findEndpointProblems } from "#domain/findings/certificate-findings.ts";
import { expiringFrom } from "#domain/findings/expiry.ts";
import { type Patience, tryPatiently } from "#net/retries.ts";
import type { EndpointReading, TlsProber } from "#net/tls/probe-endpoint.ts";
import type { Certificate } from "#shared/model/certificate.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { ScanId } from "#shared/model/scan.ts";
import type { TlsTarget } from "#shared/model/target.ts";
import type { EndpointVisit, SeenCertificate } from "#store/visit.ts";

type Deps = {
  prober: TlsProber;
  patience: Patience;
  readCertificate: (der: Uint8Array) => Certificate | null;
  now: () => Date;
};

/** Greets an endpoint and reads the chain it presents. Rejects only when `signal` says stop. */
export async function visitEndpoint(
  { prober, patience, readCertificate, now }: Deps,
  { scanId, target, signal }: { scanId: ScanId; target: TlsTarget; signal: AbortSignal },
): Promise<EndpointVisit> {
  const reading = await tryPatiently(() => prober.probeEndpoint(target, signal), patience, signal);
  const visit = { scanId, target, at: toInstant(now()), tookMs: Math.round(reading.tookMs) };
  if (reading.outcome !== "presented") {
    return { ...visit, state: "failed", outcome: reading.outcome, message: reading.message, presented: null };
  }
  const { chain, unread } = readChain(reading, readCertificate);
  return {
    ...visit,
    state: unread.length > 0 ? "partial" : "ok",
    outcome: "presented",
    message: unread.join("; "),
    presented: { chain, facts: reading.facts, findings: judgeChain(target, chain) },
  };
}

function readChain({ chain }: EndpointReading, readCertificate: Deps["readCertificate"]) {
  const unread: string[] = [];
  const seen = chain.map((der, position) => {
    const certificate = readCertificate(der);
    if (!certificate) unread.push(`certificate ${position} of the chain cannot be read`);
    return certificate && toSeen(certificate, der);
  });
  return { chain: seen, unread };
}

function judgeChain(target: TlsTarget, chain: readonly (SeenCertificate | null)[]) {
  const certificates = chain.flatMap((seen) => seen?.certificate ?? []);
  return [...findEndpointProblems(target, chain), ...certificates.flatMap(findCertificateProblems)];
}

/** A certificate as the store takes it, with the instants from which its end needs attention. */
export function toSeen(certificate: Certificate, der: Uint8Array): SeenCertificate {
  const expiring = expiringFrom(certificate.notBefore, certificate.notAfter);
  return {
    certificate,
    der,
    warnFrom: expiring?.warnFrom ?? null,
    urgentFrom: expiring?.urgentFrom ?? null,
  };
}

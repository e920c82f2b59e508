import { readAuthorities } from "#domain/x509/names.ts";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import { readTimestamps } from "#domain/x509/timestamps.ts";
import type { EndpointReading } from "#net/tls/probe-endpoint.ts";
import type { EndpointFacts } from "#shared/model/endpoint.ts";
import type { Instant } from "#shared/model/instant.ts";

/** What a reading tells of its endpoint beside the chain, as it is said of one that is remembered. */
export function describeReading(
  { chain: [leaf], facts, wire, addresses, offers }: EndpointReading,
  at: Instant,
): EndpointFacts {
  const { staple, timestamps, authorities } = wire;
  return {
    facts,
    addresses: (addresses ?? []).map(({ address, outcome, message, chain: [first] }) => ({
      address,
      outcome,
      message,
      at,
      leaf: (first && readCertificate(first)?.sha256) ?? null,
    })),
    authorities: authorities && readAuthorities(authorities),
    offers: offers && { ...offers, at },
    timestamps: readTimestamps({ leaf: leaf ?? null, staple, list: timestamps }),
    stapleBytes: staple?.length ?? null,
  };
}

import { readAuthorities } from "#domain/x509/authorities.ts";
import type { WireBytes } from "#net/tls/greeting-reader.ts";
import type { Offers } from "#shared/model/offers.ts";
import type { BesideChain } from "#store/visit.ts";

/** What an endpoint sent beside its chain, as the store takes it. */
export const describeWire = (
  { staple, timestamps, authorities }: WireBytes,
  offers: Offers | null,
): BesideChain => ({
  staple,
  timestamps,
  offers,
  authorities: authorities && readAuthorities(authorities),
});

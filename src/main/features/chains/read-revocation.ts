import { type CertificateIndex, indexCertificates } from "#domain/x509/path/path-certificate.ts";
import {
  evaluateRevocation,
  type RevocationFacts,
  readRevocationFacts,
} from "#domain/x509/revocation/evaluate-revocation.ts";
import { readCrl } from "#domain/x509/revocation/read-crl.ts";
import type { Sha256 } from "#shared/model/certificate.ts";
import type { RevocationView, Revoked } from "#shared/model/trust.ts";
import type { Store } from "#store/store.ts";

export type Climb = (leaf: Uint8Array) => Uint8Array[];
type RevocationDeps = { store: Store; climb: Climb; now: () => Date };

type Speakers = Pick<RevocationDeps, "store" | "climb"> & { sent: ReturnType<Store["chains"]["sentWith"]> };

/** Whoever may have signed a certificate, or speak of its revocation: what is sent with it, stands above it, or is trusted. */
export function findSpeakers(leaf: Uint8Array, { store, climb, sent }: Speakers): CertificateIndex {
  const ders = sent.flatMap(({ chain }) => chain.map(({ der }) => der));
  return indexCertificates([...ders, ...climb(leaf), ...store.trust.ders("root")]);
}

/** What is known of the revocation of a certificate: by what endpoints staple, and by the lists that were given. */
export const createRevocationReader =
  ({ store, climb, now }: RevocationDeps) =>
  (sha256: Sha256, leaf: Uint8Array): { views: RevocationView[] } & RevocationFacts => {
    const sent = store.chains.sentWith(sha256);
    const staples = sent.map(({ host, port, serverName, staple }) => ({
      where: `${host}:${port}${serverName === "" ? "" : ` as ${serverName}`}`,
      staple,
    }));
    const pool = findSpeakers(leaf, { store, climb, sent });
    const lists = store.trust.ders("crl").flatMap((der) => readCrl(der) ?? []);
    const views = evaluateRevocation(leaf, { pool, lists, staples, at: now().getTime() });
    return { views: withKept(views, store.revoked.of(sha256)), ...readRevocationFacts(leaf) };
  };

/** What was said against it before, where nobody says it now. */
const withKept = (views: RevocationView[], kept: Revoked | null): RevocationView[] =>
  kept === null || views.some(({ state }) => state === "revoked")
    ? views
    : [{ state: "revoked", by: `${kept.by}, before`, sentence: kept.sentence }, ...views];

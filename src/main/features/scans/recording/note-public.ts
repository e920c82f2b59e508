import { indexCertificates } from "#domain/x509/path/certificate-index.ts";
import { isOfPublicAuthority } from "#domain/x509/path/find-issuer-class.ts";
import type { RecordingStore } from "#store/recording-store.ts";
import type { EndpointVisit, HostVisit, SeenCertificate } from "#store/visit.ts";
import { publicRoots } from "./public-roots.ts";

type Chain = readonly (SeenCertificate | null)[];

/** Which certificates were looked at, by their hash and what they were sent with: a fleet serves few from many places. */
const looked = new Map<string, boolean | null>();
const MOST_KEPT = 10_000;

/** Notes of a leaf whether a public authority stands above it, within the transaction of the visit. */
export function notePublic(
  { chains }: Pick<RecordingStore, "chains">,
  visit: EndpointVisit | HostVisit,
): void {
  const chain = "presented" in visit ? (visit.presented?.chain ?? []) : [];
  const [leaf] = chain;
  if (!leaf) return;
  const isPublic = lookAt(leaf, chain);
  if (isPublic !== null) chains.markPublic(leaf.certificate.sha256, isPublic);
}

function lookAt(leaf: SeenCertificate, chain: Chain): boolean | null {
  const sent = chain.flatMap((each) => each ?? []);
  const key = sent.map(({ certificate }) => certificate.sha256).join(" ");
  const known = looked.get(key);
  if (known !== undefined) return known;
  const isPublic = isOfPublicAuthority(
    leaf.der,
    indexCertificates(sent.map(({ der }) => der)),
    publicRoots(),
  );
  if (looked.size >= MOST_KEPT) looked.delete(looked.keys().next().value ?? "");
  looked.set(key, isPublic);
  return isPublic;
}

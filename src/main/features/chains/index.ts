import { implement } from "@orpc/server";
import { describeChain } from "#domain/x509/path/chain-reason.ts";
import { ANY_POLICY_WILL_DO, evaluateChain } from "#domain/x509/path/evaluate-chain.ts";
import { createClimber } from "#domain/x509/path/find-issuer.ts";
import { type CertificateIndex, indexCertificates } from "#domain/x509/path/path-certificate.ts";
import { chains } from "#shared/contract/certificates.ts";
import type { Announcement } from "#shared/contract/events.ts";
import type { Sha256 } from "#shared/model/certificates/certificate.ts";
import type { ChainView, Profile, StoreVerdict } from "#shared/model/certificates/chain.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Store } from "#store/store.ts";
import { createResponderAsker, createRevocationNotes, createRevocationReader } from "./revocation.ts";
import { createRootStores, createTrust, type RootStore } from "./trust.ts";

type Deps = { store: Store; announce: (announcement: Announcement) => void; now: () => Date };

/**
 * The chains above a certificate, and the root stores that trust it. They are evaluated at each request, since dates
 * and roots change.
 */
export function createChains({ store, announce, now }: Deps) {
  const os = implement(chains);
  const readStores = createRootStores(store);
  const climb = createClimber(store.chains.named);
  const notes = createRevocationNotes({ store, climb, now });
  const trust = createTrust({ store, announce, now, notes });
  const readRevocation = createRevocationReader({ store, climb, now });
  const queryResponders = createResponderAsker({ store, climb, now, notes, announce });
  const procedures = {
    read: os.read.handler(({ input }) => read(input.sha256)),
    revocation: os.revocation.handler(({ input }) => readRevocation(input.sha256, findDer(input.sha256))),
    trusted: os.trusted.handler(() => store.trust.list()),
    trust: os.trust.handler(({ input }) => trust.give(input)),
    fetchLists: os.fetchLists.handler(({ input }) => trust.fetchLists(findDer(input.sha256), input.hosts)),
    queryResponders: os.queryResponders.handler(async ({ input }) => ({
      views: await queryResponders(input.sha256, findDer(input.sha256), input.hosts),
    })),
    distrust: os.distrust.handler(({ input }) => trust.remove(input.sha256)),
  };
  return {
    procedures,
    rootStores: readStores,
    /** Adds roots, or revocation lists, of ours (PEM) to those that verdicts use. */
    async trustPem(kind: "root" | "crl", name: string, pem: string): Promise<void> {
      await trust.give({ kind, name, base64: Buffer.from(pem).toString("base64") });
    },
  };

  function findDer(sha256: Sha256): Uint8Array {
    const found = store.certificates.find(sha256, now());
    if (!found) throw new Refusal("not-found", `there is no certificate ${sha256}; it was never seen`);
    return found.der;
  }

  async function read(sha256: Sha256): Promise<{ chains: ChainView[]; isPublic: boolean | null }> {
    const leaf = findDer(sha256);
    const stores = await readStores();
    const isPublic = store.chains.isPublic(sha256);
    const evaluateBelow = (pool: CertificateIndex) =>
      stores.map((roots) => evaluateAgainst(leaf, pool, roots, profileOf(roots, isPublic)));
    const sent = store.chains.sentWith(sha256).map(({ chain, host, port, serverName, lastSeen }) => {
      const pool = indexCertificates(chain.map(({ der }) => der));
      const endpoint = { host, port, serverName, lastSeen };
      return { endpoint, links: describeChain(chain), verdicts: evaluateBelow(pool) };
    });
    if (sent.length > 0) return { chains: sent, isPublic };
    const above = indexCertificates(climb(leaf));
    const known = [{ sha256, der: leaf }, ...above.all.filter((each) => each.sha256 !== sha256)];
    const links = describeChain(known);
    return { chains: [{ endpoint: null, links, verdicts: evaluateBelow(above) }], isPublic };
  }

  /** Evaluates for TLS in either role, for the role of the certificate is not known. Names have a rule of their own. */
  function evaluateAgainst(
    leaf: Uint8Array,
    pool: CertificateIndex,
    { store: name, source, roots }: RootStore,
    profile: Profile,
  ): StoreVerdict {
    const options = {
      at: now().getTime(),
      purpose: null,
      name: null,
      policy: ANY_POLICY_WILL_DO,
      mostIntermediates: null,
    };
    const evaluation =
      roots.all.length === 0
        ? null
        : evaluateChain({ leaf, pool, roots, options, profile, revocationLists: null });
    return { store: name, source, rootCount: roots.all.length, evaluation };
  }
}

/**
 * Mozilla's roots are public. The system's may contain private roots, and the user's roots owe the Baseline
 * Requirements nothing.
 */
function profileOf({ store }: RootStore, isPublic: boolean | null): Profile {
  if (store === "mozilla" || (store === "system" && isPublic === true)) return "webpki";
  return "rfc5280";
}

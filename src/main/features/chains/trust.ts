import { readPem } from "#codec/pem.ts";
import { type CertificateIndex, indexCertificates } from "#domain/x509/path/path-certificate.ts";
import { readListFile, readRootFile, type Trusted } from "#domain/x509/path/trusted-roots.ts";
import { readRevocationFacts } from "#domain/x509/revocation/evaluate-revocation.ts";
import { readCrl } from "#domain/x509/revocation/read-crl.ts";
import { fetchList } from "#net/trust/fetch-by-http.ts";
import { type RootFile, readMozillaRoots, readSystemRoots } from "#net/trust/read-roots.ts";
import type { Announcement } from "#shared/contract/events.ts";
import type { TrustItem, TrustStore } from "#shared/model/certificates/chain.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Store } from "#store/store.ts";
import type { RevocationNotes } from "./revocation.ts";

/** Trusted roots; `source` says where they are from. */
export type RootStore = { store: TrustStore; source: string; roots: CertificateIndex };

/** Mozilla's roots, opened once: they change only with the runtime. */
const createMozillaRoots = (): (() => RootStore) => {
  let opened: RootStore | null = null;
  return () => {
    opened ??= open("mozilla", readMozillaRoots());
    return opened;
  };
};

/**
 * The root stores that chains are evaluated against, side by side. The system's is read anew each time: its
 * administrator may change it.
 */
export function createRootStores({ trust }: Store) {
  const mozilla = createMozillaRoots();
  return async (): Promise<RootStore[]> => {
    const system = await readSystemRoots();
    const yours = indexCertificates(trust.ders("root"));
    return [
      mozilla(),
      system
        ? open("system", system)
        : { ...NOTHING, store: "system", source: "this system's were not found" },
      {
        store: "yours",
        source: yours.all.length > 0 ? "those that you gave" : "you gave none",
        roots: yours,
      },
    ];
  };
}

const NOTHING = { roots: indexCertificates([]) };

const open = (store: TrustStore, { source, pem }: RootFile): RootStore => ({
  store,
  source,
  roots: indexCertificates(readPem(pem).ders),
});

type Deps = {
  store: Store;
  announce: (announcement: Announcement) => void;
  now: () => Date;
  notes: RevocationNotes;
};
type TrustUpload = { kind: TrustItem["kind"]; name: string; base64: string };

type FetchedLists = { added: number; known: number; failed: { address: string; why: string }[] };

/** A certificate usually names one or two. */
const MOST_LISTS = 4;

const READ = { root: readRootFile, crl: readListFile } as const;
const NAMES = { root: "certificate", crl: "revocation list" } as const;

/** The roots and revocation lists that the user adds and removes. */
export function createTrust({ store, announce, now, notes }: Deps) {
  return {
    async give({ kind, name, base64 }: TrustUpload): Promise<{ added: number; known: number }> {
      const items = READ[kind](Buffer.from(base64, "base64"));
      if (items.length === 0)
        throw new Refusal("invalid-input", `${name} holds no ${NAMES[kind]}; give a file of PEM or DER`);
      return keep(items, kind, name);
    },

    /** Fetches each list that a certificate names, up to the limit. A failure does not affect the others. */
    async fetchLists(der: Uint8Array, hosts: readonly string[]): Promise<FetchedLists> {
      const result: FetchedLists = { added: 0, known: 0, failed: [] };
      for (const address of readRevocationFacts(der).lists.slice(0, MOST_LISTS)) {
        const fetched = await fetchList(address, hosts);
        const items = fetched.kind === "fetched" ? readListFile(fetched.bytes) : [];
        const { added, known } = await keep(items, "crl", address);
        result.added += added;
        result.known += known;
        const why = fetched.kind === "failed" ? fetched.why : "what is there is no revocation list";
        if (items.length === 0) result.failed.push({ address, why });
      }
      if (await dropOldLists(store, now())) announce({ kind: "trust-changed" });
      return result;
    },

    async remove(sha256: string): Promise<Record<string, never>> {
      let isOtherwise = false;
      const isGone = await store.queueWrite(() => {
        if (!store.trust.remove(sha256)) return false;
        store.events.append({ at: toInstant(now()), kind: "trust-revoked", detail: { sha256 } });
        isOtherwise = notes.listsRemoved();
        return true;
      });
      if (!isGone)
        throw new Refusal("not-found", `there is no root or revocation list ${sha256}; list them again`);
      announce({ kind: "trust-changed" });
      if (isOtherwise) announce({ kind: "findings-changed" });
      return {};
    },
  };

  async function keep(items: readonly Trusted[], kind: TrustItem["kind"], source: string) {
    const addedAt = toInstant(now());
    let isOtherwise = false;
    const added = await store.queueWrite(() => {
      const fresh = items.filter((item) => store.trust.add({ ...item, kind, source, addedAt }));
      const detail = { kind, source, items: fresh.map(({ sha256 }) => sha256) };
      if (fresh.length > 0) store.events.append({ at: addedAt, kind: "trust-granted", detail });
      isOtherwise = kind === "crl" && notes.listsAdded(fresh.map(({ der }) => der));
      return fresh.length;
    });
    if (added > 0) announce({ kind: "trust-changed" });
    if (isOtherwise) announce({ kind: "findings-changed" });
    return { added, known: items.length - added };
  }
}

/** A list is dropped so long after its next update was due: by then it is of no use. */
const KEPT_MS = 30 * 86_400_000;

/**
 * Drops lists that were fetched and are long outdated, and returns whether there were any. Lists from files stay.
 * Revocations from a dropped list stay, too: its age does not cancel them.
 */
async function dropOldLists(store: Store, now: Date): Promise<boolean> {
  const fetched = store.trust.list().filter(({ kind, source }) => kind === "crl" && /^https?:/.test(source));
  const old = fetched.map(({ sha256 }) => sha256).filter((sha256) => isOld(store.trust.der(sha256), now));
  if (old.length === 0) return false;
  await store.queueWrite(() => {
    for (const sha256 of old) store.trust.remove(sha256);
    store.events.append({ at: toInstant(now), kind: "trust-outdated", detail: { items: old } });
  });
  return true;
}

function isOld(der: Uint8Array | null, now: Date): boolean {
  const nextUpdate = (der && readCrl(der)?.nextUpdate) ?? null;
  return nextUpdate !== null && nextUpdate + KEPT_MS < now.getTime();
}

import { readPem } from "#codec/pem.ts";
import { type CertificateIndex, indexCertificates } from "#domain/x509/path/path-certificate.ts";
import { type RootFile, readMozillaRoots, readSystemRoots } from "#net/trust/read-roots.ts";
import type { TrustStore } from "#shared/model/trust.ts";
import type { Store } from "#store/store.ts";

/** Roots that somebody trusts; `source` says where they are from. */
export type RootStore = { store: TrustStore; source: string; roots: CertificateIndex };

/** Mozilla's roots, opened once: they change with the runtime alone. */
export const createMozillaRoots = (): (() => RootStore) => {
  let opened: RootStore | null = null;
  return () => {
    opened ??= open("mozilla", readMozillaRoots());
    return opened;
  };
};

/** The stores that chains are judged by, side by side. The system's is read anew each time: its administrator may change it. */
export function createRootStores({ trust }: Pick<Store, "trust">) {
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

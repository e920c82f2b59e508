import { implement } from "@orpc/server";
import { printPem } from "#domain/x509/pem.ts";
import { certificates } from "#shared/contract/certificates.ts";
import type { CertificateDetail, Sha256 } from "#shared/model/certificate.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Store } from "#store/store.ts";

type Deps = { store: Store; now: () => Date };

export function createCertificates({ store, now }: Deps) {
  const os = implement(certificates);
  return {
    list: os.list.handler(({ input }) => store.certificates.list({ ...input, now: now() })),
    find: os.find.handler(({ input }) => find(input.sha256)),
  };

  function find(sha256: Sha256): CertificateDetail {
    const found = store.certificates.find(sha256, now());
    if (!found) throw new Refusal("not-found", `there is no certificate ${sha256}; it was never seen`);
    const { der, ...certificate } = found;
    return { ...certificate, pem: printPem(der) };
  }
}

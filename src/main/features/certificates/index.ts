import { implement } from "@orpc/server";
import { viewOf } from "#codec/der.ts";
import { printPem } from "#codec/pem.ts";
import { readAsn1Level } from "#domain/x509/asn1-tree.ts";
import { certificates } from "#shared/contract/certificates.ts";
import type { CertificateDetail, Sha256 } from "#shared/model/certificates/certificate.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Store } from "#store/store.ts";

type Deps = { store: Store; now: () => Date };

export function createCertificates({ store, now }: Deps) {
  const os = implement(certificates);
  return {
    list: os.list.handler(({ input }) => store.certificates.list({ ...input, now: now() })),
    find: os.find.handler(({ input }) => find(input.sha256)),
    asn1: os.asn1.handler(({ input: { sha256, offset, skip, limit } }) =>
      readAsn1Level(viewOf(findOrRefuse(sha256).der), offset, { skip, most: limit }),
    ),
  };

  function findOrRefuse(sha256: Sha256) {
    const found = store.certificates.find(sha256, now());
    if (!found) throw new Refusal("not-found", `there is no certificate ${sha256}; it was never seen`);
    return found;
  }

  function find(sha256: Sha256): CertificateDetail {
    const { der, ...certificate } = findOrRefuse(sha256);
    return { ...certificate, pem: printPem(der) };
  }
}

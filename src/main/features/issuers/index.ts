import { implement } from "@orpc/server";
import { printPem } from "#codec/pem.ts";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import type { OrderCertificate } from "#net/challenges/challenge.ts";
import type { Vault } from "#net/vault/vault.ts";
import type { Announcement } from "#shared/contract/events.ts";
import { ISSUED_SHOWN, issuers } from "#shared/contract/issuers.ts";
import type { IssuerKind } from "#shared/model/issuers/issuer.ts";
import type { Store } from "#store/store.ts";
import { createIssuerAdding } from "./add-issuers.ts";
import { createAcmeCertificates, createRevocation } from "./issued-certificates.ts";
import { createIssuerActions } from "./issuer-actions.ts";
import { createChallengeSetting, createIssuerSetting } from "./issuer-settings.ts";
import { createAcmeIssuer } from "./kinds/acme.ts";
import { type IssuerDriver, manualIssuer } from "./kinds/issuer-kind.ts";
import { createLocalIssuer, type LocalIssuer } from "./kinds/local.ts";
import { findIssuer, showAdded, showIssuer } from "./show-issuer.ts";

type Deps = {
  store: Store;
  vault: Vault;
  announce: (announcement: Announcement) => void;
  now: () => Date;
  /** Adds a root, or revocation lists, of ours (PEM) to those that verdicts use. */
  trust: (kind: "root" | "crl", name: string, pem: string) => Promise<void>;
};

/** The issuers that sign certificates for us, and the requests to them. */
export function createIssuers({ announce, trust, ...deps }: Deps) {
  const { store } = deps;
  const local = createLocalIssuer(deps);
  const acme = createAcmeIssuer(deps);
  const drivers: Record<IssuerKind, IssuerDriver> = { local, acme, csr: manualIssuer };
  const adding = createIssuerAdding({ ...deps, giveRoot: (name, pem) => trust("root", name, pem) });
  const giveList = (name: string, pem: string) => trust("crl", name, pem);
  const revocation = createRevocation({ ...deps, local, giveList });
  const elsewhere = createAcmeCertificates({ ...deps, acme });
  const actions = createIssuerActions({ ...deps, drivers, local });
  const setChallenge = createChallengeSetting(deps);
  const set = createIssuerSetting(deps);
  const find = (name: string) => findIssuer(store, name);
  const announced = <Result>(result: Result): Result => {
    announce({ kind: "issuers-changed" });
    return result;
  };

  const order: OrderCertificate = async (id, csr, options) => {
    const issuer = store.issuers.find(id);
    if (!issuer) return { kind: "refused", message: "the issuer was removed; plan it with another one" };
    return announced(await drivers[issuer.kind].order(issuer, csr, options));
  };

  const os = implement(issuers);
  return {
    order,
    known: () => store.issuers.all().map((row) => showIssuer(store, row)),
    /** When the issuer wants one of its certificates to be renewed. */
    renewal: (name: string, certificate: string) => elsewhere.renewal(find(name), certificate),
    /** The DNS hook programs of all issuers. */
    async listPrograms(): Promise<string[]> {
      return store.issuers
        .all()
        .map((row) => showIssuer(store, row))
        .flatMap((issuer) =>
          issuer.kind === "acme" && issuer.challenge?.kind === "dns-hook" ? [issuer.challenge.program] : [],
        );
    },
    procedures: {
      ...listsBy({ store, local, elsewhere }),
      addLocal: os.addLocal.handler(async ({ input }) =>
        announced(showAdded(store, await adding.addLocal(input))),
      ),
      importLocal: os.importLocal.handler(async ({ input }) =>
        announced(showAdded(store, await adding.importLocal(input))),
      ),
      addAcme: os.addAcme.handler(async ({ input }) =>
        announced(showAdded(store, await adding.addAcme(input))),
      ),
      addCsr: os.addCsr.handler(async ({ input }) => announced(showAdded(store, await adding.addCsr(input)))),
      setChallenge: os.setChallenge.handler(async ({ input }) => {
        await setChallenge(find(input.name), input.challenge);
        return announced(showIssuer(store, find(input.name)));
      }),
      set: os.set.handler(async ({ input }) => {
        await set(find(input.name), input.settings);
        return announced(showIssuer(store, find(input.name)));
      }),
      remove: os.remove.handler(async ({ input }) => announced(await actions.remove(find(input.name)))),
      test: os.test.handler(async ({ input }) =>
        announced(await actions.test(find(input.name), input.tryName)),
      ),
      sign: os.sign.handler(async ({ input }) => announced(await actions.sign(find(input.name), input))),
      revoke: os.revoke.handler(async ({ input: { name, certificate, reason } }) => {
        const issuer = find(name);
        const by = issuer.kind === "acme" ? elsewhere : revocation;
        return announced(await by.revoke(issuer, certificate, reason));
      }),
      revocationList: os.revocationList.handler(({ input }) =>
        revocation.makeLists(find(input.name), input.days),
      ),
    },
  };
}

type Lists = { store: Store; local: LocalIssuer; elsewhere: ReturnType<typeof createAcmeCertificates> };

/** Procedures that only read. */
function listsBy({ store, local, elsewhere }: Lists) {
  const os = implement(issuers);
  const find = (name: string) => findIssuer(store, name);
  return {
    known: os.known.handler(() => store.issuers.all().map((row) => showIssuer(store, row))),
    issued: os.issued.handler(({ input }) => {
      const issuer = find(input.name);
      local.authorityOf(issuer);
      return store.issuers.local.issued(issuer.id, ISSUED_SHOWN);
    }),
    renewal: os.renewal.handler(({ input }) => elsewhere.renewal(find(input.name), input.certificate)),
    root: os.root.handler(({ input }) => {
      const { root, intermediate } = local.authorityOf(find(input.name));
      return { root: printPem(root), intermediate: printPem(intermediate), sha256: hashOf(root) };
    }),
  };
}

function hashOf(der: Uint8Array) {
  const certificate = readCertificate(der);
  if (!certificate) throw new Error("the root of an authority of ours cannot be read");
  return certificate.sha256;
}

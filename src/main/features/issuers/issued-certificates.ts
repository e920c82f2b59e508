import { writePem } from "#codec/pem.ts";
import { makeRevocationList, REASON_CODES } from "#domain/issuing/authority.ts";
import { readCrl } from "#domain/x509/revocation/read-crl.ts";
import type { Vault } from "#net/vault/vault.ts";
import { addDays, toInstant } from "#shared/model/instant.ts";
import type { IssuedCertificate, RevocationReason } from "#shared/model/issuers/issuer.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { IssuerRow } from "#store/issuers/issuer-store.ts";
import type { Store } from "#store/store.ts";
import type { AcmeIssuer } from "./kinds/acme.ts";
import { intermediateOf, type LocalIssuer, rootOf } from "./kinds/local.ts";

type Deps = {
  store: Store;
  vault: Vault;
  local: LocalIssuer;
  now: () => Date;
  /** Adds our revocation lists to those that verdicts use. */
  giveList: (name: string, pem: string) => Promise<void>;
};

/** Revokes certificates of our own authorities, and makes their CRLs. */
export function createRevocation({ store, vault, local, now, giveList }: Deps) {
  return { revoke, makeLists };

  async function revoke(
    issuer: IssuerRow,
    which: string,
    reason: RevocationReason,
  ): Promise<IssuedCertificate> {
    local.authorityOf(issuer);
    const at = toInstant(now());
    const { serial, sha256 } = findIssued(issuer, which);
    await store.queueWrite(() => {
      if (!store.issuers.local.revoke({ issuer: issuer.id, serial, at, reason })) return;
      const detail = { issuer: issuer.name, serial, sha256, reason };
      store.events.append({ at, kind: "certificate-revoked", detail });
    });
    return findIssued(issuer, serial);
  }

  function findIssued({ id, name }: IssuerRow, which: string): IssuedCertificate {
    const hex = which.replaceAll(":", "");
    const found =
      store.issuers.local.findIssued(id, hex.toLowerCase()) ??
      store.issuers.local.findIssued(id, hex.toUpperCase());
    if (found) return found;
    throw new Refusal(
      "not-found",
      `${name} has signed no certificate ${which}; latchkey issuers issued ${name} lists what it has`,
    );
  }

  /** The CRL number is stored before the list is signed: two lists with one number would be taken for the same. */
  async function makeLists(issuer: IssuerRow, days: number) {
    const authority = local.authorityOf(issuer);
    const at = now();
    const revoked = store.issuers.local
      .revoked(issuer.id)
      .flatMap(({ serial, revokedAt, reason }) =>
        revokedAt && reason ? [{ serial, at: revokedAt, reason }] : [],
      );
    const number = await store.queueWrite(() =>
      store.issuers.local.takeListNumber(issuer.id, Math.floor(at.getTime() / 1_000)),
    );
    const request = { number, now: at, days };
    const ofLeaves = await makeRevocationList({ ...request, revoked }, intermediateOf(vault, authority));
    const root = rootOf(vault, authority);
    const ofRoot = root && (await makeRevocationList({ ...request, revoked: [] }, root));
    const pem = [ofLeaves, ...(ofRoot ? [ofRoot] : [])].map(printList).join("");
    await giveList(`lists of ${issuer.name}`, pem);
    const detail = { issuer: issuer.name, number, revoked: revoked.length };
    await store.queueWrite(() => store.events.append({ at: toInstant(at), kind: "list-issued", detail }));
    return { pem, revoked: revoked.length, number, nextUpdate: toInstant(addDays(at, days)) };
  }
}

function printList(der: Uint8Array): string {
  if (!readCrl(der)) throw new Error("a revocation list of ours cannot be read");
  return writePem("X509 CRL", der);
}

type AcmeCertificateDeps = { store: Store; acme: AcmeIssuer; now: () => Date };

/** Requests to an ACME directory about certificates of its own that were seen somewhere. */
export function createAcmeCertificates({ store, acme, now }: AcmeCertificateDeps) {
  return { revoke, renewal };

  async function revoke(
    issuer: IssuerRow,
    which: string,
    reason: RevocationReason,
  ): Promise<IssuedCertificate> {
    const { der, serial, sha256, names, notBefore, notAfter } = find(which);
    const revoked = await acme.revoke(issuer, { der, reason: REASON_CODES[reason] });
    if (revoked.kind === "refused") throw new Refusal("unreachable", revoked.message);
    const at = toInstant(now());
    const detail = { issuer: issuer.name, serial, sha256, reason };
    await store.queueWrite(() => store.events.append({ at, kind: "certificate-revoked", detail }));
    const dates = { issuedAt: notBefore ?? at, notAfter: notAfter ?? at };
    return { serial, sha256, names: [...names], ...dates, revokedAt: at, reason };
  }

  async function renewal(issuer: IssuerRow, which: string) {
    const { name, kind } = issuer;
    if (kind !== "acme")
      throw new Refusal(
        "invalid-input",
        `${name} is no ACME directory (${kind}), and says nothing of renewal; latchkey issuers list says which are`,
      );
    const said = await acme.renewal(issuer, find(which).der, new AbortController().signal);
    if (said.kind === "refused") throw new Refusal("unreachable", said.message);
    return { window: said.kind === "window" ? said.window : null };
  }

  function find(which: string) {
    const certificate = store.certificates.find(which.replaceAll(":", "").toLowerCase(), now());
    if (certificate) return certificate;
    throw new Refusal(
      "not-found",
      `no certificate ${which} was seen anywhere; give its SHA-256, as latchkey certificates lists it`,
    );
  }
}

import { REASON_CODES } from "#domain/issuing/authority.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { IssuedCertificate, RevocationReason } from "#shared/model/issuer.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { IssuerRow } from "#store/issuers/issuer-store.ts";
import type { Store } from "#store/store.ts";
import type { AcmeDesk } from "./kinds/acme.ts";

type AcmeCertificateDeps = { store: Store; acme: AcmeDesk; now: () => Date };

/** What is asked of an ACME directory about certificates of its own that were seen somewhere. */
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
    await store.inTurn(() => store.events.append({ at, kind: "certificate-revoked", detail }));
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

import { readCertificate } from "#domain/x509/read-certificate.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { Issuer, IssuerId } from "#shared/model/issuers/issuer.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { AcmeAccount, IssuerRow } from "#store/issuers/issuer-store.ts";
import type { Store } from "#store/store.ts";

/** An issuer with its public settings. */
export function showIssuer({ issuers }: Store, { kind, note, ...row }: IssuerRow): Issuer {
  switch (kind) {
    case "csr":
      return { ...row, kind, note };
    case "local": {
      const authority = there(issuers.local.find(row.id));
      const { permitted, daysValid } = authority;
      return {
        ...row,
        kind,
        daysValid,
        permitted: [...permitted],
        root: showOwn(authority.root),
        intermediate: showOwn(authority.intermediate),
        ...issuers.local.count(row.id),
      };
    }
    case "acme": {
      const { roots, contacts, ...account } = there(issuers.acme.find(row.id));
      return {
        ...pick(account),
        ...row,
        kind,
        contacts: [...contacts],
        hasRoots: roots !== null,
      };
    }
    default:
      return assertNever(kind);
  }
}

/** Without the numbers of entries in the vault. */
const pick = ({ directory, account, agreesToTerms, eabKeyId, profile, challenge }: Public) => ({
  directory,
  account,
  agreesToTerms,
  eabKeyId,
  profile,
  challenge,
});
type Public = Omit<AcmeAccount, "roots" | "contacts">;

export function showAdded(store: Store, id: IssuerId): Issuer {
  return showIssuer(store, there(store.issuers.find(id)));
}

export function findIssuer({ issuers }: Store, name: string): IssuerRow {
  const issuer = issuers.findByName(name);
  if (issuer) return issuer;
  throw new Refusal("not-found", `there is no issuer ${name}; latchkey issuers list names them`);
}

function there<T>(row: T | null): T {
  if (row === null) throw new Error("an issuer is there, with the settings of its kind");
  return row;
}

function showOwn(der: Uint8Array) {
  const certificate = readCertificate(der);
  if (!certificate?.notAfter) throw new Error("a certificate of an authority of ours cannot be read");
  const { sha256, subject, notAfter } = certificate;
  return { sha256, subject, notAfter };
}

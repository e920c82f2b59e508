import { hash } from "node:crypto";
import { readCrl } from "#domain/x509/revocation/read-crl.ts";
import { readCrlFile } from "#domain/x509/revocation/read-crl-file.ts";
import { labelOf, labelOfName } from "./chain-reason.ts";
import { openCertificate } from "./path-certificate.ts";
import { readRoots } from "./trust-settings.ts";

/** A root or a revocation list as it is kept: its hash, its name for people, its DER. */
export type Trusted = { sha256: string; label: string; der: Uint8Array };

/** The roots of a file, PEM or DER. Left out is what is no certificate, and what the file itself trusts for no use in TLS. */
export const readRootFile = (bytes: Uint8Array): Trusted[] =>
  readRoots(bytes, null).roots.flatMap((each) => {
    const certificate = openCertificate(each);
    if (!certificate) return [];
    const { sha256, der } = certificate;
    return { sha256, label: labelOf(certificate), der };
  });

/** The revocation lists of a file, PEM or DER. What is none is left out. */
export const readListFile = (bytes: Uint8Array): Trusted[] =>
  readCrlFile(bytes).flatMap((der) => {
    const list = readCrl(der);
    if (!list) return [];
    return {
      sha256: hash("sha256", der, "hex"),
      label: labelOfName(list.issuerDer) ?? "an issuer without a name",
      der,
    };
  });

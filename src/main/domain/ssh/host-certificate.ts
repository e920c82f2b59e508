/**
 * Host certificates of OpenSSH (PROTOCOL.certkeys), evaluated as ssh evaluates them for a `@cert-authority` line, with
 * two choices on the safe side: a certificate that names no host is for none (OpenSSH before 10.3: for all), and a
 * signature by RSA with SHA-1 is not accepted.
 *
 * A certificate is public. The host shows that it has the private key in the handshake in which it presents the
 * same key without a certificate: that key is `presented`.
 */

import { openFields, toField } from "#codec/ssh-wire.ts";
import { isSignedBy } from "#domain/signatures/ssh-signature.ts";
import { type PublicKey, readKeyBlob, typeInCertificate } from "./key-blob.ts";
import { findRevocation, type KnownHost, type KnownHostsFiles } from "./known-hosts.ts";
import { matchesPattern } from "./patterns.ts";

export type HostCertificate = {
  /** The host's key, as the host presents it without a certificate. */
  key: PublicKey;
  serial: bigint;
  kind: "user" | "host" | "unknown";
  keyId: string;
  principals: string[];
  /** Both in seconds since the epoch; `validBefore` itself is no longer valid. */
  validAfter: bigint;
  validBefore: bigint;
  criticalOptions: string[];
  authority: PublicKey;
  /** The bytes that the authority has signed, and its signature. */
  signed: Uint8Array;
  signature: Uint8Array;
};

export type HostCertificateEvaluation =
  | { kind: "trusted"; where: string; keyId: string; serial: string }
  | { kind: "invalid"; why: string }
  | { kind: "revoked"; where: string }
  /** It may be good, but we cannot verify its kind of signature. */
  | { kind: "unsupported"; why: string };

/** How many fields a key of each type has in a certificate, between the nonce and the serial. */
const KEY_FIELDS: Readonly<Record<string, number>> = {
  "ssh-ed25519": 1,
  "ssh-rsa": 2,
  "ecdsa-sha2-nistp256": 2,
  "ecdsa-sha2-nistp384": 2,
  "ecdsa-sha2-nistp521": 2,
};
const SERIAL_AND_KIND = 8 + 4;
const VALIDITY = 8 + 8;
const KINDS = ["unknown", "user", "host"] as const;

/** The certificate in the blob; null when it is none, or of a key type that we do not offer to hosts. */
export function readHostCertificate(blob: Uint8Array): HostCertificate | null {
  const fields = openFields(blob);
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const keyType = typeInCertificate(fields.text() ?? "");
  const count = keyType && Object.hasOwn(KEY_FIELDS, keyType) ? KEY_FIELDS[keyType] : undefined;
  if (!keyType || !count || !readKeyBlob(blob)) return null;

  const nonce = fields.octets();
  for (let index = 0; index < count; index++) fields.octets();
  fields.skip(SERIAL_AND_KIND);
  const keyId = fields.octets();
  const principals = fields.octets();
  fields.skip(VALIDITY);
  const criticalOptions = fields.octets();
  fields.octets();
  fields.octets();
  const authorityBlob = fields.octets();
  const signature = fields.octets();
  if (!nonce || !keyId || !principals || !criticalOptions || !authorityBlob || !signature) return null;

  const end = (field: Uint8Array) => field.byteOffset - blob.byteOffset + field.length;
  const serialAt = end(keyId) - keyId.length - 4 - SERIAL_AND_KIND;
  const name = toField(Buffer.from(keyType, "latin1"));
  const key = readKeyBlob(Buffer.concat([name, blob.subarray(end(nonce), serialAt)]));
  const authority = readKeyBlob(authorityBlob);
  if (!key || !authority) return null;
  return {
    key,
    serial: view.getBigUint64(serialAt),
    kind: KINDS[view.getUint32(serialAt + 8)] ?? "unknown",
    keyId: toText(keyId),
    principals: readTexts(principals),
    validAfter: view.getBigUint64(end(principals)),
    validBefore: view.getBigUint64(end(principals) + 8),
    criticalOptions: readTexts(criticalOptions).filter((_, index) => index % 2 === 0),
    authority,
    signed: blob.subarray(0, end(authorityBlob)),
    signature,
  };
}

type HostCertificateQuery = {
  host: string;
  port: number;
  /** The certificate, as the host showed it. */
  blob: Uint8Array;
  /** The plain host key that the host presents in the connection that the certificate shall make trusted. */
  presented: Uint8Array;
  authorities: readonly KnownHost[];
  now: Date;
};

export function evaluateHostCertificate(
  query: HostCertificateQuery,
  knowledge: KnownHostsFiles,
): HostCertificateEvaluation {
  const certificate = readHostCertificate(query.blob);
  if (!certificate) return { kind: "unsupported", why: "its host certificate cannot be read" };
  const revoked = findRevocation(query, [certificate.key, certificate.authority], knowledge);
  if (revoked) return { kind: "revoked", where: revoked.where };

  const authority = query.authorities.find(
    ({ key }) => key.fingerprint === certificate.authority.fingerprint,
  );
  const signer = `${certificate.authority.keyType} ${certificate.authority.fingerprint}`;
  if (!authority)
    return {
      kind: "invalid",
      why: `its host certificate is signed by ${signer}, which is not trusted for it`,
    };
  const why = findFault(certificate, query);
  if (why) return { kind: "invalid", why };

  switch (isSignedBy(certificate.authority, certificate.signed, certificate.signature)) {
    case "yes":
      return {
        kind: "trusted",
        where: authority.where,
        keyId: certificate.keyId,
        serial: String(certificate.serial),
      };
    case "no":
      return { kind: "invalid", why: "the signature of its host certificate is wrong" };
    case "unsupported":
      return {
        kind: "unsupported",
        why: `signatures by a ${certificate.authority.keyType} key cannot be checked here`,
      };
  }
}

function findFault(
  certificate: HostCertificate,
  { host, presented, now }: HostCertificateQuery,
): string | null {
  const seconds = BigInt(Math.floor(now.getTime() / 1_000));
  const shown = readKeyBlob(presented);
  if (shown?.fingerprint !== certificate.key.fingerprint)
    return `its host certificate is for ${certificate.key.keyType} ${certificate.key.fingerprint}, not for the key it presents`;
  if (certificate.kind !== "host") return "it showed a certificate that is not for a host";
  if (seconds < certificate.validAfter)
    return `its host certificate is valid only from ${formatTime(certificate.validAfter)}`;
  if (seconds >= certificate.validBefore)
    return `its host certificate expired at ${formatTime(certificate.validBefore)}`;
  if (certificate.criticalOptions.length > 0)
    return `its host certificate has a critical option that is not known: ${certificate.criticalOptions.join(", ")}`;
  if (certificate.principals.some((principal) => matchesPattern(host.toLowerCase(), principal))) return null;
  return `its host certificate is for ${certificate.principals.slice(0, 8).join(", ") || "no host at all"}, not for ${host}`;
}

/** The latest time of a Date, in seconds. */
const LATEST = 8_640_000_000_000n;

const formatTime = (seconds: bigint): string =>
  seconds > LATEST
    ? "a time beyond all calendars"
    : `${new Date(Number(seconds) * 1_000).toISOString().slice(0, 19)}Z`;

const toText = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function readTexts(bytes: Uint8Array): string[] {
  const fields = openFields(bytes);
  const texts: string[] = [];
  for (let next = fields.octets(); next; next = fields.octets()) texts.push(toText(next));
  return texts;
}

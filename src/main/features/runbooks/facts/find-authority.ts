import { readHostCertificate } from "#domain/ssh/host-certificate.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import { certificateBeside, readSmallFile } from "#net/ssh/identities.ts";
import type { ProofRoute } from "#net/ssh/prove/login-proof.ts";

/**
 * The fingerprint of the authority whose certificate let us in, by the certificates that OpenSSH's client had to offer. Null: none of that
 * key can be read here, or several authorities have signed it.
 */
export async function findAuthority(
  { loginCertificate, clientKeys }: Hand,
  { client }: ProofRoute,
): Promise<string | null> {
  const paths = clientKeys.flatMap((key) => (key.kind === "file" ? [certificateBeside(key.path)] : []));
  const blobs = clientKeys.flatMap((key) => (key.kind === "agent" ? [key.blob] : []));
  for (const path of new Set([...paths, ...(client?.login.certificateFiles ?? [])])) {
    const bytes = await readSmallFile(path);
    const [, base64 = ""] = Buffer.isBuffer(bytes)
      ? (/^\S+ ([A-Za-z0-9+/]+=*)/.exec(bytes.toString("latin1")) ?? [])
      : [];
    blobs.push(Buffer.from(base64, "base64"));
  }
  const authorities = new Set(
    blobs
      .map(readHostCertificate)
      .filter((one) => one?.kind === "user" && one.key.fingerprint === loginCertificate)
      .map((one) => one?.authority.fingerprint),
  );
  const [authority = null] = authorities;
  return authorities.size === 1 ? authority : null;
}

import { openAuthority } from "#domain/issuing/make-certificate.ts";
import { algorithmOf } from "#domain/issuing/signer.ts";
import { verifySignature } from "#domain/x509/path/verify-signature.ts";
import type { Vault } from "#net/vault/vault.ts";
import type { TestedIssuer } from "#shared/contract/issuers.ts";
import { toInstant } from "#shared/model/instant.ts";
import { sayExpiry } from "#shared/text/elapsed.ts";
import type { LocalAuthority } from "#store/issuers/local-authority-table.ts";
import { intermediateOf, rootOf } from "./local-authority.ts";

/** Whether the keys in the vault are those of the certificates, and for how long they may sign. */
export async function testAuthority(
  vault: Vault,
  authority: LocalAuthority,
  at: Date,
): Promise<TestedIssuer> {
  const owners = { root: rootOf(vault, authority), intermediate: intermediateOf(vault, authority) };
  const lines: string[] = [];
  let isSound = true;
  for (const [role, { der, signer }] of Object.entries(owners)) {
    const { spki, notAfter } = openAuthority({ der });
    const content = crypto.getRandomValues(new Uint8Array(32));
    const signature = Buffer.concat([Buffer.from([0]), await signer.sign(content)]);
    const signed = { content, algorithm: algorithmOf(signer), isSameInside: true, signature };
    const isOurs = verifySignature(signed, spki) === "valid";
    isSound &&= isOurs;
    const key = isOurs
      ? "has its key in the vault"
      : "has another key in the vault than its certificate says";
    lines.push(`the ${role} ${key}, and ${sayExpiry(toInstant(new Date(notAfter)), at)}`);
  }
  return { isSound: isSound && findEnd(authority, at) === null, lines };
}

/** Why it signs no longer, as far as its own dates go. */
export function findEnd({ root, intermediate }: LocalAuthority, at: Date): string | null {
  for (const [role, der] of [
    ["root", root],
    ["intermediate", intermediate],
  ] as const) {
    const { notAfter } = openAuthority({ der });
    if (at.getTime() >= notAfter) return `the ${role} ${sayExpiry(toInstant(new Date(notAfter)), at)}`;
  }
  return null;
}

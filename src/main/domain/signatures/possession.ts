import { createPublicKey, randomBytes, verify } from "node:crypto";
import { decodeBase64 } from "#codec/base64.ts";
import { framePem } from "#codec/pem.ts";
import { spkiOfBlob } from "#codec/ssh-key.ts";
import { readKeyBlob } from "#domain/ssh/key-blob.ts";
import type { KeyPossession } from "#shared/model/hosts/host.ts";
import { checkSignature } from "./ssh-signature.ts";

/**
 * A signature shows who has a private key. Everybody may know its public key, so a file that contains the public key
 * verifies nothing.
 */

/**
 * The namespace of these signatures: a signature made for another purpose is not accepted, and ours are good for
 * nothing else.
 */
export const POSSESSION_NAMESPACE = "latchkey-possession";

/**
 * Where a key has to sign. `hostKey`: the fingerprint of the key that the host has verified on this very connection.
 */
export type Location = { hostKey: string; path: string; fingerprint: string };

/**
 * The signed text. It names the location, so that a signature from another host or file is not accepted, and a nonce,
 * so that an old one is not.
 */
export const writeStatement = ({ hostKey, path, fingerprint }: Location, nonce: string): Uint8Array =>
  Buffer.from(
    `${POSSESSION_NAMESPACE} 1\nnonce ${nonce}\nkey ${fingerprint}\nhost ${hostKey}\npath ${path}\n`,
  );

/** 256 bits, in hex. */
export const makeNonce = (): string => randomBytes(32).toString("hex");

/**
 * What a private key file signs when its host is scanned. `hosts`: what the host says its host keys are, as
 * fingerprints with commas between, so that a signature made on another host is not accepted in a bundle of this one.
 */
export const writeScanStatement = ({ nonce, hosts, path }: { nonce: string; hosts: string; path: string }) =>
  Buffer.from(`${POSSESSION_NAMESPACE} 2\nnonce ${nonce}\nhost ${hosts}\npath ${path}\n`);

/**
 * Evaluates an answer to a statement, in the words of resources/lib/possession.sh. `fingerprint`: of the key that has
 * to have signed.
 */
export function verifyPossession(answer: string, statement: Uint8Array, fingerprint: string): KeyPossession {
  const [kind, first = "", second = ""] = answer.split(",");
  switch (kind) {
    case "sshsig":
      return verifySshsig(first, statement, fingerprint);
    case "raw":
      return verifyRaw({ base64: first, signature: second }, statement, fingerprint);
    case "locked":
      return { kind: "claimed", why: "locked" };
    case "old":
    case "no-tool":
      return { kind: "claimed", why: "no-ssh-keygen" };
    default:
      return { kind: "claimed", why: "not-signed" };
  }
}

function verifySshsig(base64: string, statement: Uint8Array, fingerprint: string): KeyPossession {
  const checked = checkSignature(framePem("SSH SIGNATURE", base64), statement, POSSESSION_NAMESPACE);
  switch (checked.kind) {
    case "good":
      return { kind: checked.key.fingerprint === fingerprint ? "verified" : "other-key" };
    case "bad":
      return { kind: "other-key" };
    case "unsupported":
      return { kind: "claimed", why: "unsupported" };
  }
}

function verifyRaw(
  { base64, signature }: { base64: string; signature: string },
  statement: Uint8Array,
  fingerprint: string,
): KeyPossession {
  const blob = decodeBase64(base64);
  const spki = blob && readKeyBlob(blob)?.fingerprint === fingerprint ? spkiOfBlob(blob) : null;
  const bytes = decodeBase64(signature);
  if (!spki || !bytes) return { kind: "other-key" };
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
    return { kind: verify("sha512", statement, key, bytes) ? "verified" : "other-key" };
  } catch (error) {
    // OpenSSL refuses keys that it finds absurd: their signatures cannot be verified.
    if (error instanceof Error) return { kind: "claimed", why: "unsupported" };
    throw error;
  }
}

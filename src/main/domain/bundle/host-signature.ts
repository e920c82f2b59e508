/**
 * What the host itself has signed of its bundle: the last line of the stream, which has the digest of everything before
 * it. The signatures follow that line, one for each host key that signs, under a line that tells their format.
 */
import type { PublicKey } from "#domain/ssh/key-blob.ts";
import { HOST_SIGNATURE_NAMESPACE } from "#shared/model/bundle.ts";
import { checkSignature } from "./check-signature.ts";

export type HostSignatures = {
  /** The keys that have signed it; each signature was checked. */
  keys: PublicKey[];
  /** Why there is none, as far as whoever collected said so; null where there is one, or nothing was said. */
  why: string | null;
};

/** A host has a few keys; more are not looked at. */
const MOST_SIGNATURES = 8;
const MOST_BYTES = 64 * 1024;

const BLOCK = /-----BEGIN SSH SIGNATURE-----\n[A-Za-z0-9+/=\n]*-----END SSH SIGNATURE-----\n/g;

/** Each as the collector says it. */
const REASONS: Readonly<Record<string, string>> = {
  "not-root": "it was not collected as root, who alone can sign with a host key",
  "no-digest": "the host had no program for a digest (sha256sum, shasum or openssl)",
  "no-key": "no host key there signs: each is missing, locked or kept elsewhere",
  "no-tool": "the ssh-keygen of the host cannot sign (OpenSSH 8.1 and later can)",
};

/** `stream`: to the end of its last line; `rest`: what follows it in the file. Never throws. */
export function readHostSignatures(stream: Uint8Array, rest: Uint8Array): HostSignatures {
  const text = Buffer.from(rest.subarray(0, MOST_BYTES)).toString("latin1");
  const [, unsigned] = /^host-unsigned ([a-z-]+)\n/.exec(text) ?? [];
  if (unsigned !== undefined) return none(REASONS[unsigned] ?? null);
  const [, version] = /^host-signature (\d{1,9})\n/.exec(text) ?? [];
  if (version === undefined) return none(null);
  if (version !== "1") return none("its host's signature is of a form that a later Latchkey reads");
  const end = lastLineOf(stream);
  if (!/ sha256 [0-9a-f]{64}/.test(end.toString("latin1"))) return none("what its host signed has no digest");
  const blocks = (text.match(BLOCK) ?? []).slice(0, MOST_SIGNATURES);
  const keys = blocks.flatMap((armored) => {
    const checked = checkSignature(armored, end, HOST_SIGNATURE_NAMESPACE);
    return checked.kind === "good" ? [checked.key] : [];
  });
  return keys.length > 0
    ? { keys, why: null }
    : none("its host's signature is not of this bundle, or was cut");
}

const none = (why: string | null): HostSignatures => ({ keys: [], why });

/** With its line end: the very bytes that were signed. */
function lastLineOf(stream: Uint8Array): Buffer {
  const bytes = Buffer.from(stream.buffer, stream.byteOffset, stream.byteLength);
  return bytes.subarray(bytes.lastIndexOf("\n", bytes.length - 2) + 1);
}

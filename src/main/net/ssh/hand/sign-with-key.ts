/** A signature by a private key that lies on a host, made there: the key stays where it is. */
import { exchange } from "./exchange.ts";
import type { Hand, Lost } from "./hand.ts";
import { type HandRefusal, isHandRefusal } from "./say-refusal.ts";
import { writeBytes } from "./words.ts";

export type HostSignature =
  /** `hash`: SHA-256 of the file that signed, lower-case hex, as the host says. */
  { kind: "signed"; signature: string; hash: string } | { kind: "unsigned"; why: HandRefusal } | Lost;

/** Has `ssh-keygen -Y sign` sign these bytes with the private key at that path, in our own namespace, as its owner. */
export async function signWithKey(hand: Hand, path: string, bytes: Uint8Array): Promise<HostSignature> {
  const answer = await exchange(hand, { verb: "sign", words: [path, writeBytes(bytes)] });
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") {
    const [why = ""] = answer.words;
    return { kind: "unsigned", why: isHandRefusal(why) ? why : "unknown" };
  }
  const hash = answer.told.get("hash")?.[0]?.[0] ?? "";
  const base64 = answer.told.get("signature")?.[0]?.[0] ?? "";
  const signature = `-----BEGIN SSH SIGNATURE-----\n${base64}\n-----END SSH SIGNATURE-----\n`;
  if (!/^[0-9a-f]{64}$/.test(hash)) return { kind: "lost", message: "it answers what makes no sense" };
  return { kind: "signed", signature, hash };
}

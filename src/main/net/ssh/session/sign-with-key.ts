/** A signature by a private key that lies on a host, made there: the key stays where it is. */

import { type HostRefusal, isHostRefusal } from "#shared/model/host-refusal.ts";
import { exchange } from "./exchange.ts";
import type { Hand, Lost } from "./hand.ts";
import { writeBytes } from "./words.ts";

export type HostSignature =
  /** `proof`: as resources/lib/possession.sh says it. `hash`: SHA-256 of the file that signed, lower-case hex, as the host says. */
  { kind: "signed"; proof: string; hash: string } | { kind: "unsigned"; why: HostRefusal } | Lost;

/** Has the private key at that path sign these bytes, in our own namespace, as its owner. */
export async function signWithKey(hand: Hand, path: string, bytes: Uint8Array): Promise<HostSignature> {
  const answer = await exchange(hand, { verb: "sign", words: [path, writeBytes(bytes)] });
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") {
    const [why = ""] = answer.words;
    return { kind: "unsigned", why: isHostRefusal(why) ? why : "unknown" };
  }
  const hash = answer.told.get("hash")?.[0]?.[0] ?? "";
  const proof = answer.told.get("proof")?.[0]?.[0] ?? "";
  if (!/^[0-9a-f]{64}$/.test(hash)) return { kind: "unsigned", why: "no-sense" };
  return { kind: "signed", proof, hash };
}

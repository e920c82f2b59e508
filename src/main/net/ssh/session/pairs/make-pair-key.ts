import { isIP } from "node:net";
import { exchange, type Failed, type Refused, readTail } from "#net/ssh/session/exchange.ts";
import type { Hand, Lost } from "#net/ssh/session/hand.ts";
import type { KeyKind } from "#shared/model/key-kind.ts";
import type { PairOfRun } from "./pair-words.ts";

type MakeRequest = PairOfRun & {
  key: KeyKind;
  /** DNS names and IP addresses, as a certificate has them; the first is the common name, too, where that is short enough. */
  names: readonly string[];
  /** It is asked for TLS servers and clients; else nothing is said of what it is for. */
  forClients?: boolean | undefined;
};

const PLAIN_NAME = /^[A-Za-z0-9*._:-]{1,253}$/;

/**
 * A new key by the host's own openssl, and what asks for a certificate with it (PKCS#10, DER). The key never leaves the host. Said again it
 * answers the same.
 */
export async function makePairKey(
  hand: Hand,
  { token, id, key, names, forClients = false }: MakeRequest,
): Promise<{ kind: "made"; csr: Uint8Array } | Refused | Failed | Lost> {
  const odd = names.find((name) => !PLAIN_NAME.test(name));
  if (names.length === 0 || odd !== undefined)
    return { kind: "refused", why: "odd-words", detail: odd ?? "" };
  const tagged = names.map((name) => `${isIP(name) ? "IP" : "DNS"}:${name}`);
  const words = [token, id, key, tagged.join(" "), ...(forClients ? ["clients"] : [])];
  const answer = await exchange(hand, { verb: "pair_make", words });
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") return readTail(answer);
  const csr = answer.data.get("csr");
  if (csr?.[0] !== 0x30) return { kind: "lost", message: "it answers what makes no sense" };
  return { kind: "made", csr };
}

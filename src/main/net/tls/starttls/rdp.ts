import { MORE, type Negotiation, type Step } from "./dialogue.ts";

/**
 * A TPKT with an X.224 connection request and what security is wanted: TLS, or CredSSP, which begins with TLS (MS-RDPBCGR
 * section 2.2.1.1).
 */
const REQUEST = Buffer.from([3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 3, 0, 0, 0]);

const CONNECTION_CONFIRM = 0xd0;
const [NEGOTIATED, NOT_NEGOTIATED] = [2, 3];

/** Why a server does not take TLS (section 2.2.1.2.2). */
const FAILURES: ReadonlyMap<number, string> = new Map([
  [1, "it wants TLS"],
  [2, "it allows no TLS"],
  [3, "it has no certificate"],
  [4, "the request was inconsistent"],
  [5, "it wants CredSSP"],
  [6, "it wants TLS with a certificate of the client"],
]);

export const createRdpNegotiation = (): Negotiation => ({ opening: REQUEST, next });

function next(heard: Buffer): Step {
  const [version, , high, low, , type] = heard;
  if (version !== 3) return { kind: "other", heard };
  if (high === undefined || low === undefined || type === undefined) return MORE;
  const size = (high << 8) | low;
  // Without the eight bytes of the negotiation it is a server that has never heard of it.
  if ((size !== 11 && size !== 19) || (type & 0xf0) !== CONNECTION_CONFIRM) return { kind: "other", heard };
  if (heard.length < size) return MORE;
  if (size === 11) return { kind: "not-offered", said: "" };
  const chosen = heard.readUInt32LE(15);
  if (heard[11] === NEGOTIATED)
    return chosen === 0 ? { kind: "not-offered", said: "" } : { kind: "ready", used: size };
  if (heard[11] !== NOT_NEGOTIATED) return { kind: "other", heard };
  return {
    kind: chosen === 2 ? "not-offered" : "refused",
    said: FAILURES.get(chosen) ?? `failure ${chosen}`,
  };
}

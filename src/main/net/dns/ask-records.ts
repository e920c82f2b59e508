import { randomInt } from "node:crypto";
import { type Answer, type DecodedPacket, decode, encode, RECURSION_DESIRED } from "dns-packet";
import { askByTcp, askByUdp, type Exchanged } from "./exchange.ts";
import type { Resolver } from "./find-resolvers.ts";

export type Records =
  | { kind: "answered"; answers: Answer[]; authorities: Answer[] }
  | { kind: "no-such-name"; authorities: Answer[] }
  | { kind: "failed"; why: string };

type Wish = {
  name: string;
  type: "TXT" | "NS" | "CNAME" | "A" | "AAAA";
  /** Of a resolver, that it asks others; of a zone's own server, not. */
  recurses: boolean;
  timeoutMs?: number;
  signal: AbortSignal;
};

const TIMEOUT_MS = 3_000;
const TRIES = 2;

/** Asks one server for one kind of record. */
export async function askRecords(
  server: Resolver,
  { name, type, recurses, timeoutMs = TIMEOUT_MS, signal }: Wish,
): Promise<Records> {
  const id = randomInt(0x1_0000);
  const wish = {
    question: encode({
      type: "query",
      id,
      flags: recurses ? RECURSION_DESIRED : 0,
      questions: [{ type, name }],
    }),
    isAnswer: (bytes: Buffer) => isAnswerTo(read(bytes), id, name),
    timeoutMs,
    signal,
  };
  let exchanged: Exchanged = { why: "it did not answer in time" };
  for (let tries = 0; tries < TRIES && "why" in exchanged && !signal.aborted; tries++)
    exchanged = await askByUdp(server, wish);
  if ("bytes" in exchanged && read(exchanged.bytes)?.flag_tc) exchanged = await askByTcp(server, wish);
  if ("why" in exchanged) return { kind: "failed", why: exchanged.why };
  const packet = read(exchanged.bytes);
  if (!packet) return { kind: "failed", why: "its answer cannot be read" };
  const { answers = [], authorities = [] } = packet;
  const { rcode } = packet as DecodedPacket & { rcode: string };
  if (rcode === "NXDOMAIN") return { kind: "no-such-name", authorities };
  if (rcode !== "NOERROR") return { kind: "failed", why: `it answered ${rcode}` };
  return { kind: "answered", answers, authorities };
}

/** Null for bytes that are no message of DNS. */
function read(bytes: Buffer): DecodedPacket | null {
  try {
    return decode(bytes);
  } catch {
    return null;
  }
}

const isAnswerTo = (packet: DecodedPacket | null, id: number, name: string): boolean =>
  packet?.type === "response" && packet.id === id && isSameName(packet.questions?.[0]?.name ?? "", name);

/** Without regard to case, and to a dot at the end. */
export const isSameName = (one: string, other: string): boolean => plainName(one) === plainName(other);

export const plainName = (name: string): string => name.toLowerCase().replace(/\.$/, "");

import { randomInt } from "node:crypto";
import { AUTHENTIC_DATA, type DecodedPacket, decode, encode, RECURSION_DESIRED } from "dns-packet";
import {
  type ExchangeResult,
  exchangeByTcp,
  exchangeByUdp,
  formatResolver,
  isLocal,
  type Resolver,
} from "./query-records.ts";

/** One record: the key's algorithm, the hash (1: SHA-1, 2: SHA-256), and the lower-case hex of it (RFC 4255). */
export type SshfpRecord = { algorithm: number; hash: number; fingerprint: string };

export type SshfpAnswer =
  | {
      kind: "answered";
      records: SshfpRecord[];
      /** The resolver says that DNSSEC validates; `local`: it runs here, so that nobody else can have forged that. */
      dnssec: "local" | "claimed" | "none";
      resolver: string;
    }
  | { kind: "no-such-name"; resolver: string }
  | { kind: "failed"; why: string };

type Options = { resolvers: readonly Resolver[]; timeoutMs?: number; signal: AbortSignal };

const TIMEOUT_MS = 2_000;
/** UDP may lose a datagram. */
const TRIES = 2;
/** Fits through every network unfragmented. */
const UDP_BYTES = 1_232;
const HASH_HEX: ReadonlyMap<number, number> = new Map([
  [1, 40],
  [2, 64],
]);
/** How many aliases of a name are followed. */
const MOST_ALIASES = 8;

/**
 * Queries the SSHFP records of one name, from the first resolver that answers. It requests the AD bit (RFC 6840 section
 * 5.7); whether that can be trusted depends on who set it, which the answer says.
 */
export async function querySshfp(
  name: string,
  { resolvers, timeoutMs = TIMEOUT_MS, signal }: Options,
): Promise<SshfpAnswer> {
  const failures: string[] = [];
  for (const resolver of resolvers) {
    const answer = await queryOne(name, resolver, { timeoutMs, signal });
    if (answer.kind !== "failed") return answer;
    failures.push(`${formatResolver(resolver)}: ${answer.why}`);
    if (signal.aborted) break;
  }
  return { kind: "failed", why: failures.join("; ") || "this system has no resolver" };
}

async function queryOne(
  name: string,
  resolver: Resolver,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<SshfpAnswer> {
  const id = randomInt(0x1_0000);
  const request = {
    message: encode({
      type: "query",
      id,
      flags: RECURSION_DESIRED | AUTHENTIC_DATA,
      questions: [{ type: "SSHFP", name }],
      additionals: [
        {
          type: "OPT",
          name: ".",
          udpPayloadSize: UDP_BYTES,
          flags: 0,
          options: [],
          extendedRcode: 0,
          ednsVersion: 0,
          flag_do: false,
        },
      ],
    }),
    isAnswer: (bytes: Buffer) => isAnswerTo(read(bytes), id, name),
    timeoutMs,
    signal,
  };
  let exchanged: ExchangeResult = { why: "it did not answer in time" };
  for (let tries = 0; tries < TRIES && "why" in exchanged && !signal.aborted; tries++)
    exchanged = await exchangeByUdp(resolver, request);
  if ("bytes" in exchanged && read(exchanged.bytes)?.flag_tc)
    exchanged = await exchangeByTcp(resolver, request);
  if ("why" in exchanged) return { kind: "failed", why: exchanged.why };
  const packet = read(exchanged.bytes);
  return packet ? toAnswer(packet, name, resolver) : { kind: "failed", why: "its answer cannot be read" };
}

/** Null for bytes that are no DNS message. */
function read(bytes: Buffer): DecodedPacket | null {
  try {
    return decode(bytes);
  } catch {
    return null;
  }
}

function isAnswerTo(packet: DecodedPacket | null, id: number, name: string): boolean {
  const [message] = packet?.questions ?? [];
  return (
    packet?.type === "response" &&
    packet.id === id &&
    message?.type === "SSHFP" &&
    message.name.toLowerCase() === name.toLowerCase()
  );
}

function toAnswer(packet: DecodedPacket, name: string, resolver: Resolver): SshfpAnswer {
  const { rcode } = packet as DecodedPacket & { rcode: string };
  if (rcode === "NXDOMAIN") return { kind: "no-such-name", resolver: formatResolver(resolver) };
  if (rcode !== "NOERROR") return { kind: "failed", why: `it answered ${rcode}` };
  return {
    kind: "answered",
    records: recordsOf(packet, name),
    dnssec: packet.flag_ad ? (isLocal(resolver) ? "local" : "claimed") : "none",
    resolver: formatResolver(resolver),
  };
}

/** The records of the name itself, or of its alias's target; a value of the wrong length for its hash is left out. */
function recordsOf({ answers = [] }: DecodedPacket, name: string): SshfpRecord[] {
  let owner = name.toLowerCase();
  for (let step = 0; step < MOST_ALIASES; step++) {
    const alias = answers.find((answer) => answer.type === "CNAME" && answer.name.toLowerCase() === owner);
    if (alias?.type !== "CNAME") break;
    owner = alias.data.toLowerCase();
  }
  return answers.flatMap((answer) => {
    if (answer.type !== "SSHFP" || answer.name.toLowerCase() !== owner) return [];
    const { algorithm, hash, fingerprint } = answer.data;
    const hex = fingerprint.toLowerCase();
    return HASH_HEX.get(hash) === hex.length ? [{ algorithm, hash, fingerprint: hex }] : [];
  });
}

import { randomInt } from "node:crypto";
import { askByTcp } from "#net/dns/exchange.ts";
import { formatResolver, type Resolver } from "#net/dns/find-resolvers.ts";
import {
  readAnswer,
  signMessage,
  type TsigKey,
  type TxtChange,
  type UpdateAnswer,
  writeUpdate,
} from "./message.ts";

type Wish = {
  zone: string;
  change: TxtChange;
  key: TsigKey;
  timeoutMs?: number;
  now?: () => number;
  signal: AbortSignal;
};

/** `isKnown`: the server has told that it did nothing. */
export type Sent = { kind: "done" } | { kind: "failed"; isKnown: boolean; message: string };

const TIMEOUT_MS = 10_000;

/** Changes one record of a zone at its server. Said again, it is the same. */
export async function sendUpdate(
  server: Resolver,
  { zone, change, key, timeoutMs = TIMEOUT_MS, now = Date.now, signal }: Wish,
): Promise<Sent> {
  const id = randomInt(0x1_0000);
  const { bytes, mac } = signMessage(writeUpdate(id, zone, change), key, now());
  const isAnswer = (answer: Buffer) => answer.length >= 12 && answer.readUInt16BE(0) === id;
  const exchanged = await askByTcp(server, { question: bytes, isAnswer, timeoutMs, signal });
  const where = formatResolver(server);
  const fail = (why: string, isKnown = false): Sent => ({
    kind: "failed",
    isKnown,
    message: `${where}: ${why}`,
  });
  if ("why" in exchanged) return fail(exchanged.why);
  const answer = readAnswer(exchanged.bytes, key, mac);
  if (answer.kind === "unreadable") return fail("its answer cannot be read");
  const why = whyNot(answer, zone, key.name, now());
  return why === null ? { kind: "done" } : fail(why, answer.rcode !== 0);
}

const [BADSIG, BADKEY, BADTIME] = [16, 17, 18];
const NAMES: { [rcode: number]: string } = {
  1: "FORMERR",
  2: "SERVFAIL",
  3: "NXDOMAIN",
  4: "NOTIMP",
  5: "REFUSED",
  8: "NXRRSET",
  9: "NOTAUTH",
  10: "NOTZONE",
};

function whyNot(
  { rcode, isSigned, tsigError, serverTime }: Extract<UpdateAnswer, { kind: "answered" }>,
  zone: string,
  keyName: string,
  now: number,
): string | null {
  if (tsigError === BADKEY)
    return `it does not know the key ${keyName} with that algorithm: give both as in its configuration`;
  if (tsigError === BADSIG) return `it has another secret for the key ${keyName}`;
  if (tsigError === BADTIME) {
    const apart = serverTime === null ? "" : ` by ${Math.round(Math.abs(serverTime - now) / 1_000)} s`;
    return `its clock and this computer's differ${apart}: set the one that is wrong`;
  }
  if (rcode === 9)
    return `it takes no updates of the zone ${zone} by the key ${keyName} with that algorithm (NOTAUTH)`;
  if (rcode === 10) return `it has no such name in the zone ${zone} (NOTZONE)`;
  if (rcode === 5) return `it does not let the key ${keyName} change this name (REFUSED)`;
  if (rcode !== 0) return `it answered ${NAMES[rcode] ?? rcode}`;
  if (!isSigned) return "its answer is not signed with the key, so that anybody may have written it";
  return null;
}

import { createHmac, randomInt, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import {
  exchangeByTcp,
  findResolvers,
  formatResolver,
  isSameName,
  plainName,
  type Resolver,
} from "#net/dns/query-records.ts";
import { findAddresses } from "#net/tcp-connect.ts";
import type { AcmeChallenge, ChallengeMethod, TsigAlgorithm } from "#shared/model/issuers/issuer.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { Redacted, secretBytes } from "#shared/model/secret.ts";
import { awaitRecord, followAliases, recordOf } from "./await-record.ts";
import { type ChallengeDeps, type ChallengeOutcome, giveUp, type Undo } from "./challenge.ts";

type Dns = Extract<AcmeChallenge, { type: "dns-01" }>;
type UpdateMethod = Extract<ChallengeMethod, { kind: "rfc2136" }>;

const SPREAD_MS = 120_000;
const LOOKUP_MS = 5_000;

const failed = (message: string): ChallengeOutcome => ({ kind: "failed", message });

/** Answers by an update of the zone at its server (RFC 2136), signed with a shared key (RFC 8945). */
export async function answerByUpdate(
  method: UpdateMethod,
  { name, txt }: Dns,
  deps: ChallengeDeps,
): Promise<ChallengeOutcome> {
  const { signal, openSecret, spreadMs = SPREAD_MS, resolvers = findResolvers() } = deps;
  if (!openSecret) return failed(`the secret of the key ${method.keyName} is not to be had here`);
  const server = await findServer(method, signal);
  if ("message" in server) return failed(server.message);
  // The zone's own server knows its aliases, whether or not the resolvers can see the zone.
  const record = await followAliases(recordOf(name), { resolvers: [server, ...resolvers], signal });
  if (!isWithin(record, method.zone))
    return failed(
      `${record} is not in the zone ${plainName(method.zone)}: name the zone that it is in, or make it an alias (CNAME) of a name there`,
    );
  const change = async (kind: "add" | "remove", until: AbortSignal): Promise<Sent> => {
    const key = await openKey(method, openSecret);
    if (!key)
      return {
        kind: "failed",
        isKnown: true,
        message: `the secret of the key ${method.keyName} is no base64: give it as tsig-keygen prints it`,
      };
    try {
      const request = { zone: method.zone, key, change: { kind, name: record, text: txt }, signal: until };
      return await sendUpdate(server, request);
    } finally {
      key.secret.fill(0);
    }
  };
  const undo = undoBy(record, () => change("remove", new AbortController().signal));
  const added = await change("add", signal);
  // If the answer was lost, the update may have been made.
  if (added.kind === "failed") return added.isKnown ? failed(added.message) : giveUp(added.message, undo);
  const propagation = await awaitRecord({ record, txt, known: [server], resolvers, spreadMs, signal });
  if (propagation.kind === "unseen") return giveUp(propagation.message, undo);
  return { kind: "ready", undo, note: propagation.note };
}

/** Opens the secret once more: if the vault was locked meanwhile, the record stays. */
const undoBy =
  (record: string, remove: () => Promise<Sent>): Undo =>
  async () => {
    const left = (message: string) =>
      ({ kind: "left", message: `the TXT record of ${record}: ${message}` }) as const;
    try {
      const removed = await remove();
      return removed.kind === "done" ? { kind: "undone" } : left(removed.message);
    } catch (error) {
      if (error instanceof Refusal) return left(error.message);
      throw error;
    }
  };

const isWithin = (name: string, zone: string): boolean =>
  isSameName(name, zone) || plainName(name).endsWith(`.${plainName(zone)}`);

async function findServer(
  { server, port }: UpdateMethod,
  signal: AbortSignal,
): Promise<Resolver | { message: string }> {
  if (isIP(server) !== 0) return { address: server, port };
  const found = await findAddresses(server, { timeoutMs: LOOKUP_MS, signal });
  if (!Array.isArray(found)) return { message: `${server}: ${found.message}` };
  const [address] = found;
  return address ? { address, port } : { message: `${server} has no address` };
}

/** The key for one update; its sender overwrites it. */
async function openKey(
  { keyName, algorithm, secretId }: UpdateMethod,
  openSecret: NonNullable<ChallengeDeps["openSecret"]>,
): Promise<TsigKey | null> {
  const secret = readTsigSecret(Redacted.reveal(await openSecret(secretId)));
  return secret && { name: keyName, algorithm, secret };
}

const ALPHABET = Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
const PADDING = "=".charCodeAt(0);
const SPACE = " ".charCodeAt(0);

/**
 * Decodes the bytes of a key as `tsig-keygen` prints it; null if that is no base64. It works on bytes alone, because a
 * string cannot be overwritten; it overwrites its input.
 */
export function readTsigSecret(text: Uint8Array): Uint8Array | null {
  try {
    let [start, end] = [0, text.length];
    while (start < end && (text[start] ?? 0) <= SPACE) start++;
    while (end > start && (text[end - 1] ?? 0) <= SPACE) end--;
    for (let pads = 0; pads < 2 && text[end - 1] === PADDING; pads++) end--;
    return decode(text.subarray(start, end));
  } finally {
    text.fill(0);
  }
}

function decode(text: Uint8Array): Uint8Array | null {
  const secret = secretBytes(Math.floor((text.length * 6) / 8));
  let [held, bits, at] = [0, 0, 0];
  for (const character of text) {
    const value = ALPHABET.indexOf(character);
    if (value < 0) {
      secret.fill(0);
      return null;
    }
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    secret[at++] = held >> bits;
  }
  return secret.length > 0 ? secret : null;
}

type UpdateRequest = {
  zone: string;
  change: TxtChange;
  key: TsigKey;
  timeoutMs?: number;
  now?: () => number;
  signal: AbortSignal;
};

/** `isKnown`: the server has answered that it changed nothing. */
type Sent = { kind: "done" } | { kind: "failed"; isKnown: boolean; message: string };

const UPDATE_MS = 10_000;

/** Changes one record of a zone at its server. Idempotent. */
export async function sendUpdate(
  server: Resolver,
  { zone, change, key, timeoutMs = UPDATE_MS, now = Date.now, signal }: UpdateRequest,
): Promise<Sent> {
  const id = randomInt(0x1_0000);
  const { bytes, mac } = signMessage(writeUpdate(id, zone, change), key, now());
  const isAnswer = (answer: Buffer) => answer.length >= 12 && answer.readUInt16BE(0) === id;
  const exchanged = await exchangeByTcp(server, { message: bytes, isAnswer, timeoutMs, signal });
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

/** Messages of RFC 2136 (dynamic updates), signed as RFC 8945 says (TSIG). */

type TxtChange = { kind: "add" | "remove"; name: string; text: string };
type TsigKey = { name: string; algorithm: TsigAlgorithm; secret: Uint8Array };

const [TXT, SOA, TSIG] = [16, 6, 250];
const [IN, NONE, ANY] = [1, 254, 255];
const UPDATE = 5 << 11;
const TTL_SECONDS = 60;
/** How far the two clocks may be apart, in seconds. */
const FUDGE_SECONDS = 300;
const HEADER_BYTES = 12;

const number16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const number32 = (value: number): Buffer => Buffer.concat([number16(value >>> 16), number16(value & 0xffff)]);
const number48 = (value: number): Buffer =>
  Buffer.concat([number16(Math.floor(value / 2 ** 32)), number32(value % 2 ** 32)]);

/** A name in wire format, in lower case. */
function nameBytes(name: string): Buffer {
  const labels = name.toLowerCase().replace(/\.$/, "").split(".");
  const parts = labels.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label, "latin1")]);
  return Buffer.concat([...parts, Buffer.from([0])]);
}

type Kind = { type: number; classOf: number; ttl: number };

const record = (name: string, { type, classOf, ttl }: Kind, data: Buffer): Buffer =>
  Buffer.concat([
    nameBytes(name),
    number16(type),
    number16(classOf),
    number32(ttl),
    number16(data.length),
    data,
  ]);

/** An unsigned update that adds one TXT record to a name, or removes that one. */
function writeUpdate(id: number, zone: string, { kind, name, text }: TxtChange): Buffer {
  const bytes = Buffer.from(text, "latin1");
  const data = Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const [classOf, ttl] = kind === "add" ? [IN, TTL_SECONDS] : [NONE, 0];
  return Buffer.concat([
    number16(id),
    number16(UPDATE),
    number16(1),
    number16(0),
    number16(1),
    number16(0),
    nameBytes(zone),
    number16(SOA),
    number16(IN),
    record(name, { type: TXT, classOf, ttl }, data),
  ]);
}

type Signed = { time: number; error: number; other: Buffer };

const variables = ({ name, algorithm }: TsigKey, { time, error, other }: Signed): Buffer =>
  Buffer.concat([
    nameBytes(name),
    number16(ANY),
    number32(0),
    nameBytes(algorithm),
    number48(time),
    number16(FUDGE_SECONDS),
    number16(error),
    number16(other.length),
    other,
  ]);

const macOf = ({ algorithm, secret }: TsigKey, bytes: Buffer): Buffer =>
  createHmac(algorithm.replace("hmac-", ""), secret).update(bytes).digest();

/** The message with its signature. The signature of the answer covers `mac`, too. */
function signMessage(message: Buffer, key: TsigKey, now: number): { bytes: Buffer; mac: Buffer } {
  const signed = { time: Math.floor(now / 1_000), error: 0, other: Buffer.alloc(0) };
  const mac = macOf(key, Buffer.concat([message, variables(key, signed)]));
  const data = Buffer.concat([
    nameBytes(key.algorithm),
    number48(signed.time),
    number16(FUDGE_SECONDS),
    number16(mac.length),
    mac,
    message.subarray(0, 2),
    number16(0),
    number16(0),
  ]);
  const bytes = Buffer.concat([message, record(key.name, { type: TSIG, classOf: ANY, ttl: 0 }, data)]);
  bytes.writeUInt16BE(message.readUInt16BE(10) + 1, 10);
  return { bytes, mac };
}

type UpdateAnswer =
  /** `rcode` by its number. `tsigError`: why the server rejected the signature; `serverTime`, in ms, with BADTIME. */
  | { kind: "answered"; rcode: number; isSigned: boolean; tsigError: number; serverTime: number | null }
  | { kind: "unreadable" };

/** `isSigned`: an owner of the key has written this answer to our message. */
function readAnswer(bytes: Buffer, key: TsigKey, mac: Buffer): UpdateAnswer {
  try {
    const rcode = bytes.readUInt16BE(2) & 0xf;
    const tsig = findTsig(bytes);
    if (!tsig) return { kind: "answered", rcode, isSigned: false, tsigError: 0, serverTime: null };
    const { start, time, fudge, own, error, other } = tsig;
    const stripped = Buffer.from(bytes.subarray(0, start));
    stripped.writeUInt16BE(bytes.readUInt16BE(10) - 1, 10);
    const tail = variables(key, { time, error, other });
    // The server chooses its own fudge.
    number16(fudge).copy(tail, nameBytes(key.name).length + 6 + nameBytes(key.algorithm).length + 6);
    const expected = macOf(key, Buffer.concat([number16(mac.length), mac, stripped, tail]));
    const isSigned = own.length === expected.length && timingSafeEqual(own, expected);
    const serverTime = other.length === 6 ? other.readUIntBE(0, 6) * 1_000 : null;
    return { kind: "answered", rcode, isSigned, tsigError: error, serverTime };
  } catch {
    return { kind: "unreadable" };
  }
}

type Tsig = { start: number; time: number; fudge: number; own: Buffer; error: number; other: Buffer };

/** The signature is the last record. Throws if the message ends too early. */
function findTsig(bytes: Buffer): Tsig | null {
  let at = HEADER_BYTES;
  for (let left = bytes.readUInt16BE(4); left > 0; left--) at = skipName(bytes, at) + 4;
  let left = bytes.readUInt16BE(6) + bytes.readUInt16BE(8) + bytes.readUInt16BE(10);
  for (; left > 0; left--) {
    const start = at;
    const fixed = skipName(bytes, at);
    at = fixed + 10 + bytes.readUInt16BE(fixed + 8);
    if (left !== 1 || bytes.readUInt16BE(fixed) !== TSIG) continue;
    const data = skipName(bytes, fixed + 10);
    const size = bytes.readUInt16BE(data + 8);
    const after = data + 10 + size;
    const otherSize = bytes.readUInt16BE(after + 4);
    return {
      start,
      time: bytes.readUIntBE(data, 6),
      fudge: bytes.readUInt16BE(data + 6),
      own: bytes.subarray(data + 10, after),
      error: bytes.readUInt16BE(after + 2),
      other: bytes.subarray(after + 6, after + 6 + otherSize),
    };
  }
  return null;
}

function skipName(bytes: Buffer, from: number): number {
  for (let at = from; ; ) {
    const length = bytes.readUInt8(at);
    if (length >= 0xc0) return at + 2;
    at += 1 + length;
    if (length === 0) return at;
  }
}

import { isIP } from "node:net";
import { findResolvers, isSameName, plainName, type Resolver } from "#net/dns/ask-records.ts";
import { type Sent, sendUpdate, type TsigKey } from "#net/dns/update.ts";
import { findAddresses } from "#net/tcp-connect.ts";
import type { AcmeChallenge, ChallengeMethod } from "#shared/model/issuers/issuer.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { Redacted, secretBytes } from "#shared/model/secret.ts";
import { awaitRecord, followAliases, recordOf } from "./await-record.ts";
import { type Answered, type ChallengeDeps, giveUp, type Undo } from "./challenge.ts";

type Dns = Extract<AcmeChallenge, { type: "dns-01" }>;
type UpdateMethod = Extract<ChallengeMethod, { kind: "rfc2136" }>;

const SPREAD_MS = 120_000;
const TIMEOUT_MS = 5_000;

const failed = (message: string): Answered => ({ kind: "failed", message });

/** By an update of the zone that its server takes (RFC 2136), signed with a shared key (RFC 8945). */
export async function answerByUpdate(
  method: UpdateMethod,
  { name, txt }: Dns,
  near: ChallengeDeps,
): Promise<Answered> {
  const { signal, openSecret, spreadMs = SPREAD_MS, resolvers = findResolvers() } = near;
  if (!openSecret) return failed(`the secret of the key ${method.keyName} is not to be had here`);
  const server = await findServer(method, signal);
  if ("message" in server) return failed(server.message);
  // The zone's own server knows of aliases that it has itself, wherever the resolvers are.
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
  // A lost answer says nothing of what was done.
  if (added.kind === "failed") return added.isKnown ? failed(added.message) : giveUp(added.message, undo);
  const spread = await awaitRecord({ record, txt, known: [server], resolvers, spreadMs, signal });
  if (spread.kind === "unseen") return giveUp(spread.message, undo);
  return { kind: "ready", undo, note: spread.note };
}

/** The secret is opened again for it: a vault that was locked meanwhile leaves the record. */
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
  const found = await findAddresses(server, { timeoutMs: TIMEOUT_MS, signal });
  if (!Array.isArray(found)) return { message: `${server}: ${found.message}` };
  const [address] = found;
  return address ? { address, port } : { message: `${server} has no address` };
}

/** For one update, whose sender overwrites it. */
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
 * The bytes of a key that was kept as `tsig-keygen` prints it; null where that is no base64. From bytes to bytes, for a string
 * cannot be overwritten; what was given is.
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

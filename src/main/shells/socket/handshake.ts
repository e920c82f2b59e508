import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { VERSION } from "#shared/model/version.ts";
import { FRAME, type Frames } from "./frames.ts";

/**
 * What the two ends say before the first call. The command names itself; the process that holds the database answers with an
 * HMAC by the folder's secret; the command verifies it, and sends its own. Both HMACs are of both nonces, of the
 * database's device and inode, and of which end they are from. Nothing else is sent before, so whoever has bound the
 * socket in the place of that process learns nothing but a nonce.
 */

/** The number of this handshake. Each end names itself to an end of any other number, and goes no further. */
const PROTOCOL = 1;

/**
 * Which contract this program was built with. The build inserts it: the version alone does not change between two
 * releases.
 */
declare const LATCHKEY_CONTRACT_DIGEST: string | undefined;

/** One end's program, as it names itself. */
export type Program = { version: string; contract: string };

export const THIS_PROGRAM: Program = {
  version: VERSION,
  contract: typeof LATCHKEY_CONTRACT_DIGEST === "string" ? LATCHKEY_CONTRACT_DIGEST : "not built",
};

export const isSameProgram = (one: Program, other: Program): boolean =>
  one.version === other.version && one.contract === other.contract;

export const HANDSHAKE_MOST_BYTES = 4 * 1024;
/** How long either end waits for the other's next message. */
export const HANDSHAKE_MS = 10_000;
/** A message of the contract: a plan that is imported from a file is the largest. */
export const MOST_MESSAGE_BYTES = 300 * 1024 * 1024;

type Hello = Program & { protocol: number; nonce: string };
type Answer = Hello & { pid: number; hmac: string };
/** The last message of the handshake. */
export type Ready = { warnings: string[] };

export type Shared = { secret: Buffer; identity: string };

export type Met =
  | { kind: "verified"; pid: number; ready: Ready }
  /** It holds this database, and is another program than this. */
  | { kind: "other-program"; pid: number; program: Program }
  /** It has hung up, or answered something else than this protocol has. */
  | { kind: "no-answer"; why: "silent" | "hung-up" | "not-understood" }
  | { kind: "not-verified" };

/** The command's end. */
export async function verifyOwner(
  frames: Frames,
  { secret, identity }: Shared,
  { program = THIS_PROGRAM, withinMs = HANDSHAKE_MS }: { program?: Program; withinMs?: number } = {},
): Promise<Met> {
  const nonce = makeNonce();
  const hello: Hello = { ...program, protocol: PROTOCOL, nonce };
  frames.send(FRAME.handshake, JSON.stringify(hello));
  const came = await receive(frames, withinMs);
  if (came.kind !== "message") return came;
  const answer = readAnswer(came.value);
  if (!answer) return NOT_UNDERSTOOD;
  const { pid, version, contract } = answer;
  const otherProgram = { kind: "other-program", pid, program: { version, contract } } as const;
  // What another protocol authenticates, and how, is not known here.
  if (answer.protocol !== PROTOCOL) return otherProgram;
  const about = { identity, commandNonce: nonce, ownerNonce: answer.nonce };
  if (!isEqual(answer.hmac, macOf("owner", secret, about))) return { kind: "not-verified" };
  if (!isSameProgram({ version, contract }, program)) return otherProgram;
  // From here on it is the process that holds the database: the warnings that it is ready with may be long.
  frames.allow(MOST_MESSAGE_BYTES);
  frames.send(FRAME.handshake, JSON.stringify({ hmac: macOf("command", secret, about) }));
  const last = await receive(frames, withinMs);
  if (last.kind !== "message") return last;
  const ready = readReady(last.value);
  return ready ? { kind: "verified", pid, ready } : NOT_UNDERSTOOD;
}

/** The end of the process that holds the database. False: the other end has not verified that it has the secret. */
export async function answerCommand(
  frames: Frames,
  { secret, identity }: Shared,
  { program = THIS_PROGRAM, withinMs = HANDSHAKE_MS }: { program?: Program; withinMs?: number } = {},
): Promise<boolean> {
  const came = await receive(frames, withinMs);
  const hello = came.kind === "message" ? readHello(came.value) : null;
  if (!hello) return false;
  const about = { identity, commandNonce: hello.nonce, ownerNonce: makeNonce() };
  const answer: Answer = {
    ...program,
    protocol: PROTOCOL,
    nonce: about.ownerNonce,
    pid: process.pid,
    hmac: macOf("owner", secret, about),
  };
  frames.send(FRAME.handshake, JSON.stringify(answer));
  if (hello.protocol !== PROTOCOL) return false;
  const theirs = await receive(frames, withinMs);
  if (theirs.kind !== "message" || !isRecord(theirs.value)) return false;
  const { hmac } = theirs.value;
  return typeof hmac === "string" && isEqual(hmac, macOf("command", secret, about));
}

export const sendReady = (frames: Frames, ready: Ready): void =>
  frames.send(FRAME.handshake, JSON.stringify(ready));

type About = { identity: string; commandNonce: string; ownerNonce: string };

const macOf = (by: "owner" | "command", secret: Buffer, about: About): string =>
  createHmac("sha256", secret)
    .update(
      ["latchkey database", PROTOCOL, by, about.identity, about.commandNonce, about.ownerNonce].join("\n"),
    )
    .digest("base64url");

const makeNonce = (): string => randomBytes(32).toString("base64url");

function isEqual(offered: string, expected: string): boolean {
  const [one, other] = [Buffer.from(offered), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}

type Received =
  | { kind: "message"; value: unknown }
  | { kind: "no-answer"; why: "silent" | "hung-up" | "not-understood" };
const NOT_UNDERSTOOD = { kind: "no-answer", why: "not-understood" } as const;

async function receive(frames: Frames, withinMs: number): Promise<Received> {
  const frame = await frames.next(withinMs);
  if (!frame) return { kind: "no-answer", why: frames.isOver() ? "hung-up" : "silent" };
  if (frame.kind !== FRAME.handshake) return NOT_UNDERSTOOD;
  try {
    return { kind: "message", value: JSON.parse(frame.text) };
  } catch {
    return NOT_UNDERSTOOD;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

/** 256 bits in base64url. */
const WORD = /^[A-Za-z0-9_-]{43}$/;
/** What a program may call itself: it is shown to people. */
const NAME = /^[A-Za-z0-9 .+_-]{1,80}$/;

function readHello(value: unknown): Hello | null {
  if (!isRecord(value)) return null;
  const { protocol, nonce, version, contract } = value;
  if (typeof protocol !== "number" || typeof nonce !== "string" || !WORD.test(nonce)) return null;
  if (typeof version !== "string" || !NAME.test(version)) return null;
  if (typeof contract !== "string" || !NAME.test(contract)) return null;
  return { protocol, nonce, version, contract };
}

function readAnswer(value: unknown): Answer | null {
  const hello = readHello(value);
  if (!hello || !isRecord(value)) return null;
  const { pid, hmac } = value;
  if (!Number.isSafeInteger(pid) || typeof hmac !== "string" || !WORD.test(hmac)) return null;
  return { ...hello, pid: Number(pid), hmac };
}

function readReady(value: unknown): Ready | null {
  if (!isRecord(value) || !Array.isArray(value.warnings)) return null;
  return { warnings: value.warnings.map(String) };
}

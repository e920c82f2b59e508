import { randomBytes } from "node:crypto";
import type { ProxyRoute } from "#net/proxy/proxy.ts";
import type { ClientKey } from "#net/ssh/identities.ts";
import type { PresentedKey } from "#net/ssh/ssh-failure.ts";
import type { Transport } from "#shared/model/hosts/probe.ts";
import { type HostRefusal, isHostRefusal } from "#shared/model/runs/host-refusal.ts";

/** One question to a host: `do_VERB WORD...` of resources/rotation. */
export type SessionRequest = {
  /** Lower-case letters and dashes. */
  verb: string;
  /** No line breaks, no NUL. */
  words: readonly string[];
};

/** `no`: it will not, and nothing was changed; `fail`: it began, and may be done. The first word says why. */
export type SessionAnswer =
  | {
      kind: "answered";
      status: "ok" | "no" | "fail";
      words: readonly string[];
      /** What it told before, by name: one list of words for each time. */
      facts: ReadonlyMap<string, readonly (readonly string[])[]>;
      data: ReadonlyMap<string, Uint8Array>;
    }
  | Lost;

/**
 * Nothing is known of what was done or not: the connection broke, a deadline passed, or what came made no sense. This
 * hand is of no more use; whoever wants to know opens another, and looks.
 */
export type Lost = { kind: "lost"; message: string };

/** A shell on a host that does one thing after the other, over one channel that stays open. */
export type RemoteSession = AsyncDisposable & {
  /** The login. */
  user: string;
  /** Who acts there: 0 as root or by sudo. */
  uid: number;
  /** Fingerprint of the key that let us in, by itself or with what was typed; null: no key did. */
  loginKey: string | null;
  /** Fingerprint of the key of the certificate that let us in; null: none did. No line of that key has then. */
  loginCertificate: string | null;
  /** What OpenSSH's client had to offer in this very login, in its order; empty where ssh2 carries it. */
  clientKeys: readonly ClientKey[];
  /** Something was typed, too: the key by itself lets nobody in. */
  isTyped: boolean;
  hostKey: PresentedKey;
  transport: Transport;
  /** To what the host itself reaches, over this login; null: what carries it has none. */
  proxy: ProxyRoute | null;
  /** One at a time: a second request waits for the first. */
  send(request: SessionRequest, limits: { deadlineMs: number }): Promise<SessionAnswer>;
  /** Once the session has ended, for whatever reason. */
  ended: Promise<Lost>;
};

/** Names what is made on a host, and nobody can guess it. Letters and digits only. */
export const randomToken = (): string => randomBytes(12).toString("hex");

/** How requests are written for a session, and how its words are read. */

/** A word of the shell. Throws for what no line can hold. */
export function quoteWord(word: string): string {
  if (/[\n\r\0]/.test(word)) throw new Error("a word of a request has a line break");
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** Bytes as printf %b takes them: a word without any byte that a shell or a terminal would take for something else. */
export function writeBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes)
    text += isPlain(byte) ? String.fromCharCode(byte) : `\\0${byte.toString(8).padStart(3, "0")}`;
  return text;
}

/** Digits are written out: after an octal escape they would belong to it. */
const isPlain = (byte: number): boolean =>
  (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a) || byte === 0x20 || byte === 0x2f;

/** Null where it is no word of a session's. */
export function readWord(word: string): string | null {
  if (word === "%") return "";
  if (!/^(?:[A-Za-z0-9/._@+,=:~-]|%[0-9a-f]{2})+$/.test(word)) return null;
  const bytes = Buffer.from(
    word.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  );
  return bytes.toString("utf8");
}

/** Whoever holds the lock of a folder. Times are epoch seconds of the host's clock. */
export type LockOwner = { token: string; who: string; since: number; leaseEnd: number; now: number };

/** Nothing was changed. `why`: `unknown` where a host says what no hand of ours does. `leaseOwner`: of `held`, the run that it names. */
export type Refused = { kind: "refused"; why: HostRefusal; detail: string; leaseOwner?: LockOwner };
/** It was begun, and may have been done; the file is the old or the new one, and a look tells which. */
export type Failed = { kind: "failed"; why: HostRefusal; detail: string; leaseOwner?: LockOwner };

type Answered = Exclude<SessionAnswer, Lost>;

const DEADLINE_MS = 30_000;

export const exchange = (session: RemoteSession, request: SessionRequest): Promise<SessionAnswer> =>
  session.send(request, { deadlineMs: DEADLINE_MS });

/**
 * The same for what puts a file in the place of another: what failed may have been done, as where its host has ended it half-way. Asked once
 * more, it goes on from what stands there, or says why it does not.
 */
export async function insist(session: RemoteSession, request: SessionRequest): Promise<SessionAnswer> {
  const answer = await exchange(session, request);
  return answer.kind === "answered" && answer.status === "fail" ? exchange(session, request) : answer;
}

/** As a run writes it down. */
const WHO = /^[A-Za-z0-9@._:-]{1,200}$/;

export function readTail({ status, words }: Answered): Refused | Failed {
  const [why = "", ...detail] = words;
  const leaseOwner = why === "held" ? readLockOwner(detail) : null;
  return {
    kind: status === "no" ? "refused" : "failed",
    why: isHostRefusal(why) ? why : "unknown",
    detail: detail.join(" "),
    ...(leaseOwner && { leaseOwner }),
  };
}

/** Words of a lock: who holds it, since when, until when, and what time it is there. Null where they are none that a run writes. */
export function readLockOwner([token, who, since, leaseEnd, now]: readonly string[]): LockOwner | null {
  const isTime = (word: string | undefined): boolean => /^\d{1,10}$/.test(word ?? "");
  if (!token || who === undefined || !WHO.test(who) || ![since, leaseEnd, now].every(isTime)) return null;
  return { token, who, since: Number(since), leaseEnd: Number(leaseEnd), now: Number(now) };
}

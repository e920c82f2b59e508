import { randomBytes } from "node:crypto";
import type { ProxyRoute } from "#net/proxy/proxy.ts";
import type { ClientKey } from "#net/ssh/identities.ts";
import type { PresentedKey } from "#net/ssh/ssh-failure.ts";
import type { Transport } from "#shared/model/hosts/probe.ts";
import { type HostRefusal, isHostRefusal } from "#shared/model/runs/host-refusal.ts";

/** One request to a host: `do_VERB WORD...` of resources/rotation. */
export type SessionRequest = {
  /** Lower-case letters and underscores. */
  verb: string;
  /** No line breaks, no NUL. */
  words: readonly string[];
};

/** `no`: it refuses, and nothing was changed; `fail`: it began, and may have finished. The first word says why. */
export type SessionAnswer =
  | {
      kind: "answered";
      status: "ok" | "no" | "fail";
      words: readonly string[];
      /** Facts that it sent before, by name: one list of words for each. */
      facts: ReadonlyMap<string, readonly (readonly string[])[]>;
      data: ReadonlyMap<string, Uint8Array>;
    }
  | Lost;

/**
 * It is unknown what was done: the connection broke, a deadline passed, or the answer made no sense. The session is of
 * no use any more; to find out, open another one and inspect.
 */
export type Lost = { kind: "lost"; message: string };

/** A shell on a host that executes one request after the other, over one channel that stays open. */
export type RemoteSession = AsyncDisposable & {
  /** The login name. */
  user: string;
  /** The effective user: 0 as root or by sudo. */
  uid: number;
  /** Fingerprint of the key that let us in, by itself or with what was typed; null: no key did. */
  loginKey: string | null;
  /** Fingerprint of the key of the certificate, not of a line, that let us in; null: no certificate did. */
  loginCertificate: string | null;
  /** The keys that OpenSSH's client had to offer in this login, in its order; empty for ssh2. */
  clientKeys: readonly ClientKey[];
  /** Something was typed, too: the key by itself lets nobody in. */
  isTyped: boolean;
  hostKey: PresentedKey;
  transport: Transport;
  /** Leads to what the host itself can reach, over this login; null: OpenSSH's client has none. */
  proxy: ProxyRoute | null;
  /** One at a time: a second request waits for the first. */
  send(request: SessionRequest, limits: { deadlineMs: number }): Promise<SessionAnswer>;
  /** Resolves once the session has ended, for whatever reason. */
  ended: Promise<Lost>;
};

/** A name for what is created on a host, which nobody can guess. Letters and digits only. */
export const randomToken = (): string => randomBytes(12).toString("hex");

/** How requests are written for a session, and how the words of its answers are read. */

/** Quotes a word for the shell. Throws for one that does not fit into a line. */
export function quoteWord(word: string): string {
  if (/[\n\r\0]/.test(word)) throw new Error("a word of a request has a line break");
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** Encodes bytes for printf %b, as a word without any character that is special to a shell or a terminal. */
export function writeBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes)
    text += isPlain(byte) ? String.fromCharCode(byte) : `\\0${byte.toString(8).padStart(3, "0")}`;
  return text;
}

/** Digits are escaped: after an octal escape they would belong to it. */
const isPlain = (byte: number): boolean =>
  (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a) || byte === 0x20 || byte === 0x2f;

/** Null if it is no word as a session encodes it. */
export function readWord(word: string): string | null {
  if (word === "%") return "";
  if (!/^(?:[A-Za-z0-9/._@+,=:~-]|%[0-9a-f]{2})+$/.test(word)) return null;
  const bytes = Buffer.from(
    word.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  );
  return bytes.toString("utf8");
}

/** The owner of a folder's lock. Times are epoch seconds of the host's clock. */
export type LockOwner = { token: string; who: string; since: number; leaseEnd: number; now: number };

/** Nothing was changed. `why`: `unknown` for a word that no session uses. `leaseOwner`: the run that `held` names. */
export type Refused = { kind: "refused"; why: HostRefusal; detail: string; leaseOwner?: LockOwner };
/** It was begun, and may have been done; the file is the old or the new one: inspect it. */
export type Failed = { kind: "failed"; why: HostRefusal; detail: string; leaseOwner?: LockOwner };

type Answered = Exclude<SessionAnswer, Lost>;

const DEADLINE_MS = 30_000;

export const exchange = (session: RemoteSession, request: SessionRequest): Promise<SessionAnswer> =>
  session.send(request, { deadlineMs: DEADLINE_MS });

/**
 * As `exchange`, for a request that replaces a file. A failed one may have been done, for example if its host was
 * interrupted. Sent once more, it continues from what is there, or says why it cannot.
 */
export async function insist(session: RemoteSession, request: SessionRequest): Promise<SessionAnswer> {
  const answer = await exchange(session, request);
  return answer.kind === "answered" && answer.status === "fail" ? exchange(session, request) : answer;
}

/** As a run writes its name. */
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

/** The words of a lock: token, owner, since, lease end, and the host's time; null if no run writes such words. */
export function readLockOwner([token, who, since, leaseEnd, now]: readonly string[]): LockOwner | null {
  const isTime = (word: string | undefined): boolean => /^\d{1,10}$/.test(word ?? "");
  if (!token || who === undefined || !WHO.test(who) || ![since, leaseEnd, now].every(isTime)) return null;
  return { token, who, since: Number(since), leaseEnd: Number(leaseEnd), now: Number(now) };
}

import type { StartTls } from "#shared/model/hosts/target.ts";

/**
 * What is said in plain text before TLS, as a machine without clock or socket: bytes in, what to do out. A dialogue is
 * made anew for each connection; `next` never throws, whatever is heard.
 */
export type Negotiation = {
  /** Said before anything is heard; empty where the server speaks first. */
  opening: Uint8Array;
  /** What follows from the bytes that were heard and are not used up. */
  next(heard: Buffer): Step;
};

/**
 * `more`: what was heard is not whole yet. `go`: so many bytes, at least one, are used up, and this is said. `ready`:
 * as `go`, and all that the server sends from here on is TLS.
 */
export type Step =
  | { kind: "more" }
  | { kind: "go"; used: number; say?: Uint8Array }
  | { kind: "ready"; used: number; say?: Uint8Array }
  | Failing;

/**
 * Why TLS is not come to. `not-offered`: the server knows no TLS here; `refused`: it was asked for TLS and said no;
 * `turned-away`: it wants nothing of us at all; `other`: what it says is not of this protocol. `said`: what it said
 * of it, and empty where that is nothing for people.
 */
type Failing =
  | { kind: "not-offered" | "refused" | "turned-away"; said: string }
  | { kind: "other"; heard: Uint8Array }
  | { kind: "flooded"; what: string };

export const MORE: Step = { kind: "more" };

export const NOTHING: Uint8Array = new Uint8Array();

/** So many bytes are listened to before TLS; no server has so much to say. */
export const MOST_BYTES = 64 * 1024;

/** `injected`: plain text came behind the server's last word before TLS, where only TLS may come. */
export type Ending = { kind: "ready" } | { kind: "injected"; heard: Uint8Array } | Failing;

/** What is to be said, and how the dialogue has ended; null while it goes on. */
type Move = { say: Uint8Array; ending: Ending | null };

/**
 * Leads a dialogue over a stream however it is cut. Nothing that comes behind the last word of the server is kept: one
 * who sits in between could have put it there, to be taken for what was said under TLS.
 */
export class Conversation {
  readonly #dialogue: Negotiation;
  #heard: Buffer = Buffer.alloc(0);
  #heardBytes = 0;

  constructor(dialogue: Negotiation) {
    this.#dialogue = dialogue;
  }

  get opening(): Uint8Array {
    return this.#dialogue.opening;
  }

  get hasHeard(): boolean {
    return this.#heardBytes > 0;
  }

  take(piece: Uint8Array): Move {
    this.#heardBytes += piece.length;
    if (this.#heardBytes > MOST_BYTES) return { say: NOTHING, ending: { kind: "flooded", what: TOO_MUCH } };
    this.#heard = Buffer.concat([this.#heard, piece]);
    const said: Uint8Array[] = [];
    const end = (ending: Ending | null): Move => ({ say: Buffer.concat(said), ending });
    for (;;) {
      const step = this.#heard.length === 0 ? null : this.#dialogue.next(this.#heard);
      if (step === null || step.kind === "more") return end(null);
      if (step.kind !== "go" && step.kind !== "ready") return end(step);
      this.#heard = this.#heard.subarray(step.used);
      if (step.say) said.push(step.say);
      if (step.kind === "go") continue;
      return end(this.#heard.length === 0 ? { kind: "ready" } : { kind: "injected", heard: this.#heard });
    }
  }
}

const TOO_MUCH = `more than ${MOST_BYTES / 1024} KiB`;

/** What speaks so, as people call it; and how it is written as a target, where it may turn to TLS. */
type Speaker = { name: string; protocol: StartTls | null };

/** What greets, or answers in plain text, by how it begins. */
const SPEAKERS: readonly [RegExp, string, StartTls | null][] = [
  [/^SSH-/, "SSH", null],
  [/^HTTP\//, "plain HTTP", null],
  [/^220[ -].*(ftp)/i, "FTP", "ftp"],
  [/^220[ -]/, "SMTP or FTP", "smtp"],
  // With an enhanced status code (RFC 3463), as to whom speaks out of turn.
  [/^[245]\d\d[ -]\d\.\d{1,3}\.\d{1,3} /, "SMTP", "smtp"],
  [/^\+OK/, "POP3", "pop3"],
  [/^\* (OK|PREAUTH|BYE)/, "IMAP", "imap"],
  [/^20[01] /, "NNTP", "nntp"],
  [/^"IMPLEMENTATION"/i, "ManageSieve", "sieve"],
  [/^(:\S+ )?NOTICE /, "IRC", "irc"],
  [/^RFB \d/, "VNC", null],
  [/^<(\?xml|stream:)/, "XMPP or other XML", null],
  [/^<(!doctype|html)/i, "HTML", null],
  [/^\xff[\xfa-\xfe]/, "Telnet", "telnet"],
];

/** Null where it is not known. */
export function findSpeaker(heard: Uint8Array): Speaker | null {
  const start = startOf(heard, 200);
  const [, name, protocol] = SPEAKERS.find(([pattern]) => pattern.test(start)) ?? [];
  if (name !== undefined) return { name, protocol: protocol ?? null };
  return isMysql(heard) ? { name: "MySQL", protocol: "mysql" } : null;
}

/** A record of TLS: its type, then its version. */
export const isTls = ([type = 0, major, minor]: Uint8Array): boolean =>
  type >= 0x14 && type <= 0x17 && major === 3 && (minor === undefined || minor <= 4);

/** The first packet of a connection, which holds version 10 of the protocol, or an error. */
const isMysql = ([, , , number, version]: Uint8Array): boolean =>
  number === 0 && (version === 10 || version === 0xff);

/** The first line of what was heard, without anything that a terminal would act on. */
export const quoteHeard = (heard: Uint8Array, most = 60): string =>
  (startOf(heard, most).split(/[\r\n]/)[0] ?? "").replace(/[^\x20-\x7e]/g, "?");

const startOf = (heard: Uint8Array, most: number): string =>
  Buffer.from(heard.subarray(0, most)).toString("latin1");

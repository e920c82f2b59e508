import type { StartTls } from "#shared/model/hosts/target.ts";

/**
 * The plain text before TLS, as a state machine without clock or socket: bytes in, commands out. Each connection gets a
 * new one; `next` never throws, whatever is received.
 */
export type Negotiation = {
  /** Sent before anything is received; empty if the server speaks first. */
  opening: Uint8Array;
  /** The next step, for the bytes that were received and are not used up. */
  next(received: Buffer): Step;
};

/**
 * `more`: what was received is incomplete. `go`: `used` bytes, at least one, are used up; send `send`. `ready`: as
 * `go`, and everything that the server sends from here on is TLS.
 */
export type Step =
  | { kind: "more" }
  | { kind: "go"; used: number; send?: Uint8Array }
  | { kind: "ready"; used: number; send?: Uint8Array }
  | Failing;

/**
 * Why there is no TLS. `not-offered`: the server knows no TLS here; `refused`: it was asked for TLS and said no;
 * `turned-away`: it accepts no connection of ours at all; `other`: its answer is not of this protocol. `said`: its
 * reason, empty if it has none that people can read.
 */
type Failing =
  | { kind: "not-offered" | "refused" | "turned-away"; said: string }
  | { kind: "other"; received: Uint8Array }
  | { kind: "flooded"; what: string };

export const MORE: Step = { kind: "more" };

export const NOTHING: Uint8Array = new Uint8Array();

/** Most bytes that are read before TLS; no server sends so many. */
export const MOST_BYTES = 64 * 1024;

/** `injected`: plain text followed the server's last message before TLS, where only TLS may follow. */
export type Ending = { kind: "ready" } | { kind: "injected"; received: Uint8Array } | Failing;

/** What to send, and how the negotiation has ended; null while it goes on. */
type Move = { send: Uint8Array; ending: Ending | null };

/**
 * Runs a negotiation over a stream, however it is cut. Nothing that follows the server's last message in plain text is
 * kept: a man in the middle could have put it there, so that it passes for something said under TLS.
 */
export class Conversation {
  readonly #negotiation: Negotiation;
  #received: Buffer = Buffer.alloc(0);
  #receivedBytes = 0;

  constructor(negotiation: Negotiation) {
    this.#negotiation = negotiation;
  }

  get opening(): Uint8Array {
    return this.#negotiation.opening;
  }

  get hasReceived(): boolean {
    return this.#receivedBytes > 0;
  }

  take(piece: Uint8Array): Move {
    this.#receivedBytes += piece.length;
    if (this.#receivedBytes > MOST_BYTES)
      return { send: NOTHING, ending: { kind: "flooded", what: TOO_MUCH } };
    this.#received = Buffer.concat([this.#received, piece]);
    const said: Uint8Array[] = [];
    const end = (ending: Ending | null): Move => ({ send: Buffer.concat(said), ending });
    for (;;) {
      const step = this.#received.length === 0 ? null : this.#negotiation.next(this.#received);
      if (step === null || step.kind === "more") return end(null);
      if (step.kind !== "go" && step.kind !== "ready") return end(step);
      this.#received = this.#received.subarray(step.used);
      if (step.send) said.push(step.send);
      if (step.kind === "go") continue;
      return end(
        this.#received.length === 0 ? { kind: "ready" } : { kind: "injected", received: this.#received },
      );
    }
  }
}

const TOO_MUCH = `more than ${MOST_BYTES / 1024} KiB`;

/** The name of a protocol for people; and how it is written as a target, if it has STARTTLS. */
type Speaker = { name: string; protocol: StartTls | null };

/** Protocols that send a banner, or answer in plain text, by how that begins. */
const SPEAKERS: readonly [RegExp, string, StartTls | null][] = [
  [/^SSH-/, "SSH", null],
  [/^HTTP\//, "plain HTTP", null],
  [/^220[ -].*(ftp)/i, "FTP", "ftp"],
  [/^220[ -]/, "SMTP or FTP", "smtp"],
  // With an enhanced status code (RFC 3463): the answer to a client that speaks too early.
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

/** Which protocol speaks like this; null if that is not known. */
export function findSpeaker(received: Uint8Array): Speaker | null {
  const start = startOf(received, 200);
  const [, name, protocol] = SPEAKERS.find(([pattern]) => pattern.test(start)) ?? [];
  if (name !== undefined) return { name, protocol: protocol ?? null };
  return isMysql(received) ? { name: "MySQL", protocol: "mysql" } : null;
}

/** Whether this begins a TLS record: its type, then its version. */
export const isTls = ([type = 0, major, minor]: Uint8Array): boolean =>
  type >= 0x14 && type <= 0x17 && major === 3 && (minor === undefined || minor <= 4);

/** Whether this is MySQL's first packet, which holds protocol version 10, or an error. */
const isMysql = ([, , , number, version]: Uint8Array): boolean =>
  number === 0 && (version === 10 || version === 0xff);

/** The first line of what was received, without anything that a terminal would interpret. */
export const quoteReceived = (received: Uint8Array, most = 60): string =>
  (startOf(received, most).split(/[\r\n]/)[0] ?? "").replace(/[^\x20-\x7e]/g, "?");

const startOf = (received: Uint8Array, most: number): string =>
  Buffer.from(received.subarray(0, most)).toString("latin1");

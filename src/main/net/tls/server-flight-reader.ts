import { type Failure, within } from "#net/tcp-connect.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { TlsTarget } from "#shared/model/hosts/target.ts";
import { formatEndpoint } from "#shared/text/hosts/target.ts";
import {
  formatAlert,
  formatGroup,
  formatSuite,
  formatVersion,
  readCertificateMessage,
  readCertificateRequest,
  readEncryptedExtensions,
  readKeyExchangeGroup,
  readServerHello,
  readStatus,
  type ServerHello,
} from "./messages.ts";
import {
  createOpener,
  HandshakeLayer,
  type HandshakeMessage,
  MESSAGE,
  RECORD,
  RecordLayer,
} from "./record-protection.ts";
import { findSpeaker, quoteReceived } from "./starttls/negotiation.ts";
import { toStopFailure } from "./starttls/start-tls.ts";

/**
 * A server's answer to a hello. `odd`: it speaks TLS, but in a way that this reader does not follow, such as a request
 * for another hello; a full handshake may.
 */
export type ServerFlight =
  /** `isLeafAlone`: everything else that was sent could not be read. */
  | {
      kind: "presented";
      chain: Buffer[];
      facts: Record<string, string>;
      wire: WireBytes;
      isLeafAlone?: boolean;
    }
  | { kind: "alert"; name: string }
  | { kind: "not-tls"; received: Buffer }
  | { kind: "flooded" }
  | { kind: "odd"; why: string };

/** What a server sends in addition to its chain, as it came. */
export type WireBytes = {
  /** A stapled OCSP response, as DER; null if none came. */
  staple: Uint8Array | null;
  /** A list of certificate timestamps (RFC 6962, 3.3); null if none came. */
  timestamps: Uint8Array | null;
  /** The names, as DER, of the authorities whose client certificates it accepts; null if it requests none. */
  authorities: Uint8Array[] | null;
};

export const NOTHING_BESIDE: WireBytes = { staple: null, timestamps: null, authorities: null };

export type ReaderOptions = {
  /** A flight with more bytes counts as a flood. */
  mostBytes: number;
  /** The secret of the server's handshake traffic under TLS 1.3; null if this answer allows none. */
  secretOf: (hello: ServerHello, message: Buffer) => Buffer | null;
  /** Whether another ServerHello follows in the stream after a request for another hello. */
  followsRetry: boolean;
  /** Whether the hello asked for certificate timestamps: without that, a server sends none. */
  requestsTimestamps: boolean;
};

const odd = (why: string): ServerFlight => ({ kind: "odd", why });

/**
 * Reads a server's first flight as it arrives, up to the certificates: in plain text until TLS 1.2, decrypted since TLS
 * 1.3. It does not verify that the server holds the private key.
 */
export class ServerFlightReader {
  readonly #options: ReaderOptions;
  readonly #records = new RecordLayer();
  readonly #handshake: HandshakeLayer;
  #receivedBytes = 0;
  #hasRecord = false;
  #hello: ServerHello | null = null;
  #open: ReturnType<typeof createOpener> = null;
  #chain: Buffer[] | null = null;
  #group: number | null = null;
  #alpn: string | null = null;
  #staple: Buffer | null = null;
  #timestamps: Buffer | null = null;
  #authorities: Buffer[] | null = null;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#handshake = new HandshakeLayer(options.mostBytes);
  }

  /** Whether anything was received at all. */
  get hasReceived(): boolean {
    return this.#receivedBytes > 0;
  }

  /** Takes the next piece of the stream; null while more is needed. */
  take(piece: Uint8Array): ServerFlight | null {
    this.#receivedBytes += piece.length;
    if (this.#receivedBytes > this.#options.mostBytes) return { kind: "flooded" };
    this.#records.append(piece);
    for (;;) {
      const record = this.#records.next();
      if (record === null) return null;
      if (record === "none")
        return this.#hasRecord ? odd("broke off into something that is no TLS") : this.#sayNotTls();
      this.#hasRecord = true;
      const flight = this.#takeRecord(record.type, record.header, record.body);
      if (flight) return flight;
    }
  }

  /** The stream has ended: returns what is known of the server; null without a chain. */
  end(): ServerFlight | null {
    return this.#chain ? this.#present(this.#chain) : null;
  }

  #sayNotTls(): ServerFlight {
    return { kind: "not-tls", received: Buffer.from(this.#records.rest) };
  }

  #takeRecord(type: number, header: Buffer, body: Buffer): ServerFlight | null {
    if (type === RECORD.changeCipherSpec) return null;
    if (type !== RECORD.applicationData) return this.#takeContent(type, body);
    if (!this.#open) return odd("sent data before its handshake");
    const content = this.#open(header, body);
    if (!content) return odd("sent a record that its keys do not open");
    let end = content.length;
    while (end > 0 && content[end - 1] === 0) end--;
    return this.#takeContent(content[end - 1] ?? 0, content.subarray(0, Math.max(0, end - 1)));
  }

  #takeContent(type: number, content: Buffer): ServerFlight | null {
    if (type === RECORD.alert) return this.#takeAlert(content);
    if (type !== RECORD.handshake) return odd(`sent a record of type ${type} in its handshake`);
    this.#handshake.append(content);
    for (;;) {
      const message = this.#handshake.next();
      if (message === "flooded") return { kind: "flooded" };
      if (!message) return null;
      const flight = this.#takeMessage(message);
      if (flight) return flight;
    }
  }

  /** A warning does not end the handshake. */
  #takeAlert([level, code]: Uint8Array): ServerFlight | null {
    const WARNING = 1;
    const CLOSE = 0;
    if (code === undefined) return odd("sent an alert of no content");
    return level === WARNING && code !== CLOSE ? null : { kind: "alert", name: formatAlert(code) };
  }

  #takeMessage(message: HandshakeMessage): ServerFlight | null {
    if (message.type === MESSAGE.helloRequest) return null;
    if (!this.#hello) return this.#takeHello(message);
    switch (message.type) {
      case MESSAGE.encryptedExtensions:
        this.#alpn = readEncryptedExtensions(message.body)?.alpn ?? null;
        return null;
      case MESSAGE.certificateRequest:
        // A request that cannot be read still counts as a request.
        this.#authorities = readCertificateRequest(message.body, this.#hello.version) ?? [];
        return null;
      case MESSAGE.certificate:
        return this.#takeCertificates(message.body);
      case MESSAGE.certificateStatus:
        this.#staple = readStatus(message.body);
        return null;
      case MESSAGE.serverKeyExchange:
        this.#group = readKeyExchangeGroup(message.body);
        return null;
      case MESSAGE.serverHelloDone:
        return this.end() ?? odd("ended its flight without a certificate");
      default:
        return odd(`sent a handshake message of type ${message.type} out of place`);
    }
  }

  #takeHello({ type, body, whole }: HandshakeMessage): ServerFlight | null {
    const hello = type === MESSAGE.serverHello ? readServerHello(body) : null;
    if (!hello) return odd("began its handshake with something that is no hello");
    if (hello.isRetry) return this.#options.followsRetry ? null : odd("asked for another hello");
    this.#hello = hello;
    this.#group = hello.share?.group ?? null;
    this.#alpn = hello.alpn;
    this.#timestamps = hello.timestamps;
    if (!this.#isTls13) return null;
    if (!this.#handshake.isEmpty) return odd("went on in plain text after its hello");
    const secret = this.#options.secretOf(hello, Buffer.from(whole));
    this.#open = secret && createOpener(hello.suite, secret);
    return this.#open ? null : odd("chose keys that this program did not offer");
  }

  #takeCertificates(body: Buffer): ServerFlight | null {
    const message = readCertificateMessage(body, this.#isTls13);
    if (!message) return odd("sent a list of certificates that cannot be read");
    this.#chain = message.chain;
    this.#staple ??= message.staple;
    this.#timestamps ??= message.timestamps;
    // Until TLS 1.2 the staple, the group and the request follow the certificates.
    return this.#isTls13 ? this.#present(message.chain) : null;
  }

  get #isTls13(): boolean {
    return this.#hello?.version === 0x0304;
  }

  #present(chain: Buffer[]): ServerFlight {
    const yesOrNo = (is: boolean) => (is ? "yes" : "no");
    return {
      kind: "presented",
      chain,
      facts: {
        version: formatVersion(this.#hello?.version ?? 0),
        cipher: formatSuite(this.#hello?.suite ?? 0),
        group: this.#group === null ? "none" : formatGroup(this.#group),
        alpn: this.#alpn ?? "none",
        "ocsp stapled": yesOrNo(this.#staple !== null),
        sct: this.#options.requestsTimestamps ? yesOrNo(this.#timestamps !== null) : "not requested",
        "client certificate requested": yesOrNo(this.#authorities !== null),
      },
      wire: { staple: this.#staple, timestamps: this.#timestamps, authorities: this.#authorities },
    };
  }
}

/** How a server stopped answering. */
export type Silence = { kind: "closed" | "reset" | "timed-out"; hasReceived: boolean };

/** The result of a handshake: what the server sent, or how it stopped answering. */
export type Answer = ServerFlight | Silence;

type Limits = { handshakeMs: number; mostBytes: number };

/** What an answer without a chain means, for people. */
export function toFailure(
  answer: Exclude<Answer, { kind: "presented" }>,
  target: TlsTarget,
  { handshakeMs, mostBytes }: Limits,
): Failure {
  switch (answer.kind) {
    case "alert":
      return { outcome: "alert", message: formatAlertName(answer.name) };
    case "not-tls":
      return toPlainTextFailure(answer.received, target);
    case "odd":
      return { outcome: "not-tls", message: `the server does not keep to TLS: it ${answer.why}` };
    case "flooded":
      return {
        outcome: "flooded",
        message: `the server sent more than ${mostBytes / 1024} KiB in its handshake; the rest was not read`,
      };
    case "timed-out":
      return { outcome: "timed-out", message: formatSilence(answer.hasReceived, within(handshakeMs)) };
    case "reset":
      return {
        outcome: "reset",
        message: "the server reset the connection during the handshake",
        closedBy: "reset",
      };
    case "closed":
      return answer.hasReceived
        ? {
            outcome: "truncated",
            message: "the server closed the connection in the middle of its handshake",
            closedBy: "closed-midway",
          }
        : {
            outcome: "reset",
            message: "the server closed the connection without an answer; it may speak no TLS on this port",
            closedBy: "closed",
          };
    default:
      return assertNever(answer);
  }
}

function formatAlertName(name: string): string {
  const refused = `the server refused the handshake (alert ${name})`;
  return name === "unrecognized_name" ? `${refused}: it serves nothing under this name` : refused;
}

const formatSilence = (hasReceived: boolean, time: string): string =>
  hasReceived
    ? `the server began its handshake and did not finish it ${time}`
    : `the server took the connection and said nothing ${time}`;

/** Plain text after a STARTTLS negotiation was injected by somebody. */
function toPlainTextFailure(received: Buffer, target: TlsTarget): Failure {
  const { protocol } = target;
  if (protocol !== "tls") return toStopFailure({ kind: "injected", received }, { target, protocol });
  return { outcome: "not-tls", message: describeOtherProtocol(received, target) };
}

/** Quotes the first line that was received. If that protocol has STARTTLS, it adds how to write the target. */
function describeOtherProtocol(received: Buffer, target: TlsTarget): string {
  const speaker = findSpeaker(received);
  const how = speaker ? ` but ${speaker.name}` : "";
  const remedy = speaker?.protocol
    ? `; it may turn to TLS: write ${formatEndpoint({ ...target, protocol: speaker.protocol })}`
    : "";
  return `what listens there does not speak TLS${how}: it said "${quoteReceived(received)}"${remedy}`;
}

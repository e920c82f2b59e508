import { Duplex } from "node:stream";
import { isTls, MORE, type Negotiation, NOTHING, type Step } from "./negotiation.ts";

/** SSLRequest: its length, and a number that is no protocol version (PostgreSQL, "Message Formats"). */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

const MOST_ERROR = 8 * 1024;

export const createPostgresNegotiation = (): Negotiation => ({ opening: SSL_REQUEST, next: postgresNext });

/** The server answers with one letter: S for yes, N for no, E for an error of one that does not get that far. */
function postgresNext(received: Buffer): Step {
  // SSH's greeting begins with the same letter as a yes.
  if (received.subarray(0, 4).toString("latin1") === "SSH-") return { kind: "other", received };
  switch (String.fromCharCode(received[0] ?? 0)) {
    case "S":
      return { kind: "ready", used: 1 };
    case "N":
      return received.length === 1 ? { kind: "not-offered", said: "" } : { kind: "other", received };
    case "E":
      return readError(received);
    default:
      return { kind: "other", received };
  }
}

/** ErrorResponse: fields of a letter and a text each; M is for people. */
function readError(received: Buffer): Step {
  if (received.length < 5) return MORE;
  const length = received.readUInt32BE(1);
  if (length < 4 || length > MOST_ERROR) return { kind: "other", received };
  if (received.length < 1 + length) return MORE;
  const fields = received
    .subarray(5, 1 + length)
    .toString("utf8")
    .split("\0");
  const message = fields.find((field) => field.startsWith("M"))?.slice(1) ?? "an error";
  return { kind: "turned-away", said: message };
}

const HEADER_SIZE = 4;
const MOST_GREETING = 4 * 1024;

const CLIENT_SSL = 0x0800;
/** CLIENT_PROTOCOL_41, CLIENT_SSL, CLIENT_SECURE_CONNECTION, CLIENT_PLUGIN_AUTH. */
const CAPABILITIES = 0x0200 | CLIENT_SSL | 0x8000 | 0x80000;

export const createMysqlNegotiation = (): Negotiation => ({ opening: NOTHING, next: mysqlNext });

/** The server's first packet lists its capabilities; a client requests TLS and begins without an answer. */
function mysqlNext(received: Buffer): Step {
  if (received.length < HEADER_SIZE) return MORE;
  const size = received.readUIntLE(0, 3);
  const isFirst = received[3] === 0;
  if (!isFirst || size < 3 || size > MOST_GREETING) return { kind: "other", received };
  if (received.length < HEADER_SIZE + size) return MORE;
  const greeting = received.subarray(HEADER_SIZE, HEADER_SIZE + size);
  const [version] = greeting;
  // An error before any login has no state in it: a number, then words for people.
  if (version === 0xff) return { kind: "turned-away", said: greeting.subarray(3).toString("utf8") };
  const capabilities = version === 10 ? readCapabilities(greeting) : null;
  if (capabilities === null) return { kind: "other", received };
  if ((capabilities & CLIENT_SSL) === 0) return { kind: "not-offered", said: "" };
  return { kind: "ready", used: HEADER_SIZE + size, send: writeSslRequest() };
}

/** After the version's name come a connection number, eight bytes for the login and a filler. */
function readCapabilities(greeting: Buffer): number | null {
  const named = greeting.indexOf(0, 1);
  const at = named + 1 + 4 + 8 + 1;
  return named === -1 || at + 2 > greeting.length ? null : greeting.readUInt16LE(at);
}

function writeSslRequest(): Uint8Array {
  const [MOST_PACKET, UTF8MB4] = [1 << 24, 45];
  const packet = Buffer.alloc(HEADER_SIZE + 32);
  packet.writeUIntLE(32, 0, 3);
  packet[3] = 1;
  packet.writeUInt32LE(CAPABILITIES, 4);
  packet.writeUInt32LE(MOST_PACKET, 8);
  packet[12] = UTF8MB4;
  return packet;
}

const TDS_HEADER_SIZE = 8;
const TDS_PRELOGIN = 0x12;
const TDS_RESPONSE = 0x04;
const IS_LAST = 1;

const MOST_PACKET = 4_096;

const [VERSION, ENCRYPTION, TERMINATOR] = [0, 1, 0xff];
const [OFF, ON, NOT_SUPPORTED, REQUIRED] = [0, 1, 2, 3];

/** PRELOGIN: a version without meaning, and the request to encrypt (MS-TDS section 2.2.6.5). */
const PRELOGIN = wrapInTds(
  Buffer.from([VERSION, 0, 11, 0, 6, ENCRYPTION, 0, 17, 0, 1, TERMINATOR, 15, 0, 0, 0, 0, 0, ON]),
);

export const createMssqlNegotiation = (): Negotiation => ({ opening: PRELOGIN, next: mssqlNext });

function mssqlNext(received: Buffer): Step {
  if (received[0] !== TDS_RESPONSE) return { kind: "other", received };
  if (received.length < TDS_HEADER_SIZE) return MORE;
  const size = received.readUInt16BE(2);
  if (size <= TDS_HEADER_SIZE || size > MOST_PACKET) return { kind: "other", received };
  if (received.length < size) return MORE;
  const encryption = readEncryption(received.subarray(TDS_HEADER_SIZE, size));
  if (encryption === NOT_SUPPORTED) return { kind: "not-offered", said: "" };
  // Off means that only the login is encrypted, which needs the same handshake.
  const isReady = encryption === OFF || encryption === ON || encryption === REQUIRED;
  return isReady ? { kind: "ready", used: size } : { kind: "other", received };
}

/** Each option is a kind, an offset and a length, up to a terminator; their values follow it. */
function readEncryption(options: Buffer): number | null {
  for (let at = 0; at + 5 <= options.length && options[at] !== TERMINATOR; at += 5)
    if (options[at] === ENCRYPTION) return options[options.readUInt16BE(at + 1)] ?? null;
  return null;
}

/** As packets of PRELOGIN, in which the TLS handshake travels, too (section 2.2.6.5, last part). */
function wrapInTds(content: Uint8Array): Buffer {
  const most = MOST_PACKET - TDS_HEADER_SIZE;
  const packets: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < content.length; at += most) {
    const part = content.subarray(at, at + most);
    const header = Buffer.alloc(TDS_HEADER_SIZE);
    header[0] = TDS_PRELOGIN;
    header[1] = at + most >= content.length ? IS_LAST : 0;
    header.writeUInt16BE(TDS_HEADER_SIZE + part.length, 2);
    packets.push(header, part);
  }
  return Buffer.concat(packets);
}

/** The inner stream: what is written is sent in TDS packets, and the content of incoming packets is read. */
export function openTdsStream(stream: Duplex): Duplex {
  const unwrap = createUnwrapper();
  const inner = new Duplex({
    read: () => void stream.resume(),
    write: (piece: Uint8Array, _encoding, done) => {
      if (stream.destroyed) done();
      else stream.write(wrapInTds(piece), () => done());
    },
    destroy: (error, done) => {
      stream.destroy();
      done(error);
    },
  });
  stream.on("data", (piece: Buffer) => {
    for (const part of unwrap(piece)) if (!inner.push(part)) stream.pause();
  });
  stream.on("end", () => inner.push(null));
  stream.on("error", (error) => inner.destroy(error));
  stream.on("close", () => inner.destroy());
  inner.on("error", () => undefined);
  inner.pause();
  return inner;
}

/** Takes the content out of packets as they come. From the first that is none on, all is passed on as it came. */
function createUnwrapper(): (piece: Buffer) => Buffer[] {
  let pending: Buffer = Buffer.alloc(0);
  let left = 0;
  let isBroken = false;

  return (piece) => {
    pending = Buffer.concat([pending, piece]);
    const parts: Buffer[] = [];
    while (pending.length > 0) {
      if (left === 0 && !isBroken && !beginPacket()) break;
      const part = isBroken ? pending : pending.subarray(0, left);
      pending = pending.subarray(part.length);
      left = isBroken ? 0 : left - part.length;
      if (part.length > 0) parts.push(part);
    }
    return parts;
  };

  /** Whether a packet could be begun, or the stream is broken; false: more must be received. */
  function beginPacket(): boolean {
    isBroken = pending[0] !== TDS_PRELOGIN && pending[0] !== TDS_RESPONSE;
    if (isBroken) return true;
    if (pending.length < TDS_HEADER_SIZE) return false;
    const size = pending.readUInt16BE(2);
    isBroken = size < TDS_HEADER_SIZE;
    if (isBroken) return true;
    left = size - TDS_HEADER_SIZE;
    pending = pending.subarray(TDS_HEADER_SIZE);
    return true;
  }
}

/**
 * A TPKT with an X.224 connection request and the security protocols that it wants: TLS, or CredSSP, which begins with
 * TLS (MS-RDPBCGR section 2.2.1.1).
 */
const REQUEST = Buffer.from([3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 3, 0, 0, 0]);

const CONNECTION_CONFIRM = 0xd0;
const [NEGOTIATED, NOT_NEGOTIATED] = [2, 3];

/** Why a server does not take TLS (section 2.2.1.2.2). */
const FAILURES: ReadonlyMap<number, string> = new Map([
  [1, "it wants TLS"],
  [2, "it allows no TLS"],
  [3, "it has no certificate"],
  [4, "the request was inconsistent"],
  [5, "it wants CredSSP"],
  [6, "it wants TLS with a certificate of the client"],
]);

export const createRdpNegotiation = (): Negotiation => ({ opening: REQUEST, next });

function next(received: Buffer): Step {
  const [version, , high, low, , type] = received;
  if (version !== 3) return { kind: "other", received };
  if (high === undefined || low === undefined || type === undefined) return MORE;
  const size = (high << 8) | low;
  // An answer without the eight bytes of the negotiation is of a server that does not know it.
  if ((size !== 11 && size !== 19) || (type & 0xf0) !== CONNECTION_CONFIRM)
    return { kind: "other", received };
  if (received.length < size) return MORE;
  if (size === 11) return { kind: "not-offered", said: "" };
  const chosen = received.readUInt32LE(15);
  if (received[11] === NEGOTIATED)
    return chosen === 0 ? { kind: "not-offered", said: "" } : { kind: "ready", used: size };
  if (received[11] !== NOT_NEGOTIATED) return { kind: "other", received };
  return {
    kind: chosen === 2 ? "not-offered" : "refused",
    said: FAILURES.get(chosen) ?? `failure ${chosen}`,
  };
}

const [IAC, DONT, DO, WONT, WILL, SB, SE] = [255, 254, 253, 252, 251, 250, 240];

const START_TLS = 46;
const FOLLOWS = 1;

/** telnetd-ssl's way: SSL as a kind of authentication (RFC 2941 has the frame, and no number for it). */
const AUTHENTICATION = 37;
const [IS, SEND, REPLY] = [0, 1, 2];
const SSL = 7;
const [START, ACCEPT] = [1, 2];

const option = (verb: number, code: number): Uint8Array => Buffer.from([IAC, verb, code]);
const suboption = (...bytes: number[]): Uint8Array => Buffer.from([IAC, SB, ...bytes, IAC, SE]);

/**
 * Asks for START_TLS (option 46, draft-altman-telnet-starttls); if the server does not know that, for SSL by the option
 * of authentication. It declines every other option that the server proposes, once each.
 */
export function createTelnetNegotiation(): Negotiation {
  const declined = new Set<number>();
  let isAuthenticating = false;
  return { opening: option(WILL, START_TLS), next };

  function next(received: Buffer): Step {
    const token = readToken(received);
    if (token === null) return MORE;
    if (token === "broken") return { kind: "other", received };
    const { used, verb, code, content } = token;
    if (verb === SB) return takeSuboption(used, code, content);
    if (code === START_TLS && verb === DO) return { kind: "go", used, send: suboption(START_TLS, FOLLOWS) };
    if (code === START_TLS && verb === DONT) return authenticate(used);
    if (code === AUTHENTICATION && verb === DO) return authenticate(used);
    if (code === AUTHENTICATION && verb === DONT) return { kind: "not-offered", said: "" };
    if (verb === DO || verb === WILL) return { kind: "go", used, ...decline(verb, code) };
    return { kind: "go", used };
  }

  /** Offered once: the server lists the kinds that it takes. */
  function authenticate(used: number): Step {
    if (isAuthenticating) return { kind: "go", used };
    isAuthenticating = true;
    return { kind: "go", used, send: option(WILL, AUTHENTICATION) };
  }

  function takeSuboption(used: number, code: number, content: Buffer): Step {
    if (code === START_TLS && content[0] === FOLLOWS) return { kind: "ready", used };
    if (code !== AUTHENTICATION) return { kind: "go", used };
    const [command, kind, modifier = 0, result] = content;
    if (command === SEND) {
      const modifiers = findModifiers(content.subarray(1), SSL);
      if (modifiers === null) return { kind: "not-offered", said: "" };
      return { kind: "go", used, send: suboption(AUTHENTICATION, IS, SSL, modifiers, START) };
    }
    if (command !== REPLY || kind !== SSL) return { kind: "go", used };
    return result === ACCEPT
      ? { kind: "ready", used }
      : { kind: "refused", said: `reply ${result} of way ${modifier}` };
  }

  function decline(verb: number, code: number): { send?: Uint8Array } {
    const key = verb * 256 + code;
    if (declined.has(key)) return {};
    declined.add(key);
    return { send: option(verb === DO ? WONT : DONT, code) };
  }
}

/** Pairs of bytes: a kind and its modifiers. */
function findModifiers(modifiers: Buffer, kind: number): number | null {
  for (let at = 0; at + 1 < modifiers.length; at += 2)
    if (modifiers[at] === kind) return modifiers[at + 1] ?? null;
  return null;
}

type Token = { used: number; verb: number; code: number; content: Buffer };

const NO_CONTENT = Buffer.alloc(0);

/** How the banners of other protocols begin. */
const GREETINGS = /^(SSH-|HTTP\/|220[ -]|\+OK|\* OK|RFB )/;

/**
 * The next command, or a run of text, which has a verb and a code of 0 and means nothing here. Null while it is
 * incomplete. A suboption ends at IAC SE; IAC IAC in it is one byte, which no suboption of interest has.
 */
function readToken(received: Buffer): Token | null | "broken" {
  if (received[0] !== IAC) {
    if (isTls(received) || GREETINGS.test(received.subarray(0, 8).toString("latin1"))) return "broken";
    const end = received.indexOf(IAC);
    return { used: end === -1 ? received.length : end, verb: 0, code: 0, content: NO_CONTENT };
  }
  const [, verb, code] = received;
  if (verb === undefined) return null;
  if (verb < WILL && verb !== SB) return { used: 2, verb: 0, code: 0, content: NO_CONTENT };
  if (verb === IAC) return { used: 2, verb: 0, code: 0, content: NO_CONTENT };
  if (code === undefined) return null;
  if (verb !== SB) return { used: 3, verb, code, content: NO_CONTENT };
  const end = received.indexOf(Buffer.from([IAC, SE]), 3);
  return end === -1 ? null : { used: end + 2, verb, code, content: received.subarray(3, end) };
}

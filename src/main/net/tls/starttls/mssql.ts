import { MORE, type Negotiation, type Step } from "./dialogue.ts";

export const TDS_HEADER_SIZE = 8;
export const TDS_PRELOGIN = 0x12;
export const TDS_RESPONSE = 0x04;
const IS_LAST = 1;

const MOST_PACKET = 4_096;

const [VERSION, ENCRYPTION, TERMINATOR] = [0, 1, 0xff];
const [OFF, ON, NOT_SUPPORTED, REQUIRED] = [0, 1, 2, 3];

/** PRELOGIN: a version of no meaning, and the wish to encrypt (MS-TDS section 2.2.6.5). */
const PRELOGIN = wrapInTds(
  Buffer.from([VERSION, 0, 11, 0, 6, ENCRYPTION, 0, 17, 0, 1, TERMINATOR, 15, 0, 0, 0, 0, 0, ON]),
);

export const createMssqlNegotiation = (): Negotiation => ({ opening: PRELOGIN, next });

function next(heard: Buffer): Step {
  if (heard[0] !== TDS_RESPONSE) return { kind: "other", heard };
  if (heard.length < TDS_HEADER_SIZE) return MORE;
  const size = heard.readUInt16BE(2);
  if (size <= TDS_HEADER_SIZE || size > MOST_PACKET) return { kind: "other", heard };
  if (heard.length < size) return MORE;
  const encryption = readEncryption(heard.subarray(TDS_HEADER_SIZE, size));
  if (encryption === NOT_SUPPORTED) return { kind: "not-offered", said: "" };
  // Off means that the login alone is encrypted, which needs the same handshake.
  const isReady = encryption === OFF || encryption === ON || encryption === REQUIRED;
  return isReady ? { kind: "ready", used: size } : { kind: "other", heard };
}

/** Options stand as kind, offset and length, up to a terminator; what they hold comes behind it. */
function readEncryption(options: Buffer): number | null {
  for (let at = 0; at + 5 <= options.length && options[at] !== TERMINATOR; at += 5)
    if (options[at] === ENCRYPTION) return options[options.readUInt16BE(at + 1)] ?? null;
  return null;
}

/** As packets of PRELOGIN, in which the handshake of TLS travels too (section 2.2.6.5, last part). */
export function wrapInTds(content: Uint8Array): Buffer {
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

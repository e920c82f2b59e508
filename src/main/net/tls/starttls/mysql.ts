import { MORE, type Negotiation, NOTHING, type Step } from "./dialogue.ts";

const HEADER_SIZE = 4;
const MOST_GREETING = 4 * 1024;

const CLIENT_SSL = 0x0800;
/** CLIENT_PROTOCOL_41, CLIENT_SSL, CLIENT_SECURE_CONNECTION, CLIENT_PLUGIN_AUTH. */
const CAPABILITIES = 0x0200 | CLIENT_SSL | 0x8000 | 0x80000;

export const createMysqlNegotiation = (): Negotiation => ({ opening: NOTHING, next });

/** The server greets with what it can do; a client that wants TLS says so, and begins it without waiting for a word. */
function next(heard: Buffer): Step {
  if (heard.length < HEADER_SIZE) return MORE;
  const size = heard.readUIntLE(0, 3);
  const isFirst = heard[3] === 0;
  if (!isFirst || size < 3 || size > MOST_GREETING) return { kind: "other", heard };
  if (heard.length < HEADER_SIZE + size) return MORE;
  const greeting = heard.subarray(HEADER_SIZE, HEADER_SIZE + size);
  const [version] = greeting;
  // An error before any login has no state in it: a number, then words for people.
  if (version === 0xff) return { kind: "turned-away", said: greeting.subarray(3).toString("utf8") };
  const capabilities = version === 10 ? readCapabilities(greeting) : null;
  if (capabilities === null) return { kind: "other", heard };
  if ((capabilities & CLIENT_SSL) === 0) return { kind: "not-offered", said: "" };
  return { kind: "ready", used: HEADER_SIZE + size, say: writeSslRequest() };
}

/** Behind the version's name come a connection number, eight bytes for the login and a filler. */
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

/** Security keys of software: an agent that signs as a FIDO key does, with the marks of what its holder did. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";

/** What the holder does at each login: nothing, touch it, or touch it and give its PIN. */
export type Hand = "still" | "touches" | "verifies";
const FLAGS = { still: 0, touches: 1, verifies: 5 } satisfies Record<Hand, number>;

const APPLICATION = "ssh:";
const IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const SIGN = 13;
const SIGN_RESPONSE = 14;
const FAILURE = 5;

export type SecurityKey = {
  /** As it stands in a line of authorized_keys. */
  publicLine: string;
  blob: Buffer;
  sign(data: Buffer, hand: Hand): Buffer;
};

export function makeSecurityKey(kind: "ed25519" | "ecdsa"): SecurityKey {
  const { type, keyParts, privateKey } = kind === "ed25519" ? makeEd25519() : makeEcdsa();
  const blob = Buffer.concat([text(type), ...keyParts, text(APPLICATION)]);
  return {
    publicLine: `${type} ${blob.toString("base64")}`,
    blob,
    sign(data, hand) {
      const marks = Buffer.from([FLAGS[hand], 0, 0, 0, 1]);
      const signed = Buffer.concat([digest(Buffer.from(APPLICATION)), marks, digest(data)]);
      return Buffer.concat([text(type), block(signWith(privateKey, signed)), marks]);
    },
  };
}

function makeEd25519() {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const bytes = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
  return { type: "sk-ssh-ed25519@openssh.com", keyParts: [block(bytes)], privateKey };
}

function makeEcdsa() {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
  const type = "sk-ecdsa-sha2-nistp256@openssh.com";
  return { type, keyParts: [text("nistp256"), block(point)], privateKey };
}

function signWith(privateKey: KeyObject, data: Buffer): Buffer {
  if (privateKey.asymmetricKeyType === "ed25519") return sign(null, data, privateKey);
  const numbers = sign("sha256", data, { key: privateKey, dsaEncoding: "ieee-p1363" });
  return Buffer.concat([number(numbers.subarray(0, 32)), number(numbers.subarray(32))]);
}

/** An agent with these keys, all held by one hand. */
export async function startSecurityKeyAgent(
  socketPath: string,
  keys: readonly SecurityKey[],
  hand: Hand,
): Promise<AsyncDisposable & { socketPath: string }> {
  const server = createServer((socket) => serve(socket, keys, hand));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject).listen(socketPath, resolve);
  await promise;
  return {
    socketPath,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await rm(socketPath, { force: true });
    },
  };
}

function serve(socket: Socket, keys: readonly SecurityKey[], hand: Hand): void {
  let waiting = Buffer.alloc(0);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk]);
    while (waiting.length >= 4 && waiting.length >= 4 + waiting.readUInt32BE(0)) {
      const end = 4 + waiting.readUInt32BE(0);
      socket.write(block(answer(waiting.subarray(4, end), keys, hand)));
      waiting = waiting.subarray(end);
    }
  });
}

function answer(message: Buffer, keys: readonly SecurityKey[], hand: Hand): Buffer {
  if (message[0] === IDENTITIES) {
    const told = keys.flatMap(({ blob }) => [block(blob), text("")]);
    return Buffer.concat([Buffer.from([IDENTITIES_ANSWER]), count(keys.length), ...told]);
  }
  if (message[0] !== SIGN) return Buffer.from([FAILURE]);
  const blobEnd = 5 + message.readUInt32BE(1);
  const key = keys.find(({ blob }) => blob.equals(message.subarray(5, blobEnd)));
  const data = message.subarray(blobEnd + 4, blobEnd + 4 + message.readUInt32BE(blobEnd));
  return key
    ? Buffer.concat([Buffer.from([SIGN_RESPONSE]), block(key.sign(data, hand))])
    : Buffer.from([FAILURE]);
}

const digest = (data: Buffer): Buffer => createHash("sha256").update(data).digest();

function count(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const block = (bytes: Buffer): Buffer => Buffer.concat([count(bytes.length), bytes]);
const text = (value: string): Buffer => block(Buffer.from(value));

/** An mpint: no leading zeros, but one where the first bit would be its sign. */
function number(bytes: Buffer): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0);
  const trimmed = bytes.subarray(start);
  return block((trimmed[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), trimmed]) : trimmed);
}

/** Every key that a row may name: made once, with the private keys in a folder of the test's. */

import { execFile } from "node:child_process";
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { copyFile, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { DSA_LINE } from "#testing/demo/demo-keys.ts";

const run = promisify(execFile);

const KINDS = {
  key: ["-t", "ed25519"],
  holder: ["-t", "ed25519"],
  ca: ["-t", "ed25519"],
  ca2: ["-t", "ed25519"],
  rsa: ["-t", "rsa", "-b", "2048"],
  rsa1024: ["-t", "rsa", "-b", "1024"],
  rsa3072: ["-t", "rsa", "-b", "3072"],
  p256: ["-t", "ecdsa", "-b", "256"],
  p384: ["-t", "ecdsa", "-b", "384"],
  p521: ["-t", "ecdsa", "-b", "521"],
} satisfies Record<string, string[]>;

/** The arguments of ssh-keygen for a certificate of the key "holder". */
export type CertificateRequest = {
  by: string;
  principals: string;
  validity?: string;
  serial?: number;
  id?: string;
  options?: readonly string[];
};

export type LoginKeys = AsyncDisposable & {
  /** Public keys by name, as they stand in a line. */
  lines: Readonly<Record<string, string>>;
  /** Options for ssh that offer this key and nothing else. */
  offer(name: string, hand: Hand): string[];
  /** The same with a certificate of "holder"; each is made once. */
  offerCertificate(wish: CertificateRequest): Promise<string[]>;
};

/** Made in `folder`, which must exist; the sockets of its agents end with the returned value. */
export async function makeLoginKeys(folder: string): Promise<LoginKeys> {
  const path = (name: string) => join(folder, name);
  const made = Object.entries(KINDS).map(async ([name, kind]): Promise<[string, string]> => {
    await run("ssh-keygen", ["-q", "-N", "", "-C", "", "-f", path(name), ...kind]);
    return [name, (await readFile(path(`${name}.pub`), "utf8")).trim()];
  });
  const securityKeys = { sk: makeSecurityKey("ed25519"), sk256: makeSecurityKey("ecdsa") };
  for (const [name, { publicLine }] of Object.entries(securityKeys))
    await writeFile(path(`${name}.pub`), `${publicLine}\n`);
  const agents = new AsyncDisposableStack();
  for (const hand of ["still", "touches", "verifies"] as const)
    agents.use(await startSecurityKeyAgent(path(hand), Object.values(securityKeys), hand));

  const offer = (name: string, hand: Hand): string[] => {
    const files = name.split(",").flatMap((one) => ["-i", path(name in securityKeys ? `${one}.pub` : one)]);
    return [...files, "-o", `IdentityAgent=${name in securityKeys ? path(hand) : "none"}`];
  };
  const certificates = new Map<string, Promise<string>>();
  const certificateOf = (wish: CertificateRequest): Promise<string> => {
    const name = createHash("sha256").update(JSON.stringify(wish)).digest("hex").slice(0, 16);
    const known = certificates.get(name) ?? makeCertificate(path, name, wish);
    certificates.set(name, known);
    return known;
  };
  const lines: Record<string, string> = Object.fromEntries(await Promise.all(made));
  for (const [name, { publicLine }] of Object.entries(securityKeys)) lines[name] = publicLine;
  const pasted = await makeCertificate(path, "pasted", { by: "ca", principals: "", subject: "key" });
  lines.certificate = (await readFile(pasted, "utf8")).trim();
  lines.mldsa = makeMldsaLine();
  lines.dsa = DSA_LINE;
  return {
    lines,
    offer,
    offerCertificate: async (wish) => [
      ...offer("holder", "still"),
      "-o",
      `CertificateFile=${await certificateOf(wish)}`,
    ],
    [Symbol.asyncDispose]: () => agents.disposeAsync(),
  };
}

type Path = (name: string) => string;

/**
 * ssh-keygen names the certificate after the key's file, so the public key is first copied to a file of its own name.
 */
async function makeCertificate(
  path: Path,
  name: string,
  {
    by,
    principals,
    validity,
    serial,
    id = "somebody",
    options = [],
    subject = "holder",
  }: CertificateRequest & {
    subject?: string;
  },
): Promise<string> {
  await copyFile(path(`${subject}.pub`), path(`${name}.pub`));
  const words = [
    "-q",
    "-s",
    path(by),
    "-I",
    id,
    ...options,
    ...(principals === "" ? [] : ["-n", principals]),
    ...(validity === undefined ? [] : ["-V", validity]),
    ...(serial === undefined ? [] : ["-z", String(serial)]),
  ];
  await run("ssh-keygen", [...words, path(`${name}.pub`)]);
  return path(`${name}-cert.pub`);
}

/** No tool here can make such a key yet: its bytes are arbitrary, and its format is right. */
function makeMldsaLine(): string {
  const type = "ssh-mldsa44-ed25519@openssh.com";
  const parts = [Buffer.from(type), randomBytes(1_312 + 32)].map((bytes) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  });
  return `${type} ${Buffer.concat(parts).toString("base64")}`;
}

/** Security keys in software: an agent that signs as a FIDO key does, with flags for what its user did. */

/** What the user does at each login: nothing, touch it, or touch it and enter its PIN. */
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

/** An agent with these keys, all used in the same way. */
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

/** An mpint: no leading zeros, except one if the first bit would be read as the sign. */
function number(bytes: Buffer): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0);
  const trimmed = bytes.subarray(start);
  return block((trimmed[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), trimmed]) : trimmed);
}

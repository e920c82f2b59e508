/** What the streams of heavy-streams.ts are made of. */
import { createHash, hash } from "node:crypto";

export const NONCE = "hostile";

export type Sent = { kind: string; attributes?: Record<string, string | readonly string[]>; text?: string };

const token = (text: string): string =>
  /^[A-Za-z0-9./_,:+=@-]*$/.test(text)
    ? text
    : [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");

function writeRecord({ kind, attributes = {}, text }: Sent): string {
  const words = Object.entries(attributes).flatMap(([name, values]) =>
    (typeof values === "string" ? [values] : values).map((value) => ` ${name}:${token(value)}`),
  );
  if (text === undefined) return `${kind} 0 -${words.join("")}\n`;
  const payload = `${Buffer.from(text).toString("base64")}\n`;
  return `${kind} ${payload.length} b64${words.join("")}\n${payload}`;
}

export const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

export const lines = (count: number, write: (index: number) => string): string =>
  many(count, write).join("\n");

const FILE = "-rw-r--r--,1,0,0,1";
const FOLDER = "drwxr-xr-x,1,0,0,1";

/** A key that nobody has: a blob of the right shape. */
export function keyLine(index: number): string {
  const point = createHash("sha256").update(`key ${index}`).digest();
  const type = Buffer.from("ssh-ed25519");
  const length = (size: number) => Buffer.from([0, 0, 0, size]);
  const blob = Buffer.concat([length(type.length), type, length(point.length), point]);
  return `ssh-ed25519 ${blob.toString("base64")}`;
}

const HOST: Sent = {
  kind: "host",
  attributes: { uid: "0", user: "root", how: "login", hostname: "evil", time: "1780272000", offset: "+0000" },
};

export const accounts = (count: number): Sent => ({
  kind: "accounts",
  text: `root:0:0:/root:/bin/sh\n${lines(count, (index) => `u${index}:${1000 + index}:100:/home/u${index}:/bin/sh`)}\n`,
});

export const sudoers = (text: string): Sent => ({
  kind: "sudoers",
  attributes: { path: "/etc/sudoers", e: "-r--r-----,1,0,0,1" },
  text,
});

export const config = (text: string, path = "/etc/ssh/sshd_config"): Sent => ({
  kind: "config",
  attributes: { path },
  text,
});

/** One file of authorized keys that every account uses. */
export const sharedKeys = (count: number, names: readonly string[]): Sent[] => [
  {
    kind: "authorized-keys",
    attributes: {
      path: "/etc/ssh/keys",
      account: "root",
      link: "no",
      real: "/etc/ssh/keys",
      e: [FOLDER, FOLDER, FOLDER, FILE],
    },
    text: `${lines(count, (index) => `${keyLine(index)} k${index}`)}\n`,
  },
  ...names.map((account) => ({
    kind: "authorized-keys-for",
    attributes: { path: "/etc/ssh/keys", account },
  })),
];

export const sshdFile = (path: string, text: string): Sent => ({
  kind: "sshd-file",
  attributes: { path, real: path, e: [FOLDER, FOLDER, FOLDER, FILE] },
  text,
});

/** A stream of these records, whole and unchanged. */
export function streamOf(records: readonly Sent[]): Buffer {
  const all = [HOST, ...records];
  const signed = `latchkey-collection 1 ${NONCE}\n${all.map(writeRecord).join("")}`;
  return Buffer.from(`${signed}end ${all.length} ${NONCE} sha256 ${hash("sha256", signed)}\n`);
}

export const names = (count: number) => many(count, (index) => `u${index}`);

/**
 * Reads an authorized_keys file of 20,000 lines, against the least that names its keys: base64 and SHA-256 of each.
 *
 *     npm run bench -- authorized-keys
 */
import { generateKeyPairSync, hash, randomBytes } from "node:crypto";
import { toField } from "#codec/ssh-wire.ts";
import { readAuthorizedKeys } from "#domain/ssh/authorized-keys.ts";
import { report } from "./figures.mjs";
import { cheapest, ownCpu } from "./measure.mjs";

const LINES = 20_000;
const ROUNDS = 15;
/** One key in five of every type has options, of which there are fifty: real files repeat them. */
const optionsOf = (at) =>
  Math.floor(at / 10) % 5
    ? ""
    : `from="10.0.0.0/8,192.168.1.7",no-pty,command="/usr/bin/rsync --server job${at % 50}${Math.floor(at / 50) % 5}" `;

const keys = Array.from({ length: LINES }, (_, index) => {
  const [type, ...fields] = makeKey(index % 10);
  const blob = Buffer.concat([Buffer.from(type), ...fields].map(toField));
  return { type, base64: blob.toString("base64") };
});
const file = Buffer.from(
  keys.map(({ type, base64 }, at) => `${optionsOf(at)}${type} ${base64} person${at}@desk\n`).join(""),
);

const ways = {
  bare: () => {
    for (const { base64 } of keys) hash("sha256", Buffer.from(base64, "base64"), "base64");
  },
  ours: () => {
    const lines = readAuthorizedKeys(file);
    if (lines.length !== LINES || lines.some(({ problem }) => problem))
      throw new Error("a line was not read");
  },
};
const costs = await cheapest({ bare: () => ownCpu(ways.bare), ours: () => ownCpu(ways.ours) }, ROUNDS);
report({
  what: "authorized_keys, each line",
  ours: costs.ours / LINES,
  peer: "base64 and SHA-256",
  theirs: costs.bare / LINES,
  unit: "us",
  most: 1 / 0.65,
});

/** Of ten keys six are Ed25519, three RSA of 3,072 bits, one on P-256. */
function makeKey(kind) {
  if (kind < 6) return ["ssh-ed25519", randomBytes(32)];
  if (kind < 9) {
    const modulus = randomBytes(384);
    modulus[0] |= 0x80;
    return ["ssh-rsa", Buffer.from([1, 0, 1]), Buffer.concat([Buffer.from([0]), modulus])];
  }
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const point = publicKey.export({ type: "spki", format: "der" }).subarray(-65);
  return ["ecdsa-sha2-nistp256", Buffer.from("nistp256"), point];
}

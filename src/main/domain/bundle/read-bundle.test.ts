import { generateKeyPairSync, hash, sign } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { toField } from "#codec/ssh-wire.ts";
import { HOST_SIGNATURE_NAMESPACE } from "#shared/model/hosts/bundle.ts";
import { readHostSignatures } from "./read-bundle.ts";

const END = `end 1 a1 sha256 ${"0".repeat(64)}\n`;
const STREAM = Buffer.from(`latchkey-collection 1 a1\nhost 0 - uid:0\n${END}`);
const { privateKey, publicKey } = generateKeyPairSync("ed25519");

/** As ssh-keygen -Y sign writes it. */
function armor(text: string, namespace = HOST_SIGNATURE_NAMESPACE): string {
  const field = (value: string | Uint8Array) => toField(Buffer.from(value));
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const parts = [namespace, "", "sha512"].map(field);
  const signed = Buffer.concat([Buffer.from("SSHSIG"), ...parts, field(hash("sha512", text, "buffer"))]);
  const signature = Buffer.concat([field("ssh-ed25519"), field(sign(null, signed, privateKey))]);
  const key = Buffer.concat([field("ssh-ed25519"), field(raw)]);
  const blob = Buffer.concat([
    Buffer.from("SSHSIG\0\0\0\x01", "latin1"),
    field(key),
    ...parts,
    field(signature),
  ]);
  return `-----BEGIN SSH SIGNATURE-----\n${blob.toString("base64")}\n-----END SSH SIGNATURE-----\n`;
}

const read = (rest: string, stream = STREAM) => readHostSignatures(stream, Buffer.from(rest, "latin1"));
const GOOD = `host-signature 1\n${armor(END)}`;

test("what a host key has signed of the last line counts, and nothing else does", () => {
  expect(read(GOOD)).toMatchObject({ keys: [{ keyType: "ssh-ed25519" }], why: null });
  expect(read(`${GOOD}${armor("end 2")}`).keys).toHaveLength(1);
  const no = { keys: [], why: "its host's signature is not of this bundle, or was cut" };
  expect(read(`host-signature 1\n${armor(END.trimEnd())}`)).toEqual(no);
  expect(read(`host-signature 1\n${armor(END, "latchkey-bundle")}`)).toEqual(no);
  expect(read(GOOD.slice(0, -40))).toEqual(no);
  expect(read("host-signature 1\n")).toEqual(no);
  const undigested = Buffer.from("latchkey-collection 1 a1\nend 0 a1 none\n");
  expect(read(`host-signature 1\n${armor("end 0 a1 none\n")}`, undigested)).toMatchObject({ keys: [] });
});

test("why there is none is said as whoever collected it said, and older bundles say nothing", () => {
  expect(read("")).toEqual({ keys: [], why: null });
  expect(read(armor(END))).toEqual({ keys: [], why: null });
  expect(read("host-unsigned not-root\n").why).toMatch(/^it was not collected as root/);
  expect(read("host-unsigned something-else\n")).toEqual({ keys: [], why: null });
  expect(read("host-signature 2\nwhatever").why).toMatch(/a later Latchkey reads/);
});

test("no bytes are a host's signature by chance, and none throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      expect(readHostSignatures(STREAM, bytes).keys).toEqual([]);
      const begun = Buffer.concat([Buffer.from("host-signature 1\n-----BEGIN SSH SIGNATURE-----\n"), bytes]);
      expect(readHostSignatures(STREAM, begun).keys).toEqual([]);
    }),
  );
});

test("well-formed and heavy is read in no time", () => {
  const many = `host-signature 1\n${armor("other").repeat(100_000)}`;
  expect(read(many).keys).toEqual([]);
  expect(read(`host-signature 1\n${"-----BEGIN SSH SIGNATURE-----\n".repeat(100_000)}`).keys).toEqual([]);
});

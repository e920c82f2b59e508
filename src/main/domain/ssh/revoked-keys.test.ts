import fc from "fast-check";
import { expect, test } from "vitest";
import { toField } from "#codec/ssh-wire.ts";
import { SAMPLE_KEYS } from "#domain/ssh/testdata/sample-keys.ts";
import { readPublicKeyLine } from "./key-blob.ts";
import { isRevoked, readRevokedKeys } from "./revoked-keys.ts";

const { ed25519, rsa, certificate } = SAMPLE_KEYS;
const key = readPublicKeyLine(ed25519)?.key;
if (!key) throw new Error("the sample is no key");

/** "yes", "no", or why the whole list is broken. */
function ask(file: string | Uint8Array): string {
  const revocations = readRevokedKeys(Buffer.from(file));
  if (revocations.kind === "broken") return revocations.why;
  return isRevoked(revocations, key as NonNullable<typeof key>) ? "yes" : "no";
}

test("a text list revokes its keys, and is broken by a line that is none", () => {
  expect(
    [
      "",
      "# nobody\n\n",
      `${rsa} one\n \t${ed25519} two`,
      `${ed25519}\r\n`,
      rsa,
      certificate,
      `${rsa}\n\r\n`,
      `restrict ${ed25519}`,
      `${ed25519}\ngarbage`,
      `\ufeff${ed25519}`,
    ].map(ask),
  ).toMatchInlineSnapshot(`
    [
      "no",
      "no",
      "yes",
      "yes",
      "no",
      "yes",
      "its line 2 holds a carriage return alone",
      "its line 1 is not a bare key",
      "its line 2 is not a bare key",
      "its line 1 is not a bare key",
    ]
  `);
});

const numbers = (...bytes: number[]) => Buffer.from(bytes);
const HEAD = Buffer.concat([
  Buffer.from("SSHKRL\n\0", "latin1"),
  numbers(0, 0, 0, 1),
  Buffer.alloc(24),
  toField(Buffer.alloc(0)),
  toField(Buffer.from("a comment")),
]);
const section = (type: number, ...fields: Uint8Array[]) =>
  Buffer.concat([numbers(type), toField(Buffer.concat(fields))]);

test("a KRL revokes keys by themselves and by their digests, and what it must understand and does not breaks it", () => {
  const sha256 = Buffer.from(key.fingerprint.slice(7), "base64");
  const certificates = (...body: Uint8Array[]) =>
    section(1, toField(key.blob), toField(Buffer.alloc(0)), ...body);
  const serial = (number: number) => Buffer.concat([Buffer.alloc(7), numbers(number)]);
  const files: [string, Uint8Array][] = [
    ["nothing", HEAD],
    ["the key", Buffer.concat([HEAD, section(2, toField(key.blob))])],
    ["its SHA-256", Buffer.concat([HEAD, section(5, toField(sha256))])],
    ["a digest of another length", Buffer.concat([HEAD, section(5, toField(sha256.subarray(1)))])],
    ["a signature", Buffer.concat([HEAD, section(4, key.blob), toField(Buffer.from("x"))])],
    ["a serial", Buffer.concat([HEAD, certificates(section(0x20, serial(1)))])],
    ["the serial 0", Buffer.concat([HEAD, certificates(section(0x20, serial(0)))])],
    ["a range upside down", Buffer.concat([HEAD, certificates(section(0x21, serial(2), serial(1)))])],
    [
      "an extension",
      Buffer.concat([HEAD, section(255, toField(Buffer.from("x")), numbers(0), toField(sha256))]),
    ],
    [
      "one that must be understood",
      Buffer.concat([HEAD, section(255, toField(Buffer.from("x")), numbers(1), toField(sha256))]),
    ],
    ["a section of another kind", Buffer.concat([HEAD, section(9)])],
    ["cut", Buffer.concat([HEAD, section(2, toField(key.blob)).subarray(0, -1)])],
    ["only its beginning", HEAD.subarray(0, 8)],
  ];
  expect(files.map(([name, file]) => `${name}: ${ask(file)}`)).toMatchInlineSnapshot(`
    [
      "nothing: no",
      "the key: yes",
      "its SHA-256: yes",
      "a digest of another length: it is a KRL that is cut or damaged",
      "a signature: no",
      "a serial: no",
      "the serial 0: it is a KRL that is cut or damaged",
      "a range upside down: it is a KRL that is cut or damaged",
      "an extension: no",
      "one that must be understood: it is a KRL that is cut or damaged",
      "a section of another kind: it is a KRL that is cut or damaged",
      "cut: it is a KRL that is cut or damaged",
      "only its beginning: it is a KRL that is cut or damaged",
    ]
  `);
});

test("no bytes make it throw", () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.constantFrom(numbers(0, 0, 0, 4), toField(key.blob), numbers(1), numbers(0x22), numbers(0xff)),
  );
  fc.assert(
    fc.property(fc.boolean(), fc.array(piece), (hasHead, pieces) => {
      const file = Buffer.concat([...(hasHead ? [HEAD] : []), ...pieces]);
      expect(typeof ask(file)).toBe("string");
    }),
    { numRuns: 1_000 },
  );
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { printPem } from "#codec/pem.ts";
import { openKeystore, readKeystore } from "#domain/keystores/read-keystore.ts";
import { readAsn1Level } from "#domain/x509/asn1-tree.ts";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import { Inspection } from "#shared/contract/inspect.ts";
import { Certificate } from "#shared/model/certificates/certificate.ts";
import {
  buildCertificate,
  commonName,
  der,
  extension,
  sequence,
  text,
} from "#testing/tls/build-certificate.ts";
import { inspectBytes } from "./inspect-bytes.ts";

/* Two thousand inputs here, a hundred thousand by `npm run fuzz`. */
const RUNS = Number(process.env.LATCHKEY_TEST_RUNS ?? 2_000);

const file = (name: string) => readFileSync(join(import.meta.dirname, "../keystores/testdata", name));

const certificate = buildCertificate({
  subject: commonName("a"),
  extensions: [
    extension(
      "2.5.29.17",
      sequence(text(0x82, "a.example"), der(0x87, [1, 2, 3, 4]), der(0xa4, commonName("d"))),
    ),
    extension("2.5.29.30", sequence(der(0xa0, sequence(der(0x87, new Uint8Array(8)))))),
    extension("2.5.29.31", sequence(sequence(der(0xa0, der(0xa0, text(0x86, "http://c.example/")))))),
    extension("1.3.6.1.4.1.11129.2.4.2", der(0x04, [0, 4, 0, 2, 1, 2])),
  ],
});

const STORES = [
  "aes.p12",
  "clear.p12",
  "legacy.p12",
  "pbmac1.p12",
  "java.jks",
  "java.jceks",
  "bouncy-bks",
  "bouncy-uber",
];
const OTHERS = ["bouncy-bcfks", "bag.p7b", "leaf.key", "leaf-pbes2.key", "leaf-old.key"];
const BASES: readonly Uint8Array[] = [
  certificate,
  Buffer.from(printPem(certificate)),
  ...[...STORES, ...OTHERS].map(file),
  Buffer.from(`kind: Secret\ndata: { tls.crt: ${certificate.toString("base64")} }\n`),
];

/** Wrong lengths: endless, longer than the file, negative if read as signed. */
const EVIL = [
  [0x80],
  [0x84, 0xff, 0xff, 0xff, 0xff],
  [0x30, 0x80],
  [0xff, 0xff, 0xff, 0xff],
  [0x00],
  [0x1f, 0xff],
];

/** A part of a whole, each as likely as any other: not mostly its ends. */
const anywhere = fc.noBias(fc.nat(999_999)).map((millionths) => millionths / 1_000_000);

const edit = fc.record({
  at: anywhere,
  bytes: fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 4 }), fc.constantFrom(...EVIL)),
  isInserted: fc.boolean(),
});

const input = fc.oneof(
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 400 }) },
  {
    weight: 9,
    arbitrary: fc
      .record({
        base: fc.constantFrom(...BASES),
        edits: fc.array(edit, { maxLength: 3 }),
        keep: fc.oneof({ weight: 6, arbitrary: fc.constant(1) }, anywhere),
      })
      .map(({ base, edits, keep }) => {
        let bytes = Buffer.from(base);
        for (const { at, bytes: piece, isInserted } of edits) {
          const from = Math.floor(at * bytes.length);
          const rest = bytes.subarray(isInserted ? from : from + piece.length);
          bytes = Buffer.concat([bytes.subarray(0, from), Buffer.from(piece), rest]);
        }
        return bytes.subarray(0, Math.ceil(keep * bytes.length));
      }),
  },
);

test("whatever a file holds is read in its shape, or is nothing that is known: nothing throws", () => {
  let found = 0;
  fc.assert(
    fc.property(input, (bytes) => {
      const read = readCertificate(bytes);
      if (read) Certificate.parse(read);
      if (Inspection.parse(inspectBytes("file", bytes)).kind !== "unknown") found++;
      readAsn1Level(Buffer.from(bytes), 0, { skip: 0, most: 50 });
      const work = readKeystore(bytes)?.lock?.work ?? 0;
      // The cost is read first; only what is cheap is tried here.
      if (work > 0 && work < 20_000) openKeystore(bytes, "latchkey");
    }),
    { numRuns: RUNS },
  );
  // Most were close enough to a real file that something was read.
  expect(found).toBeGreaterThan(RUNS / 3);
}, 3_600_000);

import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readPem } from "#codec/pem.ts";
import { readByOpenssl } from "#testing/tls/openssl.ts";
import { readCertificate } from "./read-certificate.ts";

const { ders } = readPem(await readFile("/etc/ssl/certs/ca-certificates.crt"));

/** Where the names, dates and algorithms of a certificate are. */
const HEAD = 400;

test("whatever openssl still reads in a certificate that was tampered with, is read the same", async () => {
  const tampered = fc
    .record({
      base: fc.constantFrom(...ders),
      edits: fc.array(fc.tuple(fc.nat(HEAD - 1), fc.nat(255)), { minLength: 1, maxLength: 3 }),
    })
    .map(({ base, edits }) => {
      const bytes = Buffer.from(base);
      for (const [at, value] of edits) bytes[at] = value;
      return bytes;
    });
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(tampered, async (bytes) => {
      const answer = await readByOpenssl(bytes);
      if (!answer) return;
      compared++;
      const read = readCertificate(bytes);
      const { sha256, subject, issuer, serial, signature, notBefore, notAfter } = answer;
      expect({
        ...read,
        notBefore: read?.notBefore ?? "Bad time value",
        notAfter: read?.notAfter ?? "Bad time value",
      }).toMatchObject({ sha256, subject, issuer, serial, signature, notBefore, notAfter });
    }),
    // A fixed seed: what another one finds by chance belongs in a named test.
    { numRuns: 1_500, seed: 20_261_125 },
  );
  expect(compared).toBeGreaterThan(300);
});

import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { openCertificate } from "#domain/x509/path/path-certificate.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { makeWithOpenssl } from "#testing/tls/make-with-openssl.ts";
import { signStatus } from "#testing/tls/sign-revocation.ts";
import { evaluateOcsp, readOcsp } from "./ocsp.ts";

const DAY_MS = 86_400_000;

test("an answer of openssl is believed of its issuer, for its certificate, in its time and unaltered", async () => {
  await using folder = await makeTemporaryFolder();
  const make = (name: string, wish = {}) => makeWithOpenssl(folder.path, name, wish);
  const authority = { extensions: ["basicConstraints=critical,CA:TRUE"] };
  const issuer = await make("issuer", authority);
  const stranger = await make("stranger", authority);
  const leaf = await make("leaf", { issuer });
  const other = await make("other", { issuer });
  const answer = await readFile(await signStatus(folder.path, { issuer, leaf }));
  const open = ({ der }: { der: Uint8Array }) => {
    const certificate = openCertificate(der);
    if (!certificate) throw new Error("this is a certificate");
    return certificate;
  };
  const read = readOcsp(answer);
  const at = read?.kind === "answered" ? (read.answers[0]?.thisUpdate ?? 0) : 0;
  const judge = (bytes: Uint8Array, about = leaf, by = issuer, when = at) =>
    evaluateOcsp(bytes, open(about), open(by), when);

  expect(judge(answer)).toMatchObject({
    state: "good",
    sentence: expect.stringMatching(/^not revoked, as of 20/),
  });
  expect(judge(answer, other).sentence).toBe("the answer is about another certificate");
  expect(judge(answer, leaf, stranger).sentence).toBe("the answer is about another certificate");
  expect(judge(answer, leaf, issuer, at + 4 * DAY_MS)).toMatchObject({
    state: "unknown",
    sentence: expect.stringMatching(/^the answer was to be renewed by/),
  });
  const altered = Buffer.from(answer);
  const stamp = altered.indexOf("20", altered.indexOf("Z", altered.indexOf("20")));
  altered.write("21", stamp);
  expect(judge(altered).state).toBe("unknown");
  expect(judge(answer.subarray(0, 40)).sentence).toBe("the answer cannot be read");
  expect(judge(Buffer.from([0x30, 0x03, 0x0a, 0x01, 0x06])).sentence).toBe(
    "the responder did not answer (status 6)",
  );
});

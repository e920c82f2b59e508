import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { printPem } from "#codec/pem.ts";
import { judge } from "#domain/x509/path/testing/judge.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { text } from "#testing/tls/build-certificate.ts";
import {
  constrains,
  isAuthority,
  isMeantFor,
  isNamed,
  mayBeUsedFor,
  type Signed,
  signCertificate,
} from "#testing/tls/sign-certificate.ts";

const run = promisify(execFile);

/** What may be wrong with one certificate of a chain, each by a number; most chains have few faults. */
const wish = fc.record({
  isForged: fc.nat(9).map((n) => n === 0),
  isExpired: fc.nat(9).map((n) => n === 0),
  pathLength: fc.constantFrom(undefined, undefined, undefined, 0, 1),
  isCa: fc.nat(9).map((n) => n > 0),
  usage: fc.constantFrom(null, null, null, 0x0600, 0x8000),
  permitted: fc.constantFrom(null, null, null, "example", "other.example"),
  excluded: fc.constantFrom(null, null, null, "shop.example"),
  purposes: fc.constantFrom(null, null, null, ["1.3.6.1.5.5.7.3.1"], ["1.3.6.1.5.5.7.3.2"]),
});
type Wish = typeof wish extends fc.Arbitrary<infer Value> ? Value : never;

const SERVER = "1.3.6.1.5.5.7.3.1";

function makeChain(wishes: readonly Wish[]): Signed[] {
  const chain = [signCertificate({ subject: "root", extensions: [isAuthority(), mayBeUsedFor(0x0600)] })];
  for (const [at, each] of wishes.entries()) {
    const bases = (name: string | null) => (name === null ? [] : [text(0x82, name)]);
    const isConstrained = each.permitted !== null || each.excluded !== null;
    chain.push(
      signCertificate({
        subject: `ca ${at}`,
        issuer: chain.at(-1) as Signed,
        isForged: each.isForged,
        notAfter: each.isExpired ? "260201000000Z" : "360101000000Z",
        extensions: [
          ...(each.isCa ? [isAuthority(each.pathLength)] : []),
          ...(each.usage === null ? [] : [mayBeUsedFor(each.usage)]),
          ...(each.purposes === null ? [] : [isMeantFor(...each.purposes)]),
          ...(isConstrained
            ? [constrains({ permitted: bases(each.permitted), excluded: bases(each.excluded) })]
            : []),
        ],
      }),
    );
  }
  const extensions = [isNamed("www.shop.example"), isMeantFor(SERVER)];
  return [...chain, signCertificate({ subject: "leaf", issuer: chain.at(-1) as Signed, extensions })];
}

test("what openssl verify says of chains is what is said here", async () => {
  await using folder = await makeTemporaryFolder();
  const path = (name: string) => join(folder.path, name);
  const verdicts = { valid: 0, invalid: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(wish, { maxLength: 3 }), async (wishes) => {
      const chain = makeChain(wishes);
      const [root, ...rest] = chain;
      const leaf = rest.at(-1);
      if (!root || !leaf) throw new Error("a chain has a root and a leaf");
      await writeFile(path("root.pem"), printPem(root.der));
      await writeFile(path("chain.pem"), rest.map(({ der }) => printPem(der)).join(""));
      await writeFile(path("leaf.pem"), printPem(leaf.der));
      const args = [
        "-no-CApath",
        "-no-CAstore",
        "-CAfile",
        path("root.pem"),
        "-untrusted",
        path("chain.pem"),
      ];
      const at = ["-attime", String(Date.parse("2026-06-01T00:00:00Z") / 1_000)];
      const theirs = await run("openssl", [
        "verify",
        "-purpose",
        "sslserver",
        ...at,
        ...args,
        path("leaf.pem"),
      ]).then(
        () => "valid" as const,
        () => "invalid" as const,
      );
      const ours = judge(leaf.der, { roots: [root], pool: rest, wish: { purpose: "server" } });
      verdicts[theirs]++;
      expect({ state: ours.state, reasons: ours.reasons }).toMatchObject({ state: theirs });
    }),
    { numRuns: 100 },
  );
  expect(Math.min(verdicts.valid, verdicts.invalid)).toBeGreaterThan(10);
});

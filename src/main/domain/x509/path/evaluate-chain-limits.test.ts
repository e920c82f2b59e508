import fc from "fast-check";
import { expect, test } from "vitest";
import { AT, judge } from "#domain/x509/path/testing/judge.ts";
import { ChainState } from "#shared/model/certificates/chain.ts";
import { commonName, oid, sequence, text } from "#testing/tls/build-certificate.ts";
import { constrains, isAuthority, isNamed, signCertificate } from "#testing/tls/sign-certificate.ts";
import { ANY_POLICY_WILL_DO, evaluateChain } from "./evaluate-chain.ts";
import { indexCertificates } from "./path-certificate.ts";

const root = signCertificate({ subject: "root", extensions: [isAuthority()] });
const middle = signCertificate({ subject: "middle", issuer: root, extensions: [isAuthority()] });
const leaf = signCertificate({ subject: "leaf", issuer: middle, extensions: [isNamed("shop.example")] });

test("64 certificates make a path, and authorities that signed each other in circles end", () => {
  const chain = [root];
  for (let at = 0; at < 62; at++) {
    const issuer = chain.at(-1) ?? root;
    chain.push(signCertificate({ subject: `ca ${at}`, issuer, extensions: [isAuthority()] }));
  }
  const end = signCertificate({ subject: "end", issuer: chain.at(-1) ?? root });
  expect(judge(end.der, { roots: [root], pool: chain }).path).toHaveLength(64);

  const keys = ["a", "b", "c"].map((subject) => signCertificate({ subject, extensions: [isAuthority()] }));
  const circle = keys.flatMap((keyOf, at) =>
    keys.map((issuer, by) =>
      signCertificate({
        subject: "abc"[at] ?? "",
        issuer,
        extensions: [isAuthority()],
        keyOf,
        serial: by + 2,
      }),
    ),
  );
  const [first = root] = keys;
  const lost = signCertificate({ subject: "lost", issuer: first });
  expect(judge(lost.der, { roots: [root], pool: circle }).state).toBe("invalid");
});

test("where there is more to follow than is followed, that is said, and nothing is called invalid for it", () => {
  // Two keys on each of 16 levels, each signed by both above: 65,536 paths, all to a root that nobody trusts.
  let above = ["x", "y"].map(() => signCertificate({ subject: "level 0", extensions: [isAuthority()] }));
  const pool = [...above];
  for (let level = 1; level <= 16; level++) {
    const keys = above.map(() => signCertificate({ subject: `level ${level}` }));
    const signed = keys.flatMap((keyOf) =>
      above.map((issuer, serial) =>
        signCertificate({
          subject: `level ${level}`,
          issuer,
          extensions: [isAuthority()],
          keyOf,
          serial: serial + 1,
        }),
      ),
    );
    pool.push(...signed);
    above = keys;
  }
  const [issuer = root] = above;
  const end = signCertificate({ subject: "end", issuer });
  expect(judge(end.der, { roots: [root], pool })).toMatchObject({
    state: "unsupported",
    reasons: [{ code: "too-much-work" }, {}],
  });
});

test("10,000 names under a hundred constraints are judged, more than a million comparisons are not", () => {
  const names = Array.from({ length: 10_000 }, (_, at) => `host${at}.example`);
  const below = (count: number) => {
    const bases = Array.from({ length: count }, (_, at) => text(0x82, `not${at}.test`));
    const issuer = signCertificate({
      subject: "ca",
      issuer: root,
      extensions: [isAuthority(), constrains({ excluded: bases })],
    });
    const many = signCertificate({ subject: "many", issuer, extensions: [isNamed(...names)] });
    return judge(many.der, { roots: [root], pool: [issuer] });
  };
  expect(below(100).state).toBe("valid");
  expect(below(200)).toMatchObject({ state: "unsupported", reasons: [{ code: "too-much-work" }] });
});

test("what nobody here can verify is unsupported, and what is wrong besides is still wrong", () => {
  const content = signCertificate({ subject: "x", issuer: root }).der;
  // The algorithm is written inside and outside of what is signed, in the same bytes.
  const swapped = Buffer.from(
    content.toString("hex").replaceAll(sequence(oid("1.3.101.112")).toString("hex"), "300506032b6519"),
    "hex",
  );
  expect(judge(swapped, { roots: [root] })).toMatchObject({
    state: "unsupported",
    reasons: [{ code: "signature-unsupported" }],
  });
  const late = { roots: [root], wish: { at: Date.parse("2040-01-01T00:00:00Z") } };
  expect(judge(swapped, late).state).toBe("invalid");
});

test("names are the same whatever the case, the blanks and the type of string", () => {
  const upper = signCertificate({ subject: commonName("The  ROOT ", 0x13), extensions: [isAuthority()] });
  const asWritten = { ...upper, subject: commonName("the root", 0x0c) };
  const below = signCertificate({ subject: "x", issuer: asWritten });
  expect(judge(below.der, { roots: [upper] }).state).toBe("valid");
});

test("whatever bytes are changed, an answer is given and nothing that was changed is valid", () => {
  const target = leaf.der;
  fc.assert(
    fc.property(fc.nat(target.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const bytes = Buffer.from(target);
      bytes[at] = (bytes[at] ?? 0) ^ change;
      expect(judge(bytes, { roots: [root], pool: [middle] }).state).not.toBe("valid");
    }),
    { numRuns: 2_000 },
  );
});

test("whatever stands above it, however broken, an answer is given", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(root, middle, leaf), fc.nat(400), fc.nat(255)), { maxLength: 6 }),
      fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 3 }),
      (changed, noise) => {
        const pool = changed.map(([{ der: bytes }, at, value]) => spoil(bytes, at, value));
        const evaluation = evaluateChain({
          leaf: leaf.der,
          pool: indexCertificates([...pool, ...noise]),
          roots: indexCertificates(pool.slice(0, 1)),
          options: {
            at: AT,
            purpose: "server",
            name: "shop.example",
            policy: ANY_POLICY_WILL_DO,
            mostIntermediates: null,
          },
          profile: "webpki",
          revocationLists: [],
        });
        expect(ChainState.options).toContain(evaluation.state);
      },
    ),
    { numRuns: 1_000 },
  );
});

function spoil(bytes: Buffer, at: number, value: number): Buffer {
  const spoiled = Buffer.from(bytes);
  spoiled[at % bytes.length] = value;
  return spoiled;
}

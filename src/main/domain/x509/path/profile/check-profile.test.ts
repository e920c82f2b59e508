import { expect, test } from "vitest";
import { judge } from "#domain/x509/path/testing/judge.ts";
import { Profile } from "#shared/model/certificates/chain.ts";
import { BROKEN_CHAINS } from "#testing/tls/broken-chains.ts";
import { der, extension, name, oid, sequence, text } from "#testing/tls/build-certificate.ts";
import { makeChain } from "#testing/tls/conforming-chain.ts";
import { mayBeUsedFor } from "#testing/tls/sign-certificate.ts";
import { markRules, PROFILE_RULES } from "./check-profile.ts";

test.each(Profile.options)("a chain that breaks no rule is valid by %s, and nothing is noted", (profile) => {
  const { leaf, middle, root } = makeChain();
  const question = { roots: [root], pool: [middle], profile, wish: { name: "www.example.com" } };
  expect(judge(leaf.der, question)).toMatchObject({ state: "valid", reasons: [], notes: [] });
});

test.each(BROKEN_CHAINS)(
  "$what breaks $section, and no other rule",
  ({ section, code, acceptedBy, changes }) => {
    const { leaf, middle, root } = makeChain(changes());
    const profile = section.startsWith("BR") ? "webpki" : "rfc5280";
    const { state, reasons } = judge(leaf.der, { roots: [root], pool: [middle], profile });
    expect(reasons).toMatchObject([{ code, rule: { section }, acceptedBy }]);
    expect(state).toBe(acceptedBy.length > 0 ? "valid-for-clients" : "invalid");
  },
);

test("a leaf that may sign and has a path length is told of once, though it is wrong in both", () => {
  const { leaf, middle, root } = makeChain({
    leaf: {
      extensions: {
        "2.5.29.15": mayBeUsedFor(0x8400),
        "2.5.29.19": extension("2.5.29.19", sequence(der(0x02, [0])), true),
      },
    },
  });
  const { reasons } = judge(leaf.der, { roots: [root], pool: [middle], profile: "rfc5280" });
  expect(reasons).toMatchObject([{ code: "basic-constraints-inconsistent" }]);
});

/** In DER terms these have a length that is longer than necessary, or a boolean that is 01. */
const RAW = [
  [0x01, 0x01, 0x01],
  [0x04, 0x81, 0x05, 1, 2, 3, 4, 5],
  [0x30, 0x81, 0x03, 0x01, 0x01, 0x01],
];
const PRIVATE = "1.2.840.113741.1.13.1";

test.each(RAW)(
  "bytes in a private extension, in an otherName or in a qualifier need not be DER (%i, %i)",
  (...raw) => {
    const otherName = der(0xa0, oid("1.3.6.1.4.1.55738.9"), der(0xa0, raw));
    const { leaf, middle, root } = makeChain({
      leaf: {
        extensions: {
          [PRIVATE]: extension(PRIVATE, raw),
          "2.5.29.17": extension("2.5.29.17", sequence(text(0x82, "www.example.com"), otherName)),
          "2.5.29.32": extension(
            "2.5.29.32",
            sequence(
              sequence(oid("2.23.140.1.2.1"), sequence(sequence(oid("1.3.6.1.5.5.7.2.1"), der(0x30, raw)))),
            ),
          ),
        },
      },
    });
    const evaluation = judge(leaf.der, { roots: [root], pool: [middle], profile: "rfc5280" });
    expect(evaluation).toMatchObject({ state: "valid", reasons: [] });
  },
);

test("a length that is longer than it has to be is seen in an extension that Go reads", () => {
  const { leaf, middle, root } = makeChain({
    leaf: {
      extensions: { "2.5.29.37": extension("2.5.29.37", [0x30, 0x81, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1]) },
    },
  });
  const { reasons } = judge(leaf.der, { roots: [root], pool: [middle], profile: "rfc5280" });
  expect(reasons).toMatchObject([{ code: "not-der", acceptedBy: ["openssl"] }]);
});

test("a subject of a thousand parts breaks no rule, and neither do three hundred extensions", () => {
  const parts = Array.from({ length: 1_000 }, (_, at) => [["2.5.4.11", 0x0c, `unit ${at}`] as const]);
  const ids = Array.from({ length: 300 }, (_, at) => `1.3.6.1.4.1.55738.7.${at}`);
  const { leaf, middle, root } = makeChain({
    leaf: {
      subject: name(...parts, [["2.5.4.3", 0x0c, "www.example.com"]]),
      extensions: Object.fromEntries(ids.map((id) => [id, extension(id, der(0x05))])),
    },
  });
  const evaluation = judge(leaf.der, { roots: [root], pool: [middle], profile: "rfc5280" });
  expect(evaluation).toMatchObject({ state: "valid", reasons: [] });
});

test("a certificate that is larger than this program reads is not judged, and not called invalid", () => {
  const { leaf, middle, root } = makeChain({
    leaf: { extensions: { [PRIVATE]: extension(PRIVATE, new Uint8Array(5 * 1024 * 1024)) } },
  });
  const evaluation = judge(leaf.der, { roots: [root], pool: [middle], profile: "rfc5280" });
  expect(evaluation).toMatchObject({ state: "unsupported", reasons: [{ code: "too-much-work" }] });
});

test("rules are marked by what they decide, and not by what is said of them", () => {
  const [first, ...others] = PROFILE_RULES;
  if (!first) throw new Error("there is none");
  const mark = markRules(PROFILE_RULES);
  expect(markRules([{ ...first, sentence: "is said otherwise" }, ...others])).toBe(mark);
  expect(markRules([{ ...first, section: "RFC 5280, 1" }, ...others])).not.toBe(mark);
});

import { expect, test } from "vitest";
import { judge } from "#domain/x509/path/testing/judge.ts";
import { Profile } from "#shared/model/chain.ts";
import { BROKEN_CHAINS } from "#testing/tls/broken-chains.ts";
import { der, extension, sequence } from "#testing/tls/build-certificate.ts";
import { makeChain } from "#testing/tls/conforming-chain.ts";
import { mayBeUsedFor } from "#testing/tls/sign-certificate.ts";

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

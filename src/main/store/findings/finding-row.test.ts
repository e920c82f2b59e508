import fc from "fast-check";
import { expect, test } from "vitest";
import { type FindingObject, RuleId } from "#shared/model/finding.ts";
import { readFindingId, writeFindingId } from "./finding-row.ts";

const hex = fc
  .array(fc.constantFrom(..."0123456789abcdef"), { minLength: 64, maxLength: 64 })
  .map((digits) => digits.join(""));

const object: fc.Arbitrary<FindingObject> = fc.oneof(
  hex.map((sha256) => ({ kind: "certificate" as const, sha256 })),
  hex.map((digits) => ({ kind: "key" as const, fingerprint: `SHA256:${digits.slice(0, 43)}` })),
  hex.map((spki) => ({ kind: "tls-key" as const, spki })),
  fc.record({
    kind: fc.constantFrom("grant", "key-file", "account", "host", "endpoint", "profile-violation"),
    id: fc.nat(),
  }),
);

test("an id says again the rule and the thing that it was made of", () => {
  fc.assert(
    fc.property(fc.constantFrom(...RuleId.options), object, (rule, about) => {
      expect(readFindingId(writeFindingId({ rule, object: about }))).toEqual({ rule, object: about });
    }),
  );
});

test.each(["", ":", "key-weak", "key-weak:", "key-weak:grant-", "no-rule:grant-1", "key-weak:grant-1 OR 1"])(
  "%j is no id of a finding",
  (id) => {
    expect(readFindingId(id)).toBeNull();
  },
);

test("no text makes it fail", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (id) => void readFindingId(id)));
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { challengeOf } from "./account-key.ts";
import { readDirectory, readNonce, readRetryAfter } from "./directory.ts";
import { formatFault, readProblem } from "./fault.ts";
import { isBroken } from "./json.ts";
import { readAuthorization, readChain, readOrder } from "./order.ts";
import { readRenewalInfo } from "./renewal-info.ts";

const RUNS = Number(process.env.LATCHKEY_TEST_RUNS ?? 500);
const ORIGIN = "https://ca.example";
const NOW = new Date("2026-11-26T12:00:00Z");

/** Addresses that are nearly right, and those that are not. */
const url = fc.constantFrom(
  `${ORIGIN}/a`,
  `${ORIGIN}:443/a`,
  `${ORIGIN}:8443/a`,
  "https://ca.example.b.example/a",
  "https://ca.example@b.example/",
  "https://x:y@ca.example/",
  "http://ca.example/a",
  "//b.example/a",
  "/a",
  "file:///etc/shadow",
  "HTTPS://CA.EXAMPLE/A",
  "https://ca.example\\@b.example/",
);
const word = fc.constantFrom(
  "pending",
  "ready",
  "valid",
  "invalid",
  "http-01",
  "dns-01",
  "dns",
  "ip",
  "a.example",
  "../x",
  "t0ken-_",
  "__proto__",
);
const leaf = fc.oneof(url, word, fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
const NAMES = [
  "newNonce",
  "newAccount",
  "newOrder",
  "revokeCert",
  "renewalInfo",
  "meta",
  "profiles",
  "status",
  "identifiers",
  "identifier",
  "type",
  "value",
  "authorizations",
  "finalize",
  "certificate",
  "challenges",
  "url",
  "token",
  "error",
  "detail",
  "subproblems",
  "suggestedWindow",
  "start",
  "end",
  "wildcard",
];
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.array(tie("tree"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...NAMES), tie("tree"), { maxKeys: 8 }),
  ),
}));
const reply = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .dictionary(fc.constantFrom(...NAMES), tree)
      .map((value) => Buffer.from(JSON.stringify(value))),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
);

const isOurs = (text: string) => text.startsWith(`${ORIGIN}/`);

test("whatever an authority replies is read or refused, and sends nobody away from its origin", () => {
  fc.assert(
    fc.property(reply, (bytes) => {
      const directory = readDirectory(`${ORIGIN}/directory`, bytes);
      if (!isBroken(directory))
        expect([directory.newNonce, directory.newAccount, directory.newOrder].every(isOurs)).toBe(true);
      const order = readOrder(ORIGIN, bytes);
      if (!isBroken(order)) expect([order.finalize, ...order.authorizations].every(isOurs)).toBe(true);
      const authorization = readAuthorization(ORIGIN, bytes);
      for (const { url: address, token, type } of isBroken(authorization) ? [] : authorization.challenges) {
        expect(isOurs(address)).toBe(true);
        expect(token).toMatch(/^[\w-]+$/);
        challengeOf("a.example", { type, token }, "thumbprint");
      }
      const problem = readProblem(400, bytes);
      expect(problem.detail.length).toBeLessThan(10_000);
      formatFault("ca.example", { kind: "refused", status: 400, problem, retryAfter: 5 }, NOW);
      readRenewalInfo(bytes);
      readChain(bytes);
    }),
    { numRuns: RUNS },
  );
});

test("headers are read or left alone", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const seconds = readRetryAfter(text, NOW);
      expect(seconds === null || (seconds >= 0 && seconds <= 31 * 86_400)).toBe(true);
      expect(readNonce(text) ?? "x").toMatch(/^[\w-]+$/);
    }),
    { numRuns: RUNS },
  );
});
